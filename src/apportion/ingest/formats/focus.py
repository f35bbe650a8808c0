"""Bills in the FinOps Open Cost and Usage Specification, versions 1.0 to 1.4.

The workspace's ``cost_column`` says which cost counts. Credits, refunds, corrections and taxes
keep their sign. A charge over several days is divided over them by time. The model's mapping
rules say where a line belongs; what none takes lands on ``unmapped:<provider>``.

All columns of all lines are kept (``kept_lines``), and costs are derived from what is kept. Whose
bill a line stands on, and of which period, is told by ``identity``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from duckdb import (
    ColumnExpression,
    ConstantExpression,
    DuckDBPyConnection,
    DuckDBPyRelation,
)

from apportion.derive.costs import DerivedCosts, derive_costs
from apportion.derive.mapping import named_columns, named_tags
from apportion.derive.nodes import register_nodes
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
from apportion.ingest.decimals import AMOUNT_DECIMALS
from apportion.ingest.first_reading import Layout
from apportion.ingest.focus_accounts import account_findings
from apportion.ingest.focus_allocated import allocated_findings
from apportion.ingest.focus_columns import COLUMNS, version_of
from apportion.ingest.focus_doubts import (
    blank_findings,
    commitment_cell,
    commitment_findings,
    outside_notes,
    unused_findings,
    zero_findings,
)
from apportion.ingest.header import require_columns, require_tables, unknown_columns
from apportion.ingest.identity import ISSUER_COLUMNS, bills_of, known_aliases
from apportion.ingest.incoming import Context, Format, Incoming, IngestReport, Kind
from apportion.ingest.inspected import Column, SafeFile
from apportion.ingest.kept_lines import (
    bill_of_line,
    bill_table,
    focus_lines,
    numbered_lines,
    parts_of,
    write_lines,
)
from apportion.ingest.lines_in_two_files import refuse_lines_in_two_files
from apportion.ingest.safe_reading import inspect, private_folder
from apportion.ingest.words import count_of
from apportion.ledger.bill_lines import COSTS, SPELLINGS
from apportion.ledger.kept import Kept
from apportion.ledger.record_ingest import Replaced
from apportion.model import Model
from apportion.model.spelling import did_you_mean, one_of

_PROVIDER = ("ProviderName", "ServiceProviderName", "InvoiceIssuerName")
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
    with private_folder(context.folder) as folder:
        files = inspect(paths, folder, context)
        require_tables(files, "bills")
        cost = COSTS[context.cost_column]
        require_columns(files, {cost: "12.50", **_REQUIRED}, cost, _other_cost, COLUMNS)
        names = _text_columns(files, context)
        layouts = [_layout(file, names, context) for file in files]
        with connect(folder, files) as connection:
            register_nodes(connection, context.model)
            accepted = accept(connection, layouts, context, folder)
            kept = _kept(connection, layouts, accepted, names, context, folder)
            if not context.append:
                refuse_lines_in_two_files(connection, [file.name for file in files], cost)
            connection.execute(_LINES.format(cost=cost))
            derived = derive_costs(connection, "lines", context.model)
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
            return _incoming(files, context, accepted, derived, kept, doubts)


_LINES = """
    create view lines as select kept.*, bills.source, bills.period, "{cost}" as cost
    from kept join bills using (bill)
"""


_COMBINATIONS = """
    select {told}, billed_from, billed_to,
           case when billed_from is null then date_trunc('month', day)::date end as month,
           sum(lines)::bigint as lines
    from accepted group by all order by all
"""


def _kept(
    connection: DuckDBPyConnection,
    layouts: Sequence[Layout],
    accepted: Accepted,
    names: Mapping[str, str],
    context: Context,
    folder: Path,
) -> Kept:
    """Write the accepted lines, each with the bill it stands on."""
    columns = (*ISSUER_COLUMNS, "PublisherName", "BillingAccountId")
    told = [f'{names.get(name, "null::varchar")} as "{name}"' for name in columns]
    accepted.groups.create_view("accepted")
    query = _COMBINATIONS.format(told=", ".join(told))
    combinations = connection.sql(query).to_arrow_table()
    aliases = known_aliases(context.model.settings.issuer_aliases)
    found = bills_of(combinations.to_pylist(), context.source, aliases)
    bills = bill_table(connection, combinations, found)
    connection.register("bills", bills)
    lines = numbered_lines(connection, layouts, accepted.careful, context.limits.line)
    default = context.model.settings.currency or "USD"
    queries = [focus_lines(each, place, default) for place, each in enumerate(lines)]
    data_files = write_lines(
        connection,
        queries,
        bill_of_line(combinations),
        "combinations.billing_month",
        context.delivery,
        folder,
        sorted({(bill.issuer, f"{bill.first:%Y-%m}") for bill in found}),
    )
    return Kept(data_files, bills, parts_of(connection))


def _other_cost(file: SafeFile) -> str:
    """How to take a cost that the bill has, where it lacks the chosen one."""
    others = [flag for flag, name in COSTS.items() if file.find(name)]
    flags = one_of([f"`--cost-column {flag}`" for flag in others])
    return f"Take a cost that it has, by {flags}." if others else ""


def _text_columns(files: Sequence[SafeFile], context: Context) -> Mapping[str, str]:
    """The columns that are read as texts, each with the alias it has in queries."""
    rules = context.model.mapping
    named = (*ISSUER_COLUMNS, "PublisherName", "BillingAccountId", "ServiceCategory")
    wanted = {*named, *named_columns(rules)}
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


def _incoming(
    files: Sequence[SafeFile],
    context: Context,
    accepted: Accepted,
    derived: DerivedCosts,
    kept: Kept,
    doubts: Sequence[Finding],
) -> Incoming:
    rules, mapped, rows = context.model.mapping, derived.mapped, derived.rows
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
    replaced = sorted((row["source"], row["period"]) for row in kept.bills.to_pylist())
    return Incoming(
        Kind.COSTS,
        rows.table,
        tuple(Replaced(source=source, period=period) for source, period in replaced),
        report,
        kept=kept,
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
