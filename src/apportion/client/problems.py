"""A server's problems (RFC 9457) as the exceptions and findings that local work raises."""

from collections.abc import Mapping, Sequence
from typing import Any

from apportion.findings import (
    CODES,
    AccessError,
    ApportionError,
    Finding,
    IngestError,
    JobError,
    LedgerError,
    ModelError,
    Place,
    RunError,
    Severity,
    UsageError,
)

_NAMED: Mapping[str, type[ApportionError]] = {
    each.__name__: each
    for each in (
        AccessError,
        IngestError,
        JobError,
        LedgerError,
        ModelError,
        RunError,
        UsageError,
    )
}
_FIRST_OF_THE_SERVER = 500


def error_of(status: int, problem: Mapping[str, Any], where: str) -> ApportionError:
    """The exception for an answer that is a problem. ``where`` is the address that was asked.

    The details of each finding have ``http_status``, and ``request_id`` where the server gave one.
    """
    about = {"http_status": status}
    if problem.get("request_id"):
        about["request_id"] = problem["request_id"]
    findings = findings_of(problem.get("findings", ()), about)
    if not findings:
        told = problem.get("detail") or problem.get("title") or "The server gave no reason."
        findings = [Finding("request_refused", str(told), Place(where), details=about)]
    known = _NAMED.get(str(problem.get("error", "")))
    fallback = LedgerError if status >= _FIRST_OF_THE_SERVER else UsageError
    return (known or fallback)(findings)


def findings_of(
    told: Sequence[Mapping[str, Any]], about: Mapping[str, Any] | None = None
) -> list[Finding]:
    """Findings as JSON holds them, with further details."""
    return [_finding(each, about or {}) for each in told]


def _finding(told: Mapping[str, Any], about: Mapping[str, Any]) -> Finding:
    code, details = told["code"], {**told["details"], **about}
    if code not in CODES:
        # A server of a later version may know more of them.
        code, details = "request_refused", {**details, "code": code}
    return Finding(
        code,
        told["message"],
        Place(told["file"], told["line"], told["column"]),
        told["remedy"],
        Severity(told["severity"]),
        details,
    )


def unreachable(where: str, reason: str) -> LedgerError:
    """The exception for a server that gives no answer."""
    message = f"The server gives no answer: {reason}."
    remedy = "Look whether it runs, and whether the address is right."
    return LedgerError([Finding("server_unreachable", message, Place(where), remedy)])
