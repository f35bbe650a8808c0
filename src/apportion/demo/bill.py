"""The cloud bill of an example, a FOCUS 1.0 file for each month."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from apportion.amounts.columns import units_to_arrow
from apportion.demo.charges import Charge
from apportion.demo.days import Integers, following_month
from apportion.demo.resources import SCALE, Cloud, Resource
from apportion.demo.writing import write_csv

# A commitment is 28 percent below the negotiated price, which is 8 percent below the list.
_COMMITTED_PERCENT = 72
_NEGOTIATED_PERCENT = 92


def write_bills(
    folder: Path, cloud: Cloud, every: Sequence[Resource], charges: Sequence[Charge]
) -> list[Path]:
    """Write ``focus-YYYY-MM.csv.gz`` for each month of the cloud's span and give their paths."""
    lines = pa.concat_tables([_daily_lines(cloud, every), _charge_lines(cloud, charges)])
    order = [("ChargePeriodStart", "ascending"), ("ProviderName", "ascending")]
    lines = lines.sort_by([*order, ("ServiceName", "ascending"), ("ResourceId", "ascending")])
    lines = lines.select(["bill", *sorted(set(lines.column_names) - {"bill"})])
    return [
        write_csv(
            lines.filter(pc.equal(lines["bill"], pa.scalar(month))).drop_columns(["bill"]),
            folder / f"focus-{month:%Y-%m}.csv.gz",
            quoted=True,
        )
        for month in cloud.span.months()
    ]


def _daily_lines(cloud: Cloud, every: Sequence[Resource]) -> pa.Table:
    """A line for each resource and day on which it cost anything."""
    effective = np.concatenate([resource.daily for resource in every])
    resource, day = np.divmod(np.arange(effective.size), cloud.span.count)
    kept = np.flatnonzero(effective)
    effective, resource, day = effective[kept], resource[kept], day[kept]
    committed = np.array([each.committed for each in every])[resource]
    contracted = np.where(committed, effective * 100 // _COMMITTED_PERCENT, effective)
    table = pa.Table.from_pylist([each.attributes for each in every]).take(pa.array(resource))
    starts = cloud.span.dates()[day]
    months = starts.astype("datetime64[M]")
    used = pa.array(np.where(committed, "Used", ""))
    return _lines(
        cloud,
        table,
        {
            "bill": pa.array(months.astype("datetime64[D]")),
            "BillingPeriodStart": _stamp(months.astype("datetime64[D]")),
            "BillingPeriodEnd": _stamp((months + 1).astype("datetime64[D]")),
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


def _charge_lines(cloud: Cloud, lines: Sequence[Charge]) -> pa.Table:
    """A line for each charge. Nothing here has tags, which is why rules for them come first."""
    attributes = [
        cloud.issuer(charge.provider)
        | {
            "RegionId": None,
            "ResourceId": charge.resource,
            "ResourceName": None,
            "ResourceType": None,
            "ServiceCategory": charge.service_category,
            "ServiceName": charge.service,
            "SubAccountId": cloud.accounts[charge.account],
            "SubAccountName": charge.account,
            "Tags": None,
        }
        for charge in lines
    ]
    texts = pa.schema([(name, pa.string()) for name in attributes[0]])
    effective = np.array([charge.effective for charge in lines], dtype=np.int64)
    billed = np.array([charge.billed for charge in lines], dtype=np.int64)
    priced = np.where(effective > 0, effective, 0)
    return _lines(
        cloud,
        pa.Table.from_pylist(attributes, schema=texts),
        {
            "bill": pa.array([charge.bill for charge in lines], pa.date32()),
            "BillingPeriodStart": _midnights([charge.bill for charge in lines]),
            "BillingPeriodEnd": _midnights([following_month(charge.bill) for charge in lines]),
            "ChargePeriodStart": _midnights([charge.begin for charge in lines]),
            "ChargePeriodEnd": _midnights([charge.end for charge in lines]),
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


def _lines(cloud: Cloud, attributes: pa.Table, own: dict[str, pa.Array]) -> pa.Table:
    """All columns of a set of lines: of the resource, of the company, and their own."""
    columns = {name: attributes[name] for name in attributes.column_names}
    columns |= {
        "BillingAccountName": _repeated(cloud.company, attributes.num_rows),
        "BillingCurrency": _repeated(cloud.currency, attributes.num_rows),
    }
    return pa.table(columns | own)


def _stamp(days: np.ndarray) -> pa.Array:
    """Midnights in UTC, as FOCUS writes them."""
    return pc.binary_join_element_wise(pa.array(days).cast(pa.string()), "T00:00:00Z", "")


def _midnights(days: Sequence[date]) -> pa.Array:
    return _stamp(np.array(days, "datetime64[D]"))


def _money(units: Integers) -> pa.Array:
    """Units as decimal text."""
    return units_to_arrow(units, SCALE).cast(pa.string())


def _repeated(value: str | None, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), count)
