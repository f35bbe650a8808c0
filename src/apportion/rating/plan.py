"""What the model says, as small tables beside the usage, once all of it is known to be there.

The tables live on a DuckDB connection that has the view ``billable_usage``. Missing rates, unknown
accounts and unknown channels are found here, before a single row is rated.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from apportion.findings import Finding, Place, RunError, Severity
from apportion.model import Channel, Model
from apportion.model.spelling import did_you_mean
from apportion.rating import running
from apportion.rating.allowance import Meter, Origin, Resolved, UnitsUsed, resolve_all
from apportion.rating.calendar import FinancialYear, financial_year
from apportion.rating.running import Sizes
from apportion.rating.usage import WHAT

if TYPE_CHECKING:
    import ibis.expr.types as ir

_KINDS = """
    SELECT channel, provider, template, max(rate_multiplier),
           min(date) FILTER (WHERE billable_units > 0 AND rate_multiplier > 0)
    FROM billable_usage GROUP BY channel, provider, template
"""
_EARLY_DAYS = """
    SELECT DISTINCT date FROM billable_usage
    WHERE channel = ? AND date < ? AND billable_units > 0 AND rate_multiplier > 0
    ORDER BY date
"""
_NAMED = 5
_SUGGESTIONS = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How to rate the usage of a connection, and what was assumed for it."""

    calendar: FinancialYear
    sizes: Sizes
    extra: tuple[str, ...]
    findings: tuple[Finding, ...]

    def sql(self) -> str:
        """The expression that rates, in DuckDB's SQL."""
        return _sql(running.rated_rows, self.calendar, self.sizes, self.extra)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the usage names, each in order."""

    accounts: list[str]
    channels: list[str]
    providers: list[str]
    templates: list[str]
    years: list[int]
    multiplier: int
    first_used: dict[str, date]


def plan(
    connection: duckdb.DuckDBPyConnection, model: Model, extra: tuple[str, ...] = ()
) -> Plan | None:
    """Prepare the rating of the view ``billable_usage``; nothing where it has no rows.

    ``extra`` are columns of whole numbers that rows keep. Raises ``RunError`` with everything that
    is in the way: ``unknown_account``, ``unknown_channel``, ``missing_rate``.
    """
    calendar = financial_year(model.settings)
    facts = _facts(connection, calendar)
    if not facts.accounts:
        return None
    problems = [*_unknown(model, facts), *_missing_rates(connection, model, facts)]
    if problems:
        raise RunError(problems)
    sizes = Sizes(
        channels=len(facts.channels),
        providers=len(facts.providers),
        templates=len(facts.templates),
        multipliers=facts.multiplier + 1,
        first_year=facts.years[0],
        years=facts.years[-1] - facts.years[0] + 1,
    )
    channels = [model.channel_index[name] for name in facts.channels]
    _register_names(connection, facts, channels)
    _register(connection, running.RATES, _rates(model, channels), _RATE_KIND)
    findings = _register_allowances(connection, model, facts, calendar, sizes)
    return Plan(calendar, sizes, extra, tuple(findings))


def _facts(connection: duckdb.DuckDBPyConnection, calendar: FinancialYear) -> _Facts:
    def column(query: str) -> list[Any]:
        return sorted(row[0] for row in connection.execute(query).fetchall())

    kinds = connection.execute(_KINDS).fetchall()
    days = column("SELECT DISTINCT date FROM billable_usage")
    used: dict[str, date] = {}
    for channel, _, _, _, first in kinds:
        if first is not None:
            used[channel] = min(first, used.get(channel, first))
    return _Facts(
        accounts=column("SELECT DISTINCT account FROM billable_usage"),
        channels=sorted({kind[0] for kind in kinds}),
        providers=sorted({kind[1] for kind in kinds}),
        templates=sorted({kind[2] for kind in kinds}),
        years=sorted({calendar.of(day) for day in days}),
        multiplier=max((kind[3] for kind in kinds), default=1),
        first_used=used,
    )


def _unknown(model: Model, facts: _Facts) -> Iterator[Finding]:
    for what, code, names, known in (
        ("account", "unknown_account", facts.accounts, model.account_index),
        ("channel", "unknown_channel", facts.channels, model.channel_index),
    ):
        missing = [name for name in names if name not in known]
        for number, name in enumerate(missing):
            guess = did_you_mean(name, known) if number < _SUGGESTIONS else ""
            yield Finding(
                code,
                f"There is usage of the {what} {name!r}, which the model does not declare.",
                Place(f"<{WHAT}>"),
                guess or f"Declare it under {what}s.",
                details={what: name},
            )


def _missing_rates(
    connection: duckdb.DuckDBPyConnection, model: Model, facts: _Facts
) -> Iterator[Finding]:
    for name, first in sorted(facts.first_used.items()):
        channel = model.channel_index.get(name)
        if channel is None or not channel.billed:
            continue
        begins = min(rate.valid_from for rate in model.rates if rate.channel == name)
        if first >= begins:
            continue
        days = [row[0] for row in connection.execute(_EARLY_DAYS, [name, begins]).fetchall()]
        more = f" and {len(days) - 1} more, until {days[-1]}" if len(days) > 1 else ""
        yield Finding(
            "missing_rate",
            f"The channel {name} has no rate on {first}{more}; its first one begins on {begins}.",
            Place(f"<{WHAT}>"),
            "Let a rate begin on that day or before, or remove the usage.",
            details={"channel": name, "date": first, "days": len(days)},
        )


_RATE_KIND = pa.schema(
    [
        ("channel_number", pa.int64()),
        ("valid_from", pa.date32()),
        ("valid_before", pa.date32()),
        ("rate", pa.decimal128(18, 9)),
    ]
)


def _rates(model: Model, channels: Sequence[Channel]) -> Iterator[tuple[Any, ...]]:
    """Stretches of days that cover the calendar, each with its rate.

    Before the first rate lie only rows without units, which cost nothing at any rate.
    """
    for number, channel in enumerate(channels):
        priced = [rate for rate in model.rates if rate.channel == channel.id and channel.billed]
        begins = [date.min, *(rate.valid_from for rate in priced)]
        ends = [*begins[1:], date.max]
        prices = [Decimal(0), *(rate.rate for rate in priced)]
        for first, before, price in zip(begins, ends, prices, strict=True):
            if first < before:
                yield number, first, before, price


def _register_names(
    connection: duckdb.DuckDBPyConnection, facts: _Facts, channels: Sequence[Channel]
) -> None:
    """Each name with its place in the order of names."""
    for table, column, names in (
        (running.ACCOUNTS, "account", facts.accounts),
        (running.PROVIDERS, "provider", facts.providers),
        (running.TEMPLATES, "template", facts.templates),
    ):
        kind = pa.schema([(column, pa.string()), (f"{column}_number", pa.int64())])
        _register(connection, table, ((name, n) for n, name in enumerate(names)), kind)
    kind = pa.schema(
        [("channel", pa.string()), ("channel_number", pa.int64()), ("billed", pa.bool_())]
    )
    rows = ((channel.id, number, channel.billed) for number, channel in enumerate(channels))
    _register(connection, running.CHANNELS, rows, kind)


def _register_allowances(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    facts: _Facts,
    calendar: FinancialYear,
    sizes: Sizes,
) -> list[Finding]:
    """The allowance of every meter that may have usage. Gives what was assumed for lack of one."""
    meters = [
        Meter(account, channel, year)
        for account in facts.accounts
        for channel in facts.channels
        for year in facts.years
    ]

    def used() -> UnitsUsed:
        counted = connection.execute(_sql(running.units_used, calendar, sizes)).fetchall()
        at = dict(zip(_numbers(sizes, facts), meters, strict=True))
        return {at[number]: int(units) for number, units in counted}

    before = used() if model.settings.high_volume_threshold is not None else {}
    resolved = resolve_all(model, meters, before)
    rows = zip(_numbers(sizes, facts), (each.units for each in resolved), strict=True)
    kind = pa.schema([("meter", pa.int64()), ("allowance", pa.int64())])
    _register(connection, running.ALLOWANCES, rows, kind)
    nothing = [
        each
        for each in resolved
        if each.origin is Origin.NONE and model.channel_index[each.channel].billed
    ]
    if not nothing:
        return []
    having = before or used()
    return _missing_allowances(
        each for each in nothing if Meter(each.account, each.channel, each.year) in having
    )


def _numbers(sizes: Sizes, facts: _Facts) -> Iterator[int]:
    """The numbers of the meters, as the expression makes them, in the order of the meters."""
    for account in range(len(facts.accounts)):
        for channel in range(sizes.channels):
            first = (account * sizes.channels + channel) * sizes.years - sizes.first_year
            for year in facts.years:
                yield first + year


def _missing_allowances(nothing: Iterable[Resolved]) -> list[Finding]:
    grouped: dict[tuple[int, str], list[str]] = {}
    for each in nothing:
        grouped.setdefault((each.year, each.channel), []).append(each.account)
    findings = []
    for (year, channel), accounts in sorted(grouped.items()):
        named = ", ".join(accounts[:_NAMED])
        more = f" and {len(accounts) - _NAMED} more" if len(accounts) > _NAMED else ""
        findings.append(
            Finding(
                "missing_allowance",
                f"No allowance of {channel} in {year} is declared for {named}{more}; nothing is "
                "free for them.",
                Place(f"<{WHAT}>"),
                "Add a default for their organisation type, or for the type 'other'.",
                Severity.WARNING,
                details={"channel": channel, "year": year, "accounts": len(accounts)},
            )
        )
    return findings


def _register(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    rows: Iterable[tuple[Any, ...]],
    kind: pa.Schema,
) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * len(kind)
    table = pa.table([pa.array(c, f.type) for c, f in zip(columns, kind, strict=True)], kind)
    connection.register(name, table)


@lru_cache(maxsize=256)
def _sql(expression: Callable[..., "ir.Table"], *about: object) -> str:
    """An expression in DuckDB's SQL. Ibis takes longer to write it than DuckDB to run it."""
    import ibis  # noqa: PLC0415

    return str(ibis.to_sql(expression(*about), dialect="duckdb"))
