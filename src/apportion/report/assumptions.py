"""What an answer rests on that nobody measured: one record for every medium (`A29`).

A record has a code, a sentence, whom it is about, on how many days, and the money that it moved
where that is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from apportion.findings import Finding
from apportion.reconcile.reconciliation import Reconciliation


def assumption(finding: Finding) -> dict[str, Any]:
    """A warning as a record. ``days`` and ``amount`` are ``None`` where they are not known.

    ``policy`` says what was done where nobody had used anything, and is empty otherwise.
    """
    details = finding.details
    said = details.get("amount")
    return {
        "code": finding.code,
        "message": finding.message,
        "source": details.get("source", ""),
        "receiver": details.get("receiver", ""),
        "metric": details.get("metric", ""),
        "days": details.get("days"),
        "policy": details.get("policy", ""),
        "amount": None if said is None else Decimal(said),
        "currency": details.get("currency", ""),
    }


def assumptions(
    recorded: Iterable[Mapping[str, Any]],
    doubts: Sequence[Finding],
    proof: Reconciliation,
) -> list[dict[str, Any]]:
    """All that an answer assumes, those that moved most money first.

    ``recorded`` are the warnings of its runs, each over the whole of its run; ``doubts`` those of
    reading them: gaps, and runs that are outdated. Cost that no mapping rule took is among them.
    Amounts are not to be added: several can be of the same money.
    """
    rows = [*map(dict, recorded), *map(assumption, doubts), *_unmapped(proof)]
    return sorted(rows, key=_by_money)


def _by_money(row: Mapping[str, Any]) -> tuple[Decimal, str, str]:
    return -abs(row["amount"] or Decimal(0)), row["code"], row["message"]


def _unmapped(proof: Reconciliation) -> list[dict[str, Any]]:
    return [
        {
            "code": "unmapped_cost",
            "message": f"No mapping rule took the cost on {node.id!r}; no product carries it.",
            "source": node.id,
            "receiver": "",
            "metric": "",
            "days": None,
            "policy": "",
            "amount": node.direct_cost,
            "currency": proof.currency,
        }
        for node in proof.infrastructure_nodes
        if node.type == "unmapped" and node.direct_cost != 0
    ]
