"""Amounts as an example states them: rounded where it says so, without idle zeros."""

from decimal import ROUND_HALF_UP, Context, Decimal

_DIGITS = Context(prec=80)


def rounded(amount: Decimal, decimals: int | None) -> Decimal:
    """An amount at so many decimals, a tie away from zero; as it is where none are given.

    >>> rounded(Decimal("-0.125"), 2)
    Decimal('-0.13')
    """
    if decimals is None:
        return amount
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _DIGITS)


def amount_text(amount: Decimal) -> str:
    """An amount without the zeros that say nothing.

    >>> amount_text(Decimal("100.500"))
    '100.5'
    """
    return format(amount.normalize(_DIGITS), "f") if amount else "0"


def off_by(found: Decimal, wanted: Decimal) -> str:
    """How far an amount is off, in brackets: small differences are hard to see.

    >>> off_by(Decimal("1.5"), Decimal(2))
    ' (0.5 too little)'
    """
    off = found - wanted
    return f" ({amount_text(abs(off))} too {'much' if off > 0 else 'little'})"
