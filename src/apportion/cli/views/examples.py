"""Examples that were tried, for people and programs."""

from typing import Any

from apportion.cli.output import put, say
from apportion.cli.tables import Head, table
from apportion.examples import Report
from apportion.report.findings_data import as_data as findings_as_data


def as_data(report: Report) -> dict[str, Any]:
    """Every example, whether it holds, and everything that is wrong."""
    failed = sum(bool(each.findings) for each in report.checked)
    return {
        "passed": len(report.checked) - failed,
        "failed": failed,
        "examples": [
            {
                "name": each.example.name,
                "rules": list(each.example.rules),
                "file": each.example.where.file,
                "line": each.example.where.line,
                "passed": not each.findings,
                "findings": findings_as_data(each.findings),
            }
            for each in report.checked
        ],
        "findings": findings_as_data(
            [finding for file in report.files for finding in file.findings]
        ),
    }


def show(report: Report) -> None:
    """A line per file, and what it comes to."""
    rows, wrong = [], 0
    for file in report.files:
        mine = [each for each in report.checked if each.example.where.file == file.file]
        failed = sum(bool(each.findings) for each in mine)
        wrong += failed
        rows.append((file.file, f"{len(mine):,}", f"{len(mine) - failed:,}", f"{failed:,}"))
    heads = [Head("File", whole=True)]
    heads += [Head(title, number=True) for title in ("Examples", "Hold", "Fail")]
    put(table(heads, rows))
    say(_verdict(report, wrong))


def _verdict(report: Report, wrong: int) -> str:
    tried = len(report.checked)
    unread = any(file.findings for file in report.files)
    if not tried:
        return "No example could be tried."
    others = "; others could not be tried" if unread else ""
    if wrong:
        return f"{wrong:,} of {tried:,} examples {'fails' if wrong == 1 else 'fail'}{others}."
    return f"The example holds{others}." if tried == 1 else f"All {tried:,} examples hold{others}."
