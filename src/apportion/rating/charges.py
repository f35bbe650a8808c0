"""Rated rows, and how usage in memory becomes them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from apportion import database
from apportion.amounts.units import RATE_DECIMALS
from apportion.findings import QUESTION, Finding, Place, RunError, Severity, UsageError
from apportion.model import Model
from apportion.model.billable_usage import SCHEMA
from apportion.rating import views
from apportion.rating.failures import failures
from apportion.rating.life import after_the_end, resolve_former
from apportion.rating.plan import RATE, Plan, plan
from apportion.rating.usage import WHAT, usage_columns
from apportion.tables import as_table

UNITS = pa.int64()
COST = pa.decimal128(38, RATE_DECIMALS)
RATED = pa.schema(
    [
        *SCHEMA,
        ("rate", RATE),
        ("chargeable_units", UNITS),
        ("remaining_before", UNITS),
        ("free_allowance_used", UNITS),
        ("charged_units", UNITS),
        ("cost", COST),
        ("year", UNITS),
        ("period", UNITS),
        ("allowance", UNITS),
        ("remaining_after", UNITS),
    ]
)
"""Rated rows: the usage, what it cost, and why.

``rate`` is that of the row's date (0 for a channel that is not billed), ``year`` the financial
year, ``period`` which of its months (1 to 12), ``allowance`` the year's, and ``remaining_before``
and ``remaining_after`` what was left of it before and after the row.
"""

_LINE = "line"
_HASHES = """
    SELECT hash(date, account, channel, provider, rate_multiplier, international, template) AS h
    FROM billable_usage
"""
_LATEST = """
    SELECT * FROM billable_usage QUALIFY row_number() OVER (
        PARTITION BY date, account, channel, provider, rate_multiplier, international, template
        ORDER BY line DESC
    ) = 1 ORDER BY line
"""


class ChargeViews(ABC):
    """The views on rated rows, wherever those are (`B11`-`B14`)."""

    model: Model

    @property
    def not_rated(self) -> Mapping[str, Finding]:
        """Why accounts were not rated, by their ids (`B21`)."""
        return {}

    def require_rated(self, account: str) -> None:
        """Raise ``UsageError`` (``account_not_rated``): no figure of it would be true."""
        if account not in self.not_rated:
            return
        message = f"There are no charges of {account}: {self.not_rated[account].message}"
        remedy = "Correct what is in the way, then rate anew with: apportion rate"
        raise UsageError([Finding("account_not_rated", message, QUESTION, remedy)])

    @abstractmethod
    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with the view ``charges``."""

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """One that is opened once and asked by all views, hence by one thread at a time."""
        return self.connect()

    def monthly(self, account: str, year: int) -> pa.Table:
        """What an account used and owes in each month of a financial year (`B11`)."""
        self.require_rated(account)
        return views.monthly(self.connection, self.model, account, year)

    def yearly(self, account: str, year: int) -> pa.Table:
        """What an account used and owes in a financial year (`B12`)."""
        self.require_rated(account)
        return views.yearly(self.connection, self.model, account, year)

    def organisation(self, organisation: str, year: int) -> pa.Table:
        """What each account of an organisation used and owes in a financial year (`B13`).

        Those that were not rated are left out, since zeros would be taken for figures.
        """
        rows = views.organisation(self.connection, self.model, organisation, year)
        failed = pa.array(list(self.not_rated), pa.string())
        return rows.filter(pc.invert(pc.is_in(rows["account"], failed)))

    def daily(self, start: date, end: date) -> pa.Table:
        """The platform's volumes by day and channel (`B14`)."""
        return views.daily(self.connection, start, end)

    def providers(self, start: date, end: date) -> pa.Table:
        """The platform's volumes by day, provider and channel (`B14`)."""
        return views.providers(self.connection, start, end)

    def accounts(self, start: date, end: date) -> pa.Table:
        """Each account's volumes by channel (`B14`)."""
        return views.accounts(self.connection, self.model, start, end)

    def charges(self, start: date, end: date) -> pa.Table:
        """What each account owes for days of one financial year (`B14`)."""
        return views.charges(self.connection, self.model, start, end)


@dataclass(frozen=True)
class Charges(ChargeViews):
    """Rated rows in memory, in the order of the usage, with the views on them.

    It is a table to everything that reads the Arrow C stream interface; ``rows`` is that table,
    with the columns of ``RATED``. ``findings`` are warnings.
    """

    model: Model
    rows: pa.Table
    findings: tuple[Finding, ...] = ()

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with the view ``charges``."""
        connection = database.connect()
        connection.register(views.CHARGES, self.rows)
        return connection

    @property
    def schema(self) -> pa.Schema:
        """The columns of ``rows``."""
        return self.rows.schema

    @property
    def column_names(self) -> list[str]:
        """The names of the columns of ``rows``."""
        return list(self.rows.column_names)

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return int(self.rows.num_rows)

    def __len__(self) -> int:
        return self.num_rows

    def __getitem__(self, column: str) -> pa.ChunkedArray:
        """A column of ``rows``."""
        return self.rows[column]

    def column(self, column: str) -> pa.ChunkedArray:
        """A column of ``rows``."""
        return self.rows.column(column)

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        found: list[dict[str, Any]] = self.rows.to_pylist()
        return found

    def to_pandas(self) -> Any:
        """The rows as a pandas data frame, where pandas is installed."""
        return self.rows.to_pandas()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_pylist())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows by the Arrow C stream interface."""
        return self.rows.__arrow_c_stream__(requested_schema)


def rate(model: Model, usage: Any) -> Charges:
    """Rate a table of billable usage (`B4`-`B9`).

    ``usage`` has ``date``, ``account``, ``channel``, ``billable_units`` and
    ``notifications_sent``; ``provider``, ``rate_multiplier``, ``international`` and ``template``
    may be absent. It is an Arrow table or anything with the Arrow C stream interface, in any
    order. It must hold each financial year from its first day on, since the allowance is used by
    the earliest rows first. Of rows with the same key the last one counts (`B3`).

    An account that the model lacks is rated as one of no organisation, with a warning.

    Raises ``RunError`` with all findings: ``missing_key``, ``invalid_value``, ``wrong_type``, and
    for each account that cannot be rated ``unknown_channel``, ``missing_rate``,
    ``amount_overflow``; without the rows of these accounts the others are.
    """
    table = usage_columns(as_table(usage, "Billable usage"))
    lines = pa.array(np.arange(table.num_rows, dtype=np.int64))
    connection = database.connect()
    connection.register("billable_usage", table.append_column(_LINE, lines))
    findings = _keep_latest(connection, table.num_rows)
    resolve_former(connection, model)
    problems = failures(connection, model)
    if problems:
        raise RunError(problems)
    planned = plan(connection, model, (_LINE,))
    if planned is None:
        return Charges(model, RATED.empty_table(), findings)
    late = after_the_end(connection, planned)
    rows = run_plan(connection, planned).order(_LINE).to_arrow_table().drop_columns([_LINE])
    return Charges(planned.model, rows.cast(RATED), (*findings, *planned.findings, *late))


def run_plan(connection: duckdb.DuckDBPyConnection, planned: Plan) -> duckdb.DuckDBPyRelation:
    """The rated rows of a connection's usage, in no particular order."""
    return connection.sql(planned.sql())


def _keep_latest(connection: duckdb.DuckDBPyConnection, count: int) -> tuple[Finding, ...]:
    """Let the last of rows with one key stand for them all (`B3`)."""
    # Sorting hashes is ten times as quick as grouping, and nearly always the whole work.
    hashes = np.sort(connection.sql(_HASHES).fetchnumpy()["h"])
    if not (hashes[1:] == hashes[:-1]).any():
        return ()
    latest = connection.sql(_LATEST).to_arrow_table()
    connection.register("billable_usage", latest)
    replaced = count - latest.num_rows
    if not replaced:
        return ()
    return (
        Finding(
            "replaced_rows",
            f"{replaced:,} rows of billable usage have the key of a later row, which counts.",
            Place(f"<{WHAT}>"),
            "Give each date, account, channel, provider, rate_multiplier, international and "
            "template once.",
            Severity.WARNING,
            details={"rows": replaced},
        ),
    )
