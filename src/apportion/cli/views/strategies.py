"""Strategies for people."""

from collections.abc import Sequence

from apportion.cli.output import heading, put, say
from apportion.cli.tables import Head, table
from apportion.report.strategies import Described

_NOTATION = (
    "N is the number of siblings: all edges of one source that are active that day. u is what a "
    "receiver used of the metric that day, sum(u) what all siblings used."
)


def show_all(listed: Sequence[Described]) -> None:
    """A line per strategy."""
    put(
        table(
            [Head("Strategy"), Head("What it does")],
            [(each.name, each.summary) for each in listed],
        )
    )
    say("Next: apportion strategies NAME")


def show_one(described: Described) -> None:
    """All there is to know of a strategy."""
    heading(described.name)
    say()
    say(described.summary)
    say()
    say(f"Share: {described.formula}")
    if described.without_usage:
        say(f"Where nobody used anything: {_WITHOUT_USAGE[described.without_usage]}.")
    say()
    say(_NOTATION)
    if described.parameters:
        say()
        put(
            table(
                [Head("Parameter"), Head("Values"), Head("Default")],
                [(each.name, each.values, each.default) for each in described.parameters],
            )
        )
    if described.example:
        say("Worked example, as the program computes it (numerators, then denominators):")
        say()
        for line in described.example.splitlines():
            say(f"  {line}")
        if described.example_shares:
            say(f"  shares: {', '.join(described.example_shares)}")


_WITHOUT_USAGE = {
    "equal": "all receivers get the same share",
    "retain": "what depends on usage stays on the source",
    "error": "the run fails",
}
