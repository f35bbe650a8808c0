"""Every share as it is computed, for those who look for the one that is wrong."""

import logging

import pyarrow as pa

from apportion.attribution.problem import Problem

TRACE = 5
"""Below DEBUG: one line per edge, day and dimension."""

logging.addLevelName(TRACE, "TRACE")
_LOGGER = logging.getLogger("apportion.shares")


def trace_shares(contributions: pa.RecordBatch, problem: Problem) -> None:
    """Log a slice's shares at level ``TRACE``; costs nothing where nobody listens."""
    if not _LOGGER.isEnabledFor(TRACE):
        return
    edges = {(edge.source, edge.receiver): edge for edge in problem.model.edges}
    for row in contributions.to_pylist():
        edge = edges[row["source"], row["receiver"]]
        _LOGGER.log(
            TRACE,
            "strategy share: strategy=%s source=%r receiver=%r dimension=%r date=%s share=%s",
            edge.use_for(row["dimension"]).strategy,
            row["source"],
            row["receiver"],
            row["dimension"],
            row["date"],
            row["share"],
        )
