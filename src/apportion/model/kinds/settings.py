"""The settings of a workspace: whatever ``apportion.yaml`` says beside the lists."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from apportion.findings import Finding
from apportion.model.fields import Fields, Shape
from apportion.model.types import Settings
from apportion.model.values import as_name, as_text, as_whole

_TEXTS = ("name", "currency", "financial_year_start", "time_zone", "residual", "cost_column")
KEYS = frozenset({*_TEXTS, "scale", "engine"})
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
        value = fields.read(key, as_whole if key == "scale" else _word(key), None)
        if value is not None and len(findings) == before:
            given[key] = value
    places = {key: fields.place(key) for key in given}
    return Settings(**given, places=MappingProxyType(places))


def _word(key: str) -> Any:
    return as_text if key == "name" else as_name
