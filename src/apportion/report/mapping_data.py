"""What mapping rules take and would take, as plain data: amounts are exact decimal text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apportion.ingest.decimals import shown

if TYPE_CHECKING:
    from apportion.report.mapping_moves import MappingMoves
    from apportion.report.tags import Tags
    from apportion.report.unmapped import SuggestedRule, Unmapped


def _by_currency(totals: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: shown(amount) for currency, amount in totals.items()}


def moves_as_data(moves: MappingMoves) -> dict[str, Any]:
    """What other rules would move."""
    return {
        "moves": [
            {
                "from_node": each.from_node,
                "to_node": each.to_node,
                "from_dimension": each.from_dimension,
                "to_dimension": each.to_dimension,
                "currency": each.currency,
                "amount": shown(each.amount),
                "lines": each.lines,
            }
            for each in moves.moves
        ],
        "nodes": [
            {
                "node": each.node,
                "currency": each.currency,
                "now": shown(each.now),
                "then": shown(each.then),
            }
            for each in moves.nodes
        ],
        "all_cost": _by_currency(moves.all_cost),
    }


def unmapped_as_data(found: Unmapped) -> dict[str, Any]:
    """Unmapped cost."""
    return {
        "by": list(found.by),
        "rows": [
            {
                **dict(zip(found.by, each.values, strict=True)),
                "currency": each.currency,
                "amount": shown(each.amount),
                "lines": each.lines,
            }
            for each in found.groups
        ],
        "unmapped": _by_currency(found.total),
        "all_cost": _by_currency(found.all_cost),
    }


def suggested_as_data(found: Sequence[SuggestedRule]) -> dict[str, Any]:
    """Proposed rules."""
    return {
        "rules": [
            {
                "rule": each.rule,
                "currency": each.currency,
                "amount": shown(each.amount),
                "lines": each.lines,
            }
            for each in found
        ]
    }


def tags_as_data(found: Tags) -> dict[str, Any]:
    """Cost by tag."""
    return {
        "rows": [
            {
                "tag": each.tag,
                "value": each.value,
                "values": each.values,
                "currency": each.currency,
                "amount": shown(each.amount),
                "lines": each.lines,
            }
            for each in found.rows
        ],
        "untagged": _by_currency(found.untagged),
        "all_cost": _by_currency(found.all_cost),
    }
