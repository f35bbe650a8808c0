"""What is said once in the workspace of all deliveries of an issuer or a source (`D3`, `D4`)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from inputs import COMPANY, bill, costs, recorded

import apportion as ap

Make = Callable[..., ap.Workspace]
ORACLE = {"ProviderName": "Oracle Cloud"}


def hour(number: int, amount: str, **changes: str) -> Mapping[str, str]:
    """A charge that begins at an hour of the second of September."""
    return {
        **ORACLE,
        "ChargePeriodStart": f"2024-09-02T{number:02}:00:00Z",
        "ChargePeriodEnd": f"2024-09-02T{number + 1:02}:00:00Z",
        "EffectiveCost": amount,
        **changes,
    }


def total(workspace: ap.Workspace) -> Decimal:
    """All costs that count."""
    return sum((row["amount"] for row in recorded(workspace)), Decimal(0))


def told(make: Make, *deliveries: Mapping[str, str], **settings: Any) -> ap.Workspace:
    """A workspace with standing answers."""
    return make({**COMPANY, "settings": {"deliveries": list(deliveries), **settings}})


FIRST = (hour(0, "1"), hour(1, "2"))
SECOND = (hour(1, "5"), hour(2, "3"))


@pytest.mark.parametrize(
    "answer",
    [
        {"issuer": "OCI", "mode": "append"},
        {"issuer": "Oracle", "mode": "append"},
        {"source": "Oracle Cloud/acme", "mode": "append"},
    ],
)
def test_increments_of_an_issuer_add_up(answer: Mapping[str, str], workspace: Make) -> None:
    here = told(workspace, answer)
    here.ingest("focus", bill("a.csv", *FIRST))
    here.ingest("focus", bill("b.csv", *SECOND))
    assert total(here) == 11


def test_what_is_all_there_is_replaces(workspace: Make) -> None:
    here = told(workspace, {"issuer": "Oracle", "mode": "replace"})
    here.ingest("focus", bill("a.csv", *FIRST))
    here.ingest("focus", bill("b.csv", *SECOND))
    assert total(here) == 8


def test_what_is_said_of_one_delivery_goes_before(workspace: Make) -> None:
    here = told(workspace, {"issuer": "Oracle", "mode": "append"})
    here.ingest("focus", bill("a.csv", *FIRST))
    here.ingest("focus", bill("b.csv", *SECOND), replace=True)
    assert total(here) == 8


def test_what_is_said_of_a_source_goes_before_what_is_said_of_its_issuer(workspace: Make) -> None:
    source = {"source": "Oracle Cloud/acme", "mode": "replace"}
    here = told(workspace, {"issuer": "Oracle", "mode": "append"}, source)
    here.ingest("focus", bill("a.csv", *FIRST))
    here.ingest("focus", bill("b.csv", *SECOND))
    assert total(here) == 8


def test_another_issuer_is_asked(workspace: Make) -> None:
    here = told(workspace, {"issuer": "AWS", "mode": "append"})
    here.ingest("focus", bill("a.csv", *FIRST))
    with pytest.raises(ap.IngestError) as raised:
        here.ingest("focus", bill("b.csv", *SECOND))
    assert raised.value.findings[0].code == "unsaid_replacement"


def test_plain_costs_of_a_source(workspace: Make) -> None:
    here = told(workspace, {"source": "cloud", "mode": "append"})
    here.ingest("costs", costs("a.csv", {}), source="cloud")
    here.ingest("costs", costs("b.csv", {"node": "database", "amount": "2"}), source="cloud")
    assert total(here) == Decimal("12.5")


def test_other_names_of_an_issuer_are_one_bill(workspace: Make) -> None:
    here = told(workspace, issuer_aliases={"AWS": ["Amazon Data Services Ireland Ltd"]})
    here.ingest("focus", bill("a.csv", hour(0, "1", ProviderName="AWS")))
    again = hour(0, "1", ProviderName="Amazon Data Services Ireland")
    here.ingest("focus", bill("b.csv", again, {**again, **hour(1, "4"), **ORACLE}))
    assert {(row["source"], row["amount"]) for row in recorded(here)} == {
        ("AWS/acme", 1),
        ("Oracle Cloud/acme", 4),
    }
