"""Why infrastructure-like nodes kept cost: which reason, and how much of each.

A reason is read off the rows and the model: no edge was active that day; a strategy holds cost
back by design; or there was no usage to share by, as the run's own warnings say.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from apportion.model import Edge
from apportion.reconcile.evidence import Evidence
from apportion.reconcile.exact import total
from apportion.reconcile.facts import UNMAPPED

UNMAPPED_COST = "unmapped"
NO_EDGES = "no edges"
NO_USAGE = "no usage, kept"
CAP = "cap"
BELOW = "shares below 100 %"
RESIDUAL = "residual of partial cost centres"
REASONS = (UNMAPPED_COST, NO_EDGES, NO_USAGE, CAP, BELOW)

_RETAIN = "retain"
"""The policy of a ``zero_usage`` warning whose source kept what depends on usage (`A14`)."""

_CAPPED = "capped_proportional"
_FIXED = "fixed_percent"

_KEPT_WITH_EDGES = """
SELECT a.node, a.dimension, a.given = 0 AS gave_nothing, sum(a.retained)
FROM proof_allocations AS a
JOIN proof_giving AS g ON g.node = a.node AND a.date BETWEEN g.first AND g.last
JOIN proof_nodes AS n ON n.node = a.node
WHERE n.infrastructure AND a.retained <> 0
GROUP BY ALL
ORDER BY ALL
"""

ByReason = Mapping[str, Decimal]


def reasons_kept(evidence: Evidence) -> Mapping[str, ByReason]:
    """For each infrastructure-like node that kept cost, the amount by reason.

    The amounts of a node sum to what it retained. Reasons stand in the order of ``REASONS``.
    """
    kept: defaultdict[str, defaultdict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for each in evidence.sums.infrastructure:
        if each.kept_rows and not each.giving:
            reason = UNMAPPED_COST if each.node.startswith(UNMAPPED) else NO_EDGES
            kept[each.node][reason].append(each.retained)
    rows = evidence.connection.execute(_KEPT_WITH_EDGES).fetchall()
    edges = _edges_of(evidence, {row[0] for row in rows})
    unused = _kept_for_no_usage(evidence)
    for node, dimension, gave_nothing, retained in rows:
        strategies = {edge.use_for(dimension).strategy for edge in edges[node]}
        reason = _reason(strategies, gave_nothing=gave_nothing, lacked_usage=node in unused)
        kept[node][reason].append(retained)
    return {node: _totals(amounts, evidence.scale) for node, amounts in kept.items()}


def _totals(amounts: Mapping[str, list[Decimal]], scale: int) -> ByReason:
    return {reason: total(amounts[reason], scale) for reason in REASONS if reason in amounts}


def _reason(strategies: set[str], *, gave_nothing: bool, lacked_usage: bool) -> str:
    """The reason for cost that was kept in spite of edges.

    Siblings that all share by usage, without a cap, give everything unless there is no usage.
    """
    if lacked_usage and (gave_nothing or _gives_all(strategies)):
        return NO_USAGE
    return CAP if _CAPPED in strategies else BELOW


def _gives_all(strategies: set[str]) -> bool:
    return len(strategies) == 1 and not strategies & {_CAPPED, _FIXED}


def _edges_of(evidence: Evidence, sources: set[str]) -> Mapping[str, list[Edge]]:
    """The edges of some sources that are active in the period."""
    found: dict[str, list[Edge]] = {source: [] for source in sources}
    if sources:
        for position in evidence.windows["edge"].to_pylist():
            edge = evidence.model.edges[position]
            if edge.source in found:
                found[edge.source].append(edge)
    return found


def _kept_for_no_usage(evidence: Evidence) -> set[str]:
    """The sources of which the run says that they kept cost on days without usage."""
    if evidence.warnings is None:
        return set()
    columns = (evidence.warnings[name].to_pylist() for name in ("code", "policy", "source"))
    return {
        source
        for code, policy, source in zip(*columns, strict=True)
        if code == "zero_usage" and policy == _RETAIN
    }
