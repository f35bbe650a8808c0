"""Products for people and programs."""

import sys
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from apportion.cli.csv_output import write_csv
from apportion.cli.output import heading, put, say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, bar, table
from apportion.report.products import ProductLine, Products

_SHOWN = ("own_shown", "subtree_shown", "percent")


def as_data(found: Products) -> dict[str, Any]:
    """All figures exactly, without what is rounded for people."""
    return {
        "start_date": found.start,
        "end_date": found.end,
        "currency": found.currency,
        "total": found.total,
        "total_lines": found.total_lines,
        "products": [_exact(line) for line in found.lines],
        "without_cost": found.without_cost,
    }


def _exact(line: ProductLine) -> dict[str, Any]:
    return {name: value for name, value in asdict(line).items() if name not in _SHOWN}


def put_csv(found: Products) -> None:
    """The lines of the hierarchy; ``again`` marks those that a sum must leave out."""
    names = ("id", "name", "depth", "part_of", "own", "subtree", "currency", "again")
    rows = (
        (
            line.id,
            line.name,
            line.depth,
            ";".join(line.part_of),
            line.own,
            line.subtree,
            found.currency,
            str(line.again).lower(),
        )
        for line in found.lines
    )
    write_csv(sys.stdout, names, rows)


def show(found: Products, company: str, suggestions: Suggestions) -> None:
    """The hierarchy as a picture."""
    heading(f"{company}, {found.start} to {found.end}, in {found.currency}")
    say()
    if not found.lines:
        say("No product carries any such cost in this period. Why: apportion reconcile")
        return
    largest = max(line.subtree for line in found.lines)
    rows = [
        (
            "  " * line.depth + line.name + (" (shown above)" if line.again else ""),
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
    if found.without_cost:
        say(f"Products without any cost: {len(found.without_cost)}.")
    dearest = max(found.lines, key=lambda line: line.own)
    say_next(suggestions.command("show", "contributions", "--node", dearest.id))
