"""The cloud resources of the example company, and what each costs a day."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from apportion.amounts import split
from apportion.demo.days import ORDINARY, Integers, Window, about, pattern, stream
from apportion.demo.figures import figures

SCALE = 6
"""Decimals of a bill's amounts. All money here is whole units of 10^-6 of a dollar."""

UNITS = 10**SCALE

ACCOUNTS = {
    "fernway-production": "111122223333",
    "fernway-staging": "444455556666",
    "fernway-payments": "777788889999",
    "fernway-network": "123456789012",
    "fernway-data": "210987654321",
    "fernway-sandbox-1": "998877665544",
    "fernway-analytics": "7d1f0c52-0000-4000-8000-2b6e51a90c11",
}
"""Sub-accounts and their invented numbers."""

_ISSUERS = {
    "AWS": ("111122223333", "Amazon Web Services, Inc."),
    "Microsoft": ("8841207", "Microsoft Corporation"),
}
_TAG_OF_PROVIDER = {"AWS": "component", "Microsoft": "workload"}
_UNTAGGED_ACCOUNTS = ("fernway-network", "fernway-payments")


@dataclass(frozen=True, slots=True)
class Resource:
    """One line of the bill a day: what it is, and its effective cost of each day in units."""

    attributes: dict[str, str | None]
    committed: bool
    daily: Integers


def resources(seed: int) -> Iterator[Resource]:
    """Every resource, in the order of the figures."""
    for number, figure in enumerate(figures("cloud.csv")):
        random = stream(seed, "cloud", str(number))
        count = int(figure["count"])
        weights = pattern(
            figure["profile"],
            int(figure["growth_percent"]),
            random,
            Window(figure["first"], figure["last"], int(figure["ramp_days"] or 1)),
        )
        sizes = random.integers(60, 140, count).tolist()
        *yearly, _ = split(about(int(figure["yearly_dollars"]) * UNITS, random), sizes)
        covered = count * int(figure["committed_percent"]) // 100
        for place, total in enumerate(yearly):
            stray = random.integers(-150, 150, weights.size, endpoint=True)
            own = weights * (ORDINARY + stray) // ORDINARY
            *daily, _ = split(total, own.tolist())
            yield Resource(
                attributes=_attributes(figure, random),
                committed=place < covered,
                daily=np.array(daily, dtype=np.int64),
            )


def issuer(provider: str) -> dict[str, str | None]:
    """The columns of a line that follow from who bills it."""
    account, company = _ISSUERS[provider]
    return {
        "BillingAccountId": account,
        "InvoiceIssuerName": company,
        "ProviderName": provider,
        "PublisherName": company,
    }


def _attributes(figure: dict[str, str], random: np.random.Generator) -> dict[str, str | None]:
    account = ACCOUNTS[figure["account"]]
    mark = f"{int(random.integers(2**60)):015x}"
    identifier = figure["identifier"].format(
        region=figure["region"], account=account, hex=mark, name=f"{figure['component']}-{mark[:4]}"
    )
    return {
        **issuer(figure["provider"]),
        "RegionId": figure["region"],
        "ResourceId": identifier,
        "ResourceName": identifier.rpartition("/")[2].rpartition(":")[2],
        "ResourceType": figure["type"],
        "ServiceCategory": figure["category"],
        "ServiceName": figure["service"],
        "SubAccountId": account,
        "SubAccountName": figure["account"],
        "Tags": _tags(figure),
    }


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
