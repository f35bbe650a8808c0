"""Results written by hand, and a small company whose every figure can be followed on paper.

Tables are written as text, one row a line. Amounts have two decimals unless a test says
otherwise, so that the whole proof can be done in the head.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from apportion.model import Model
from apportion.reconcile.proof import reconcile
from apportion.reconcile.reconciliation import Reconciliation

AMOUNTS = ("direct", "indirect", "holistic", "given", "retained")
COLUMNS = {
    "allocations": ("node", "date", "dimension", *AMOUNTS),
    "contributions": ("source", "receiver", "date", "dimension", "amount"),
    "costs": ("node", "date", "dimension", "amount", "currency"),
    "warnings": ("code", "policy", "source"),
}


@dataclass
class Books:
    """A result that can be spoilt in one place and proven."""

    model: dict[str, Any]
    allocations: list[dict[str, str]]
    contributions: list[dict[str, str]]
    costs: list[dict[str, str]] | None = None
    warnings: list[dict[str, str]] = field(default_factory=list)
    start: date = date(2024, 1, 1)
    end: date = date(2024, 1, 2)
    currency: str = "USD"
    scale: int = 2
    dimensions: list[str] | None = None

    def row(self, table: str, **key: str) -> dict[str, str]:
        """The one row with these values."""
        (found,) = [row for row in getattr(self, table) if key.items() <= row.items()]
        return found

    def connect(self) -> duckdb.DuckDBPyConnection:
        """The tables as views, with the dictionary columns that results in memory have."""
        connection = duckdb.connect()
        connection.register("allocations", self._table("allocations", AMOUNTS))
        connection.register("contributions", self._table("contributions", ("amount",)))
        if self.costs is not None:
            connection.register("costs", self._table("costs", ("amount",)))
        return connection

    def prove(
        self, connection: duckdb.DuckDBPyConnection | None = None, model: Model | None = None
    ) -> Reconciliation:
        """The proof, on a connection of its own and with its own model unless they are given."""
        return reconcile(
            connection or self.connect(),
            model or Model.from_dict(self.model),
            self.start,
            self.end,
            self.currency,
            self.scale,
            has_costs=self.costs is not None,
            warnings=self._warnings(),
            dimensions=self.dimensions,
        )

    def _table(self, name: str, amounts: tuple[str, ...]) -> pa.Table:
        rows = getattr(self, name)
        columns: dict[str, pa.Array] = {}
        for column in COLUMNS[name]:
            values = [row.get(column, "") for row in rows]
            if column in amounts:
                kind = pa.decimal128(38, 9 if name == "costs" else self.scale)
                columns[column] = pa.array([Decimal(value) for value in values], kind)
            elif column == "date":
                days = [date.fromisoformat(value) for value in values]
                columns[column] = pa.array(days, pa.date32())
            else:
                columns[column] = pa.array(values, pa.string()).dictionary_encode()
        if name != "costs":
            currencies = [row.get("currency", self.currency) for row in rows]
            columns["currency"] = pa.array(currencies, pa.string())
        return pa.table(columns)

    def _warnings(self) -> pa.Table:
        names = COLUMNS["warnings"]
        return pa.table(
            {name: pa.array([row[name] for row in self.warnings], pa.string()) for name in names}
        )


def read(table: str, text: str) -> list[dict[str, str]]:
    """Rows of text: cells parted by blanks, in the order of the table's columns."""
    return [
        dict(zip(COLUMNS[table], line.split(), strict=False)) for line in text.strip().splitlines()
    ]


Write = Callable[..., Books]


@pytest.fixture
def write() -> Write:
    """Write the books of a company: model, allocations, contributions, costs."""

    def books(
        model: dict[str, Any],
        allocations: str,
        contributions: str = "",
        costs: str | None = None,
        **others: Any,
    ) -> Books:
        return Books(
            {"currency": "USD", "scale": 2, **model},
            read("allocations", allocations),
            read("contributions", contributions),
            None if costs is None else read("costs", costs),
            **others,
        )

    return books


ROLL_UP = {
    "nodes": [
        {"id": "eks", "type": "platform", "name": "EKS"},
        {"id": "db", "type": "shared"},
        {"id": "idle", "type": "resource"},
        {"id": "tools", "type": "product", "infrastructure": True},
        {"id": "checkout", "type": "product", "name": "Checkout", "part_of": ["retail"]},
        {"id": "search", "type": "product", "part_of": ["retail", "labs"]},
        {"id": "retail", "type": "product"},
        {"id": "labs", "type": "product"},
    ],
    "edges": [
        {
            "source": "eks",
            "receiver": "checkout",
            "strategy": "fixed_percent",
            "parameters": {"percent": 60},
        },
        {
            "source": "eks",
            "receiver": "tools",
            "strategy": "fixed_percent",
            "parameters": {"percent": 30},
        },
        {"source": "tools", "receiver": "search", "strategy": "equal"},
        {"source": "db", "receiver": "search", "strategy": "equal"},
        {
            "source": "checkout",
            "receiver": "retail",
            "strategy": "fixed_percent",
            "parameters": {"percent": 40},
            "active_from": "2024-01-02",
        },
    ],
}
"""On the second day checkout begins to give 40 % of itself to retail."""

ROLL_UP_ALLOCATIONS = """
    eks          2024-01-01 compute 100.00  0.00 100.00  90.00 10.00
    tools        2024-01-01 compute   5.00 30.00  35.00  35.00  0.00
    checkout     2024-01-01 compute  10.00 60.00  70.00   0.00 70.00
    db           2024-01-01 compute -20.00  0.00 -20.00 -20.00  0.00
    search       2024-01-01 compute   0.00 15.00  15.00   0.00 15.00
    idle         2024-01-01 compute   3.00  0.00   3.00   0.00  3.00
    unmapped:aws 2024-01-01 compute   7.00  0.00   7.00   0.00  7.00
    eks          2024-01-02 compute 100.00  0.00 100.00  90.00 10.00
    tools        2024-01-02 compute   5.00 30.00  35.00  35.00  0.00
    checkout     2024-01-02 compute  10.00 60.00  70.00  28.00 42.00
    retail       2024-01-02 compute   0.00 28.00  28.00   0.00 28.00
    db           2024-01-02 compute -20.00  0.00 -20.00 -20.00  0.00
    search       2024-01-02 compute   0.00 15.00  15.00   0.00 15.00
    idle         2024-01-02 compute   3.00  0.00   3.00   0.00  3.00
    unmapped:aws 2024-01-02 compute   7.00  0.00   7.00   0.00  7.00
"""

ROLL_UP_CONTRIBUTIONS = """
    eks      checkout 2024-01-01 compute  60.00
    eks      tools    2024-01-01 compute  30.00
    tools    search   2024-01-01 compute  35.00
    db       search   2024-01-01 compute -20.00
    eks      checkout 2024-01-02 compute  60.00
    eks      tools    2024-01-02 compute  30.00
    tools    search   2024-01-02 compute  35.00
    db       search   2024-01-02 compute -20.00
    checkout retail   2024-01-02 compute  28.00
"""

ROLL_UP_COSTS = """
    eks          2024-01-01 compute  99.00
    eks          2024-01-01 compute   1.00 USD
    tools        2024-01-01 compute   5.00
    checkout     2024-01-01 compute  10.00
    db           2024-01-01 compute -20.00
    idle         2024-01-01 compute   3.00
    unmapped:aws 2024-01-01 compute   7.00
    eks          2024-01-02 compute 100.00
    tools        2024-01-02 compute   5.00
    checkout     2024-01-02 compute  10.00
    db           2024-01-02 compute -20.00
    idle         2024-01-02 compute   3.00
    unmapped:aws 2024-01-02 compute   7.00
    eks          2024-01-03 compute 555.00
"""


@pytest.fixture
def books(write: Write) -> Books:
    """Two days of a company with a credit, a roll-up, an internal product and unmapped cost."""
    return write(ROLL_UP, ROLL_UP_ALLOCATIONS, ROLL_UP_CONTRIBUTIONS, ROLL_UP_COSTS)
