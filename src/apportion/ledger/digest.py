"""A digest of what rows say, whatever their order, their source and who brought them.

Each row's text is hashed, and the hashes are added up: a sum does not care for order, and two
different sets of rows have the same sum by no accident.
"""

from hashlib import sha256

import pyarrow as pa

from apportion import database

_QUERIES = {
    "costs": """
        SELECT count(*), coalesce(sum(md5_number_lower(said)::HUGEINT), 0),
               coalesce(sum(md5_number_upper(said)::HUGEINT), 0)
        FROM (
            SELECT concat_ws(chr(31), node, date::VARCHAR, dimension, currency, amount::VARCHAR)
                AS said
            FROM given
        )
    """,
    "usage": """
        SELECT count(*), coalesce(sum(md5_number_lower(said)::HUGEINT), 0),
               coalesce(sum(md5_number_upper(said)::HUGEINT), 0)
        FROM (
            SELECT concat_ws(chr(31), node, date::VARCHAR, metric, labels, value::VARCHAR, unit)
                AS said
            FROM given
        )
    """,
    "billable_usage": """
        SELECT count(*), coalesce(sum(md5_number_lower(said)::HUGEINT), 0),
               coalesce(sum(md5_number_upper(said)::HUGEINT), 0)
        FROM (
            SELECT concat_ws(chr(31), date::VARCHAR, account, channel, provider,
                             rate_multiplier::VARCHAR, international::VARCHAR, template,
                             billable_units::VARCHAR, notifications_sent::VARCHAR) AS said
            FROM given
        )
    """,
}


def content_digest(table: str, rows: pa.Table) -> str:
    """The digest of rows of an input table."""
    connection = database.connect()
    connection.register("given", rows)
    counted = connection.execute(_QUERIES[table]).fetchone()
    return sha256(repr(counted).encode()).hexdigest()
