"""From what was read of files of costs to a delivery, and how its costs are made by a model."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from apportion.derive.costs import derive_costs
from apportion.ingest.identity import issuer_key, known_aliases
from apportion.ingest.incoming import Incoming
from apportion.ledger.derived import Derive
from apportion.ledger.kept import Kept, file_fact
from apportion.ledger.readings import reading
from apportion.ledger.record_delivery import Answer, Delivery
from apportion.ledger.schemas import COSTS
from apportion.model import Model


def delivery_of(
    incoming: Incoming,
    kept: Kept,
    format_name: str,
    paths: Sequence[Path],
    model: Model,
    cost_column: str,
    answer: str,
    period: tuple[date, date] | None,
) -> Delivery:
    """What is to be recorded of files of costs that were read.

    ``cost_column`` is what somebody asked for, or empty; ``answer`` is replace or append where
    somebody said so.
    """
    # Plain costs have one cost, which is kept as what was billed and what it costs.
    column = "effective" if format_name == "costs" else cost_column or model.settings.cost_column
    files = tuple(
        file_fact(path, file.accepted, column, file.totals)
        for path, file in zip(paths, incoming.report.files, strict=True)
    )
    return Delivery(
        kept,
        incoming.rows,
        format_name,
        files,
        {total.currency: total.rows for total in incoming.report.totals},
        model.settings.cost_column,
        cost_column,
        answer,
        period,
        incoming.guessed,
        reading(model, COSTS, format_name, cost_column),
        _standing_answers(model),
    )


def _standing_answers(model: Model) -> tuple[Answer, ...]:
    aliases = known_aliases(model.settings.issuer_aliases)
    return tuple(
        Answer(issuer_key(each.issuer, aliases), each.source, each.mode)
        for each in model.settings.deliveries
    )


def derive_by(model: Model) -> Derive:
    """How costs are made of lines by a model."""

    def derive(connection: duckdb.DuckDBPyConnection, lines: str) -> pa.Table:
        return derive_costs(connection, lines, model).rows.table

    return derive
