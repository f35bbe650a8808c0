"""Cells of billable usage: whole units, booleans, and names that the model declares."""

from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression, DuckDBPyConnection, SQLExpression

from apportion.findings import Finding
from apportion.ingest import cells
from apportion.ingest.cells import Cell, Check, Number
from apportion.ingest.decimals import VALUE_DECIMALS
from apportion.ingest.header import unknown_columns
from apportion.ingest.inspected import Column, Holds, SafeFile
from apportion.model import Model
from apportion.model.billable_usage import former_ids_table
from apportion.model.spelling import did_you_mean

ACCOUNTS, CHANNELS, FORMER = "model_accounts", "model_channels", "model_former_ids"


def register_meters(connection: DuckDBPyConnection, model: Model) -> None:
    """Make the ids of the model's accounts and channels known to queries, and former ids."""
    for table, names in ((ACCOUNTS, _accounts(model)), (CHANNELS, list(model.channel_index))):
        connection.register(table, pa.table({"id": pa.array(names, pa.string())}))
    connection.register(FORMER, former_ids_table(model.former_ids))


def _accounts(model: Model) -> list[str]:
    return [*model.account_index, *model.former_ids]


def account_cell(column: Column, model: Model) -> Cell:
    """The id that a declared account has; one that it had stands for it (`B21`)."""
    known = f"trim(account) in (from {ACCOUNTS})"
    cell = _known("account", column, "unknown_account", _accounts(model), known)
    if not model.former_ids:
        return cell
    # Compared with anything longer than this, the engine would look through all for each line.
    now = f"(from {FORMER} select now where former_id = trim(account))"
    return replace(cell, value=SQLExpression(f"coalesce({now}, {cell.value.fragment()})"))


def channel_cell(column: Column, model: Model) -> Cell:
    """The id of a declared channel."""
    known = f"trim(channel) in (from {CHANNELS})"
    return _known("channel", column, "unknown_channel", list(model.channel_index), known)


def _known(alias: str, column: Column, code: str, names: list[str], known: str) -> Cell:
    cell = cells.trimmed(cells.name(alias, column))
    expected = f"the model declares no such {alias}"

    def explain(text: str) -> tuple[str, str]:
        guess = did_you_mean(text, names)
        return expected, guess or f"Declare it under `{alias}s:`, or correct the line."

    bad = SQLExpression(f"coalesce(trim({alias}) != '' and not {known}, false)")
    check = Check(alias, column, code, expected, "", bad, explain)
    return Cell(alias, cell.raw, cell.value, (*cell.checks, check), column)


def whole(alias: str, column: Column, most: int, *, required: bool = True) -> Number:
    """A whole number from 0 to ``most``, null where it is blank."""
    number = cells.number(alias, column, VALUE_DECIMALS, required=required)
    value = number.cell.value.fragment()
    checks = number.cell.checks
    if column.holds is Holds.NUMBER:
        # Numbers that a file stores as such are whole or not without being made decimals first.
        checks = tuple(check for check in checks if check.code != "amount_overflow")
        value = f"try_cast({alias} as bigint)"
    compared = alias if column.holds is Holds.NUMBER else f"({number.cell.value.fragment()})"
    further = tuple(
        Check(
            alias,
            column,
            "invalid_value",
            expected,
            remedy,
            SQLExpression(f"coalesce({compared} {wrong}, false)"),
        )
        for wrong, expected, remedy in (
            ("< 0", "it is negative; expected 0 or more", "Correct the count."),
            (
                f"<> floor({compared})",
                "expected a whole number",
                "Units are counted, not measured.",
            ),
            (f"> {most}", f"it is more than {most:,}", "Check the number."),
        )
    )
    cell = Cell(alias, number.cell.raw, SQLExpression(value), (*checks, *further), column)
    return Number(cell, number.blank, VALUE_DECIMALS)


def whole_cell(alias: str, column: Column | None, most: int, absent: int | None = None) -> Cell:
    """A whole number that lines are told apart by; ``absent`` is what a blank one means."""
    if column is None:
        literal = ConstantExpression(absent).cast("bigint")
        return Cell(alias, literal, ColumnExpression(alias))
    cell = whole(alias, column, most, required=absent is None).cell
    value = f"coalesce(try_cast(({cell.value.fragment()}) as bigint), {absent or 0})"
    return Cell(alias, cell.raw, SQLExpression(value), cell.checks, column)


def flag(alias: str, column: Column | None) -> Cell:
    """True or false; blank is false."""
    if column is None:
        return Cell(alias, ConstantExpression("false").cast("varchar"), SQLExpression("false"))
    if column.holds is Holds.FLAG:
        return Cell(
            alias,
            ColumnExpression(column.id),
            SQLExpression(f"coalesce({alias}, false)"),
            (),
            column,
        )
    word = f"lower(trim(coalesce({alias}, '')))"
    check = Check(
        alias,
        column,
        "invalid_value",
        "expected true or false",
        "Write true or false.",
        SQLExpression(f"{word} not in ('true', 'false', 't', 'f', '1', '0', '')"),
    )
    raw = ColumnExpression(column.id).cast("varchar")
    return Cell(alias, raw, SQLExpression(f"{word} in ('true', 't', '1')"), (check,), column)


def optional_text(alias: str, file: SafeFile) -> Cell:
    """A text that may be absent, and is empty then."""
    column = file.find(alias)
    if column is None:
        return cells.constant(alias, "")
    cell = cells.trimmed(cells.text(alias, column, default=""))
    return replace(cell, checks=(*cell.checks, cells.visible(alias, column)))


def doubts(files: Iterable[SafeFile], columns: tuple[str, ...]) -> list[Finding]:
    """Warnings about columns that mean nothing here."""
    return [finding for file in files for finding in unknown_columns(file, columns, ("x_",))]
