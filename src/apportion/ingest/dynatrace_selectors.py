"""Two selectors of one metric in the same answers: what both tell counts twice."""

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from apportion.findings import Finding, Severity
from apportion.ingest.words import count_of
from apportion.model import MetricRule
from apportion.model.values import show

_NAMED = 5


def overlapping_selectors(
    taken: Sequence[tuple[pa.Table, MetricRule]], own: Collection[MetricRule]
) -> list[Finding]:
    """A warning for each metric that has usage of a node and day from more than one selector.

    ``taken`` are groups with ``metric_id``, ``node``, ``day``, and the rule of each. Selectors that
    each have a rule of the model's ``own`` were given one name on purpose, to be added up.
    """
    found: dict[str, list[pa.Table]] = {}
    meant: dict[str, set[str]] = {}
    for rows, rule in taken:
        if rows.num_rows:
            found.setdefault(rule.name, []).append(rows.select(["metric_id", "node", "day"]))
            declared = rule in own and rule.id == rows["metric_id"][0].as_py()
            meant.setdefault(rule.name, set()).update([] if declared else [rule.name])
    return [
        finding
        for name, tables in found.items()
        if len(tables) > 1 and meant[name]
        for finding in _overlapping(name, pa.concat_tables(tables))
    ]


def _overlapping(name: str, rows: pa.Table) -> list[Finding]:
    counted = rows.group_by(["node", "day"]).aggregate([("metric_id", "count_distinct")])
    several = counted.filter(pc.greater(counted["metric_id_count_distinct"], 1))
    if not several.num_rows:
        return []
    both = rows.join(several.select(["node", "day"]), ["node", "day"], join_type="left semi")
    selectors = sorted(pc.unique(both["metric_id"]).to_pylist())
    first = (
        several.sort_by([("day", "ascending"), ("node", "ascending")]).slice(0, 1).to_pylist()[0]
    )
    more = f" and {len(selectors) - _NAMED} more" if len(selectors) > _NAMED else ""
    named = ", ".join(show(each) for each in selectors[:_NAMED])
    return [
        Finding(
            "overlapping_selectors",
            f"The metric {name!r} is the sum of several selectors, {named}{more}, on "
            f"{count_of(several.num_rows, 'day')} of nodes, such as {first['node']!r} on "
            f"{first['day']}; what more than one of them tells counts twice.",
            remedy="Ask for one selector of a metric, or give each a name of its own under "
            "`metrics:`.",
            severity=Severity.WARNING,
            details={"metric": name, "selectors": tuple(selectors)},
        )
    ]
