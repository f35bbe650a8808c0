"""Findings for programs."""

from collections.abc import Mapping, Sequence
from typing import Any

from apportion.findings import Finding


def as_data(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as JSON holds them; lines and columns count from 1, and 0 is not known."""
    return [
        {
            "severity": str(finding.severity),
            "code": finding.code,
            "message": finding.message,
            "remedy": finding.remedy,
            "file": finding.where.file,
            "line": finding.where.line,
            "column": finding.where.column,
            "details": {name: _plain(value) for name, value in finding.details.items()},
        }
        for finding in findings
    ]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return str(value)
