"""Usage billing in the model's canonical form."""

import hashlib
import json
from typing import Any

from apportion.model.declared import Declared
from apportion.model.plain import day_text, decimal_text, filled


def billing_to_dict(model: Declared) -> dict[str, list[dict[str, Any]]]:
    """The lists of usage billing as ``Model.from_dict`` reads them; empty ones are left out."""
    lists = {
        "organisation_types": [
            filled({"id": each.id, "name": each.name}) for each in model.organisation_types
        ],
        "organisations": [
            filled({"id": each.id, "name": each.name, "type": each.type})
            for each in model.organisations
        ],
        "accounts": [
            filled(
                {
                    "id": each.id,
                    "name": each.name,
                    "organisation": each.organisation,
                    "organisation_type": each.organisation_type,
                    "product": each.product,
                    "contact_names": each.contact_names,
                    "contact_emails": each.contact_emails,
                    "reference": each.reference,
                    "purchase_order": each.purchase_order,
                    "active_to": day_text(each.active_to),
                    "former_ids": list(each.former_ids),
                }
            )
            for each in model.accounts
        ],
        "channels": [
            {
                **filled({"id": each.id, "unit": each.unit}),
                "billed": each.billed,
                **filled({"counted_statuses": list(each.counted_statuses)}),
            }
            for each in model.channels
        ],
        "rates": [
            {
                "channel": each.channel,
                "valid_from": day_text(each.valid_from),
                "rate": decimal_text(each.rate),
            }
            for each in model.rates
        ],
        "default_allowances": [
            {
                "channel": each.channel,
                "organisation_type": each.organisation_type,
                "valid_from_year": each.valid_from_year,
                "units": each.units,
            }
            for each in model.default_allowances
        ],
        "allowances": [
            {
                "account": each.account,
                "channel": each.channel,
                "year": each.year,
                "units": each.units,
                **filled({"custom": each.custom}),
            }
            for each in model.allowances
        ],
    }
    return {name: records for name, records in lists.items() if records}


def billing_settings(model: Declared) -> dict[str, Any]:
    """The threshold, and those settings with lists that are not at their defaults."""
    settings, usual = model.settings, type(model.settings)()
    threshold = settings.high_volume_threshold
    listed = (
        "null_words",
        "counted_statuses",
        "ignored_statuses",
        "counted_key_types",
        "ignored_key_types",
    )
    answers = [
        filled({"issuer": each.issuer, "source": each.source, "mode": each.mode})
        for each in settings.deliveries
    ]
    aliases = {name: list(others) for name, others in settings.issuer_aliases.items()}
    return {
        **filled({"deliveries": answers, "issuer_aliases": aliases}),
        **({} if threshold is None else {"high_volume_threshold": threshold}),
        **{
            key: list(getattr(settings, key))
            for key in listed
            if getattr(settings, key) != getattr(usual, key)
        },
    }


def billing_digest(model: Declared) -> str:
    """SHA-256 of all that charges depend on, in hexadecimal: models alike in it charge alike."""
    priced = {
        **billing_to_dict(model),
        "threshold": model.settings.high_volume_threshold,
        "year": model.settings.financial_year_start,
        "currency": model.settings.currency,
    }
    text = json.dumps(priced, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
