"""What people declare for usage billing: who is billed, for what, at which rate, after how much.

The words are those of the rules: an account is who is billed (`B1`), a channel is a meter (`B2`),
a rate is the price of one chargeable unit from a day on (`B4`), an allowance is what is free in a
financial year (`B5`).
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from apportion.findings import MEMORY, Place

OTHER = "other"
"""The organisation type whose default counts for types that have none of their own (`B5`)."""

LARGEST_COUNT = 10**12
"""The largest allowance, and the most units that one row of usage may have."""


@dataclass(frozen=True, slots=True)
class OrganisationType:
    """A kind of organisation. Where any is declared, no other is known but ``other``."""

    id: str
    name: str = ""
    where: Place = field(default=MEMORY, compare=False)


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who accounts belong to. Declared, it names itself and gives its accounts their type."""

    id: str
    name: str = ""
    type: str = ""
    where: Place = field(default=MEMORY, compare=False)


@dataclass(frozen=True, slots=True)
class Account:
    """Who is billed (`B1`).

    ``product`` is the id of the node whose cost stands against the account's charges (`B19`). The
    contact and reference fields are printed on statements as they are. ``active_to`` is its last
    day, and usage that names one of ``former_ids`` is its own (`B21`).
    """

    id: str
    name: str = ""
    organisation: str = ""
    organisation_type: str = ""
    product: str = ""
    contact_names: str = ""
    contact_emails: str = ""
    reference: str = ""
    purchase_order: str = ""
    active_to: date | None = None
    former_ids: tuple[str, ...] = ()
    where: Place = field(default=MEMORY, compare=False)


@dataclass(frozen=True, slots=True)
class Channel:
    """A meter (`B2`). What is not ``billed`` is counted and costs nothing.

    Its ``counted_statuses``, where it has some, stand in place of the workspace's (`B22`).
    """

    id: str
    unit: str = ""
    billed: bool = True
    counted_statuses: tuple[str, ...] = ()
    where: Place = field(default=MEMORY, compare=False)


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of one chargeable unit of a channel, until the next one begins (`B4`)."""

    channel: str
    valid_from: date
    rate: Decimal
    where: Place = field(default=MEMORY, compare=False)


@dataclass(frozen=True, slots=True)
class DefaultAllowance:
    """What is free in a year for accounts of a type, from a financial year on (`B5`)."""

    channel: str
    organisation_type: str
    valid_from_year: int
    units: int
    where: Place = field(default=MEMORY, compare=False)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is free for one account in one financial year (`B5`).

    ``custom`` says that it was agreed with the account, so that it carries over to the year after.
    """

    account: str
    channel: str
    year: int
    units: int
    custom: bool = False
    where: Place = field(default=MEMORY, compare=False)
