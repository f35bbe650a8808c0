"""What usage billing names must be declared; a misspelt id would leave units without a price.

Organisations and their types need no declaration, but where some are declared, all must be (`B1`,
`B5`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from apportion.findings import Finding, Place, Severity
from apportion.model.billing import OTHER
from apportion.model.declared import Declared
from apportion.model.spelling import did_you_mean

NAME = "unknown-billing"

# Looking for a similar name among all accounts is slow, and nobody reads the hundredth suggestion.
_SUGGESTIONS = 20


@dataclass(frozen=True, slots=True)
class _Named:
    """A name that a record gives, and who gives it."""

    name: str
    owner: Callable[[], str]
    where: Place


def check(model: Declared) -> Iterable[Finding]:
    """Find names of channels, accounts, organisations, types and products that nothing has."""
    kinds = {each.id for each in model.organisation_types}
    for code, what, many, known, named in (
        ("unknown_channel", "channel", "channels", set(model.channel_index), _channels(model)),
        ("unknown_account", "account", "accounts", set(model.account_index), _accounts(model)),
        (
            "unknown_organisation",
            "organisation",
            "organisations",
            set(model.organisation_index),
            _organisations(model) if model.organisations else iter(()),
        ),
        (
            "unknown_organisation_type",
            "organisation type",
            "organisation_types",
            kinds | {OTHER},
            _types(model) if kinds else iter(()),
        ),
    ):
        yield from _unknown(model, code, what, many, known, named)
    yield from _products(model)
    if not kinds:
        yield from _types_without_default(model)


def _unknown(
    model: Declared, code: str, what: str, many: str, known: set[str], named: Iterator[_Named]
) -> Iterator[Finding]:
    remedies: dict[str, str] = {}
    for each in named:
        if not each.name or each.name in known or (many, each.name) in model.doubtful_billing:
            continue
        if each.name not in remedies:
            guess = did_you_mean(each.name, known) if len(remedies) < _SUGGESTIONS else ""
            remedies[each.name] = guess or f"Declare it under {many}."
        yield Finding(
            code,
            f"{each.owner()} names the {what} {each.name!r}, which is not declared.",
            each.where,
            remedies[each.name],
            details={what.replace(" ", "_"): each.name},
        )


def _channels(model: Declared) -> Iterator[_Named]:
    for rate in model.rates:
        yield _Named(rate.channel, lambda: "A rate", rate.where)
    for default in model.default_allowances:
        yield _Named(default.channel, lambda: "A default allowance", default.where)
    for allowance in model.allowances:
        yield _Named(allowance.channel, lambda: "An allowance", allowance.where)


def _accounts(model: Declared) -> Iterator[_Named]:
    for allowance in model.allowances:
        yield _Named(allowance.account, lambda: "An allowance", allowance.where)


def _organisations(model: Declared) -> Iterator[_Named]:
    for account in model.accounts:
        yield _Named(
            account.organisation,
            lambda name=account.id: f"The account {name}",  # type: ignore[misc]
            account.where,
        )


def _types(model: Declared) -> Iterator[_Named]:
    for account in model.accounts:
        yield _Named(
            account.organisation_type,
            lambda name=account.id: f"The account {name}",  # type: ignore[misc]
            account.where,
        )
    for organisation in model.organisations:
        yield _Named(
            organisation.type,
            lambda name=organisation.id: f"The organisation {name}",  # type: ignore[misc]
            organisation.where,
        )
    for default in model.default_allowances:
        yield _Named(default.organisation_type, lambda: "A default allowance", default.where)


def _products(model: Declared) -> Iterator[Finding]:
    for account in model.accounts:
        name = account.product
        if not name or name in model.doubtful_nodes:
            continue
        if name not in model.index:
            yield Finding(
                "unknown_node",
                f"The account {account.id} names {name!r} as product, which is not a declared "
                "node.",
                account.where,
                did_you_mean(name, model.index) or "Declare it under nodes.",
                details={"node": name, "account": account.id},
            )
        elif model.node(name).is_infrastructure:
            yield Finding(
                "invalid_value",
                f"The account {account.id} names {name!r} as product, which is infrastructure.",
                account.where,
                "Name a product: infrastructure gives its cost on, so it has no margin.",
                details={"node": name, "account": account.id},
            )


def _types_without_default(model: Declared) -> Iterator[Finding]:
    """Without declared types, a misspelt one shows only where no default is meant for it."""
    known = {each.organisation_type for each in model.default_allowances}
    if not known:
        return
    seen: set[str] = set()
    for account in model.accounts:
        kind = model.type_of(account)
        if kind in known or kind in seen:
            continue
        seen.add(kind)
        guess = did_you_mean(kind, known)
        if guess or OTHER not in known:
            falls = f"that of {OTHER!r}" if OTHER in known else "nothing free"
            yield Finding(
                "unknown_organisation_type",
                f"No default allowance is for the organisation type {kind!r} of the account "
                f"{account.id}; it gets {falls}.",
                account.where,
                guess or f"Add one for {kind!r} or for {OTHER!r}.",
                Severity.WARNING,
                details={"organisation_type": kind, "account": account.id},
            )
