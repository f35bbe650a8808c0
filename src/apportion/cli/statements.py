"""Choosing a statement's layout, and writing it where people want it."""

import os
import sys
from pathlib import Path

from apportion.findings import Finding, Place, UsageError
from apportion.report.statements.issue import content, file_name
from apportion.report.statements.layout import Layout
from apportion.report.usage_statement import Issued, UsageStatement


def layout_for(asked: Layout | None, out: Path | None) -> Layout:
    """The layout that is asked for, or that a file's ending names; otherwise a page.

    Raises ``UsageError`` (``invalid_argument``) where no layout has the ending, and where a
    spreadsheet would go to stdout.
    """
    is_file = out is not None and not out.is_dir()
    ending = out.suffix[1:].lower() if out is not None and is_file else ""
    if asked is None and ending not in {"", *Layout}:
        raise UsageError(
            [
                Finding(
                    "invalid_argument",
                    f"No statement is written as {ending!r}.",
                    remedy="End the file in .html, .csv, .xlsx or .json, or say it with --format. "
                    "A browser prints the page as PDF.",
                )
            ]
        )
    chosen = asked or Layout(ending or Layout.HTML)
    if chosen is Layout.XLSX and out is None:
        message = "A spreadsheet cannot be written to the standard output."
        raise UsageError([Finding("invalid_argument", message, remedy="Name a file with --out.")])
    return chosen


def put(statement: UsageStatement, issued: Issued, layout: Layout, out: Path | None) -> Path | None:
    """Write a statement to a file, a folder or, without ``out``, to stdout; gives the file.

    In a folder the file is named after account and period. Raises ``UsageError``
    (``invalid_argument``) where it cannot be written.
    """
    written = content(statement, issued, layout)
    if out is None:
        # The bytes themselves: a page says that it is UTF-8, whatever the terminal's encoding is.
        sys.stdout.flush()
        sys.stdout.buffer.write(written)
        sys.stdout.flush()
        return None
    target = out / file_name(statement, layout) if out.is_dir() else out
    try:
        _replace(target, written)
    except OSError as error:
        raise UsageError(
            [
                Finding(
                    "invalid_argument",
                    f"The statement cannot be written: {error.strerror}.",
                    Place(str(target)),
                    "Name a file in a folder that exists and can be written to.",
                )
            ]
        ) from error
    return target


def _replace(target: Path, written: bytes) -> None:
    """Write beside and move, so that nobody ever reads half a statement."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(written)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
