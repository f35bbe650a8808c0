"""What an upgrade of a ledger moved over, for programs."""

from typing import Any

from apportion.ledger.upgrade import Upgraded

LOST = ("service", "account", "resource", "tags")
"""What the lines of bills said beside node, day, kind of cost and amount."""


def as_data(upgraded: Upgraded) -> dict[str, Any]:
    """What was moved over, and what no program can recover of it."""
    return {
        "changed": upgraded.changed,
        "deliveries": upgraded.deliveries,
        "rows": upgraded.rows,
        "totals": {name: f"{amount.normalize():f}" for name, amount in upgraded.totals.items()},
        "not_recovered": list(LOST) if upgraded.rows else [],
    }
