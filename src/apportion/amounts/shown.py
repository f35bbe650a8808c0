"""Figures rounded for people, whose rows still sum to their total (`A3`)."""

from collections.abc import Sequence

from apportion.amounts.split import round_half_away


def round_shown(
    units: Sequence[int], scale: int, decimals: int = 2, total: int | None = None
) -> list[int]:
    """Round rows to ``decimals`` by largest remainder, so that they sum to their rounded total.

    Every row is rounded down; the steps still missing go to the rows that lost most, the earlier
    row first where two lost the same. Returns counts of 10^-decimals. A ``total`` is a figure that
    is shown already, the exact sum rounded up or down. Raises ``ValueError`` for any other.

    >>> round_shown([333, 333, 334], scale=3, decimals=2)
    [33, 33, 34]
    """
    if decimals >= scale and total is None:
        return [value * 10 ** (decimals - scale) for value in units]
    step = 10 ** (scale - decimals)
    floors = [value // step for value in units]
    whole = round_half_away(sum(units), step) if total is None else total
    missing = whole - sum(floors)
    if not 0 <= missing <= len(units):
        raise ValueError("the rows cannot sum to the total by rounding")
    lost = sorted(range(len(units)), key=lambda row: (floors[row] * step - units[row], row))
    for row in lost[:missing]:
        floors[row] += 1
    return floors


def format_shown(value: int, decimals: int) -> str:
    """Print a rounded figure with thousands separators.

    >>> format_shown(-123456789, 2)
    '-1,234,567.89'
    """
    whole, part = divmod(abs(value), 10**decimals)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole:,}" + (f".{part:0{decimals}d}" if decimals else "")


def format_exact(units: int, scale: int) -> str:
    """Print an amount with thousands separators and every digit it has, but no idle zeros.

    >>> format_exact(13442420000000, 9), format_exact(-1000, 0)
    ('13,442.42', '-1,000')
    """
    whole, part = divmod(abs(units), 10**scale)
    digits = f"{part:0{scale}d}".rstrip("0") if scale else ""
    return f"{'-' if units < 0 else ''}{whole:,}" + (f".{digits}" if digits else "")
