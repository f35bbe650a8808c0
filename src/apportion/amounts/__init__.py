"""Exact amounts of money.

Inside, an amount is an integer count of 10^-scale of a currency unit that fits in 64 bits
(`A1`). Decimals enter and leave as text or as Arrow decimals, never through a float.

- ``units``: units to text, Arrow decimals to units and back.
- ``split``: an amount divided so that nothing is lost (`A2`), for a few figures at a time.
- ``currencies``: the codes of ISO 4217 and the decimals of their coins.
- ``shown``: figures rounded for people, whose rows still sum to their total (`A3`).
"""

from apportion.amounts.currencies import decimals_of
from apportion.amounts.shown import format_exact, format_shown, round_shown
from apportion.amounts.split import split
from apportion.amounts.units import (
    MAXIMUM_UNITS,
    arrow_to_units,
    decimal_text,
    units_to_arrow,
)

__all__ = [
    "MAXIMUM_UNITS",
    "arrow_to_units",
    "decimal_text",
    "decimals_of",
    "format_exact",
    "format_shown",
    "round_shown",
    "split",
    "units_to_arrow",
]
