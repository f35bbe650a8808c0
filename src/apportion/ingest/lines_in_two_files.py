"""Lines that stand in several files of one delivery to the letter: they would count twice (`D4`).

A daily export writes the whole month so far into a new folder each time, so that files taken
together may hold one another. Within a file equal lines are charges of their own.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from apportion.findings import Finding, IngestError, Place
from apportion.ingest.words import count_of
from apportion.ledger.bill_lines import CONTENT, COST_COLUMNS

_SHOWN = 10
_NAMES = 3
_TELLING = (*COST_COLUMNS, "ChargePeriodStart", "ResourceId", "SkuId", "node", "dimension")
"""Few columns, quickly read, that differ in most lines that differ."""

_NEAR = """
    create temp table near as
    select telling from (
        select hash({telling}) as telling, hash(file) as file from kept where {counts}
    ) group by telling having min(file) <> max(file)
"""
_SAME = """
    with each as (
        select hash({said}) as digest, file, any_value("BillingCurrency") as currency,
               count(*) as lines, sum(coalesce("{cost}", 0)) as amount
        from kept where {counts} and hash({telling}) in (select telling from near)
        group by digest, file
    ),
    common as (
        select list(file order by file) as files, any_value(currency) as currency,
               sum(lines) - max(lines) as lines, sum(amount) - max_by(amount, lines) as amount
        from each group by digest having count(*) > 1
    )
    select files, currency, sum(lines)::bigint, sum(amount)
    from common group by all order by all
"""
_LINES = "select file, count(*) from kept where {counts} group by file"


def refuse_lines_in_two_files(
    connection: duckdb.DuckDBPyConnection, files: Sequence[str], cost: str
) -> None:
    """Refuse lines with an amount that stand in several files alike, whatever their place.

    The connection has the view ``kept`` of the lines that were written. ``cost`` is the column
    whose sums are told. Raises ``IngestError`` (``repeated_lines``).
    """
    if len(files) < 2:
        return
    said = {
        "said": ", ".join(f'"{name}"' for name in CONTENT),
        "telling": ", ".join(f'"{name}"' for name in _TELLING),
        "counts": " or ".join(f'coalesce("{name}", 0) <> 0' for name in COST_COLUMNS).join("()"),
        "cost": cost,
    }
    connection.execute(_NEAR.format(**said))
    found = connection.execute(_SAME.format(**said)).fetchall()
    if not found:
        return
    lines = dict(connection.execute(_LINES.format(**said)).fetchall())
    groups: dict[tuple[str, ...], list[tuple[str, int, Decimal]]] = {}
    for names, *told in found:
        groups.setdefault(tuple(names), []).append(tuple(told))
    where = Place(", ".join(files))
    findings = [_finding(names, told, lines, where) for names, told in groups.items()][:_SHOWN]
    if len(groups) > _SHOWN:
        more = f"{len(groups) - _SHOWN:,} more groups of files have lines in common."
        findings.append(Finding("repeated_lines", more, where))
    raise IngestError(findings)


def _finding(
    names: Sequence[str],
    told: Sequence[tuple[str, int, Decimal]],
    lines: Mapping[str, int],
    where: Place,
) -> Finding:
    count = sum(number for _, number, _ in told)
    amounts = {currency: f"{amount.normalize():f}" for currency, _, amount in told}
    money = ", ".join(f"{amount.normalize():,f} {currency}" for currency, _, amount in told)
    listed = ", ".join(repr(name) for name in names[: min(_NAMES, len(names) - 1)])
    beyond = len(names) - _NAMES
    listed += f" and {repr(names[-1]) if beyond <= 1 else f'{beyond} more'}"
    held = [name for name in names[:2] if len(names) == 2 and lines[name] == count]
    out = (
        f"Leave out {held[0]!r}, of which the other has every line"
        if held
        else "Leave out the files whose lines another has"
    )
    details: Mapping[str, Any] = {"files": list(names), "lines": count, "amounts": amounts}
    return Finding(
        "repeated_lines",
        f"The same lines stand in {listed}, to the letter: {count_of(count, 'line')} with {money} "
        "would count again. Nothing was recorded.",
        where,
        f"{out}; if they are charges of their own, say so with --append.",
        details=details,
    )
