"""Products for people and programs."""

from collections.abc import Sequence
from fractions import Fraction

from apportion.cli.output import heading, put, say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, bar, table
from apportion.cli.words import few
from apportion.report.products import Products

_INDENTED = 30
"""Levels that are indented, each more than the one above. A terminal is hardly wider, and a chain
of thousands of products would print its square in blanks."""


def show(
    found: Products, company: str, suggestions: Suggestions, asked: Sequence[str] = ()
) -> None:
    """The hierarchy as a picture. ``asked`` are the products that were asked for, if some were."""
    heading(f"{company}, {found.start} to {found.end}, in {found.currency}")
    say()
    if not found.lines:
        who = "None of these products" if asked else "No product"
        say(f"{who} keeps any such cost in this period.")
        _tell_others(found)
        nodes = [word for product in asked for word in ("--node", product)]
        say_next(suggestions.command("show", "nodes", *nodes))
        return
    largest = max(line.subtree for line in found.lines)
    rows = [
        (
            "  " * min(line.depth, _INDENTED)
            + line.name
            + (" (shown above)" if line.again else ""),
            line.own_shown,
            line.subtree_shown,
            line.percent,
            bar(Fraction(line.subtree) / Fraction(largest)) if largest > 0 else "",
        )
        for line in found.lines
    ]
    hidden = found.total_lines - len(found.lines)
    if hidden:
        rows.append((f"{hidden:,} more", found.others_shown, "", "", ""))
    heads = [
        Head("Product"),
        Head("By itself", number=True),
        Head("With its parts", number=True),
        Head("Share", number=True),
        Head(""),
    ]
    put(table(heads, rows, ("Total", found.total_shown, "", "", "")))
    _tell_others(found)
    dearest = max(found.lines, key=lambda line: line.own)
    say_next(suggestions.command("show", "contributions", "--node", dearest.id))


def _tell_others(found: Products) -> None:
    """Why products stand in no line."""
    for said, products in (
        ("Products that had no cost", found.without_cost),
        ("Products that had cost and kept nothing of it", found.kept_nothing),
        ("Products whose own part counts as unallocated", found.kept_unallocated),
    ):
        if products:
            say(f"{said}: {few(products)}.")
