"""Single facts that a server tells: a run, a file that was brought in, a model that was put."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from apportion.client.problems import findings_of
from apportion.client.told import Told
from apportion.findings import Finding


@dataclass(frozen=True, slots=True)
class Run(Told):
    """A completed run, as its record tells it."""

    sequence: int
    run_id: str
    at: datetime
    start_date: date
    end_date: date
    currency: str
    scale: int
    dimensions: tuple[str, ...] | None
    model_digest: str
    costs_version: int
    usage_version: int
    allocations: int
    contributions: int
    warnings: int
    slow_splits: int
    timings: Mapping[str, Any]
    program: str
    billable_usage_version: int


@dataclass(frozen=True, slots=True)
class Rating(Told):
    """A completed rating, as its record tells it."""

    sequence: int
    run_id: str
    at: datetime
    currency: str
    start_date: date | None
    end_date: date | None
    program: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a file brought. ``ingest_id`` is empty where the ledger had the same rows already.

    ``report`` is all that the server tells, as ``apportion ingest --json`` has it.
    """

    ingest_id: str
    rows: int
    replaced_rows: int
    same_as: str
    days: tuple[date, date] | None
    report: Mapping[str, Any]

    @property
    def changed(self) -> bool:
        """Whether the ledger is another than before."""
        return bool(self.ingest_id)


def ingested(told: Mapping[str, Any]) -> Ingested:
    """The record of an answer."""
    first, last = told["first_day"], told["last_day"]
    days = (date.fromisoformat(first), date.fromisoformat(last)) if first and last else None
    return Ingested(
        told["ingest_id"], told["rows"], told["replaced_rows"], told["same_as"], days, told
    )


@dataclass(frozen=True, slots=True)
class RatingOutcome:
    """A rating, what was assumed for it, and whether it was made now or held already."""

    rating: Rating
    findings: tuple[Finding, ...]
    is_new: bool


def rating_outcome(told: Mapping[str, Any]) -> RatingOutcome:
    """The record of an answer."""
    findings = tuple(findings_of(told["warnings"]))
    return RatingOutcome(Rating.of(told["rating"]), findings, told["is_new"])


@dataclass(frozen=True, slots=True)
class ServedModel:
    """The model of a server's workspace, whose content ``to_dict`` gives.

    ``folder`` is where it lies in the workspace, ``warnings`` what is doubtful about it.
    """

    digest: str
    folder: str
    content: Mapping[str, Any]
    warnings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """The content, in canonical order, as it can be changed and put again."""
        return dict(self.content)


def served_model(told: Mapping[str, Any]) -> ServedModel:
    """The record of an answer."""
    warnings = tuple(findings_of(told["warnings"]))
    return ServedModel(told["digest"], told["folder"], told["model"], warnings)


@dataclass(frozen=True, slots=True)
class PutModel:
    """The model that counts after a put. ``written`` is false where it was the same already.

    ``version`` is the number of its folder, or None where it is one that people keep.
    """

    folder: str
    version: int | None
    digest: str
    written: bool
    warnings: tuple[Finding, ...]


def put_model(told: Mapping[str, Any]) -> PutModel:
    """The record of an answer."""
    warnings = tuple(findings_of(told["warnings"]))
    return PutModel(told["folder"], told["version"], told["digest"], told["written"], warnings)


@dataclass(frozen=True, slots=True)
class ModelVersion(Told):
    """A model that was put: its number, its folder, whether it counts, its digest, and when."""

    number: int
    folder: str
    current: bool
    digest: str
    at: datetime | None
