"""What an answer rests on that nobody measured: one record for every medium (`A29`).

A record has a code, a sentence, whom it is about, on how many days, and the money that it moved
where that is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from apportion.findings import Finding


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
) -> list[dict[str, Any]]:
    """All that an answer assumes, those that moved most money first.

    ``recorded`` are the warnings of its runs for its days; ``doubts`` those of reading them: gaps,
    and runs that are outdated. Amounts are not to be added: several can be of the same money.
    """
    rows = [*map(dict, recorded), *map(assumption, doubts)]
    return sorted((row for row in rows if is_assumed(row["code"])), key=_by_money)


def is_assumed(code: str) -> bool:
    """Whether a warning tells of an assumption: what was left out on request is none."""
    return code != "dimension_left_out"


def _by_money(row: Mapping[str, Any]) -> tuple[Decimal, str, str]:
    return -abs(row["amount"] or Decimal(0)), row["code"], row["message"]
