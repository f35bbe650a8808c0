"""A statement as a spreadsheet: texts are texts, whatever they begin with."""

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter

from apportion.amounts import decimals_of
from apportion.findings import visible
from apportion.report.figures import without_separators
from apportion.report.statements import words
from apportion.report.usage_statement import Issued, UsageStatement

_A4 = 9
_WIDTHS = (20, 24, 14, 12, 12, 12, 12, 16)
_EXACT_DIGITS = 15
"""A spreadsheet keeps a number as binary floating point, which is exact for so many digits."""


def workbook(statement: UsageStatement, issued: Issued) -> bytes:
    """The bytes of a workbook with one sheet, the same for the same statement."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_urls": False})
    book.set_properties({"title": "Usage statement", "created": issued.at.replace(tzinfo=None)})
    writer = _Writer(book, statement.currency)
    writer.heading(visible(issued.company), "Usage statement")
    for label, value in words.facts(statement):
        writer.row([label, visible(value)])
    writer.row(["Currency", statement.currency])
    writer.skip()
    _charges(writer, statement)
    _allowances(writer, statement)
    if statement.counted:
        writer.skip()
        writer.head(["Sent without charge", "Unit", "Sent"])
        for count in statement.counted:
            kind, unit = visible(count.notification_type), visible(count.unit)
            writer.row([kind, unit, count.notifications_sent])
    writer.skip()
    writer.row([words.HOW])
    writer.row([f"Figures of rating {issued.rating}, made on {words.day(issued.at.date())}."])
    book.close()
    return stream.getvalue()


def _charges(writer: "_Writer", statement: UsageStatement) -> None:
    writer.head(["Month", "For", "Rate", "Sent", "Units", "Free", "Charged", "Cost"])
    for line in statement.lines:
        writer.row(
            [
                f"{line.month} {line.first.year}",
                visible(", ".join(filter(None, (line.notification_type, line.unit)))),
                line.rate,
                line.notifications_sent,
                line.chargeable_units,
                line.free_allowance_used,
                line.charged_units,
            ]
        )
        writer.money(line.cost_shown)
    if not statement.lines:
        writer.row([words.NOTHING])
    writer.total("Total", words.counts(statement), statement.total_shown)


def _allowances(writer: "_Writer", statement: UsageStatement) -> None:
    if not statement.allowances:
        return
    writer.skip()
    heads = ["Free allowance", "Where from", "Units a year", "Used earlier", "Used now", "Left"]
    writer.head(heads)
    for each in statement.allowances:
        writer.row(
            [
                visible(", ".join(filter(None, (each.notification_type, each.unit)))),
                words.origin(statement, each),
                each.units,
                each.used_before,
                each.used,
                each.remaining,
            ]
        )


class _Writer:
    """Writes rows one under the other."""

    def __init__(self, book: Any, currency: str) -> None:
        decimals = decimals_of(currency)
        money = "#,##0" + ("." + "0" * decimals if decimals else "")
        self._sheet = book.add_worksheet("Statement")
        self._sheet.set_paper(_A4)
        self._sheet.set_landscape()
        self._sheet.fit_to_pages(1, 0)
        self._sheet.hide_gridlines(2)
        for column, width in enumerate(_WIDTHS):
            self._sheet.set_column(column, column, width)
        self._bold = book.add_format({"bold": True})
        self._title = book.add_format({"bold": True, "font_size": 16})
        self._head = book.add_format({"bold": True, "bottom": 1})
        self._count = book.add_format({"num_format": "#,##0"})
        self._rate = book.add_format({"num_format": "#,##0.#########"})
        self._money = book.add_format({"num_format": money})
        self._total = book.add_format({"num_format": money, "bold": True, "top": 1})
        self._total_count = book.add_format({"num_format": "#,##0", "bold": True, "top": 1})
        self._right = book.add_format({"align": "right"})
        self._next = 0

    def heading(self, company: str, title: str) -> None:
        self._sheet.write_string(0, 0, company, self._bold)
        self._sheet.write_string(1, 0, title, self._title)
        self._next = 3

    def skip(self) -> None:
        self._next += 1

    def head(self, titles: Sequence[str]) -> None:
        for column, title in enumerate(titles):
            self._sheet.write_string(self._next, column, title, self._head)
        self._next += 1

    def row(self, cells: Sequence[str | int | Decimal]) -> None:
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                self._sheet.write_string(self._next, column, cell)
            else:
                kind = self._count if isinstance(cell, int) else self._rate
                self._number(self._next, column, Decimal(cell), kind)
        self._next += 1

    def money(self, shown: str) -> None:
        """A cost at the end of the row that was written last."""
        self._number(
            self._next - 1, len(_WIDTHS) - 1, Decimal(without_separators(shown)), self._money
        )

    def total(self, label: str, counts: Sequence[int | None], shown: str) -> None:
        empty = [""] * (len(_WIDTHS) - 2 - len(counts))
        for column, cell in enumerate([label, *empty, *counts]):
            if isinstance(cell, int):
                self._number(self._next, column, Decimal(cell), self._total_count)
            else:
                self._sheet.write_string(self._next, column, cell or "", self._total)
        self._number(self._next, len(_WIDTHS) - 1, Decimal(without_separators(shown)), self._total)
        self._next += 1

    def _number(self, row: int, column: int, value: Decimal, kind: Any) -> None:
        """A figure too long to be a number exactly is written as text, so that no digit is lost."""
        exact = value.normalize()
        if len(exact.as_tuple().digits) > _EXACT_DIGITS:
            self._sheet.write_string(row, column, format(value, ",f"), self._right)
        else:
            self._sheet.write_number(row, column, exact, kind)
