"""What mapping rules take, for people."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from apportion.cli.names import shown_name
from apportion.cli.output import put, say, say_as_typed, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.cli.words import several
from apportion.ingest.decimals import shown
from apportion.ingest.words import readable
from apportion.report.mapping_moves import MappingMoves
from apportion.report.tags import Tags
from apportion.report.unmapped import SuggestedRule, Unmapped

_SHOWN = 20
_NOTHING = "-"


def show_moves(moves: MappingMoves, rules: Path) -> None:
    """What would move, then what each node would cost."""
    if not moves.moves:
        say(f"The rules of {shown_name(str(rules))} would move nothing.")
        return
    heads = [
        Head("From"),
        Head("To"),
        Head("Dimension"),
        Head("Lines", number=True),
        Head("Amount", number=True),
        Head("Currency"),
    ]
    rows = [
        (
            each.from_node,
            each.to_node,
            each.to_dimension
            if each.from_dimension == each.to_dimension
            else f"{each.from_dimension} > {each.to_dimension}",
            f"{each.lines:,}",
            _amount(each.amount),
            each.currency,
        )
        for each in moves.moves
    ]
    _put(heads, rows)
    heads = [
        Head("Node"),
        Head("Now", number=True),
        Head("Then", number=True),
        Head("Difference", number=True),
        Head("Currency"),
    ]
    _put(
        heads,
        [
            (
                each.node,
                _amount(each.now),
                _amount(each.then),
                _amount(each.then - each.now),
                each.currency,
            )
            for each in moves.nodes
        ],
    )
    lines = sum(each.lines for each in moves.moves)
    say(
        f"The rules of {shown_name(str(rules))} would move {several(lines, 'line')}, of bills of "
        f"{_listed(moves.all_cost)} in all. Nothing was changed."
    )
    say()
    say("To let them count, put them in the model; the next run follows them.")


def show_unmapped(found: Unmapped, suggestions: Suggestions) -> None:
    """What no rule takes, the dearest first."""
    if not found.groups:
        say("Every line of a bill is taken by a rule.")
        return
    heads = [
        *(Head(name) for name in found.by),
        Head("Lines", number=True),
        Head("Amount", number=True),
        Head("Currency"),
    ]
    rows = [
        (
            *(value or _NOTHING for value in each.values),
            f"{each.lines:,}",
            _amount(each.amount),
            each.currency,
        )
        for each in found.groups
    ]
    _put(heads, rows)
    say(f"No rule takes {_listed(found.total)}, of bills of {_listed(found.all_cost)} in all.")
    say()
    say_next(suggestions.command("map", "suggest"))


def show_suggested(found: Sequence[SuggestedRule], suggestions: Suggestions) -> None:
    """Rules as they are written in a model, each with what it would take."""
    if not found:
        say("Every line of a bill is taken by a rule; there is nothing to propose.")
        return
    say_as_typed("mapping:")
    for each in found:
        amount = f"{_amount(each.amount)} {each.currency}"
        say_as_typed(f"  # {several(each.lines, 'line')}, {amount}")
        say_as_typed(f"  - {json.dumps(each.rule, ensure_ascii=False)}")
    # What is said stands in comments, so that all of it can be saved as a file of rules.
    say_as_typed(
        "  # Write the name of a node in place of NODE, and see what the rules would move:"
    )
    say_as_typed(f"  # {suggestions.command('map', 'test', 'rules.yaml')}")


def show_tags(found: Tags, tag: str) -> None:
    """Cost by tag, or by the values of one."""
    if not found.rows:
        named = f"the tag {shown_name(tag)!r}" if tag else "a tag"
        say(f"No line of a bill carries {named}.")
        return
    heads = [
        Head("Value" if tag else "Tag"),
        *([] if tag else [Head("Values", number=True)]),
        Head("Lines", number=True),
        Head("Amount", number=True),
        Head("Currency"),
        Head("Of all", number=True),
    ]
    rows = [
        (
            (each.value or "") if tag else each.tag,
            *([] if tag else [f"{each.values:,}"]),
            f"{each.lines:,}",
            _amount(each.amount),
            each.currency,
            _share(each.amount, found.all_cost[each.currency]),
        )
        for each in found.rows
    ]
    _put(heads, rows)
    say(
        f"Bills are {_listed(found.all_cost)} in all"
        + (f", of which {_listed(found.untagged)} carry no tag." if found.untagged else ".")
    )


def _share(part: Decimal, whole: Decimal) -> str:
    return f"{part * 100 / whole:.1f} %" if whole else _NOTHING


def _amount(amount: Decimal) -> str:
    return readable(shown(amount))


def _listed(totals: Mapping[str, Decimal]) -> str:
    return " and ".join(f"{_amount(each)} {name}" for name, each in totals.items()) or "nothing"


def _put(heads: Sequence[Head], rows: Sequence[Sequence[str]]) -> None:
    put(table(heads, rows[:_SHOWN]))
    if len(rows) > _SHOWN:
        say(f"... and {len(rows) - _SHOWN:,} more; --json has all.")
        say()
