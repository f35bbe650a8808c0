"""From groups of usage to the rows of the ledger, with what is doubtful about them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from apportion.findings import Finding, IngestError, Severity
from apportion.ingest.incoming import USAGE_DECIMALS, USAGE_SCHEMA, FileReport
from apportion.ingest.mixed_units import mixed_units
from apportion.ingest.words import count_of
from apportion.model import Model
from apportion.model.spelling import did_you_mean

KEYS = ("source", "period", "node", "date", "metric", "labels", "unit")

LABELS = (
    "cast(to_json(map_from_entries(list_sort("
    "list_filter(map_entries({}), lambda e: e.value is not null)))) as varchar)"
)
"""The canonical text of a map of labels: JSON, keys sorted, none without a value."""

_MOST_NODES = 20


@dataclass(frozen=True, slots=True)
class UsageRows:
    """Rows in canonical order, and warnings about them."""

    table: pa.Table
    findings: tuple[Finding, ...]


def usage_rows(
    groups: pa.Table, files: Sequence[FileReport], model: Model, skipped: int = 0
) -> UsageRows:
    """Make rows of groups of lines.

    ``groups`` has ``KEYS``, ``amount`` (a decimal, positive and negative lines apart) and
    ``lines``. Values are rounded to nine decimals, halves away from zero. ``skipped`` lines have
    no part in any group.

    Raises ``IngestError`` (``total_mismatch``) where lines were lost since they were accepted.
    """
    accepted = sum(file.accepted for file in files)
    found = (pc.sum(groups["lines"]).as_py() or 0) + skipped
    if found != accepted:
        message = f"The files hold {accepted} lines, the rows were made of {found}."
        raise IngestError([Finding("total_mismatch", message, remedy="Please report this.")])
    kept = pc.round(groups["amount"], ndigits=USAGE_DECIMALS, round_mode="half_towards_infinity")
    changed = pc.sum(pc.not_equal(kept, groups["amount"])).as_py() or 0
    table = groups.append_column("value", kept.cast(USAGE_SCHEMA.field("value").type))
    negative = table.filter(pc.less(table["value"], 0))
    findings = [
        *_negative(pc.sum(negative["lines"]).as_py() or 0),
        *_rounded(changed),
        *_mixed_units(table),
        *unknown_nodes(table, model),
    ]
    order = [(name, "ascending") for name in (*KEYS, "value")]
    rows = table.select(USAGE_SCHEMA.names).sort_by(order).cast(USAGE_SCHEMA)
    return UsageRows(rows, tuple(findings))


def _negative(lines: int) -> list[Finding]:
    if not lines:
        return []
    return [
        Finding(
            "negative_usage",
            f"Negative values on {count_of(lines, 'line')}; runs will take them as nothing.",
            remedy="Check the source of the figures.",
            severity=Severity.WARNING,
            details={"count": lines},
        )
    ]


def _rounded(count: int) -> list[Finding]:
    if not count:
        return []
    return [
        Finding(
            "rounded_usage",
            f"Rounded {count_of(count, 'value')} with more than {USAGE_DECIMALS} decimals.",
            severity=Severity.WARNING,
            details={"count": count},
        )
    ]


def _mixed_units(rows: pa.Table) -> list[Finding]:
    counted = rows.group_by(["metric", "unit"]).aggregate([("lines", "sum")])
    columns = (counted[name].to_pylist() for name in ("metric", "unit", "lines_sum"))
    return mixed_units(zip(*columns, strict=True), "line")


def unknown_nodes(rows: pa.Table, model: Model) -> list[Finding]:
    """Warnings for nodes that the model lacks, those with most lines first.

    Their rows are kept, and count once the model declares the node.
    """
    ids = [node.id for node in model.nodes]
    known = pc.is_in(rows["node"], value_set=pa.array(ids, pa.string()))
    unknown = rows.filter(pc.invert(known))
    counted = unknown.group_by("node").aggregate([("lines", "sum")])
    ordered = counted.sort_by([("lines_sum", "descending"), ("node", "ascending")])
    findings = [
        Finding(
            "unknown_node",
            f"The model does not declare {row['node']!r}, the node of "
            f"{count_of(row['lines_sum'], 'line')}. They are kept, and count once it is declared.",
            remedy=did_you_mean(row["node"], ids) or "Declare the node under `nodes:`.",
            severity=Severity.WARNING,
            details={"node": row["node"], "lines": row["lines_sum"]},
        )
        for row in ordered.slice(0, _MOST_NODES).to_pylist()
    ]
    if counted.num_rows > _MOST_NODES:
        more = counted.num_rows - _MOST_NODES
        message = f"The model does not declare {count_of(more, 'more node')}."
        findings.append(Finding("unknown_node", message, severity=Severity.WARNING))
    return findings
