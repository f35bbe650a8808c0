"""The clouds of the example company: their accounts, their tags, and its commitment."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from apportion.demo.bill import write_bills
from apportion.demo.charges import Charge, declared_charges
from apportion.demo.company.profiles import PROFILES, YEAR
from apportion.demo.days import Integers, following_month
from apportion.demo.figures import figures
from apportion.demo.resources import UNITS, Cloud, Resource, resources

_ACCOUNTS = {
    "fernway-production": "111122223333",
    "fernway-staging": "444455556666",
    "fernway-payments": "777788889999",
    "fernway-network": "123456789012",
    "fernway-data": "210987654321",
    "fernway-sandbox-1": "998877665544",
    "fernway-analytics": "7d1f0c52-0000-4000-8000-2b6e51a90c11",
}
_ISSUERS = {
    "AWS": ("111122223333", "Amazon Web Services, Inc."),
    "Microsoft": ("8841207", "Microsoft Corporation"),
}
_TAG_OF_PROVIDER = {"AWS": "component", "Microsoft": "workload"}
_UNTAGGED_ACCOUNTS = ("fernway-network", "fernway-payments")


def write_bill(folder: Path, seed: int) -> list[Path]:
    """Write ``focus-2024-01.csv.gz`` to ``focus-2024-12.csv.gz`` and give their paths."""
    cloud = Cloud(
        "Fernway Ltd", "USD", YEAR, PROFILES, figures("company", "cloud.csv"), _ACCOUNTS, _ISSUERS,
        _tags,
    )  # fmt: skip
    every = list(resources(cloud, seed))
    return write_bills(folder, cloud, every, _monthly(every))


def _monthly(every: Sequence[Resource]) -> list[Charge]:
    """The month's lines; the commitment is bought for what it covered."""
    committed = np.zeros(12, dtype=np.int64)
    month = YEAR.dates().astype("datetime64[M]").astype(np.int64) % 12
    for resource in every:
        if resource.committed:
            np.add.at(committed, month, resource.daily)
    gateways = [r for r in every if r.attributes["ResourceType"] == "NAT gateway"]
    months = list(YEAR.months())
    corrected = str(gateways[0].attributes["ResourceId"])
    declared = declared_charges(figures("company", "charges.csv"), months, corrected)
    return [*declared, *_commitments(months, committed)]


def _commitments(months: Sequence[date], committed: Integers) -> Iterator[Charge]:
    """Each month's purchase, which is billed, and what nobody used of it, which is a cost."""
    for month, used in zip(months, committed.tolist(), strict=True):
        unused = (900 + 130 * (month.month * 7 % 5)) * UNITS
        bought = Charge(
            bill=month,
            begin=month,
            end=following_month(month),
            category="Purchase",
            provider="AWS",
            account="fernway-production",
            service="Savings Plans",
            service_category="Other",
            description="Savings plan of one year, nothing upfront",
            effective=0,
            billed=used + unused,
        )
        yield bought
        yield replace(
            bought,
            category="Usage",
            description="Savings plan, not used",
            effective=unused,
            billed=0,
            commitment="Unused",
        )


def _tags(figure: dict[str, str]) -> str | None:
    """A resource's tags as JSON. Templates of some accounts set none; by hand no owner is given."""
    component = figure["component"]
    if component and component != "sandbox-accounts":
        environment = "staging" if figure["account"] == "fernway-staging" else "production"
        tag = _TAG_OF_PROVIDER[figure["provider"]]
        return json.dumps({tag: component, "environment": environment})
    if component or figure["account"] in _UNTAGGED_ACCOUNTS:
        return None
    return json.dumps({"created_by": "console"})
