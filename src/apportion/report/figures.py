"""Figures as people read them: rounded so that rows sum to their total (`A3`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from apportion.amounts import decimals_of, format_shown, round_shown

PERCENT_DECIMALS = 1
"""Decimals of percentages."""

_DIGITS = 80
"""More than any sum of the ledger's amounts has."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How amounts of one currency are shown; they come with at most ``scale`` decimals."""

    currency: str
    scale: int

    @property
    def decimals(self) -> int:
        """The decimals people expect, never more than there are."""
        return min(decimals_of(self.currency), self.scale)

    def rounded(self, amounts: Iterable[Decimal], total: int | None = None) -> list[int]:
        """Round amounts together, as counts of 10^-decimals.

        They sum to ``total``, a figure already shown, which must be their exact sum rounded up or
        down; without one, to their sum rounded to the nearest.
        """
        units = [to_units(amount, self.scale) for amount in amounts]
        return round_shown(units, self.scale, self.decimals, total)

    def text(self, shown: int) -> str:
        """A rounded figure with thousands separators, without its currency."""
        return format_shown(shown, self.decimals)

    def texts(self, amounts: Iterable[Decimal], total: int | None = None) -> list[str]:
        """Amounts rounded together, as texts."""
        return [self.text(shown) for shown in self.rounded(amounts, total)]


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of amounts to the last digit, however many digits there are.

    >>> exact_sum([Decimal(10**30), Decimal("0.000000000001")])
    Decimal('1000000000000000000000000000000.000000000001')
    """
    with localcontext(prec=_DIGITS):
        return sum(amounts, Decimal(0))


def without_separators(shown: str) -> str:
    """A figure as shown, without the separators that only people read.

    >>> without_separators("-1,234.50")
    '-1234.50'
    """
    return shown.replace(",", "")


def rate_text(rate: Decimal) -> str:
    """A price with all the decimals it has, and no more.

    >>> rate_text(Decimal("0.019700000")), rate_text(Decimal("10.000000000"))
    ('0.0197', '10')
    """
    text = format(rate, ",f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_units(amount: Decimal, scale: int) -> int:
    """An amount as a whole number of 10^-scale.

    >>> to_units(Decimal("-1.25"), 3)
    -1250

    Raises ``ValueError`` where the amount has more decimals.
    """
    exact = Fraction(amount) * 10**scale
    if exact.denominator != 1:
        raise ValueError(f"{amount} has more than {scale} decimals")
    units: int = exact.numerator
    return units


def percent_units(
    parts: Sequence[Decimal] | Sequence[Fraction], whole: Decimal | Fraction
) -> list[int] | None:
    """Parts in percent of a whole, rounded together, as counts of 10^-PERCENT_DECIMALS.

    None where the whole is not above 0, for a percentage of nothing or of a credit misleads.

    >>> percent_units([Decimal(1), Decimal(1), Decimal(1)], Decimal(3))
    [334, 333, 333]
    """
    if whole <= 0:
        return None
    factor = 100 * 10**PERCENT_DECIMALS / Fraction(whole)
    digits = 12
    units = [int(Fraction(part) * factor * 10**digits) for part in parts]
    return round_shown(units, digits, 0)


def percent_text(units: int) -> str:
    """A count of 10^-PERCENT_DECIMALS percent as text.

    >>> percent_text(334)
    '33.4 %'
    """
    return f"{format_shown(units, PERCENT_DECIMALS)} %"


def alone(percent: Decimal) -> str:
    """A percentage that stands alone. What is not quite all is never shown as all.

    >>> alone(Decimal("99.96")), alone(Decimal(100)), alone(Decimal("0.04"))
    ('99.9 %', '100.0 %', '0.0 %')
    """
    shown = round_shown([int(Fraction(percent) * 10**12)], 12, PERCENT_DECIMALS)[0]
    if shown == 100 * 10**PERCENT_DECIMALS and percent < 100:
        shown -= 1
    return percent_text(shown)
