"""What people declare, as records that never change and remember where they were written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from apportion.findings import MEMORY, Place

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class NodeType(StrEnum):
    """What a node is (`A4`). All but products are infrastructure-like."""

    RESOURCE = "resource"
    SHARED = "shared"
    PLATFORM = "platform"
    PRODUCT = "product"


class OnZeroUsage(StrEnum):
    """What an edge does on a day when no sibling used anything (`A14`)."""

    EQUAL = "equal"
    RETAIN = "retain"
    ERROR = "error"

    @property
    def meaning(self) -> str:
        """What becomes of a share by usage, for people."""
        return _WITHOUT_USAGE[self.value]


_WITHOUT_USAGE = MappingProxyType(
    {
        "equal": "All siblings take the same, each at most its cap.",
        "retain": "The source keeps it, and it counts as unallocated.",
        "error": "The run fails.",
    }
)


COUNTED_STATUSES = (
    "sending",
    "sent",
    "delivered",
    "pending",
    "temporary-failure",
    "permanent-failure",
)
IGNORED_STATUSES = (
    "created",
    "cancelled",
    "technical-failure",
    "validation-failed",
    "pending-virus-check",
    "virus-scan-failed",
)


NULL_WORDS = ("null", "(null)", "<null>", "\\N", "none", "n/a", "#n/a")
"""What programs write for nothing. Not NA, which is a code of Namibia and of North America."""


@dataclass(frozen=True, slots=True)
class StandingAnswer:
    """Whether deliveries of an issuer, or of one source, replace or append (`D4`)."""

    issuer: str
    source: str
    mode: str
    where: Place = field(default=MEMORY, compare=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The workspace's settings, from ``apportion.yaml``.

    ``currency`` is what costs are converted to; empty means that none was declared, and the only
    currency of the costs is used. ``scale`` is the number of decimals kept (`A1`).
    ``cost_column`` says which of a FOCUS bill's four costs counts. ``places`` tells where each
    setting that was given stands. ``null_words`` are words that say as much as an empty cell in
    files that come in, in any capitals.

    ``high_volume_threshold`` is how many units of a channel an account may have used in the year
    before and still have the default allowance (`B5`). The statuses and key types decide which
    raw events are counted, and which are known and left out (`B3`).

    ``deliveries`` say what deliveries do to what the ledger has, where nobody says it of one.
    ``issuer_aliases`` are further names of issuers, by one of their names (`D3`).

    ``model_folder`` says where the rest of a model lies, and so is no part of it.
    """

    name: str = "company"
    currency: str = ""
    scale: int = 9
    financial_year_start: str = "04-01"
    time_zone: str = "UTC"
    residual: str = "allocated"
    cost_column: str = "effective"
    engine: str = "local"
    model_folder: str = field(default="model", compare=False)
    high_volume_threshold: int | None = None
    null_words: tuple[str, ...] = NULL_WORDS
    counted_statuses: tuple[str, ...] = COUNTED_STATUSES
    ignored_statuses: tuple[str, ...] = IGNORED_STATUSES
    counted_key_types: tuple[str, ...] = ("normal", "team")
    ignored_key_types: tuple[str, ...] = ("test",)
    deliveries: tuple[StandingAnswer, ...] = ()
    issuer_aliases: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )
    places: Mapping[str, Place] = field(default_factory=lambda: _NOTHING, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Node:
    """Something that has, receives or gives cost."""

    id: str
    type: NodeType
    name: str = ""
    part_of: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    archived_on: date | None = None
    infrastructure: bool = False
    where: Place = field(default=MEMORY, compare=False)

    @property
    def is_infrastructure(self) -> bool:
        """Whether the node counts as infrastructure-like (`A4`)."""
        return self.infrastructure or self.type is not NodeType.PRODUCT


@dataclass(frozen=True, slots=True)
class StrategyUse:
    """A strategy with its typed parameters, as one edge uses it.

    ``parameters`` is an instance of the strategy's own parameter type: frozen and hashable, so
    that edges with the same use can be computed together.
    """

    strategy: str
    parameters: Any
    on_zero_usage: OnZeroUsage | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """Another strategy for one dimension, or for every dimension where it names none (`A8`)."""

    dimension: str | None
    use: StrategyUse


@dataclass(frozen=True, slots=True)
class Edge:
    """Cost flows from ``source`` to ``receiver`` while the window is open, both ends included."""

    source: str
    receiver: str
    use: StrategyUse
    overrides: tuple[Override, ...] = ()
    active_from: date | None = None
    active_to: date | None = None
    where: Place = field(default=MEMORY, compare=False)

    def use_for(self, dimension: str) -> StrategyUse:
        """The strategy that counts for a dimension (`A8`)."""
        for wanted in (dimension, None):
            for override in self.overrides:
                if override.dimension == wanted:
                    return override.use
        return self.use


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """One unit of ``from_currency`` is worth ``rate`` of ``to_currency`` from ``date`` (`A24`)."""

    from_currency: str
    to_currency: str
    date: date
    rate: Decimal
    where: Place = field(default=MEMORY, compare=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """A test on one row of a bill, or on a label set of a metric.

    ``kind`` is ``all``, ``any`` or ``not`` with ``parts``; or ``equals``, ``in``, ``prefix``,
    ``glob`` or ``exists`` on a ``field`` of ``space`` (``column``, ``tag`` or ``label``) with
    ``values``. For ``exists`` the value is ``true`` or ``false``. An ``all`` without parts always
    holds.
    """

    kind: str
    parts: tuple["Condition", ...] = ()
    space: str = ""
    field: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MappingRule:
    """Which node and dimension a bill's line belongs to. First match wins.

    Templates hold ``{Column}``, ``{tag.NAME}`` or ``{label.NAME}``; all else is literal text.
    """

    when: Condition
    node: str
    dimension: str
    where: Place = field(default=MEMORY, compare=False)


@dataclass(frozen=True, slots=True)
class MetricRule:
    """How a monitoring system's metric becomes usage: its name, and how points make a day.

    ``day`` is ``sum``, ``mean`` or ``max``.
    """

    id: str
    name: str
    day: str = "sum"
    unit: str = ""
    where: Place = field(default=MEMORY, compare=False)


@dataclass(frozen=True, slots=True)
class MetricNodeRule:
    """Which node a metric's label set belongs to. First match wins."""

    when: Condition
    node: str
    where: Place = field(default=MEMORY, compare=False)
