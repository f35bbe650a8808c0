"""Findings as people read them: one paragraph each, to stderr (place, code, message, remedy)."""

import errno
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import typer

from apportion.cli.names import shown_name
from apportion.cli.suggestions import Suggestions
from apportion.findings import MEMORY, QUESTION, ApportionError, Finding, Place, Severity, visible

WRONG_USAGE = frozenset(
    {
        "bills_nobody",
        "invalid_argument",
        "not_a_workspace",
        "not_empty",
        "unknown_delivery",
        "unknown_format",
        "unknown_name",
        "unknown_run",
        "unknown_token",
    }
)
"""Codes that tell of the command line rather than of files and numbers."""

HERE = Suggestions()
"""Where no workspace was named."""

TOLD = 200
"""Findings that are written out; a broken file can have hundreds of thousands."""

EXCERPTS_FROM = (".yaml", ".yml", ".csv")
_EXCERPT_BYTES = 16 * 2**20
_EXCERPT_WIDTH = 100


def exit_status(error: Exception, *, debug: bool, suggestions: Suggestions = HERE) -> int | None:
    """Tell people of an error; give the exit status, or None for what Typer itself deals with."""
    if isinstance(error, (typer.Exit, typer.Abort, typer.TyperException)):
        return None
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        return None
    if debug:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, ApportionError):
        tell(error.findings, suggestions)
        return 2 if all(map(_tells_of_usage, error.findings)) else 1
    if isinstance(error, OSError):
        tell([_refused(error)], suggestions)
        return 1
    said = (str(error).splitlines() or [""])[0][:300]
    _write([_heading("Internal error", Severity.ERROR)])
    _write(_wrapped(f"{type(error).__name__}: {said}" if said else type(error).__name__))
    _write(
        _wrapped(
            "This is a fault of the program, not of your data."
            if debug
            else "This is a fault of the program, not of your data. To see where it lies, give the "
            "same command with --debug before it: apportion --debug ..."
        )
    )
    return 1


def _tells_of_usage(finding: Finding) -> bool:
    return finding.code in WRONG_USAGE or finding.where.file == QUESTION.file


def _refused(error: OSError) -> Finding:
    """What the system would not do, which is no fault of the program."""
    from apportion.cli.output import stdout_is_broken

    said = error.strerror or type(error).__name__
    if error.filename is None and stdout_is_broken():
        place, message = Place("<stdout>"), f"The answer could not be written: {said}."
    else:
        place, message = Place(str(error.filename or "<system>")), f"The system says: {said}."
    return Finding("storage_failed", message, place, "Check space and permissions, then retry.")


def tell(findings: Sequence[Finding], suggestions: Suggestions = HERE) -> None:
    """Write findings to stderr, as many as a person may read, and how many there are.

    ``suggestions`` make the commands that remedies name.
    """
    excerpts: dict[str, list[str]] = {}
    for each in findings[:TOLD]:
        finding = replace(each, remedy=suggestions.applied(each.remedy))
        _write(paragraph(finding, excerpts))
    if len(findings) > TOLD:
        _write([f"... and {len(findings) - TOLD:,} more; --json gives them all."])
    if len(findings) > 1:
        _write([counted(findings)])


def counted(findings: Iterable[Finding]) -> str:
    """How many errors and warnings there are: ``2 errors, 1 warning``."""
    severities = [finding.severity for finding in findings]
    parts = [
        f"{count} {severity}{'' if count == 1 else 's'}"
        for severity in Severity
        if (count := severities.count(severity))
    ]
    return ", ".join(parts) or "nothing found"


def paragraph(finding: Finding, excerpts: dict[str, list[str]]) -> list[str]:
    """A finding as lines. ``excerpts`` keeps the lines of files between calls."""
    in_no_file = finding.where.file in (MEMORY.file, QUESTION.file)
    place = "" if in_no_file else f"{shown_name(str(finding.where))}: "
    return [
        place + _heading(f"{finding.severity} [{finding.code}]", finding.severity),
        *_wrapped(finding.message),
        *_excerpt(finding.where, excerpts),
        *_wrapped(finding.remedy),
    ]


def _heading(text: str, severity: Severity) -> str:
    from apportion.cli.output import styled

    return styled(text, "bold red" if severity is Severity.ERROR else "bold yellow", sys.stderr)


def _wrapped(text: str) -> list[str]:
    from apportion.cli.output import wrapped

    lines = visible(text).splitlines()
    return [each for line in lines for each in wrapped(line, sys.stderr, "  ")]


def _excerpt(place: Place, excerpts: dict[str, list[str]]) -> list[str]:
    """The line that a finding is about, with a mark under the spot."""
    if not place.line or not place.file.endswith(EXCERPTS_FROM):
        return []
    if place.file not in excerpts:
        excerpts[place.file] = _lines(Path(place.file))
    lines = excerpts[place.file]
    if place.line > len(lines):
        return []
    line = lines[place.line - 1]
    spot = _start_of_cell(line, place.column) if place.file.endswith(".csv") else place.column - 1
    begin = max(spot - _EXCERPT_WIDTH // 2, 0)
    before = shown_name(line[begin : max(spot, 0)])
    after = shown_name(line[max(spot, 0) : begin + _EXCERPT_WIDTH])
    label = f"{place.line:>6} | "
    shown = [f"{label}{'... ' if begin else ''}{before}{after}".rstrip()]
    if spot >= 0:
        from rich.cells import cell_len

        shift = cell_len(before) + (4 if begin else 0)
        shown.append(f"{'|':>8} {' ' * shift}^")
    return shown


def _start_of_cell(line: str, cell: int) -> int:
    """Where a cell of a CSV line begins; cells count from 1, quoted ones may hold commas."""
    commas, quoted = [-1], False
    for position, character in enumerate(line):
        quoted ^= character == '"'
        if character == "," and not quoted:
            commas.append(position)
    return commas[cell - 1] + 1 if 0 < cell <= len(commas) else -1


def _lines(file: Path) -> list[str]:
    """A file's lines, or none where it is too large or unreadable: the finding says enough."""
    try:
        if file.stat().st_size > _EXCERPT_BYTES:
            return []
        return file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except (OSError, ValueError):
        return []


def _write(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stderr.write(f"{line}\n")
