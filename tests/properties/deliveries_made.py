"""Lines of bills and of plain costs made at random, and the files that say them.

Few bills, accounts, days and hours, so that deliveries meet often. Two issuers have an account of
one number. Every name and moment can be written in several ways that mean the same.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from delivered_lines import Line, Period
from hypothesis import strategies as st

MODEL: dict[str, Any] = {
    "nodes": [{"id": name, "type": "resource"} for name in ("database", "servers")],
    "mapping": [
        {
            "when": {"tag": "node", "exists": True},
            "node": "{tag.node}",
            "dimension": "{ServiceCategory}",
        }
    ],
}
ISSUERS: Mapping[str, Sequence[Mapping[str, str]]] = {
    "aws": (
        {"ProviderName": "AWS"},
        {"ProviderName": "Amazon Web Services, Inc.", "PublisherName": "Ubuntu"},
        {"ServiceProviderName": "AWS", "InvoiceIssuerName": "Amazon Web Services EMEA SARL"},
        {"InvoiceIssuerName": "amazon web services", "HostProviderName": "AWS"},
    ),
    "azure": (
        {"ProviderName": "Microsoft"},
        {"ServiceProviderName": "Microsoft Azure", "InvoiceIssuerName": "Microsoft Corp."},
    ),
}
ACCOUNTS: Mapping[str, Sequence[str]] = {
    "12345": ("0012345", "12345", "12345.0", "/providers/Billing/accounts/12345"),
    "77": ("77", "billing/077"),
}
OWNERS = ("aws/12345", "azure/12345", "aws/77")
SUB_ACCOUNTS: Mapping[str, Sequence[str]] = {
    "55": ("55", "055", "55.0"),
    "aa": ("aa", "AA", "/subscriptions/AA"),
    "": ("",),
}
MONTHS = (date(2024, 9, 1), date(2024, 10, 1))
SOURCES = ("erp", "vendor")


@dataclass(frozen=True)
class Spelling:
    """How a file writes what it says; numbers choose among the ways that there are."""

    issuer: int = 0
    account: int = 0
    sub_account: int = 0
    end: int = 0
    moment: int = 0
    note: str = ""
    shape: str = "csv"
    columns: int = 0


spellings = st.builds(
    Spelling,
    *(st.integers(0, 3) for _ in range(5)),
    note=st.sampled_from(["", "", "", "a note"]),
    shape=st.sampled_from(["csv", "csv", "bom", "crlf", "parquet"]),
    columns=st.integers(0, 2),
)
amounts = st.integers(-400, 2000).map(lambda units: Decimal(units).scaleb(-2)) | st.sampled_from(
    [Decimal(0), Decimal("0.000000001"), Decimal("-7.123456789"), Decimal("123456789.000000001")]
)
nodes = st.sampled_from(["database", "servers"])
dimensions = st.sampled_from(["Compute", "Storage"])
currencies = st.sampled_from(["USD", "USD", "USD", "EUR"])


@st.composite
def bill_lines(draw: st.DrawFn, period: Period | None = None) -> Line:
    """A line of a bill."""
    if period is None:
        period = Period(draw(st.sampled_from(OWNERS)), draw(st.sampled_from(MONTHS)))
    day = period.first + timedelta(days=draw(st.integers(0, 3)))
    hour = draw(st.sampled_from([0, 0, 6, 22]))
    begins = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001
    # A charge over a whole day begins with it, so that none is divided over two.
    hours = 1 if begins.hour else draw(st.sampled_from([1, 1, 24]))
    # Another bill has other resources, as it has in the world.
    resource = f"{period.owner}-{period.first:%m}-{draw(st.integers(0, 2))}"
    account = draw(st.sampled_from(list(SUB_ACCOUNTS)))
    return Line(
        period, account, begins, draw(nodes), draw(dimensions), draw(currencies), draw(amounts),
        resource, hours,
    )  # fmt: skip


@st.composite
def cost_lines(draw: st.DrawFn, period: Period | None = None) -> Line:
    """A line of plain costs."""
    if period is None:
        day = MONTHS[0] + timedelta(days=draw(st.integers(0, 3)))
        period = Period(draw(st.sampled_from(SOURCES)), day)
    begins = datetime(period.first.year, period.first.month, period.first.day)  # noqa: DTZ001
    return Line(period, "", begins, draw(nodes), draw(dimensions), draw(currencies), draw(amounts))


def spelt(lines: Sequence[Line], how: Spelling) -> list[Line]:
    """Lines as a file writes them, with all that is written to the letter."""
    return [
        line._replace(written=tuple(sorted(_texts(line, how).items()))) if line.resource else line
        for line in lines
    ]


def _texts(line: Line, how: Spelling) -> dict[str, str]:
    """What is written of a line in words, and where its bill ends."""
    issuer, account = line.period.owner.split("/")
    starts, ends = _billed(line.period.first, how.end)
    return {
        **_one(ISSUERS[issuer], how.issuer),
        "BillingAccountId": _one(ACCOUNTS[account], how.account),
        "SubAccountId": _one(SUB_ACCOUNTS[line.account], how.sub_account),
        "BillingPeriodStart": starts,
        "BillingPeriodEnd": ends,
        "x_note": how.note,
    }


def _one(ways: Sequence[Any], number: int) -> Any:
    return ways[number % len(ways)]


def _billed(first: date, how: int) -> tuple[str, str]:
    """A billing period, its end exclusive, inclusive to the day or second, or of another zone."""
    after = (first + timedelta(days=32)).replace(day=1)
    last = after - timedelta(days=1)
    here = (f"{first}T00:00:00Z", f"{after}T00:00:00Z")
    return (
        here,
        (here[0], f"{last}T00:00:00Z"),
        (here[0], f"{last}T23:59:59Z"),
        # Midnights in Berlin, told in UTC; the second month has 25 hours too many or few.
        (_berlin(first), _berlin(after)),
    )[how]


def _berlin(day: date) -> str:
    ahead = 2 if day < date(2024, 10, 27) else 1
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=ahead)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _moment(moment: datetime, how: int) -> str:
    """The same moment in several spellings."""
    aware = moment.replace(tzinfo=UTC)
    east = aware.astimezone(timezone(timedelta(hours=5, minutes=30)))
    return (
        f"{aware:%Y-%m-%dT%H:%M:%SZ}",
        f"{aware:%Y-%m-%d %H:%M:%S}",
        east.isoformat(),
        aware.isoformat(timespec="milliseconds"),
    )[how]


def bill_file(path: Path, lines: Sequence[Line], how: Spelling) -> Path:
    """Write a bill of spelt lines."""
    rows = [
        {
            **dict(line.written),
            "BillingCurrency": line.currency,
            "ChargePeriodStart": _moment(line.begins, how.moment),
            "ChargePeriodEnd": _moment(line.begins + timedelta(hours=line.hours), how.moment),
            "EffectiveCost": f"{line.amount:f}",
            "BilledCost": f"{line.amount:f}",
            "ResourceId": line.resource,
            "ServiceCategory": line.dimension,
            "Tags": f'{{"node": "{line.node}"}}',
        }
        for line in lines
    ]
    return _written(path, rows, how)


def cost_file(path: Path, lines: Sequence[Line], how: Spelling) -> Path:
    """Write plain costs."""
    rows = [
        {
            "node": line.node,
            "date": f"{line.begins:%Y-%m-%d}",
            "dimension": line.dimension,
            "amount": f"{line.amount:f}",
            "currency": line.currency,
            "source": line.period.owner,
        }
        for line in lines
    ]
    return _written(path, rows, how)


def _written(path: Path, rows: Sequence[Mapping[str, str]], how: Spelling) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    names = (names, names[::-1], sorted(names))[how.columns]
    if how.shape == "parquet":
        columns = {name: [row.get(name) or None for row in rows] for name in names}
        path = path.with_suffix(".parquet")
        pq.write_table(pa.table({k: pa.array(v, pa.string()) for k, v in columns.items()}), path)
        return path
    encoding = "utf-8-sig" if how.shape == "bom" else "utf-8"
    ends = "\r\n" if how.shape == "crlf" else "\n"
    with path.with_suffix(".csv").open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator=ends)
        writer.writeheader()
        writer.writerows(rows)
    return path.with_suffix(".csv")
