"""A reconciliation for people: a statement that anyone in finance can follow."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from apportion.cli.output import heading, put, say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, bar, table
from apportion.cli.words import few, several
from apportion.ingest.decimals import shown
from apportion.ingest.words import readable
from apportion.report.links import NAMES, Link
from apportion.report.reconciliation import Line, Statement


def show_statement(said: Statement, title: str, links: Sequence[Link] = ()) -> None:
    """The whole statement, and the proof from the files on."""
    heading(title)
    say()
    show_sides(said, links)
    _show_links(links)
    _show_reasons(said)
    _show_products(said)


def show_next(said: Statement, suggestions: Suggestions) -> None:
    """Where to look next, of a statement that is proven."""
    if said.proven:
        say_next(*_next(said, suggestions))


def show_sides(said: Statement, links: Sequence[Link] = ()) -> None:
    """What came in and where it went, and that both are the same.

    That every unit is accounted for is said where all links hold that lead to it.
    """
    amount = Head(said.currency, number=True)
    put(table([Head("What came in"), amount], _rows(said.came_in), ("Total", said.total_in)))
    went = [*_rows(said.went_to[:1]), *_rows(said.allocated, "  "), *_rows(said.went_to[1:])]
    put(table([Head("Where it went"), amount], went, ("Total", said.total_out)))
    broken = [link for link in links if not link.holds]
    if said.proven and broken:
        say(
            f"The difference is exactly 0 within the run, but not on the way to it: see below. "
            f"{said.checks} checks over {several(said.rows_checked, 'row')} found nothing "
            f"wrong{_skipped(said)}."
        )
    elif said.proven:
        say(
            f"The difference is exactly 0: every unit is accounted for. {said.checks} checks over "
            f"{several(said.rows_checked, 'row')} found nothing wrong{_skipped(said)}."
        )
    else:
        say(f"THIS DOES NOT HOLD. The difference is {said.delta:f}; see the errors.")
    if said.came_in[0].amount > 0:
        say(f"Coverage: {said.coverage} of infrastructure cost reached a product.")
    else:
        say("Coverage: none, because the infrastructure cost in all is not above 0.")
    if said.partial:
        say(f"Products that give on the rest: {few(said.partial)}.")
    if said.left_out:
        named = ", ".join(f"{line.label} {line.shown}" for line in said.left_out)
        say(f"Left out on request, and in none of these figures: {named} {said.currency}.")
    say()


def _show_links(links: Sequence[Link]) -> None:
    """Each link from the files to the products, with both sides."""
    if not links:
        return
    heads = [
        Head("From the files on"),
        Head("Currency"),
        Head("One side", number=True),
        Head("Other side", number=True),
        Head("Difference", number=True),
    ]
    rows = [
        (
            NAMES[link.name],
            link.currency,
            readable(shown(link.one)),
            readable(shown(link.other)),
            readable(shown(link.difference)),
        )
        for link in links
    ]
    put(table(heads, rows))


def _skipped(said: Statement) -> str:
    """That a check was not made, which needs the costs of every day."""
    if not said.skipped:
        return ""
    return f"; not made, because no run covers all days: {', '.join(said.skipped)}"


def _listed(lines: tuple[Line, ...], others: int) -> str:
    named = ", ".join(f"{line.label} {line.shown}" for line in lines)
    return f"{named} and {others} more" if others else named


def _rows(lines: tuple[Line, ...], indent: str = "") -> list[tuple[str, str]]:
    return [(f"{indent}{line.label}", line.shown) for line in lines]


def _show_reasons(said: Statement) -> None:
    if not said.reasons:
        return
    rows = [
        (
            reason.line.label,
            reason.line.shown,
            _listed(reason.nodes, reason.other_nodes),
        )
        for reason in said.reasons
    ]
    total = ("Total", said.went_to[1].shown, "")
    heads = [Head("Unallocated, why"), Head(said.currency, number=True), Head("Where")]
    put(table(heads, rows, total))


def _show_products(said: Statement) -> None:
    if not said.products:
        return
    largest = max((line.amount for line in said.products), default=0)
    rows = [
        (
            line.label,
            line.shown,
            line.percent,
            bar(Fraction(line.amount) / Fraction(largest)) if largest > 0 else "",
        )
        for line in said.products
    ]
    heads = [
        Head("Products"),
        Head(said.currency, number=True),
        Head("Share", number=True),
        Head(""),
    ]
    put(table(heads, rows, ("Total", said.went_to[0].shown, "", "")))


def _next(said: Statement, suggestions: Suggestions) -> Iterator[str]:
    yield suggestions.command("show", "products")
    if said.reasons and said.reasons[0].nodes:
        yield suggestions.command("show", "nodes", "--node", said.reasons[0].nodes[0].label)
