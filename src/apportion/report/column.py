"""What a column of a listing holds, which decides how people see it."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What the cells of a column are.

    A share is a number to be read, not to compute with; a rate is a price, never rounded.
    """

    TEXT = "text"
    DATE = "date"
    COUNT = "count"
    AMOUNT = "amount"
    SHARE = "share"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name for programs, its title for people, what it holds.

    What is ``summed`` has a total, to which its rows add up. A column without title is for programs
    alone.
    """

    name: str
    title: str
    kind: Kind = Kind.TEXT
    summed: bool = False
