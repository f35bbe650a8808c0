"""Whose bill a line stands on, whatever the spelling of its file (`D3`).

A bill is known by its issuer, its billing account and its billing period. The columns that name
an issuer differ between versions of the specification and between services of one bill; they are
alternatives. Lines of one account that have a name in common are one bill.
"""

import calendar
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

ISSUER_COLUMNS = ("ProviderName", "ServiceProviderName", "HostProviderName", "InvoiceIssuerName")
"""The columns that name the issuer of a bill. Where all are blank ``PublisherName`` does."""

UNKNOWN = "unknown"

_ALIASES = (
    ("aws", "amazon", "amazon web services", "amazon web services emea", "aws emea"),
    ("microsoft", "azure", "microsoft azure", "microsoft ireland operations"),
    ("google", "google cloud", "gcp", "google cloud platform", "google cloud emea"),
    ("oracle", "oci", "oracle cloud", "oracle cloud infrastructure"),
    ("alibaba", "alibaba cloud", "aliyun"),
    ("ibm", "ibm cloud"),
)
_KNOWN_AS = {name: names[0] for names in _ALIASES for name in names}
_LEGAL_FORMS = (
    *("ab", "ag", "bv", "co", "company", "corp", "corporation", "gk", "gmbh", "inc"),
    *("incorporated", "kg", "kk", "limited", "llc", "llp", "ltd", "nv", "plc", "private", "pte"),
    *("pty", "pvt", "sa", "sarl", "sas", "se", "spa", "srl"),
)


_NO_ALIASES: Mapping[str, str] = MappingProxyType({})


def issuer_key(name: str, aliases: Mapping[str, str] = _NO_ALIASES) -> str:
    """A name of an issuer without what does not tell issuers apart.

    ``aliases`` are those of ``known_aliases``.

    >>> issuer_key("Amazon Web Services, Inc."), issuer_key("AWS"), issuer_key("Fernway Ltd")
    ('aws', 'aws', 'fernway')
    """
    plain = _plain(name)
    return aliases.get(plain) or _KNOWN_AS.get(plain, plain)


def known_aliases(others: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """The key of the issuer for each of the other names that a workspace gives it.

    >>> issuer_key("FW Trading Ltd", known_aliases({"Fernway": ["FW Trading"]}))
    'fernway'
    """
    return {_plain(other): issuer_key(name) for name, each in others.items() for other in each}


def _plain(name: str) -> str:
    # Letters are composed, so that an accent is part of its letter and no sign between words.
    plain = unicodedata.normalize("NFKC", name).casefold()
    words = re.sub(r"[\W_]+", " ", plain.replace(".", "")).split()
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return " ".join(words) or plain.strip()


def account_key(account: str | None) -> str:
    """An account by what identifies it; empty where there is none.

    >>> account_key("/providers/Billing/accounts/0123"), account_key("123.0"), account_key("AB-1")
    ('123', '123', 'ab-1')
    """
    last = (account or "").strip().rstrip("/").rsplit("/", 1)[-1].casefold()
    last = last.removeprefix("=").strip("\"'")
    if re.fullmatch(r"[0-9]+(\.0+)?", last):
        return last.split(".")[0].lstrip("0") or "0"
    if re.fullmatch(r"[0-9]{1,4}(-[0-9]{4}){2}", last):
        return last.replace("-", "").lstrip("0") or "0"
    return last


def billing_period(start: datetime, end: datetime | None) -> tuple[date, date]:
    """The first and last day of a billing period, both inclusive.

    Its moments are those of some time zone's midnights, told in UTC. An end that is the last day
    itself and not the day after is known by the whole months that it makes.

    >>> billing_period(datetime(2024, 9, 1), datetime(2024, 10, 1))
    (datetime.date(2024, 9, 1), datetime.date(2024, 9, 30))
    >>> billing_period(datetime(2024, 9, 1), datetime(2024, 9, 30))
    (datetime.date(2024, 9, 1), datetime.date(2024, 9, 30))
    >>> billing_period(datetime(2024, 7, 31, 22), datetime(2024, 8, 31, 22))
    (datetime.date(2024, 8, 1), datetime.date(2024, 8, 31))
    """
    first = _nearest_day(start)
    if end is None:
        return first, _end_of_month(first)
    # An hour of change lies between the two midnights of a zone that has summer time.
    after = _nearest_day(end, _SECOND if end.second == _LAST_SECOND else timedelta())
    is_whole = _is_whole_months(first, after)
    if not is_whole and after < date.max and _is_whole_months(first, after + _DAY):
        return first, after
    return first, max(after - _DAY, first)


_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_LAST_SECOND = 59
_EASTERNMOST = timedelta(hours=13)
"""Midnight in New Zealand's summer is 13 hours before that of UTC, in Hawaii 10 after it."""


def _nearest_day(moment: datetime, later: timedelta = timedelta()) -> date:
    """The day of some zone's midnight; the last day of all where there is none after it."""
    try:
        return (moment + _EASTERNMOST + later).date()
    except OverflowError:
        return date.max


def _end_of_month(first: date) -> date:
    """The last day of the month that begins with a day."""
    year, month = divmod(first.year * 12 + first.month, 12)
    if year > MAXYEAR:
        return date.max
    length = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(first.day, length)) - _DAY


def _is_whole_months(first: date, after: date) -> bool:
    return first.day == after.day and first < after


@dataclass(frozen=True, slots=True)
class Bill:
    """One bill of a delivery: a number in it, whose it is, and its billing period.

    ``issuers`` are the names that it gives its issuer, in one spelling each; ``is_named`` says that
    somebody named the source, so that it is that one and no other.
    """

    number: int
    source: str
    issuers: tuple[str, ...]
    account: str
    first: date
    last: date
    is_named: bool

    @property
    def period(self) -> str:
        """First and last day as text."""
        return f"{self.first}/{self.last}"

    @property
    def issuer(self) -> str:
        """A plain word for the issuer, by which lines are found."""
        return re.sub(r"[^a-z0-9]+", "-", (self.issuers or (UNKNOWN,))[0]).strip("-") or UNKNOWN


def bills_of(
    combinations: Sequence[Mapping[str, Any]],
    source: str | None,
    aliases: Mapping[str, str] = _NO_ALIASES,
) -> list[Bill]:
    """The bill of each combination of what names one, in their order.

    A combination has the columns that name an issuer, ``PublisherName``, ``BillingAccountId``,
    ``billed_from`` and ``billed_to`` (moments or null), ``month`` (of the charge, where there is no
    billing period) and ``lines``. ``source`` is what somebody named, ``aliases`` further names of
    issuers. Equal bills have one number.
    """
    named = [_Owner(source or "", (), "")] * len(combinations)
    owners = named if source else _owners(combinations, aliases)
    periods = _periods(combinations, owners)
    numbers: dict[tuple[_Owner, date, date], int] = {}
    for owner, (first, last) in sorted(set(zip(owners, periods, strict=True)), key=repr):
        numbers[owner, first, last] = len(numbers)
    return [
        Bill(numbers[owner, *period], *_named(owner), *period, bool(source))
        for owner, period in zip(owners, periods, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Owner:
    source: str
    issuers: tuple[str, ...]
    account: str


def _named(owner: _Owner) -> tuple[str, tuple[str, ...], str]:
    return owner.source, owner.issuers, owner.account


def _owners(combinations: Sequence[Mapping[str, Any]], aliases: Mapping[str, str]) -> list[_Owner]:
    """Lines of one account that have a name of the issuer in common have one owner."""
    groups = _Groups()
    keys = []
    for each in combinations:
        account = account_key(each["BillingAccountId"])
        names = sorted({issuer_key(name, aliases) for name in issuer_names(each)}) or [UNKNOWN]
        groups.join([(account, name) for name in names])
        keys.append((account, names[0]))
    roots = [groups.root(key) for key in keys]
    spelt: dict[tuple[str, str], Counter[str]] = {}
    accounts: dict[tuple[str, str], str] = {}
    issuers: dict[tuple[str, str], set[str]] = {}
    for each, root in zip(combinations, roots, strict=True):
        names = issuer_names(each)
        spelt.setdefault(root, Counter()).update(dict.fromkeys(names, 0))
        for name in names:
            spelt[root][name] += each["lines"]
        issuers.setdefault(root, set()).update(issuer_key(name, aliases) for name in names)
        accounts.setdefault(root, (each["BillingAccountId"] or "").strip() or UNKNOWN)
    owners = {
        root: _Owner(
            f"{_most_common(spelt[root])}/{accounts[root]}",
            tuple(sorted(issuers[root])),
            root[0],
        )
        for root in spelt
    }
    return [owners[root] for root in roots]


def _most_common(names: Counter[str]) -> str:
    return min(names, key=lambda name: (-names[name], name), default=UNKNOWN)


def issuer_names(combination: Mapping[str, Any]) -> list[str]:
    """The names of the issuer that a line has, in the order of their columns."""
    names = [(combination.get(column) or "").strip() for column in ISSUER_COLUMNS]
    publisher = (combination.get("PublisherName") or "").strip()
    return [name for name in names if name] or ([publisher] if publisher else [])


class _Groups:
    """Things that belong together because each pair of a chain does."""

    def __init__(self) -> None:
        self._above: dict[tuple[str, str], tuple[str, str]] = {}

    def root(self, key: tuple[str, str]) -> tuple[str, str]:
        """What stands for the group of a thing."""
        while (above := self._above.setdefault(key, key)) != key:
            self._above[key] = key = self._above[above]
        return key

    def join(self, keys: Sequence[tuple[str, str]]) -> None:
        """Let things belong together; the least of them stands for all."""
        roots = sorted(self.root(key) for key in keys)
        for root in roots:
            self._above[root] = roots[0]


def _periods(
    combinations: Sequence[Mapping[str, Any]], owners: Sequence[_Owner]
) -> list[tuple[date, date]]:
    """Each combination's billing period; without one, the only one that its owner's lines have.

    Where these have several or none it is the month in which the charge begins.
    """
    told: list[tuple[date, date] | None] = [
        billing_period(each["billed_from"], each["billed_to"]) if each["billed_from"] else None
        for each in combinations
    ]
    known: dict[_Owner, set[tuple[date, date]]] = {}
    for owner, period in zip(owners, told, strict=True):
        if period:
            known.setdefault(owner, set()).add(period)
    return [
        period
        or (next(iter(known[owner])) if len(known.get(owner, ())) == 1 else _month(each["month"]))
        for each, owner, period in zip(combinations, owners, told, strict=True)
    ]


def _month(first: date) -> tuple[date, date]:
    return first, _end_of_month(first)


def as_list(names: Iterable[str]) -> str:
    """Names as a JSON list, sorted."""
    return json.dumps(sorted(names), ensure_ascii=False)
