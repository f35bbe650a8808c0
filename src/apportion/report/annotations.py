"""Findings for the pages on which changes are reviewed: GitHub's annotations, and SARIF.

Both show a finding at its line of the change, and what has several places at each of them,
because a reviewer sees the lines that a change touches and no others. Files are named from the root
of the repository that they lie in, as those pages name them, wherever the command runs; outside of
any, from the folder in which it runs.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from os.path import normpath, relpath
from pathlib import Path
from typing import Any
from urllib.parse import quote

from apportion.findings import CODES, MEMORY, QUESTION, Finding, Severity

SARIF_VERSION = "2.1.0"
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ESCAPED = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_ESCAPED_IN_PROPERTIES = (*_ESCAPED, (":", "%3A"), (",", "%2C"))


def github(findings: Iterable[Finding]) -> list[str]:
    """One workflow command a finding, which GitHub shows at the line of the change.

    >>> from apportion.findings import Place
    >>> place = Place("model/a.yaml", 3, 5)
    >>> github([Finding("cycle", "a -> b -> a.", place, "Remove an edge.")])
    ['::error title=cycle,file=model/a.yaml,line=3,col=5::a -> b -> a.%0ARemove an edge.']
    """
    return [_workflow_command(each) for finding in findings for each in _at_each_place(finding)]


def _at_each_place(finding: Finding) -> Iterator[Finding]:
    yield finding
    for place in finding.also:
        yield replace(finding, where=place)


def _workflow_command(finding: Finding) -> str:
    where = finding.where
    known = {"title": finding.code, "file": _file(finding), "line": where.line, "col": where.column}
    properties = ",".join(
        f"{name}={_escaped(str(value), _ESCAPED_IN_PROPERTIES)}"
        for name, value in known.items()
        if value
    )
    text = "\n".join(filter(None, (finding.message, finding.remedy)))
    return f"::{finding.severity} {properties}::{_escaped(text, _ESCAPED)}"


def _escaped(text: str, escapes: Sequence[tuple[str, str]]) -> str:
    for plain, escaped in escapes:
        text = text.replace(plain, escaped)
    return text


def _file(finding: Finding) -> str:
    """The file, or nothing for what stands in none."""
    name = finding.where.file
    if name in (MEMORY.file, QUESTION.file):
        return ""
    path = Path(normpath(Path.cwd() / name))
    root = next((each for each in path.parents if (each / ".git").exists()), None)
    return Path(relpath(path, root)).as_posix()


def sarif(findings: Sequence[Finding], version: str) -> dict[str, Any]:
    """The findings as a SARIF log of one run of this program in ``version``."""
    codes = sorted({finding.code for finding in findings})
    placed = [each for finding in findings for each in _at_each_place(finding)]
    return {
        "$schema": _SCHEMA,
        "version": SARIF_VERSION,
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "apportion",
                        "version": version,
                        "rules": [
                            {"id": code, "shortDescription": {"text": CODES[code]}}
                            for code in codes
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, codes.index(each.code)) for each in placed],
            }
        ],
    }


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    text = " ".join(filter(None, (finding.message, finding.remedy)))
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": "error" if finding.severity is Severity.ERROR else "warning",
        "message": {"text": text},
    }
    file = _file(finding)
    if file:
        physical: dict[str, Any] = {"artifactLocation": {"uri": quote(file)}}
        if finding.where.line:
            region = {"startLine": finding.where.line, "startColumn": finding.where.column}
            physical["region"] = {name: value for name, value in region.items() if value}
        result["locations"] = [{"physicalLocation": physical}]
    return result
