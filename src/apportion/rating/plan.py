"""What the model says, as small tables beside the usage, once all of it is known to be there.

The tables live on a DuckDB connection that has the view ``billable_usage``. Accounts that cannot be
rated are found here, before a single row is rated, and left out.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from apportion.amounts.units import RATE_DECIMALS
from apportion.findings import Finding, Place, Severity
from apportion.model import Account, Channel, Model
from apportion.rating import running
from apportion.rating.allowance import Meter, Origin, Resolved, UnitsUsed, resolve_all
from apportion.rating.calendar import FinancialYear, financial_year
from apportion.rating.failures import undeclared
from apportion.rating.running import Sizes
from apportion.rating.usage import WHAT

if TYPE_CHECKING:
    import ibis.expr.types as ir

_KINDS = """
    SELECT channel, provider, template, max(rate_multiplier)
    FROM billable_usage GROUP BY channel, provider, template
"""
_NAMED = 5
_NUMBERS = frozenset(
    {
        "account_number",
        "channel_number",
        "provider_number",
        "template_number",
        "year_number",
        "day",
        "meter",
    }
)
_LEAVE_OUT = """
    CREATE VIEW billable_usage AS
    SELECT * FROM all_billable_usage ANTI JOIN rating_failed USING (account)
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to rate the usage of a connection, and what was assumed for it.

    ``model`` also has those accounts with usage that the one it was made from no longer has.
    """

    sizes: Sizes
    extra: tuple[str, ...]
    findings: tuple[Finding, ...]
    model: Model

    def sql(self) -> str:
        """The expression that rates, in DuckDB's SQL."""
        return _sql(running.rated_rows, self.sizes, self.extra)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the usage names, each in order."""

    accounts: list[str]
    channels: list[str]
    providers: list[str]
    templates: list[str]
    days: list[date]
    years: list[int]
    multiplier: int

    @property
    def sizes(self) -> Sizes:
        channels, years = len(self.channels), self.years[-1] - self.years[0] + 1
        return Sizes(
            meters=len(self.accounts) * channels * years,
            channels=channels,
            years=years,
            days=len(self.days) * len(self.channels),
            providers=len(self.providers),
            multipliers=self.multiplier + 1,
            templates=len(self.templates),
        )


def leave_out(connection: duckdb.DuckDBPyConnection, accounts: Iterable[str]) -> None:
    """Take the rows of some accounts out of the view ``billable_usage``."""
    failed = pa.table({"account": pa.array(sorted(set(accounts)), pa.string())})
    connection.from_arrow(failed).create("rating_failed")
    connection.execute("ALTER VIEW billable_usage RENAME TO all_billable_usage")
    connection.execute(_LEAVE_OUT)


def plan(
    connection: duckdb.DuckDBPyConnection, model: Model, extra: tuple[str, ...] = ()
) -> Plan | None:
    """Prepare the rating of the view ``billable_usage``; nothing where it has no rows.

    ``extra`` are columns of whole numbers that rows keep. Every account must be one that
    ``failures`` finds nothing against; one that the model lacks is rated and warned of.
    """
    calendar = financial_year(model.settings)
    facts = _facts(connection, calendar)
    if not facts.accounts:
        return None
    warnings = list(undeclared(model, facts.accounts))
    model = with_accounts(model, facts.accounts)
    channels = [model.channel_index[name] for name in facts.channels]
    _register_names(connection, facts)
    _make(connection, facts, running.DAYS, _days(model, channels, facts, calendar), _DAY_KIND)
    findings = _register_meters(connection, model, facts)
    sizes = replace(facts.sizes, keys_repeat=bool(model.former_ids))
    return Plan(sizes, extra, (*warnings, *findings), model)


def with_accounts(model: Model, names: Iterable[str]) -> Model:
    """The model with accounts of no organisation for those names that it lacks."""
    missing = sorted(set(names) - set(model.account_index))
    if not missing:
        return model
    return replace(model, accounts=(*model.accounts, *map(Account, missing)))


def _facts(connection: duckdb.DuckDBPyConnection, calendar: FinancialYear) -> _Facts:
    def column(query: str) -> list[Any]:
        return sorted(row[0] for row in connection.execute(query).fetchall())

    kinds = connection.execute(_KINDS).fetchall()
    days = column("SELECT DISTINCT date FROM billable_usage")
    return _Facts(
        accounts=column("SELECT DISTINCT account FROM billable_usage"),
        channels=sorted({kind[0] for kind in kinds}),
        providers=sorted({kind[1] for kind in kinds}),
        templates=sorted({kind[2] for kind in kinds}),
        days=days,
        years=sorted({calendar.of(day) for day in days}),
        multiplier=max((kind[3] for kind in kinds), default=1),
    )


RATE = pa.decimal128(9 + RATE_DECIMALS, RATE_DECIMALS)
"""A rate, which is below 1,000,000,000."""

_DAY_KIND = pa.schema(
    [
        ("channel", pa.string()),
        ("date", pa.date32()),
        ("day", pa.int64()),
        ("channel_number", pa.int64()),
        ("year_number", pa.int64()),
        ("billed", pa.bool_()),
        ("year", pa.int64()),
        ("period", pa.int64()),
        ("rate", RATE),
    ]
)


def _days(
    model: Model, channels: Sequence[Channel], facts: _Facts, calendar: FinancialYear
) -> Iterator[tuple[Any, ...]]:
    """Every day with usage, for every channel: when it is in the year, and the rate (`B4`).

    Before the first rate lie only rows without units, which cost nothing at any rate.
    """
    number = 0
    for place, channel in enumerate(channels):
        priced = [rate for rate in model.rates if rate.channel == channel.id and channel.billed]
        begins = [rate.valid_from for rate in priced]
        for day in facts.days:
            at = bisect_right(begins, day)
            price = priced[at - 1].rate if at else Decimal(0)
            year = calendar.of(day)
            yield (
                channel.id,
                day,
                number,
                place,
                year - facts.years[0],
                channel.billed,
                year,
                calendar.period(day),
                price,
            )
            number += 1


def _register_names(connection: duckdb.DuckDBPyConnection, facts: _Facts) -> None:
    """Each name with its place in the order of names."""
    for table, column, names in (
        (running.ACCOUNTS, "account", facts.accounts),
        (running.PROVIDERS, "provider", facts.providers),
        (running.TEMPLATES, "template", facts.templates),
    ):
        kind = pa.schema([(column, pa.string()), (f"{column}_number", pa.int64())])
        _make(connection, facts, table, ((name, n) for n, name in enumerate(names)), kind)


def _register_meters(
    connection: duckdb.DuckDBPyConnection, model: Model, facts: _Facts
) -> list[Finding]:
    """The allowance of every meter that may have usage. Gives what was assumed for lack of one."""
    meters = [
        Meter(account, channel, year)
        for account in facts.accounts
        for channel in facts.channels
        for year in facts.years
    ]
    numbers = list(_numbers(facts))

    def used() -> UnitsUsed:
        counted = connection.execute(_sql(running.units_used, facts.sizes)).fetchall()
        at = dict(zip(numbers, meters, strict=True))
        return {at[number]: int(units) for number, units in counted}

    before = used() if model.settings.high_volume_threshold is not None else {}
    resolved = resolve_all(model, meters, before)
    rows = (
        (number, each.account, each.units) for number, each in zip(numbers, resolved, strict=True)
    )
    kind = pa.schema([("meter", pa.int64()), ("account", pa.string()), ("allowance", pa.int64())])
    _make(connection, facts, running.METERS, rows, kind)
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


def _numbers(facts: _Facts) -> Iterator[int]:
    """The numbers of the meters, as the expression makes them, in the order of the meters."""
    channels, years = facts.sizes.channels, facts.sizes.years
    for account in range(len(facts.accounts)):
        for channel in range(channels):
            for year in facts.years:
                yield (account * channels + channel) * years + year - facts.years[0]


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


def _make(
    connection: duckdb.DuckDBPyConnection,
    facts: _Facts,
    name: str,
    rows: Iterable[tuple[Any, ...]],
    kind: pa.Schema,
) -> None:
    """Make a small table. Its numbers are as short as they can be."""
    columns = list(zip(*rows, strict=True)) or [()] * len(kind)
    table = pa.table([pa.array(c, f.type) for c, f in zip(columns, kind, strict=True)], kind)
    if facts.sizes.are_small:
        short = [field.with_type(pa.int32()) if field.name in _NUMBERS else field for field in kind]
        table = table.cast(pa.schema(short))
    # A table and not a view, whose size the engine would not know when it chooses its way.
    connection.execute(f"drop table if exists {name}")
    connection.from_arrow(table).create(name)


@lru_cache(maxsize=256)
def _sql(expression: Callable[..., "ir.Table"], *about: object) -> str:
    """An expression in DuckDB's SQL. Ibis takes longer to write it than DuckDB to run it."""
    import ibis  # noqa: PLC0415

    return str(ibis.to_sql(expression(*about), dialect="duckdb"))
