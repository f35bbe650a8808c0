"""A statement as bytes in one of its layouts, and what a file of it is called."""

import json
from hashlib import sha256

from apportion.report.statements.layout import Layout
from apportion.report.usage_statement import Issued, UsageStatement, as_data


def content(statement: UsageStatement, issued: Issued, layout: Layout) -> bytes:
    """The statement, text as UTF-8."""
    # Each layout brings its own library, of which at most one is needed.
    if layout is Layout.HTML:
        from apportion.report.statements.html import page

        return page(statement, issued).encode()
    if layout is Layout.XLSX:
        from apportion.report.statements.sheet import workbook

        return workbook(statement, issued)
    if layout is Layout.CSV:
        from apportion.report.statement_lines import lines

        return lines(statement).encode()
    return (json.dumps(as_data(statement, issued), indent=2) + "\n").encode()


_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
_LONGEST = 60


def file_name(statement: UsageStatement, layout: Layout) -> str:
    """A name from account and period in which an id can do no harm, whatever it is.

    Ids that differ in other characters alone are told apart by the code points of those.
    """
    name = "".join(each if each in _SAFE else f"_{ord(each):x}_" for each in statement.account.id)
    if len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}_{sha256(statement.account.id.encode()).hexdigest()[:12]}"
    month = f"-{statement.first:%m}" if statement.month else ""
    return f"statement-{name}-{statement.first:%Y}{month}.{layout}"
