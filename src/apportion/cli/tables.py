"""Tables and bars as a terminal shows them: numbers to the right, names never cut."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rich.box import ASCII, SIMPLE, Box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from apportion.cli.names import shown_name

_EIGHTHS = " ▏▎▍▌▋▊▉█"
BAR_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Head:
    """A column's title.

    A ``number`` is set to the right; it is never folded, nor is a ``whole`` column of ids or dates.
    """

    title: str
    number: bool = False
    whole: bool = False


def table(
    heads: Sequence[Head],
    rows: Iterable[Sequence[str]],
    total: Sequence[str] | None = None,
) -> Table:
    """A table of texts with a line of totals under it, if there is one."""
    body = [[shown_name(cell) for cell in row] for row in rows]
    drawn = Table(
        box=_box(),
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
        show_footer=total is not None,
        header_style="bold",
        footer_style="bold",
    )
    for place, head in enumerate(heads):
        foot = total[place] if total is not None else ""
        widest = max((cell_len(row[place]) for row in body), default=0)
        firm = head.number or head.whole
        drawn.add_column(
            head.title,
            footer=Text(foot),
            justify="right" if head.number else "left",
            no_wrap=firm,
            overflow="fold",
            min_width=max(widest, cell_len(foot), cell_len(head.title)) if firm else None,
        )
    for row in body:
        drawn.add_row(*map(Text, row))
    return drawn


def _box() -> Box:
    return SIMPLE if draws_blocks() else ASCII


def draws_blocks() -> bool:
    """Whether stdout's encoding has the characters that bars are made of."""
    try:
        _EIGHTHS.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def bar(part: Fraction, width: int = BAR_WIDTH) -> str:
    """A bar of a length from 0 to ``width``; what is not above 0 has none.

    >>> bar(Fraction(1, 2), 4)
    '██'
    """
    eighths = int(min(max(part, Fraction(0)), Fraction(1)) * width * 8)
    if not draws_blocks():
        return "#" * (eighths // 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")
