"""The cloud resources of an example, and what each costs a day."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from apportion.amounts import split
from apportion.demo.days import (
    ORDINARY,
    Integers,
    Profile,
    Span,
    about,
    pattern,
    stream,
    window,
)

SCALE = 6
"""Decimals of a bill's amounts. All money of bills is whole units of 10^-6 of the currency."""

UNITS = 10**SCALE


@dataclass(frozen=True, slots=True)
class Cloud:
    """Whose bill it is, and what it is made from.

    ``figures`` has a record for each kind of resource, whose ``amount`` is what the whole span
    costs. ``accounts`` gives the numbers of sub-accounts, ``issuers`` the number and the name of
    each provider, ``tags`` a resource's tags as JSON.
    """

    company: str
    currency: str
    span: Span
    profiles: Mapping[str, Profile]
    figures: Sequence[dict[str, str]]
    accounts: Mapping[str, str]
    issuers: Mapping[str, tuple[str, str]]
    tags: Callable[[dict[str, str]], str | None]

    def issuer(self, provider: str) -> dict[str, str | None]:
        """The columns of a line that follow from who bills it."""
        account, company = self.issuers[provider]
        return {
            "BillingAccountId": account,
            "InvoiceIssuerName": company,
            "ProviderName": provider,
            "PublisherName": company,
        }


@dataclass(frozen=True, slots=True)
class Resource:
    """One line of the bill a day: what it is, and its effective cost of each day in units."""

    attributes: dict[str, str | None]
    committed: bool
    daily: Integers


def resources(cloud: Cloud, seed: int) -> Iterator[Resource]:
    """Every resource, in the order of the figures."""
    for number, figure in enumerate(cloud.figures):
        random = stream(seed, "cloud", str(number))
        count = int(figure["count"])
        weights = pattern(
            cloud.span,
            cloud.profiles[figure["profile"]],
            int(figure["growth_percent"]),
            random,
            window(figure),
        )
        sizes = random.integers(60, 140, count).tolist()
        *totals, _ = split(about(int(figure["amount"]) * UNITS, random), sizes)
        covered = count * int(figure["committed_percent"]) // 100
        for place, total in enumerate(totals):
            stray = random.integers(-150, 150, weights.size, endpoint=True)
            own = weights * (ORDINARY + stray) // ORDINARY
            *daily, _ = split(total, own.tolist())
            yield Resource(
                attributes=_attributes(cloud, figure, random),
                committed=place < covered,
                daily=np.array(daily, dtype=np.int64),
            )


def _attributes(
    cloud: Cloud, figure: dict[str, str], random: np.random.Generator
) -> dict[str, str | None]:
    account = cloud.accounts[figure["account"]]
    mark = f"{int(random.integers(2**60)):015x}"
    identifier = figure["identifier"].format(
        region=figure["region"], account=account, hex=mark, name=f"{figure['component']}-{mark[:4]}"
    )
    return {
        **cloud.issuer(figure["provider"]),
        "RegionId": figure["region"],
        "ResourceId": identifier,
        "ResourceName": identifier.rpartition("/")[2].rpartition(":")[2],
        "ResourceType": figure["type"],
        "ServiceCategory": figure["category"],
        "ServiceName": figure["service"],
        "SubAccountId": account,
        "SubAccountName": figure["account"],
        "Tags": cloud.tags(figure),
    }
