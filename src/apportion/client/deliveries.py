"""Deliveries that a server tells of, and what a withdrawal or restoration moved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apportion.client.told import Told


@dataclass(frozen=True, slots=True)
class DeliveredFile(Told):
    """A file that came in; of one that an older program took only the name is known."""

    name: str
    size: int | None
    sha256: str | None
    lines: int | None


@dataclass(frozen=True, slots=True)
class Delivered(Told):
    """A delivery, what it speaks for, and its ``standing``: whether it counts."""

    delivery: str
    at: datetime
    format: str
    files: tuple[DeliveredFile, ...]
    lines: int
    totals: Mapping[str, Any]
    cost_column: str
    sources: tuple[str, ...]
    periods: tuple[str, ...]
    first_day: date | None
    last_day: date | None
    answer: str
    outcome: str
    repeats: tuple[str, ...]
    standing: str
    superseded_by: tuple[str, ...]
    withdrawn_at: datetime | None
    reason: str
    program: str


@dataclass(frozen=True, slots=True)
class Part(Told):
    """What a delivery brought of one source and period in one currency, and whether it counts."""

    source: str
    period: str
    is_bill: bool
    days: int
    currency: str
    lines: int
    billed: Decimal | None
    effective: Decimal | None
    contracted: Decimal | None
    list: Decimal | None
    mode: str
    counts: bool
    superseded_by: str | None


@dataclass(frozen=True, slots=True)
class Event(Told):
    """What was done with a delivery, and why."""

    change: str
    kind: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Inventoried:
    """One delivery in full: its parts, and its history, the first event first."""

    delivery: Delivered
    parts: tuple[Part, ...]
    history: tuple[Event, ...]


def inventoried(told: Mapping[str, Any]) -> Inventoried:
    """The record of an answer."""
    parts = tuple(Part.of(each) for each in told["parts"])
    history = tuple(Event.of(each) for each in told["history"])
    return Inventoried(Delivered.of(told["delivery"]), parts, history)


@dataclass(frozen=True, slots=True)
class Changed:
    """A withdrawal or a restoration. ``ingest_id`` is the id of the change.

    ``days`` are the first and last day of what was written anew. ``report`` is all that the server
    tells, as ``apportion deliveries withdraw --json`` has it.
    """

    ingest_id: str
    rows: int
    replaced_rows: int
    days: tuple[date | None, date | None]
    report: Mapping[str, Any]


def changed(told: Mapping[str, Any]) -> Changed:
    """The record of an answer."""
    first, last = (day and date.fromisoformat(day) for day in (told["first_day"], told["last_day"]))
    return Changed(told["change"], told["rows"], told["replaced_rows"], (first, last), told)
