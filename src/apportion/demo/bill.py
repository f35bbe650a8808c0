"""The cloud bill of the example company, a FOCUS 1.0 file for each month."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from apportion.amounts import units_to_arrow
from apportion.demo.charges import Charge, charges, first_of
from apportion.demo.days import DAYS, Integers, dates, month_of_day
from apportion.demo.resources import ACCOUNTS, SCALE, Resource, issuer, resources
from apportion.demo.writing import write_csv

_COSTS = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")
# A commitment is 28 percent below the negotiated price, which is 8 percent below the list.
_COMMITTED_PERCENT = 72
_NEGOTIATED_PERCENT = 92


def write_bill(folder: Path, seed: int) -> list[Path]:
    """Write ``focus-2024-01.csv.gz`` to ``focus-2024-12.csv.gz`` and give their paths."""
    every = list(resources(seed))
    lines = pa.concat_tables([_daily_lines(every), _charge_lines(_monthly(every))])
    order = [("ChargePeriodStart", "ascending"), ("ProviderName", "ascending")]
    lines = lines.sort_by([*order, ("ServiceName", "ascending"), ("ResourceId", "ascending")])
    lines = lines.select(["month", *sorted(set(lines.column_names) - {"month"})])
    return [
        write_csv(
            lines.filter(pc.equal(lines["month"], month)).drop_columns(["month"]),
            folder / f"focus-2024-{month:02}.csv.gz",
            quoted=True,
        )
        for month in range(1, 13)
    ]


def _daily_lines(every: Sequence[Resource]) -> pa.Table:
    """A line for each resource and day on which it cost anything."""
    effective = np.concatenate([resource.daily for resource in every])
    resource, day = np.divmod(np.arange(effective.size), DAYS)
    kept = np.flatnonzero(effective)
    effective, resource, day = effective[kept], resource[kept], day[kept]
    committed = np.array([each.committed for each in every])[resource]
    contracted = np.where(committed, effective * 100 // _COMMITTED_PERCENT, effective)
    table = pa.Table.from_pylist([each.attributes for each in every]).take(pa.array(resource))
    months = month_of_day()[day]
    starts = dates()[day]
    used = pa.array(np.where(committed, "Used", ""))
    return _lines(
        table,
        {
            "month": pa.array(months),
            "BillingPeriodStart": _stamp(starts.astype("datetime64[M]").astype("datetime64[D]")),
            "BillingPeriodEnd": _stamp(
                (starts.astype("datetime64[M]") + 1).astype("datetime64[D]")
            ),
            "ChargePeriodStart": _stamp(starts),
            "ChargePeriodEnd": _stamp(starts + 1),
            "BilledCost": _money(np.where(committed, 0, effective)),
            "ContractedCost": _money(contracted),
            "EffectiveCost": _money(effective),
            "ListCost": _money(contracted * 100 // _NEGOTIATED_PERCENT),
            "ChargeCategory": _repeated("Usage", effective.size),
            "ChargeClass": _repeated(None, effective.size),
            "ChargeFrequency": _repeated("Usage-Based", effective.size),
            "ChargeDescription": pc.binary_join_element_wise(
                table["ServiceName"], table["ResourceType"], ", "
            ),
            "CommitmentDiscountStatus": pc.if_else(pc.equal(used, ""), None, used),
            "ConsumedQuantity": _repeated("24", effective.size),
            "ConsumedUnit": _repeated("Hours", effective.size),
            "PricingCategory": pa.array(np.where(committed, "Committed", "Standard")),
        },
    )


def _monthly(every: Sequence[Resource]) -> list[Charge]:
    """The month's lines; the commitment is bought for what it covered."""
    committed = np.zeros(12, dtype=np.int64)
    month = month_of_day() - 1
    for resource in every:
        if resource.committed:
            np.add.at(committed, month, resource.daily)
    gateways = [r for r in every if r.attributes["ResourceType"] == "NAT gateway"]
    return charges(committed, str(gateways[0].attributes["ResourceId"]))


def _charge_lines(lines: Sequence[Charge]) -> pa.Table:
    """A line for each charge. Nothing here has tags, which is why rules for them come first."""
    attributes = [
        issuer(charge.provider)
        | {
            "RegionId": None,
            "ResourceId": charge.resource,
            "ResourceName": None,
            "ResourceType": None,
            "ServiceCategory": charge.service_category,
            "ServiceName": charge.service,
            "SubAccountId": ACCOUNTS[charge.account],
            "SubAccountName": charge.account,
            "Tags": None,
        }
        for charge in lines
    ]
    texts = pa.schema([(name, pa.string()) for name in attributes[0]])
    effective = np.array([charge.effective for charge in lines], dtype=np.int64)
    billed = np.array([charge.billed for charge in lines], dtype=np.int64)
    priced = np.where(effective > 0, effective, 0)
    day = "datetime64[D]"
    return _lines(
        pa.Table.from_pylist(attributes, schema=texts),
        {
            "month": pa.array([charge.month for charge in lines]),
            "BillingPeriodStart": _stamp(np.array([first_of(c.month) for c in lines], day)),
            "BillingPeriodEnd": _stamp(np.array([first_of(c.month + 1) for c in lines], day)),
            "ChargePeriodStart": _stamp(np.array([c.begin for c in lines], day)),
            "ChargePeriodEnd": _stamp(np.array([c.end for c in lines], day)),
            "BilledCost": _money(billed),
            "ContractedCost": _money(priced),
            "EffectiveCost": _money(effective),
            "ListCost": _money(priced),
            "ChargeCategory": pa.array([charge.category for charge in lines]),
            "ChargeClass": pa.array([charge.charge_class for charge in lines], pa.string()),
            "ChargeFrequency": pa.array([charge.frequency for charge in lines]),
            "ChargeDescription": pa.array([charge.description for charge in lines]),
            "CommitmentDiscountStatus": pa.array(
                [charge.commitment for charge in lines], pa.string()
            ),
            "ConsumedQuantity": _repeated(None, len(lines)),
            "ConsumedUnit": _repeated(None, len(lines)),
            "PricingCategory": _repeated(None, len(lines)),
        },
    )


def _lines(attributes: pa.Table, own: dict[str, pa.Array]) -> pa.Table:
    """All columns of a set of lines: of the resource, of the company, and their own."""
    columns = {name: attributes[name] for name in attributes.column_names}
    columns |= {
        "BillingAccountName": _repeated("Fernway Ltd", attributes.num_rows),
        "BillingCurrency": _repeated("USD", attributes.num_rows),
    }
    return pa.table(columns | own)


def _stamp(days: np.ndarray) -> pa.Array:
    """Midnights in UTC, as FOCUS writes them."""
    return pc.binary_join_element_wise(pa.array(days).cast(pa.string()), "T00:00:00Z", "")


def _money(units: Integers) -> pa.Array:
    """Units as decimal text."""
    return units_to_arrow(units, SCALE).cast(pa.string())


def _repeated(value: str | None, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), count)
