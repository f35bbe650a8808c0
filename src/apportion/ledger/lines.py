"""Lines of bills as they are kept, found by the deliveries that hold them."""

from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb

from apportion.ledger.bill_lines import BILL_LINES
from apportion.ledger.disk import Store
from apportion.ledger.store import files
from apportion.ledger.views import table_view

_PLAIN = "regexp_replace(lower(trim({0})), '^=?[\"'']+|[\"'']+$', '', 'g')"
_LAST = f"regexp_extract({_PLAIN}, '([^/]*)/*$', 1)"
_GROUPED = "[0-9]{{1,4}}-[0-9]{{4}}-[0-9]{{4}}"
SUB_ACCOUNT = f"""
    CASE WHEN regexp_full_match({_LAST}, '[0-9]+([.]0+)?|{_GROUPED}')
         THEN coalesce(nullif(ltrim(replace(split_part({_LAST}, '.', 1), '-', ''), '0'), ''), '0')
         ELSE {_LAST} END
"""
"""A sub-account by what identifies it, whatever its spelling (`D3`)."""


def lines_view(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    deliveries: Collection[str],
    at_version: int | None = None,
    beside: Sequence[Path] = (),
    name: str = "kept",
    months: Collection[str] = (),
    *,
    placed: bool = False,
) -> None:
    """A view of the lines that deliveries brought, and of those in other files ``beside``.

    ``months`` are those in which their billing periods begin, where only some are asked for.
    It has all columns but those that the table's folders are named by, and ``day``. ``placed`` adds
    ``path`` and ``place``: the data file that holds the line, and the number of its row there.
    """
    wanted = set(deliveries)
    known = files(store, BILL_LINES, at_version) if wanted else []
    paths = [
        path
        for path in known
        if path.stem.rsplit("-", 1)[0] in wanted
        and (not months or path.parent.name.removeprefix("month=") in months)
    ]
    table_view(connection, BILL_LINES, [*paths, *beside], f"{name}_lines", placed=placed)
    connection.execute(_DATED.format(name=name))


_DATED = """
    CREATE VIEW {name} AS
    SELECT *, CAST("ChargePeriodStart" AS TIMESTAMP)::DATE AS day FROM {name}_lines
"""
