"""What the nodes with each value of a label had themselves, and what they kept."""

import duckdb
import pyarrow as pa

from apportion.findings import Finding, UsageError
from apportion.model import Model
from apportion.model.spelling import did_you_mean
from apportion.report.column import Column, Kind
from apportion.report.listing import Listing, Wanted, filtered, list_rows
from apportion.report.node_figures import COLUMNS as NODE_FIGURES

COLUMNS = (
    Column("value", "Value"),
    Column("nodes", "Nodes", Kind.COUNT),
    *NODE_FIGURES,
)

_BY_LABEL = """
SELECT coalesce(l.value, '') AS value, count(DISTINCT a.node) AS nodes,
       sum(a.direct) AS direct, sum(a.indirect) AS indirect, sum(a.holistic) AS holistic,
       sum(a.given) AS given, sum(a.retained) AS retained
FROM report_allocations AS a
LEFT JOIN report_labels AS l ON l.node = a.node
GROUP BY coalesce(l.value, '')
ORDER BY direct DESC, value
"""


def costs_by_label(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    wanted: Wanted,
    key: str,
    currency: str,
) -> Listing:
    """One row per value of a label whose nodes have cost, the dearest first.

    The empty value stands for all nodes without the label. A node has a label once, so direct sums
    to all cost, and so does retained. Raises ``UsageError`` (``unknown_name``) where no node of the
    model has the label.
    """
    _require_key(model, key)
    labelled = [(node.id, node.labels[key]) for node in model.nodes if key in node.labels]
    labels = pa.table(
        {
            "node": pa.array([node for node, _ in labelled], pa.string()),
            "value": pa.array([value for _, value in labelled], pa.string()),
        }
    )
    with filtered(connection, wanted, report_labels=labels):
        return list_rows(connection, "costs by label", COLUMNS, _BY_LABEL, wanted, currency)


def _require_key(model: Model, key: str) -> None:
    known = sorted({name for node in model.nodes for name in node.labels})
    if key in known:
        return
    few = f"There are: {', '.join(map(repr, known))}." if 0 < len(known) <= _LISTED else ""
    raise UsageError(
        [
            Finding(
                "unknown_name",
                f"No node has a label {key!r}.",
                remedy=did_you_mean(key, known) or few,
                details={"label": key},
            )
        ]
    )


_LISTED = 10
