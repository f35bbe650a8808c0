"""The program under test, run on a made company; its answer in the oracle's plain terms."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from companies_made import Company
from oracle.same_rounding import Allocation, Contribution

import apportion as ap
from apportion.findings import Severity


@dataclass
class Answer:
    """Rows in the order in which the program gave them, amounts in units, or why it refused."""

    result: Any = None
    allocations: list[Allocation] = field(default_factory=list)
    contributions: list[Contribution] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    fallbacks: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    missing: set[tuple[str, str, str]] = field(default_factory=set)
    negative: dict[tuple[str, str], int] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()
    offences: set[tuple[str, date, str]] = field(default_factory=set)


def attribute(company: Company, **how: Any) -> Answer:
    """Run the program. One thread, unless told otherwise: starting threads takes longest."""
    costs, usage = company.tables()
    return attribute_tables(company, costs, usage, **how)


def attribute_tables(company: Company, costs: pa.Table, usage: pa.Table, **how: Any) -> Answer:
    """The same with tables made from the company's."""
    model = ap.Model.from_dict(company.model)
    try:
        result = ap.attribute(
            model, costs, usage, company.start, company.end, **{"threads": 1, **how}
        )
    except ap.RunError as error:
        return _refusal(error)
    scale = model.settings.scale
    warnings = result.warnings.to_pylist()
    return Answer(
        result,
        [Allocation(*row) for row in _rows(result.allocations, 4, scale)],
        [Contribution(*row) for row in _rows(result.contributions.drop_columns("share"), 5, scale)],
        result.contributions.column("share").to_pylist(),
        Counter(
            (each["source"], each["metric"], each["days"])
            for each in warnings
            if each["code"] == "zero_usage"
        ),
        {
            (each["source"], each["receiver"], each["metric"])
            for each in warnings
            if each["code"] == "missing_usage"
        },
        {
            (each["receiver"], each["metric"]): each["days"]
            for each in warnings
            if each["code"] == "negative_usage"
        },
    )


def _rows(table: pa.Table, texts: int, scale: int) -> list[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in table.columns]
    amounts = [[units(value, scale) for value in column] for column in columns[texts:]]
    return list(zip(*columns[:texts], *amounts, strict=True))


def units(value: Decimal, scale: int) -> int:
    """An amount as a count of units; it must have exactly the workspace's decimals."""
    sign, digits, exponent = value.as_tuple()
    assert exponent == -scale
    size = int("".join(map(str, digits)))
    return -size if sign else size


def _refusal(error: ap.RunError) -> Answer:
    errors = [each for each in error.findings if each.severity is Severity.ERROR]
    offences = set()
    for each in errors:
        if each.code == "shares_exceed_one":
            first, last = each.details["from"], each.details["to"]
            for offset in range((last - first).days + 1):
                day = first + timedelta(offset)
                offences.add((each.details["source"], day, each.details["dimension"]))
    return Answer(codes=frozenset(each.code for each in errors), offences=offences)
