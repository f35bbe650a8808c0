"""The columns of the FinOps Open Cost and Usage Specification, by the version that brought them."""

from collections.abc import Collection, Mapping

VERSIONS: Mapping[str, frozenset[str]] = {
    "1.0": frozenset(
        (
            "AvailabilityZone",
            "BilledCost",
            "BillingAccountId",
            "BillingAccountName",
            "BillingCurrency",
            "BillingPeriodEnd",
            "BillingPeriodStart",
            "ChargeCategory",
            "ChargeClass",
            "ChargeDescription",
            "ChargeFrequency",
            "ChargePeriodEnd",
            "ChargePeriodStart",
            "CommitmentDiscountCategory",
            "CommitmentDiscountId",
            "CommitmentDiscountName",
            "CommitmentDiscountStatus",
            "CommitmentDiscountType",
            "ConsumedQuantity",
            "ConsumedUnit",
            "ContractedCost",
            "ContractedUnitPrice",
            "EffectiveCost",
            "InvoiceIssuerName",
            "ListCost",
            "ListUnitPrice",
            "PricingCategory",
            "PricingQuantity",
            "PricingUnit",
            "ProviderName",
            "PublisherName",
            "RegionId",
            "RegionName",
            "ResourceId",
            "ResourceName",
            "ResourceType",
            "ServiceCategory",
            "ServiceName",
            "SkuId",
            "SkuPriceId",
            "SubAccountId",
            "SubAccountName",
            "Tags",
        )
    ),
    "1.1": frozenset(
        (
            "CapacityReservationId",
            "CapacityReservationStatus",
            "CommitmentDiscountQuantity",
            "CommitmentDiscountUnit",
            "ServiceSubcategory",
            "SkuMeter",
            "SkuPriceDetails",
        )
    ),
    "1.2": frozenset(
        (
            "BillingAccountType",
            "InvoiceId",
            "PricingCurrency",
            "PricingCurrencyContractedUnitPrice",
            "PricingCurrencyEffectiveCost",
            "PricingCurrencyListUnitPrice",
            "SubAccountType",
        )
    ),
    "1.3": frozenset(
        (
            "AllocatedMethodDetails",
            "AllocatedMethodId",
            "AllocatedResourceId",
            "AllocatedResourceName",
            "AllocatedTags",
            "ContractApplied",
            "HostProviderName",
            "ServiceProviderName",
        )
    ),
    "1.4": frozenset({"CommitmentProgramEligibilityDetails", "InvoiceDetailId"}),
}
"""The columns that each version added. 1.4 dropped ``ProviderName`` and ``PublisherName``."""

COLUMNS = tuple(name for names in VERSIONS.values() for name in sorted(names))


def version_of(names: Collection[str]) -> str:
    """The newest version of which a bill has a column.

    >>> version_of(["BilledCost", "SkuMeter"])
    '1.1'
    """
    return max(
        (version for version, added in VERSIONS.items() if added & set(names)), default="1.0"
    )
