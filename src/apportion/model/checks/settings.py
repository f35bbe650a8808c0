"""Settings must be ones that the program can act on.

They decide how every figure is kept and shown, so a misspelt one must not fall back to a default
in silence.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apportion.amounts.currencies import CODES
from apportion.findings import MEMORY, Finding
from apportion.model.declared import Declared
from apportion.model.spelling import did_you_mean, one_of
from apportion.model.types import Settings
from apportion.model.values import show

NAME = "settings"

SMALLEST_SCALE, LARGEST_SCALE = 2, 9
RESIDUALS = ("allocated", "unallocated")
ENGINES = ("local",)
COST_COLUMNS = ("effective", "billed", "contracted", "list")
# 29 February begins no year that comes every year.
_ANY_YEAR = 2001


def check(model: Declared) -> Iterable[Finding]:
    """Look at each setting that has rules."""
    settings = model.settings
    if settings.currency and settings.currency not in CODES:
        yield unknown_currency(settings, settings.currency)
    if not SMALLEST_SCALE <= settings.scale <= LARGEST_SCALE:
        expected = f"expected {SMALLEST_SCALE} to {LARGEST_SCALE} decimals"
        nearest = SMALLEST_SCALE if settings.scale < SMALLEST_SCALE else LARGEST_SCALE
        yield _bad(settings, "scale", settings.scale, expected, f"Write scale: {nearest}.")
    if not _is_day_of_year(settings.financial_year_start):
        given = settings.financial_year_start
        expected = "expected month and day of every year"
        yield _bad(settings, "financial_year_start", given, expected, 'Write "04-01".')
    if not _is_time_zone(settings.time_zone):
        expected = "there is no such time zone"
        remedy = "Write a name such as UTC or Europe/London."
        yield _bad(settings, "time_zone", settings.time_zone, expected, remedy)
    for key, value, choices in (
        ("residual", settings.residual, RESIDUALS),
        ("cost_column", settings.cost_column, COST_COLUMNS),
        ("engine", settings.engine, ENGINES),
    ):
        if value not in choices:
            expected = f"expected {one_of(choices)}"
            remedy = did_you_mean(value, choices) or f"Write {key}: {choices[0]}."
            yield _bad(settings, key, value, expected, remedy)
    yield from _in_both_lists(settings)


def unknown_currency(settings: Settings, currency: str) -> Finding:
    """Say that the workspace's currency is none."""
    upper = currency.upper()
    return Finding(
        "unknown_currency",
        f"The setting 'currency' is {show(currency)}, which is not a code of ISO 4217.",
        settings.places.get("currency", MEMORY),
        f"Write {upper}." if upper in CODES else "Write a code such as USD or EUR.",
        details={"currency": currency},
    )


def _in_both_lists(settings: Settings) -> Iterator[Finding]:
    for counted, ignored in (
        ("counted_statuses", "ignored_statuses"),
        ("counted_key_types", "ignored_key_types"),
    ):
        # Who counts a word that is left out by default need not list what is left out anew.
        if not {counted, ignored} <= settings.places.keys():
            continue
        for word in getattr(settings, counted):
            if word in getattr(settings, ignored):
                expected = f"it is in {counted!r} too"
                yield _bad(settings, ignored, word, expected, "Keep it in one of the two.")


def _bad(settings: Settings, key: str, value: object, expected: str, remedy: str) -> Finding:
    message = f"The setting {key!r} is {show(value)}; {expected}."
    return Finding("invalid_value", message, settings.places.get(key, MEMORY), remedy)


def _is_day_of_year(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        date(_ANY_YEAR, int(text[:2]), int(text[3:]))
    except ValueError:
        return False
    return True


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
