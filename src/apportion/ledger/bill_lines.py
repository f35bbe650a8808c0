"""The tables of what came in: deliveries, their parts, and the lines of bills (`D1`).

A line keeps the columns of the FinOps Open Cost and Usage Specification under their own names,
typed; what else its file has stands in one map. Our own columns are written in small letters.
"""

from collections.abc import Mapping

import pyarrow as pa

from apportion.ledger.schemas import DATE, EXACT, TEXT, TIME, WHOLE, make_table

TEXTS = pa.map_(TEXT, TEXT)

OWN_COLUMNS: Mapping[str, tuple[pa.DataType, str]] = {
    "issuer": (TEXT, "who issued the bill, as a plain word; `costs` where there is no bill"),
    "month": (TEXT, "month in which the billing period begins, or of the day of a plain cost"),
    "delivery": (TEXT, "the delivery that brought the line"),
    "bill": (WHOLE, "number of the line's bill, or source, within its delivery"),
    "file": (TEXT, "name of the file"),
    "line": (WHOLE, "number of the record in its file; of a CSV file the header is number 1"),
    "node": (TEXT, "the node, where the line itself names it"),
    "dimension": (TEXT, "kind of cost, where the line itself names it"),
}
"""What stands beside the columns of the specification."""

COSTS: Mapping[str, str] = {
    "effective": "EffectiveCost",
    "billed": "BilledCost",
    "contracted": "ContractedCost",
    "list": "ListCost",
}
"""The setting ``cost_column`` and the column it stands for."""

SPELLINGS: Mapping[str, str] = {
    "ProviderName": "Provider",
    "PublisherName": "Publisher",
    "InvoiceIssuerName": "InvoiceIssuer",
    "RegionId": "Region",
    "ConsumedQuantity": "UsageQuantity",
    "ConsumedUnit": "UsageUnit",
}
"""How Oracle's FOCUS reports, and drafts before 1.0, name a column."""

NOBODY = "unknown/unknown"
"""The source of a bill that names neither issuer nor account, so that it has no identity (`D3`)."""

COST_COLUMNS = tuple(COSTS.values())
MOMENTS = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
NUMBERS = (
    "CommitmentDiscountQuantity",
    "ConsumedQuantity",
    "ContractedUnitPrice",
    "ListUnitPrice",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
)
WORDS = (
    "AllocatedMethodDetails",
    "AllocatedMethodId",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AllocatedTags",
    "AvailabilityZone",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "CommitmentProgramEligibilityDetails",
    "ConsumedUnit",
    "ContractApplied",
    "HostProviderName",
    "InvoiceDetailId",
    "InvoiceId",
    "InvoiceIssuerName",
    "PricingCategory",
    "PricingCurrency",
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
    "ServiceProviderName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
)
"""Columns that are kept as texts, to the letter."""

_SPECIFIED: Mapping[str, tuple[pa.DataType, str]] = {
    **dict.fromkeys(COST_COLUMNS, (EXACT, "as in the specification, to 24 decimals")),
    **dict.fromkeys(MOMENTS, (TIME, "as in the specification, in UTC")),
    **dict.fromkeys(NUMBERS, (EXACT, "as in the specification, to 24 decimals")),
    **dict.fromkeys(WORDS, (TEXT, "as in the specification")),
    "Tags": (TEXTS, "as in the specification; a tag without a value is not there"),
}

BILL_LINES = make_table(
    "bill_lines",
    "One line of a bill, or of a file of costs, as it came in (`D1`).",
    {
        **OWN_COLUMNS,
        **dict(sorted(_SPECIFIED.items())),
        "other": (TEXTS, "all other cells of the line, and those that are not of their type"),
    },
    partition_by=("issuer", "month"),
)

CONTENT = tuple(
    name
    for name in BILL_LINES.schema.names
    if name not in ("issuer", "month", "delivery", "bill", "file", "line")
)
"""The columns that make two lines equal."""

DELIVERIES = make_table(
    "deliveries",
    "What came in at once. It counts if a row of `ingests` names it.",
    {
        "delivery": (TEXT, "id of the delivery"),
        "at": (TIME, "when it was recorded"),
        "format": (TEXT, "format of the files"),
        "outcome": (
            TEXT,
            "kept, repeat where the ledger had all of it, or sums of an older program",
        ),
        "repeats": (TEXT, "of a repeat, the deliveries that it repeats, as JSON list"),
        "files": (TEXT, "JSON list: name, size, sha256, lines of each file"),
        "lines": (WHOLE, "lines of all files"),
        "totals": (TEXT, "JSON object: by currency and cost column, as decimal text"),
        "cost_column": (TEXT, "cost column that was asked for; empty for the workspace's"),
        "answer": (TEXT, "replace or append, where somebody said so; else empty"),
        "data_files": (TEXT, "JSON list: name, parts, sha256, rows of each file of `bill_lines`"),
        "program": (TEXT, "version of the program"),
    },
)

DELIVERY_PARTS = make_table(
    "delivery_parts",
    "The lines of one delivery, bill and day in one currency, and how they came to count.",
    {
        "change": (TEXT, "the row of `ingests` by which the part began to count"),
        "delivery": (TEXT, "id of the delivery"),
        "source": (TEXT, "whose bill it is"),
        "issuers": (TEXT, "JSON list: names that the bill gives its issuer, in one spelling"),
        "account": (TEXT, "billing account in one spelling; empty where there is none"),
        "period": (TEXT, "billing period as first/last day; of plain costs the day itself"),
        "is_bill": (pa.bool_(), "whether it stands on a bill; plain costs do not"),
        "day": (DATE, "the day on which its charges begin, in UTC"),
        "currency": (TEXT, "ISO 4217 code"),
        "mode": (TEXT, "supersede, in place of all that counted of the period, or add"),
        "kept_in": (TEXT, "the delivery whose lines of that day hold these"),
        "kept_bill": (WHOLE, "number of the bill there"),
        "lines": (WHOLE, "how many lines"),
        "digest": (TEXT, "digest of what they say, whatever their order"),
        "billed": (EXACT, "sum of BilledCost; null where no line has one"),
        "effective": (EXACT, "sum of EffectiveCost"),
        "contracted": (EXACT, "sum of ContractedCost"),
        "list": (EXACT, "sum of ListCost"),
    },
)

FACTS = (BILL_LINES, DELIVERIES, DELIVERY_PARTS)
