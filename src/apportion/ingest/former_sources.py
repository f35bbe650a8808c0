"""Whose bill a source of an older ledger is, by the name that was made for it (`D12`)."""

from datetime import date, datetime, time, timedelta

from apportion.ingest.identity import (
    UNKNOWN,
    Bill,
    account_key,
    as_list,
    billing_period,
    issuer_key,
)
from apportion.ledger.upgrade import Owner


def owner_of(source: str, period: str) -> Owner:
    """Issuer, account and period of a source such as ``AWS/1234`` and days such as ``first/last``.

    >>> owner_of("Amazon Web Services, Inc./0123", "2024-09-01/2024-09-30").account
    '123'
    """
    if not period:
        return Owner("[]", "", "", "costs", "")
    name, _, account = source.partition("/")
    first, last = (date.fromisoformat(part) for part in period.split("/"))
    after = last + timedelta(days=1)
    days = billing_period(datetime.combine(first, time()), datetime.combine(after, time()))
    issuers = () if name == UNKNOWN else (issuer_key(name),)
    key = account_key(account) if account != UNKNOWN else ""
    bill = Bill(0, source, issuers, key, *days, is_named=False)
    return Owner(as_list(issuers), bill.account, bill.period, bill.issuer, f"{bill.first:%Y-%m}")
