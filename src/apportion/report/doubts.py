"""What stands in the way of trusting an answer: gaps, later changes, a proof that fails."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from apportion.findings import Finding, Severity, UsageError

if TYPE_CHECKING:
    from apportion.ledger.record_rating import Rating
    from apportion.ledger.runs import Piece, Run
    from apportion.reconcile.reconciliation import Reconciliation

_SHOWN = 5


class Answer(Protocol):
    """What is asked of a result read from the ledger: its days, and the runs that answer."""

    @property
    def start(self) -> date:
        """The first day."""

    @property
    def end(self) -> date:
        """The last day, included."""

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Which run answers for which days."""

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs, each once."""

    @property
    def gaps(self) -> tuple[tuple[date, date], ...]:
        """The stretches of days for which none answers."""

    @property
    def ingests_since(self) -> int:
        """How many ingests changed these days after the runs had read them."""

    @property
    def model_has_changed(self) -> bool:
        """Whether the model is no longer that of the newest run."""

    @property
    def assumed(self) -> tuple[int, Decimal, str]:
        """How many things its runs assumed, and the most money that one of them concerns."""

    @property
    def no_cost(self) -> tuple[str, ...]:
        """What its runs say of days without any cost, where they had none at all."""

    @property
    def read_otherwise(self) -> tuple[str, ...]:
        """Files that have to be ingested again for the mapping and cost column of now to count."""

    @property
    def mapped_otherwise(self) -> tuple[str, ...]:
        """Files whose costs the next run makes anew by the mapping and cost column of now."""


def require_order(start: date | None, end: date | None) -> None:
    """Raise ``UsageError`` (``invalid_argument``) where a period ends before it begins."""
    if start is not None and end is not None and end < start:
        message = f"The period ends on {end}, before it begins on {start}."
        raise UsageError([Finding("invalid_argument", message, remedy="Swap the two dates.")])


def doubts(answer: Answer) -> tuple[Finding, ...]:
    """Warnings: days that no run covers, and that ledger or model changed since, if they did."""
    gaps = (_gap(first, last) for first, last in answer.gaps)
    read_otherwise = outdated_mapping(answer.read_otherwise, answer.start, answer.end)
    mapping = (*read_otherwise, *_remapped(answer))
    return (*gaps, *_outdated(answer), *mapping, *_no_cost(answer), *_assumed(answer))


def without_assumed(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The same for who is shown each assumption."""
    return tuple(each for each in findings if each.code not in ("assumed", "no_cost"))


def _no_cost(answer: Answer) -> Sequence[Finding]:
    """Zeros that come of a bill which is not there must not pass for figures."""
    return [
        Finding(
            "no_cost",
            message,
            remedy="Bring the bills of that period in, then run it again.",
            severity=Severity.WARNING,
        )
        for message in answer.no_cost
    ]


def _assumed(answer: Answer) -> Sequence[Finding]:
    count, largest, currency = answer.assumed
    if not count:
        return []
    rests = "one assumption" if count == 1 else f"{count:,} assumptions"
    concerns = f"; the dearest concerns about {largest:,.0f} {currency}" if largest >= 1 else ""
    return [
        Finding(
            "assumed",
            f"These figures rest on {rests}{concerns}.",
            remedy=f"See each with: apportion reconcile --from {answer.start} --to {answer.end}"
            + (f" --run {answer.runs[0].run_id}" if answer.runs[0].dimensions else ""),
            severity=Severity.WARNING,
            details={"assumptions": count, "largest_amount": str(largest), "currency": currency},
        )
    ]


def _gap(first: date, last: date) -> Finding:
    return Finding(
        "gap_in_runs",
        f"No completed run covers {first} to {last}; these days are in no figure.",
        remedy=f"Cover them with: apportion run --from {first} --to {last}",
        severity=Severity.WARNING,
        details={"from": str(first), "to": str(last), "days": (last - first).days + 1},
    )


def _outdated(answer: Answer) -> Sequence[Finding]:
    reasons = []
    if answer.ingests_since:
        times = "once" if answer.ingests_since == 1 else f"{answer.ingests_since} times"
        reasons.append(f"costs or usage of these days were ingested {times}")
    if answer.model_has_changed:
        reasons.append("the model was changed")
    if not reasons:
        return []
    return [
        Finding(
            "outdated_run",
            f"Since the run that answers here, {' and '.join(reasons)}.",
            remedy=f"Compute anew with: apportion run --from {answer.start} --to {answer.end}",
            severity=Severity.WARNING,
        )
    ]


def outdated_mapping(names: Sequence[str], start: date, end: date) -> Sequence[Finding]:
    """A warning where files whose rows of these days count would be read otherwise now."""
    if not names:
        return []
    return [
        Finding(
            "outdated_mapping",
            f"The mapping rules or the cost column were changed since these files of "
            f"{start} to {end} were ingested: {_listed(names)}. All figures still follow the "
            "rules of then.",
            remedy="Ingest the files again, then run again; a run alone changes no figure.",
            severity=Severity.WARNING,
            details={"files": names},
        )
    ]


def _remapped(answer: Answer) -> Sequence[Finding]:
    """A warning where a run would make costs anew because their rules have changed."""
    names = answer.mapped_otherwise
    if not names:
        return []
    return [
        Finding(
            "outdated_mapping",
            "The mapping rules, the nodes or the cost column were changed since the costs of these "
            f"files were made: {_listed(names)}. All figures still follow the rules of then.",
            remedy=f"Make them anew with: apportion run --from {answer.start} --to {answer.end}",
            severity=Severity.WARNING,
            details={"files": names},
        )
    ]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def unproven(answer: Answer, proof: Reconciliation) -> tuple[Finding, ...]:
    """What does not hold in recorded results, each with the run that it is in and a way out."""
    return tuple(
        replace(each, remedy=_anew(_run_of(answer, each.details.get("date"))))
        for each in proof.findings()
    )


def _run_of(answer: Answer, day: date | None) -> Run:
    of_day = [each.run_id for each in answer.pieces if day and each.first <= day <= each.last]
    return next((each for each in answer.runs if each.run_id in of_day), answer.runs[0])


def _anew(run: Run) -> str:
    words = ["--from", str(run.start_date), "--to", str(run.end_date), "--currency", run.currency]
    dimensions = [] if run.dimensions is None else json.loads(run.dimensions)
    words += [word for dimension in dimensions for word in ("--dimension", dimension)]
    return (
        f"The run {run.run_id} was proved when it was made, so its rows, or the costs it read, "
        "have changed on the disk. Check the disk, and compute it again: "
        f"{shlex.join(['apportion', 'run', *words])}"
    )


def rating_doubts(
    rating: Rating, not_rated: Mapping[str, Finding], *, is_current: bool, account: str = ""
) -> tuple[Finding, ...]:
    """Warnings: that a rating is no longer the latest word, and which accounts it does not have.

    Those accounts are told in a line for each kind of fault; an answer about one ``account`` tells
    of none, since it is refused where that account was not rated.
    """
    stale = () if is_current else (_stale(rating),)
    kinds: dict[str, list[Finding]] = {}
    for each in () if account else not_rated.values():
        kinds.setdefault(each.code, []).append(each)
    return (*stale, *(_not_rated(found) for _, found in sorted(kinds.items())))


def _not_rated(found: Sequence[Finding]) -> Finding:
    """What accounts are in no figure for one kind of fault: how many, and the largest of them."""
    units = [each.details.get("units", 0) for each in found]
    largest = found[units.index(max(units))]
    names = [each.details["account"] for each in found]
    counted = f", with {sum(units):,} units that are not charged" if all(units) else ""
    told = (
        f"{names[0]} is in no figure{counted}: {largest.message}"
        if len(found) == 1
        else f"{len(found):,} accounts are in no figure{counted}. "
        f"{'The largest' if all(units) else 'One of them'}: {largest.message}"
    )
    return Finding(
        "account_not_rated",
        told,
        remedy="Correct what is in the way, then rate anew with: apportion rate",
        severity=Severity.WARNING,
        details={
            "reason": found[0].code,
            "account": largest.details["account"],
            "accounts": len(found),
            **({"units": sum(units)} if all(units) else {}),
        },
    )


def _stale(rating: Rating) -> Finding:
    """That usage, rates or allowances changed since the rating that answers."""
    return Finding(
        "outdated_run",
        f"Since rating {rating.run_id}, which answers here, usage, rates or allowances were "
        "changed.",
        remedy="Rate anew with: apportion rate",
        severity=Severity.WARNING,
    )
