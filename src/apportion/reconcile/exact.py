"""Sums of decimals that are exact or fail, whatever the caller's decimal context is."""

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow

_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])


def zero(scale: int) -> Decimal:
    """Nothing, with all the digits of an amount."""
    return Decimal((0, (0,), -scale))


def total(amounts: Iterable[Decimal], scale: int) -> Decimal:
    """The sum of amounts with ``scale`` decimals.

    >>> total([Decimal("0.10"), Decimal("0.20")], 2)
    Decimal('0.30')
    """
    result = zero(scale)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return result


def minus(first: Decimal, *others: Decimal) -> Decimal:
    """The first amount less the others.

    >>> minus(Decimal("1.00"), Decimal("0.30"), Decimal("0.30"))
    Decimal('0.40')
    """
    for other in others:
        first = _EXACT.subtract(first, other)
    return first
