"""Accounts, channels and organisations are named by id, and an id stands for one thing (`B1`)."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from apportion.findings import Finding, Place
from apportion.model.declared import Declared

NAME = "duplicate-billing"


class _Named(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def where(self) -> Place: ...


def check(model: Declared) -> Iterable[Finding]:
    """Find ids of usage billing that are given twice."""
    kinds: tuple[tuple[str, Sequence[_Named]], ...] = (
        ("organisation type", model.organisation_types),
        ("organisation", model.organisations),
        ("account", model.accounts),
        ("channel", model.channels),
    )
    for what, records in kinds:
        first = {record.id: record for record in reversed(records)}
        for record in records:
            known = first[record.id]
            if known is not record:
                yield Finding(
                    "duplicate_key",
                    f"The {what} {record.id} is declared twice; it stands first at {known.where}.",
                    record.where,
                    "Keep one of the two, or give one another id.",
                    details={"id": record.id, "first": known.where},
                )
    yield from _former_ids(model)


def _former_ids(model: Declared) -> Iterable[Finding]:
    """Find former ids that another account has, or had (`B21`)."""
    claimed = dict(model.account_index)
    for account in model.accounts:
        for name in account.former_ids:
            known = claimed.setdefault(name, account)
            if known is not account or name == account.id:
                yield Finding(
                    "duplicate_key",
                    f"The account {account.id} names {name!r} as a former id, which the account "
                    f"{known.id} claims at {known.where}.",
                    account.where,
                    "Leave the id to one of the two.",
                    details={"id": name, "first": known.where},
                )
