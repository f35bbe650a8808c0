"""Findings that people are told together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from apportion.cli.words import few
from apportion.findings import Finding

_MISSING = "missing_usage"


def by_source_and_metric(findings: Sequence[Finding]) -> list[tuple[Finding, int]]:
    """The findings, those of edges that lack the same metric of the same source as one.

    Beside each stands how many it is.
    """
    facts = [{"code": each.code, **each.details} for each in findings]
    groups = _groups(facts)
    return [
        (_as_one(each, [facts[position] for position in group]), len(group))
        for each, group in zip(findings, groups, strict=True)
        if group
    ]


def _as_one(first: Finding, edges: Sequence[Mapping[str, Any]]) -> Finding:
    if len(edges) < 2:
        return first
    details = {**first.details, "amount": _amount(edges)}
    return replace(first, message=_missing(edges), details=details)


def rows_by_source_and_metric(warnings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The same for the recorded warnings of a run; ``together`` is how many each is."""
    return [
        {**each, "together": 1}
        if len(group) < 2
        else {
            **each,
            "message": _missing([warnings[position] for position in group]),
            "amount": _amount([warnings[position] for position in group]),
            "together": len(group),
        }
        for each, group in zip(warnings, _groups(warnings), strict=True)
        if group
    ]


def _groups(facts: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """For the first of each group its members' positions, for the others none."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for position, each in enumerate(facts):
        alike = (each["source"], each["metric"]) if each["code"] == _MISSING else (position,)
        groups.setdefault(alike, []).append(position)
    firsts = {group[0]: group for group in groups.values()}
    return [firsts.get(position, []) for position in range(len(facts))]


def _missing(edges: Sequence[Mapping[str, Any]]) -> str:
    source, metric = edges[0]["source"], edges[0]["metric"]
    receivers = few([repr(each["receiver"]) for each in edges])
    return (
        f"The edges from {source!r} to {receivers} share by {metric!r}, of which no receiver of "
        f"{source!r} has a single row in the period."
    )


def _amount(edges: Sequence[Mapping[str, Any]]) -> Decimal | None:
    """What edges gave together; no two give the same money."""
    known = [Decimal(each["amount"]) for each in edges if each.get("amount") is not None]
    return sum(known, Decimal(0)) if known else None
