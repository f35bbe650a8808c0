"""Products for people and programs."""

from collections.abc import Sequence

from apportion.cli.output import heading, put, say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.cli.words import few
from apportion.report.products import Products

_INDENTED = 30
"""Levels that are indented, each more than the one above. A terminal is hardly wider, and a chain
of thousands of products would print its square in blanks."""


def show(found: Products, title: str, suggestions: Suggestions, asked: Sequence[str] = ()) -> None:
    """The hierarchy as a table. ``asked`` are the products that were asked for, if some were."""
    heading(title)
    say()
    if found.lines:
        _put_lines(found)
    _put_serving(found)
    if found.kept_unallocated:
        say(f"Products whose own part counts as unallocated: {few(found.kept_unallocated)}.")
    dearest = max((line for line in found.lines), key=lambda line: abs(line.own), default=None)
    if dearest is not None and dearest.own:
        say_next(suggestions.command("show", "edges", "--node", dearest.id))
        return
    if not found.serving:
        say(f"{'None of these products' if asked else 'No product'} has cost in this period.")
    nodes = [word for product in asked for word in ("--node", product)]
    say_next(suggestions.command("show", "nodes", *nodes))


def _put_lines(found: Products) -> None:
    rows = [
        (
            "  " * min(line.depth, _INDENTED)
            + line.name
            + (" (shown above)" if line.again else ""),
            line.holistic_shown,
            line.given_shown,
            line.own_shown,
            line.subtree_shown,
            line.percent,
        )
        for line in found.lines
    ]
    hidden = found.total_lines - len(found.lines)
    if hidden:
        rows.append((f"{hidden:,} more", "", "", found.others_shown, "", ""))
    heads = [
        Head("Product"),
        Head("Full cost", number=True),
        Head("Passed on", number=True),
        Head("Kept", number=True),
        Head("With its parts", number=True),
        Head("Share", number=True),
    ]
    put(table(heads, rows, ("Total", "", "", found.total_shown, "", "")))


def _put_serving(found: Products) -> None:
    """Products that are infrastructure: nothing of what they keep is a product's cost."""
    if not found.serving:
        return
    rows = [
        (each.name, each.holistic_shown, each.given_shown, each.retained_shown)
        for each in found.serving
    ]
    heads = [
        Head("Product that serves others"),
        Head("Full cost", number=True),
        Head("Passed on", number=True),
        Head("Kept, unallocated", number=True),
    ]
    put(table(heads, rows))
