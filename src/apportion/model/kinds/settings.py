"""The settings of a workspace: whatever ``apportion.yaml`` says beside the lists."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from apportion.findings import Finding
from apportion.model.fields import Fields, Shape
from apportion.model.kinds.allowances import as_units
from apportion.model.types import Settings
from apportion.model.values import as_name, as_text, as_whole

_TEXTS = ("name", "currency", "financial_year_start", "time_zone", "residual", "cost_column")
_LISTS = ("counted_statuses", "ignored_statuses", "counted_key_types", "ignored_key_types")
KEYS = frozenset({*_TEXTS, *_LISTS, "scale", "engine", "high_volume_threshold"})
SHAPE = Shape(
    keys=KEYS,
    synonyms=MappingProxyType(
        {"decimals": "scale", "timezone": "time_zone", "year_start": "financial_year_start"}
    ),
    subject=lambda _: "the settings",
)


def build_settings(raw: Mapping[str, Any], findings: list[Finding]) -> Settings:
    """Read the settings; what is absent or cannot be read keeps its default."""
    fields = Fields(raw, SHAPE, findings)
    given: dict[str, Any] = {}
    for key in sorted(raw.keys() & KEYS):
        before = len(findings)
        value = _listed(fields, key) if key in _LISTS else fields.read(key, _reader(key), None)
        if value is not None and len(findings) == before:
            given[key] = value
    places = {key: fields.place(key) for key in given}
    return Settings(**given, places=MappingProxyType(places))


def _reader(key: str) -> Any:
    special = {"name": as_text, "scale": as_whole, "high_volume_threshold": as_units}
    return special.get(key, as_name)


def _listed(fields: Fields, key: str) -> tuple[str, ...] | None:
    """Words in their order; an empty list is one too."""
    if fields.raw.get(key) == []:
        return ()
    return tuple(dict.fromkeys(word for word, _ in fields.identifiers(key)))
