"""The settings of a workspace: whatever ``apportion.yaml`` says beside the lists."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from apportion.findings import Finding
from apportion.model.fields import Fields, Shape
from apportion.model.kinds.allowances import as_units
from apportion.model.kinds.answers import build_aliases, build_answers
from apportion.model.types import Settings
from apportion.model.values import as_name, as_text, as_whole

MEANINGS = MappingProxyType(
    {
        "name": "The name of the company, for people.",
        "currency": "What all costs are converted to; absent, the only currency of the costs.",
        "scale": "Decimals kept, 2 to 9; sums are exact to that digit (`A1`).",
        "financial_year_start": "Month and day on which a financial year begins.",
        "time_zone": "In which a moment of monitoring belongs to a day.",
        "cost_column": "Which cost of a bill counts: `effective`, `billed`, `contracted`, `list`.",
        "null_words": "Words of a file that say as much as an empty cell, in any capitals.",
        "deliveries": "A list of `issuer` or `source`, each with `mode`: `replace` or `append`.",
        "issuer_aliases": "Other names of an issuer: `{AWS: [Amazon Web Services EMEA]}`.",
        "residual": "What a product keeps while it gives to others: `allocated`, `unallocated`.",
        "engine": "Where days are computed; there is `local`, on this machine.",
        "model_folder": "The folder of the lists, a plain name inside the workspace.",
        "high_volume_threshold": "Units of a channel in a year above which the next is not free.",
        "counted_statuses": "Statuses of raw events that are counted.",
        "ignored_statuses": "Statuses that are known and left out.",
        "counted_key_types": "Key types of raw events that are counted.",
        "ignored_key_types": "Key types that are known and left out.",
    }
)
LISTS = (
    "null_words",
    "counted_statuses",
    "ignored_statuses",
    "counted_key_types",
    "ignored_key_types",
)
"""Those that are words in their order; a list may be empty, and one word may stand alone."""

KEYS = frozenset(MEANINGS)
SHAPE = Shape(
    keys=KEYS,
    meanings=MEANINGS,
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
        value = _read(fields, key)
        if value is not None and len(findings) == before:
            given[key] = value
    places = {key: fields.place(key) for key in given}
    return Settings(**given, places=MappingProxyType(places))


def _read(fields: Fields, key: str) -> Any:
    if key in LISTS:
        return _listed(fields, key)
    if key == "deliveries":
        return build_answers(fields.records(key), fields.findings)
    if key == "issuer_aliases":
        return build_aliases(fields, key)
    return fields.read(key, _reader(key), None)


def _reader(key: str) -> Any:
    special = {"name": as_text, "scale": as_whole, "high_volume_threshold": as_units}
    return special.get(key, as_name)


def _listed(fields: Fields, key: str) -> tuple[str, ...] | None:
    """Words in their order; an empty list is one too."""
    if fields.raw.get(key) == []:
        return ()
    return tuple(dict.fromkeys(word for word, _ in fields.identifiers(key)))
