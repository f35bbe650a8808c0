"""The platform's cloud: its accounts, its tags, and what its bill has beside resources."""

import json
from pathlib import Path

from apportion.demo.bill import write_bills
from apportion.demo.charges import declared_charges
from apportion.demo.figures import figures
from apportion.demo.notifications.profiles import PROFILES, YEARS
from apportion.demo.resources import Cloud, resources

_ACCOUNTS = {
    "heliograph-production": "202020202020",
    "heliograph-staging": "303030303030",
    "heliograph-network": "404040404040",
}
_ISSUERS = {"AWS": ("202020202020", "Amazon Web Services EMEA SARL")}


def write_bill(folder: Path, seed: int) -> list[Path]:
    """Write ``focus-2023-04.csv.gz`` to ``focus-2025-03.csv.gz`` and give their paths."""
    cloud = Cloud(
        company="Heliograph",
        currency="GBP",
        span=YEARS,
        profiles=PROFILES,
        figures=figures("notifications", "cloud.csv"),
        accounts=_ACCOUNTS,
        issuers=_ISSUERS,
        tags=_tags,
    )
    charges = declared_charges(figures("notifications", "charges.csv"), list(YEARS.months()))
    return write_bills(folder, cloud, list(resources(cloud, seed)), list(charges))


def _tags(figure: dict[str, str]) -> str | None:
    """A resource's tags as JSON. The network's template sets none; by hand no owner is given."""
    if figure["component"]:
        return json.dumps({"component": figure["component"]})
    if figure["account"] == "heliograph-network":
        return None
    return json.dumps({"created_by": "console"})
