"""The lists of usage billing: read from dictionaries and tables, and written canonically."""

from copy import deepcopy
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apportion.findings import ModelError
from apportion.model import Account, Model, load_model

WHOLE: dict[str, Any] = {
    "high_volume_threshold": 400_000,
    "ignored_key_types": ["test", "trial"],
    "nodes": [{"id": "passports", "type": "product"}],
    "organisation_types": [{"id": "central", "name": "Central government"}],
    "organisations": [{"id": "home-office", "name": "Home Office", "type": "central"}],
    "accounts": [
        {
            "id": "svc-1",
            "name": "Passport renewals",
            "organisation": "home-office",
            "product": "passports",
            "contact_emails": "pay@example.gov",
            "purchase_order": "PO 17",
        },
        {"id": "svc-2", "organisation_type": "other"},
    ],
    "channels": [{"id": "sms", "unit": "fragment"}, {"id": "email", "billed": False}],
    "rates": [
        {"channel": "sms", "valid_from": "2023-05-01", "rate": "0.019700000"},
        {"channel": "sms", "valid_from": date(2023, 4, 1), "rate": 0.016},
    ],
    "default_allowances": [
        {
            "channel": "sms",
            "organisation_type": "central",
            "valid_from_year": 2023,
            "units": 40000,
        },
        {"channel": "sms", "organisation_type": "other", "valid_from_year": "2023", "units": 0},
    ],
    "allowances": [
        {"account": "svc-1", "channel": "sms", "year": 2023, "units": 100000, "custom": True}
    ],
}


def test_lists_are_read_in_canonical_order():
    model = Model.from_dict(WHOLE)
    assert [each.id for each in model.channels] == ["email", "sms"]
    assert [channel.billed for channel in model.channels] == [False, True]
    assert [rate.rate for rate in model.rates] == [Decimal("0.016"), Decimal("0.0197")]
    assert model.settings.high_volume_threshold == 400_000
    assert model.settings.ignored_key_types == ("test", "trial")
    assert model.settings.counted_key_types == ("normal", "team")
    assert [finding.code for finding in model.warnings] == ["unpaid_product"]


def test_an_account_has_the_type_of_its_organisation_unless_it_has_its_own():
    model = Model.from_dict(WHOLE)
    assert [model.type_of(account) for account in model.accounts] == ["central", "other"]
    assert model.type_of(Account("new")) == "other"


def test_what_is_written_reads_back_as_the_same():
    model = Model.from_dict(WHOLE)
    again = Model.from_dict(model.to_dict())
    assert again == model
    assert again.digest == model.digest


@pytest.mark.parametrize("name", [key for key, value in WHOLE.items() if isinstance(value, list)])
def test_the_digest_sees_each_list(name):
    changed = deepcopy(WHOLE)
    del changed[name]
    # What names a removed record goes with it.
    for also in {
        "nodes": ("accounts", "allowances"),
        "accounts": ("allowances",),
        "channels": ("rates", "default_allowances", "allowances"),
        "rates": ("channels", "default_allowances", "allowances"),
    }.get(name, ()):
        del changed[also]
    assert Model.from_dict(changed).digest != Model.from_dict(WHOLE).digest


def test_a_model_without_billing_has_the_digest_it_always_had():
    assert set(Model.from_dict({"nodes": [{"id": "a", "type": "product"}]}).to_dict()) == {
        "settings",
        "nodes",
        "edges",
        "exchange_rates",
        "mapping",
        "metrics",
        "metric_nodes",
    }


def test_lists_may_be_tables(tmp_path: Path):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "apportion.yaml").write_text("high_volume_threshold: 5\n")
    (folder / "channels.csv").write_text("id,unit,billed\nsms,fragment,\nemail,,false\n")
    rates = pa.table(
        {
            "channel": ["sms"],
            "valid_from": [date(2023, 4, 1)],
            "rate": pa.array([Decimal("0.0197")], pa.decimal128(9, 4)),
        }
    )
    pq.write_table(rates, folder / "rates.parquet")
    (folder / "accounts_2023.csv").write_text("id,organisation_type\n001,central\n")
    (folder / "default_allowances.csv").write_text(
        "channel,organisation_type,valid_from_year,units\nsms,central,2023,40000\n"
    )
    (folder / "allowances.csv").write_text("account,channel,year,units,custom\n001,sms,2023,5,true")
    model = load_model(tmp_path)
    assert model.accounts[0].id == "001"
    assert model.rates[0].rate == Decimal("0.0197")
    assert [channel.billed for channel in model.channels] == [False, True]
    assert model.allowances[0].custom


def test_a_broken_record_is_not_missed_by_others():
    with pytest.raises(ModelError) as caught:
        Model.from_dict(
            {
                "accounts": [{"id": "svc-1", "colour": "red"}],
                "channels": [{"id": "sms"}],
                "rates": [{"channel": "sms", "valid_from": "never", "rate": 1}],
                "allowances": [{"account": "svc-1", "channel": "sms", "year": 2023, "units": 1}],
            }
        )
    assert [finding.code for finding in caught.value.findings] == ["unknown_key", "wrong_type"]
