"""Values of one metric in several units: they are added up as bare numbers."""

from collections.abc import Iterable, Mapping

from apportion.findings import Finding, Severity
from apportion.ingest.words import count_of
from apportion.model.values import show

_NAMED = 5


def mixed_units(counts: Iterable[tuple[str, str, int]], noun: str) -> list[Finding]:
    """A warning for each metric that has more than one unit.

    ``counts`` are metric, unit (blank where none is said) and how many there are of that ``noun``.

    >>> (found,) = mixed_units([("cpu", "s", 2), ("cpu", "ms", 1), ("gpu", "s", 1)], "line")
    >>> found.message
    "'cpu' has 2 lines in 's' and 1 line in 'ms'; shares add their values as bare numbers."
    """
    metrics: dict[str, dict[str, int]] = {}
    for metric, unit, count in counts:
        units = metrics.setdefault(metric, {})
        units[unit] = units.get(unit, 0) + count
    return [
        _mixed(metric, units, noun) for metric, units in sorted(metrics.items()) if len(units) > 1
    ]


def _mixed(metric: str, units: Mapping[str, int], noun: str) -> Finding:
    named = sorted((unit for unit in units if unit), key=lambda unit: (-units[unit], unit))
    parts = [f"{count_of(units[unit], noun)} in {show(unit)}" for unit in named[:_NAMED]]
    if len(named) > _NAMED:
        parts.append(f"others in {count_of(len(named) - _NAMED, 'more unit')}")
    blank = units.get("", 0)
    if blank:
        parts.append(f"{count_of(blank, noun)} without a unit")
    said = f"{', '.join(parts[:-1])} and {parts[-1]}"
    why = "shares add their values as bare numbers"
    if len(named) == 1:
        why = f"whether those are in {show(named[0])} too is not said, and {why}"
    return Finding(
        "mixed_units",
        f"{show(metric)} has {said}; {why}.",
        remedy="Bring all values of a metric in with one unit, converted where they have another; "
        "or give what is measured otherwise a metric of its own.",
        severity=Severity.WARNING,
        details={"metric": metric, "units": tuple(sorted(units))},
    )
