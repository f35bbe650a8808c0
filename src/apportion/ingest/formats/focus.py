"""Bills in the FinOps Open Cost and Usage Specification, versions 1.0 to 1.4.

The workspace's ``cost_column`` says which cost counts. Credits, refunds, corrections and taxes
keep their sign. A charge over several days is divided over them by time. The model's mapping
rules say where a line belongs; what none takes lands on ``unmapped:<provider>``.

A bill's source is its provider and billing account, and it speaks for its billing periods.
Where version 1.4 has no ``ProviderName`` the source is named after the issuer of the invoice,
because a service's provider may change from line to line.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from duckdb import (
    ColumnExpression,
    ConstantExpression,
    DuckDBPyConnection,
    DuckDBPyRelation,
    Expression,
    SQLExpression,
)

from apportion.findings import Finding, Place, Severity, UsageError
from apportion.ingest import cells
from apportion.ingest.acceptance import Accepted, accept
from apportion.ingest.charge_period import billing_cells, period_cells
from apportion.ingest.connection import connect
from apportion.ingest.cost_report import (
    float_findings,
    lacking_findings,
    mapped_amounts,
    proved_totals,
    rounding_findings,
    unmapped_findings,
)
from apportion.ingest.cost_rows import MAPPED, CostRows, cost_rows
from apportion.ingest.decimals import AMOUNT_DECIMALS
from apportion.ingest.first_reading import Layout
from apportion.ingest.focus_accounts import account_findings
from apportion.ingest.focus_allocated import allocated_findings
from apportion.ingest.focus_columns import COLUMNS, COSTS, SPELLINGS, SUCCESSORS, version_of
from apportion.ingest.focus_doubts import (
    blank_findings,
    commitment_cell,
    commitment_findings,
    outside_notes,
    unused_findings,
    zero_findings,
)
from apportion.ingest.header import require_columns, require_tables, unknown_columns
from apportion.ingest.incoming import UNMAPPED, Context, Format, Incoming, IngestReport, Kind
from apportion.ingest.inspected import Column, SafeFile
from apportion.ingest.mapping import UNKNOWN, Fields, choose, named_columns, named_tags
from apportion.ingest.plain import declared, register_nodes
from apportion.ingest.safe_reading import inspect, private_folder
from apportion.ingest.words import count_of
from apportion.ledger.record_ingest import Replaced
from apportion.model import Model
from apportion.model.spelling import did_you_mean, one_of

_PROVIDER = ("ProviderName", "ServiceProviderName", "InvoiceIssuerName")
_ISSUER = ("ProviderName", "InvoiceIssuerName", "ServiceProviderName")
_REQUIRED = {"BillingCurrency": "USD", "ChargePeriodStart": "2024-01-31T00:00:00Z"}
_KNOWN = (*COLUMNS, *SPELLINGS.values())
_WANTED = (
    "ChargePeriodEnd",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "BillingAccountId",
    "ServiceCategory",
)


def read(paths: Sequence[Path], context: Context) -> Incoming:
    """Read bills. Raises ``IngestError`` with all findings."""
    if context.period is not None:
        message = "A bill names its own billing periods; a period cannot be declared for it."
        raise UsageError([Finding("invalid_argument", message)])
    with private_folder() as folder:
        files = inspect(paths, folder, context)
        require_tables(files, "bills")
        cost = COSTS[context.cost_column]
        require_columns(files, {cost: "12.50", **_REQUIRED}, cost, _other_cost, COLUMNS)
        names = _text_columns(files, context)
        layouts = [_layout(file, names, context) for file in files]
        with connect(folder, files) as connection:
            register_nodes(connection, context.model)
            accepted = accept(connection, layouts, context, folder)
            mapped = _mapped(connection, accepted, names, context)
            rows = cost_rows(
                connection,
                mapped.select(*[ColumnExpression(name) for name in (*MAPPED, "amount", "lines")]),
                context.model.settings.scale,
            )
            doubts = [
                *_doubts(files, context),
                *blank_findings(connection, files, accepted, context),
                *zero_findings(connection, files, accepted, context),
                *commitment_findings(accepted.groups, context),
                *unused_findings(accepted.groups, context),
                *allocated_findings(connection, files, context),
                *account_findings(connection, files, accepted.groups, names, context),
                *float_findings(connection, layouts, context),
            ]
            return _incoming(files, context, accepted, mapped, rows, doubts)


def _other_cost(file: SafeFile) -> str:
    """How to take a cost that the bill has, where it lacks the chosen one."""
    others = [flag for flag, name in COSTS.items() if file.find(name)]
    flags = one_of([f"`--cost-column {flag}`" for flag in others])
    return f"Take a cost that it has, by {flags}." if others else ""


def _text_columns(files: Sequence[SafeFile], context: Context) -> Mapping[str, str]:
    """The columns that are read as texts, each with the alias it has in queries."""
    rules = context.model.mapping
    wanted = {"ProviderName", "BillingAccountId", "ServiceCategory", *named_columns(rules)}
    if any(_found(file, "ProviderName") is None for file in files):
        wanted |= {"ServiceProviderName", "InvoiceIssuerName"}
    present = sorted(name for name in wanted if any(_found(file, name) for file in files))
    return {name: f"x{place}" for place, name in enumerate(present)}


def _layout(file: SafeFile, names: Mapping[str, str], context: Context) -> Layout:
    cost, currency, start = (
        file.find(name)
        for name in (COSTS[context.cost_column], "BillingCurrency", "ChargePeriodStart")
    )
    assert cost is not None
    assert currency is not None
    assert start is not None
    texts = [
        cells.text(alias, column) if (column := _found(file, name)) else _nothing(alias)
        for name, alias in names.items()
    ]
    money = cells.currency("currency", currency, context.model.settings.currency or "USD")
    commitment, telling = commitment_cell(file, context)
    number = cells.number(
        "number",
        cost,
        AMOUNT_DECIMALS,
        scale=context.model.settings.scale,
        required=False,
    )
    return Layout(
        file,
        (
            money,
            *period_cells(start, file.find("ChargePeriodEnd")),
            *billing_cells(file.find("BillingPeriodStart"), file.find("BillingPeriodEnd")),
            *texts,
            _tags(file, context.model),
            commitment,
        ),
        cells.in_currency(number, money),
        key="currency",
        default_key=context.model.settings.currency or "USD",
        beside=telling,
    )


def _found(file: SafeFile, name: str) -> Column | None:
    """The column of that name, or of the other name that some bills give it."""
    return file.find(name) or file.find(SPELLINGS.get(name, name))


def _nothing(alias: str) -> cells.Cell:
    return cells.constant(alias, None)


def _tags(file: SafeFile, model: Model) -> cells.Cell:
    """The tags, where some rule asks for one; else they are not read at all."""
    column = file.find("Tags")
    if column is None or not named_tags(model.mapping):
        nothing = ConstantExpression(None).cast("map(varchar, varchar)")
        return cells.Cell("tags", nothing, ColumnExpression("tags"))
    return cells.tags("tags", column)


def _mapped(
    connection: DuckDBPyConnection, accepted: Accepted, names: Mapping[str, str], context: Context
) -> DuckDBPyRelation:
    """Groups with the node and dimension they belong to, as a table."""
    columns = {
        **{old: names[new] for old, new in SUCCESSORS.items() if new in names},
        **names,
    }
    chosen = choose(context.model.mapping, Fields(columns, {"tag": "tags"}))
    kept = [ColumnExpression(name) for name in MAPPED[4:]]
    found = accepted.groups.select(
        *kept,
        ColumnExpression("amount"),
        ColumnExpression("lines"),
        _source(names, context).alias("source"),
        _period().alias("period"),
        _first_of(_PROVIDER, names).alias("provider"),
        _first_of(("ServiceCategory",), names).alias("category"),
        chosen.rule.alias("rule"),
        chosen.node.alias("wanted"),
        chosen.dimension.alias("chosen_dimension"),
    )
    known = declared("wanted")
    placed = found.select(
        "*",
        SQLExpression(
            f"case when {known} then wanted else concat('{UNMAPPED}', provider) end"
        ).alias("node"),
        SQLExpression(f"case when not {known} then wanted end").alias("lacking"),
        SQLExpression("case when rule < 0 then category else chosen_dimension end").alias(
            "dimension"
        ),
    )
    placed.create("mapped")
    return connection.table("mapped")


def _source(names: Mapping[str, str], context: Context) -> Expression:
    if context.source:
        return ConstantExpression(context.source)
    issuer = _first_of(_ISSUER, names).fragment()
    account = _first_of(("BillingAccountId",), names).fragment()
    return SQLExpression(f"concat({issuer}, '/', {account})")


def _first_of(columns: Sequence[str], names: Mapping[str, str]) -> Expression:
    """The first of some columns that a line has something in."""
    present = [f"nullif(trim({names[name]}), '')" for name in columns if name in names]
    return SQLExpression(f"coalesce({', '.join([*present, ''])}'{UNKNOWN}')")


def _period() -> Expression:
    """The billing period's first and last day; without one, the month in which a charge starts."""
    first = "coalesce(cast(billed_from as date), cast(date_trunc('month', day) as date))"
    last = f"coalesce(cast(billed_to - interval 1 microsecond as date), last_day({first}))"
    return SQLExpression(f"concat(cast({first} as varchar), '/', cast({last} as varchar))")


def _incoming(
    files: Sequence[SafeFile],
    context: Context,
    accepted: Accepted,
    mapped: DuckDBPyRelation,
    rows: CostRows,
    doubts: Sequence[Finding],
) -> Incoming:
    rules = context.model.mapping
    nodes = [node.id for node in context.model.nodes]
    totals = proved_totals(accepted.files, rows)
    taken, left = mapped_amounts(mapped, rules)
    findings = (
        *accepted.findings,
        *doubts,
        *unmapped_findings(left),
        *lacking_findings(mapped, rules, nodes),
        *rounding_findings(totals, rows, context.model.settings.scale),
    )
    report = IngestReport(
        FORMAT.name,
        Kind.COSTS,
        accepted.files,
        totals,
        taken,
        left,
        _notes(files, context, accepted, mapped),
        findings,
    )
    keys = rows.table.group_by(["source", "period"]).aggregate([]).to_pylist()
    replaced = sorted((row["source"], row["period"]) for row in keys)
    return Incoming(
        Kind.COSTS,
        rows.table,
        tuple(Replaced(source=source, period=period) for source, period in replaced),
        report,
    )


def _doubts(files: Sequence[SafeFile], context: Context) -> list[Finding]:
    """Warnings about columns: off the standard, absent, or named by a rule and nowhere found."""
    findings: list[Finding] = []
    for file in files:
        findings += unknown_columns(file, _KNOWN, ("x_", "oci_"), tuple(COSTS.values()))
        absent = [name for name in _WANTED if file.find(name) is None]
        if not any(_found(file, name) for name in _PROVIDER):
            absent.append("ProviderName")
        if named_tags(context.model.mapping) and file.find("Tags") is None:
            absent.append("Tags")
        findings += [_absent(file, name) for name in absent]
    everywhere = {column.name for file in files for column in file.columns} | set(COLUMNS)
    findings += [
        Finding(
            "unknown_key",
            f"The mapping rule for {rule.node!r} names the column {name!r}, which no file has.",
            rule.where,
            did_you_mean(name, everywhere),
            Severity.WARNING,
        )
        for name, rule in named_columns(context.model.mapping).items()
        if name not in everywhere
    ]
    return findings


_WITHOUT = {
    "ChargePeriodEnd": "every charge belongs to the day on which it starts",
    "BillingPeriodStart": "charges belong to the month in which they start",
    "BillingPeriodEnd": "billing periods end with their month",
    "BillingAccountId": "the account is taken to be 'unknown'",
    "ServiceCategory": "what no rule takes has the dimension 'unknown'",
    "ProviderName": "the provider is taken to be 'unknown'",
    "Tags": "no rule that asks for a tag can match",
}


def _absent(file: SafeFile, name: str) -> Finding:
    message = f"The column {name!r} is absent, so {_WITHOUT[name]}."
    # Another column of the standard means something else, however alike their names are.
    hint = did_you_mean(name, [each.name for each in file.columns if each.name not in COLUMNS])
    return Finding("missing_key", message, Place(file.name), hint, Severity.WARNING)


def _notes(
    files: Sequence[SafeFile], context: Context, accepted: Accepted, mapped: DuckDBPyRelation
) -> tuple[str, ...]:
    versions = sorted({version_of([column.name for column in file.columns]) for file in files})
    version = ", ".join(versions)
    notes = [f"Read as FOCUS {version}; the cost is {COSTS[context.cost_column]}."]
    spread = mapped.filter("start is not null").aggregate("cast(coalesce(sum(lines), 0) as bigint)")
    lines = spread.fetchall()[0][0]
    if lines:
        notes.append(f"Divided {count_of(lines, 'charge')} of several days over them by time.")
    return (*notes, *outside_notes(accepted.groups), *accepted.notes)


FORMAT = Format(
    "focus",
    Kind.COSTS,
    "Cloud bills in the FOCUS format, versions 1.0 to 1.4, as CSV, CSV.gz or Parquet.",
    read,
)
