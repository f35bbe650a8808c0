"""A digest of what rows say, whatever their order, their source and who brought them.

Each row's text is hashed, and the hashes are added up: a sum does not care for order, and two
different sets of rows have the same sum by no accident.
"""

from collections.abc import Sequence
from hashlib import sha256

import duckdb
import pyarrow as pa

from apportion import database

_SAID = {
    "costs": ("node", "date::VARCHAR", "dimension", "currency", "amount::VARCHAR"),
    "usage": ("node", "date::VARCHAR", "metric", "labels", "value::VARCHAR", "unit"),
    "billable_usage": (
        "date::VARCHAR",
        "account",
        "channel",
        "provider",
        "rate_multiplier::VARCHAR",
        "international::VARCHAR",
        "template",
        "billable_units::VARCHAR",
        "notifications_sent::VARCHAR",
    ),
}
"""What a row says, as texts."""

_SUMS = """
    count(*), coalesce(sum(md5_number_lower(said)::HUGEINT), 0),
    coalesce(sum(md5_number_upper(said)::HUGEINT), 0)
"""
_WHOLE = """
    SELECT {sums} FROM (SELECT concat_ws(chr(31), {said}) AS said FROM given)
"""
_BY_CHANGE = """
    SELECT ingest_id, {sums}
    FROM (SELECT ingest_id, concat_ws(chr(31), {said}) AS said FROM {given})
    GROUP BY ingest_id ORDER BY ingest_id
"""


def content_digest(table: str, rows: pa.Table) -> str:
    """The digest of rows of an input table."""
    connection = database.connect()
    connection.register("given", rows)
    query = _WHOLE.format(sums=_SUMS, said=", ".join(_SAID[table]))
    return _digest(connection.execute(query).fetchall()[0])


def digests_by_change(
    connection: duckdb.DuckDBPyConnection, table: str, given: str
) -> dict[str, tuple[int, str]]:
    """How many rows of each change a relation has, and their digest."""
    query = _BY_CHANGE.format(sums=_SUMS, said=", ".join(_SAID[table]), given=given)
    rows = connection.execute(query).fetchall()
    return {ingest_id: (counted[0], _digest(counted)) for ingest_id, *counted in rows}


def _digest(counted: Sequence[int]) -> str:
    return sha256(repr(tuple(counted)).encode()).hexdigest()
