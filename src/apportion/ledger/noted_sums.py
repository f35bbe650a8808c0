"""The lines that deliveries brought, held against the sums that were noted of them (`D1`).

They are compared whenever lines are read to make costs, so that a lost, doubled or changed line is
found before a figure is made of it.
"""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from apportion import database
from apportion.findings import Finding, LedgerError, Place
from apportion.ledger.bill_lines import COSTS
from apportion.ledger.disk import damaged_finding

_KEYS = ("kept_in", "kept_bill", "day", "currency")
_TOLD = ("lines", *COSTS)
_OTHERWISE = """
    WITH noted AS (SELECT DISTINCT {keys}, {told} FROM noted_parts WHERE lines > 0),
    found AS (
        SELECT delivery AS kept_in, bill AS kept_bill, day, "BillingCurrency" AS currency,
               count(*) AS lines, {sums}
        FROM {kept} GROUP BY ALL
    )
    SELECT noted.*, {found}
    FROM noted LEFT JOIN found USING ({keys})
    WHERE {differ}
    ORDER BY ALL
"""


def otherwise(
    connection: duckdb.DuckDBPyConnection, kept: str, parts: pa.Table, paths: Sequence[Path]
) -> list[Finding]:
    """What lines do not sum to what was noted of them: one finding a delivery.

    ``kept`` is the relation of the lines (see ``lines_view``), ``parts`` are the rows of
    ``delivery_parts`` that it has to hold whole, ``paths`` the files of the lines.
    """
    if not parts.num_rows:
        return []
    query = _OTHERWISE.format(
        kept=kept,
        keys=", ".join(_KEYS),
        told=", ".join(f'"{name}"' for name in _TOLD),
        sums=", ".join(f'sum("{column}") AS "{name}"' for name, column in COSTS.items()),
        found=", ".join(f'found."{name}"' for name in _TOLD),
        differ=" OR ".join(f'noted."{name}" IS DISTINCT FROM found."{name}"' for name in _TOLD),
    )
    connection.register("noted_parts", parts)
    rows = connection.execute(query).fetchall()
    connection.unregister("noted_parts")
    first: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        first.setdefault(row[0], row)
    more = {name: sum(1 for row in rows if row[0] == name) - 1 for name in first}
    return [_finding(row, more[name], paths) for name, row in first.items()]


def _finding(row: tuple[Any, ...], more: int, paths: Sequence[Path]) -> Finding:
    delivery, _, day, currency = row[: len(_KEYS)]
    noted, found = row[len(_KEYS) : -len(_TOLD)], row[-len(_TOLD) :]
    place = next(at for at, each in enumerate(noted) if each != found[at])
    money = max(place, 1)
    name = list(COSTS.values())[money - 1]
    others = f" So it is with {more:,} more of its days and bills." if more else ""
    return _told_of(
        delivery,
        f"Of {day} in {currency}, {noted[0]:,} lines with {name} {_amount(noted[money])} were "
        f"recorded, and there are {found[0] or 0:,} with {_amount(found[money])}.{others}",
        paths,
    )


def _told_of(delivery: str, what: str, paths: Sequence[Path]) -> Finding:
    mine = sorted(path for path in paths if path.stem.rsplit("-", 1)[0] == delivery)
    said = f"The lines of delivery {delivery} are not those that it brought. {what}"
    finding = damaged_finding(said, mine[0] if mine else Path())
    return Finding(
        finding.code,
        finding.message,
        finding.where,
        finding.remedy,
        details={"delivery": delivery},
        also=tuple(Place(str(path)) for path in mine[1:]),
    )


def _amount(amount: Decimal | None) -> str:
    return "nothing" if amount is None else f"{amount.normalize():,f}"


def require_noted(
    connection: duckdb.DuckDBPyConnection, kept: str, parts: pa.Table, paths: Sequence[Path]
) -> None:
    """Raise ``LedgerError`` (``damaged_ledger``) where lines are not those that were noted."""
    try:
        findings = otherwise(connection, kept, parts, paths)
    except duckdb.OutOfRangeException:
        # Each alone fits, and so did their sums when they were noted.
        findings = [
            _told_of(delivery, "Their amounts sum to more than any bill holds.", paths)
            for delivery in sorted(set(parts["kept_in"].to_pylist()))
        ]
    if findings:
        raise LedgerError(findings)


_WANTED = """
    SELECT DISTINCT p.kept_in, p.kept_bill, p.day, p.currency, p.lines, p.billed, p.effective,
           p.contracted, p.list
    FROM all_parts AS p SEMI JOIN taken AS t
    ON p.kept_in = t.kept_in AND p.kept_bill = t.kept_bill
       AND (p.day = t.day OR NOT t.is_bill)
"""


def parts_read(parts: pa.Table, taken: pa.Table) -> pa.Table:
    """The rows of ``delivery_parts`` whose lines are read for what is ``taken``.

    Of plain costs all days of a delivery are, since they are rounded together.
    """
    connection = database.connect()
    connection.register("all_parts", parts)
    connection.register("taken", taken)
    return connection.sql(_WANTED).to_arrow_table()
