"""Every node of a result is one of the model's."""

from apportion.reconcile.checking import Outcome, compare
from apportion.reconcile.evidence import Evidence

_NODES = """
WITH seen AS (
    SELECT node FROM proof_allocations
    UNION SELECT source FROM proof_flows
    UNION SELECT receiver FROM proof_flows
)
SELECT node, CAST(NULL AS DATE) AS date, '' AS dimension, 'a node of the model' AS expected,
       CASE
           WHEN known.node IS NOT NULL OR starts_with(seen.node, 'unmapped:')
           THEN 'a node of the model' ELSE 'no such node'
       END AS actual
FROM seen
LEFT JOIN proof_nodes AS known USING (node)
"""


def nodes_are_known(evidence: Evidence) -> Outcome:
    """Cost on a node that is neither infrastructure nor product would stand in no figure at all.

    The exception are nodes that begin with ``unmapped:``, which count as infrastructure.
    """
    return compare(evidence, "nodes_are_known", _NODES)
