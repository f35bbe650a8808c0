"""Integer units to text (`A1`)."""

MAXIMUM_UNITS = 2**63 - 1
"""The largest amount, in units. The smallest is its negative, so that every amount has a mirror."""

RATE_DECIMALS = 12
"""The most decimals that a rate may have; costs are exact with as many."""


def decimal_text(units: int, scale: int) -> str:
    """Print units as a decimal with all ``scale`` digits.

    >>> decimal_text(-12500000000, 9)
    '-12.500000000'
    """
    digits = str(abs(units)).rjust(scale + 1, "0")
    sign = "-" if units < 0 else ""
    if scale == 0:
        return sign + digits
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"
