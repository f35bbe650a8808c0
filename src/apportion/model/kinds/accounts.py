"""Accounts, and the organisations that they belong to (`B1`)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from apportion.findings import Finding
from apportion.model.billing import Account, Organisation, OrganisationType
from apportion.model.fields import Fields, Shape
from apportion.model.values import is_name, show

_TEXTS = ("contact_names", "contact_emails", "reference", "purchase_order")

MEANINGS = MappingProxyType(
    {
        "id": "What usage names the account by.",
        "name": "Its name, for people.",
        "organisation": "The organisation it belongs to.",
        "organisation_type": "Decides its default allowance; absent, that of the organisation.",
        "product": "The node whose cost stands against its charges (`B19`).",
        "contact_names": "Printed on statements.",
        "contact_emails": "Printed on statements.",
        "reference": "Printed on statements.",
        "purchase_order": "Printed on statements.",
        "active_to": "Its last day; usage after it is charged and warned of.",
        "former_ids": "Ids that it had before, one or a list. Usage that names one is its own.",
    }
)
ORGANISATION_MEANINGS = MappingProxyType(
    {
        "id": "What accounts name it by.",
        "name": "Its name, for people.",
        "type": "Its organisation type, for accounts that name none.",
    }
)
TYPE_MEANINGS = MappingProxyType(
    {"id": "What accounts and default allowances name it by.", "name": "Its name, for people."}
)


def _subject(raw: Mapping[str, Any]) -> str:
    return f"account {raw['id']}" if is_name(raw.get("id")) else "the account"


SHAPE = Shape(
    keys=frozenset(MEANINGS),
    meanings=MEANINGS,
    required=MappingProxyType({"id": "svc-1"}),
    synonyms=MappingProxyType(
        {
            "service": "id",
            "organization": "organisation",
            "organization_type": "organisation_type",
            "type": "organisation_type",
            "node": "product",
            "contact": "contact_names",
            "email": "contact_emails",
        }
    ),
    subject=_subject,
)

ORGANISATION_SHAPE = Shape(
    keys=frozenset(ORGANISATION_MEANINGS),
    meanings=ORGANISATION_MEANINGS,
    required=MappingProxyType({"id": "home-office"}),
    synonyms=MappingProxyType({"organisation": "id", "organisation_type": "type", "kind": "type"}),
    subject=lambda raw: f"organisation {show(raw.get('id'))}",
)

TYPE_SHAPE = Shape(
    keys=frozenset(TYPE_MEANINGS),
    meanings=TYPE_MEANINGS,
    required=MappingProxyType({"id": "central"}),
    synonyms=MappingProxyType({"type": "id", "organisation_type": "id"}),
    subject=lambda raw: f"organisation type {show(raw.get('id'))}",
)


def build_accounts(
    raws: Sequence[Mapping[str, Any]], findings: list[Finding]
) -> tuple[Account, ...]:
    """Read the accounts, in order of their ids."""
    accounts = (_account(Fields(raw, SHAPE, findings)) for raw in raws)
    return tuple(sorted((each for each in accounts if each), key=lambda it: (it.id, it.where)))


def _account(fields: Fields) -> Account | None:
    account = Account(
        id=fields.identifier("id"),
        name=fields.text("name"),
        organisation=fields.identifier("organisation"),
        organisation_type=fields.identifier("organisation_type"),
        product=fields.identifier("product"),
        active_to=fields.day("active_to"),
        former_ids=tuple(sorted({name for name, _ in fields.identifiers("former_ids")})),
        where=fields.place(),
        **{key: fields.text(key) for key in _TEXTS},
    )
    return None if fields.broken else account


def build_organisations(
    raws: Sequence[Mapping[str, Any]], findings: list[Finding]
) -> tuple[Organisation, ...]:
    """Read the organisations, in order of their ids."""
    found = []
    for raw in raws:
        fields = Fields(raw, ORGANISATION_SHAPE, findings)
        organisation = Organisation(
            id=fields.identifier("id"),
            name=fields.text("name"),
            type=fields.identifier("type"),
            where=fields.place(),
        )
        if not fields.broken:
            found.append(organisation)
    return tuple(sorted(found, key=lambda it: (it.id, it.where)))


def build_organisation_types(
    raws: Sequence[Mapping[str, Any]], findings: list[Finding]
) -> tuple[OrganisationType, ...]:
    """Read the organisation types, in order of their ids."""
    found = []
    for raw in raws:
        fields = Fields(raw, TYPE_SHAPE, findings)
        kind = OrganisationType(
            id=fields.identifier("id"), name=fields.text("name"), where=fields.place()
        )
        if not fields.broken:
            found.append(kind)
    return tuple(sorted(found, key=lambda it: (it.id, it.where)))
