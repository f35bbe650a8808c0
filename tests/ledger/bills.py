"""Bills in the FOCUS format as providers deliver them, a part of a month at a time."""

from collections.abc import Iterable

_NAMES = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,"
    "ChargePeriodStart,ChargePeriodEnd,BilledCost,EffectiveCost,ContractedCost,ListCost,"
    "ProviderName,ServiceCategory,Tags"
)
_MONTH = "2024-09-01T00:00:00Z,2024-10-01T00:00:00Z,Usage"


def daily(days: Iterable[int], amount: str = "10.00") -> str:
    """Days of September in one bill, a line and an amount each."""
    return _bill(
        f"1234567,USD,{_MONTH},2024-09-{day:02}T00:00:00Z,2024-09-{day + 1:02}T00:00:00Z,"
        f"{','.join([amount] * 4)},Microsoft,Compute,"
        for day in days
    )


def hourly(hours: Iterable[int], amount: str = "0.85") -> str:
    """Hours of 17 September in one bill, a line and an amount each."""
    return _bill(
        f"70012345,EUR,{_MONTH},2024-09-17T{hour:02}:00:00Z,2024-09-17T{hour + 1:02}:00:00Z,"
        f"{','.join([amount] * 4)},Oracle,Compute,"
        for hour in hours
    )


def _bill(lines: Iterable[str]) -> str:
    return "\n".join([_NAMES, *lines]) + "\n"
