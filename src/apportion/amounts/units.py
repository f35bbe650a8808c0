"""Text to integer units and back (`A1`)."""

import re

MAXIMUM_UNITS = 2**63 - 1
"""The largest amount, in units. The smallest is its negative, so that every amount has a mirror."""

_DECIMAL = re.compile(r"([+-]?)(\d{1,40})(?:\.(\d{0,40}))?|([+-]?)\.(\d{1,40})", re.ASCII)


def parse_units(text: str, scale: int) -> int:
    """Read a plain decimal as units of 10^-scale.

    No exponent, no separator, no blank, and no digit that the scale cannot keep: an amount is
    either exact or refused.

    >>> parse_units("-12.5", 9)
    -12500000000

    Raises ``ValueError`` with the reason, ``OverflowError`` beyond 64 bits.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:60]!r} is not a plain decimal such as -1234.56")
    sign = match[1] or match[4] or "+"
    whole = match[2] or "0"
    digits = (match[3] or match[5] or "").rstrip("0")
    if len(digits) > scale:
        raise ValueError(f"{text[:60]!r} has more than {scale} decimals")
    units = int(whole + digits.ljust(scale, "0"))
    if units > MAXIMUM_UNITS:
        raise OverflowError(f"{text[:60]!r} does not fit in 64 bits at {scale} decimals")
    return -units if sign == "-" else units


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
