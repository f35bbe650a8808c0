"""What is free for an account in a financial year, and why (`B5`).

The first that applies: the account's own allowance for the year; last year's own where it is
custom; nothing where the account used more than the high-volume threshold in the year before;
the latest default for its organisation type; that for ``other``; nothing, with a warning.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from apportion.model import Model
from apportion.model.billing import OTHER, Account


class Origin(StrEnum):
    """Where an allowance comes from."""

    OWN = "own"
    CARRIED = "carried_over"
    HIGH_VOLUME = "high_volume"
    DEFAULT = "default"
    OTHER = "default_of_other"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Resolved:
    """An account's allowance for a channel and year: how much, and where that comes from."""

    account: str
    channel: str
    year: int
    units: int
    origin: Origin

    @property
    def is_default(self) -> bool:
        """Whether nobody gave the account this figure (`B16`)."""
        return self.origin not in (Origin.OWN, Origin.CARRIED)


class Meter(NamedTuple):
    """An account's channel in a financial year: what one allowance is for."""

    account: str
    channel: str
    year: int


UnitsUsed = Mapping[Meter, int]
"""Chargeable units used, by account, channel and year; absent is none."""


def resolve(model: Model, meter: Meter, used: UnitsUsed | None = None) -> Resolved:
    """The allowance of an account for a channel and year.

    ``used`` tells what was used in the year before, which the high-volume rule looks at. An
    account that the model lacks has that of the type ``other``.
    """
    units, origin = _resolved(model, meter, used or {})
    return Resolved(*meter, units, origin)


def resolve_all(model: Model, meters: Iterable[Meter], used: UnitsUsed) -> list[Resolved]:
    """The allowances of many, in their order."""
    return [resolve(model, meter, used) for meter in meters]


def _resolved(model: Model, meter: Meter, used: UnitsUsed) -> tuple[int, Origin]:
    mine = model.own_allowances.get(meter)
    if mine is not None:
        return mine.units, Origin.OWN
    before = meter._replace(year=meter.year - 1)
    last = model.own_allowances.get(before)
    if last is not None and last.custom:
        return last.units, Origin.CARRIED
    threshold = model.settings.high_volume_threshold
    if threshold is not None and used.get(before, 0) > threshold:
        return 0, Origin.HIGH_VOLUME
    account = model.account_index.get(meter.account, Account(meter.account))
    for kind in (model.type_of(account), OTHER):
        known = model.defaults_by_type.get((meter.channel, kind), ())
        valid = [default.units for default in known if default.valid_from_year <= meter.year]
        if valid:
            return valid[-1], Origin.OTHER if kind == OTHER else Origin.DEFAULT
    return 0, Origin.NONE
