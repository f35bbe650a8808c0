"""The proof from the file on: four links, and the sentence that rests on all of them (`D9`)."""

import json
from pathlib import Path
from typing import Any

from deltalake import DeltaTable, write_deltalake
from typer.testing import CliRunner

from apportion import Workspace
from apportion.cli.app import app

BILL = (
    "ProviderName,BillingAccountId,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,"
    "ChargePeriodEnd,ServiceName,ServiceCategory,BillingCurrency,InvoiceId,ChargeCategory,"
    "BilledCost,EffectiveCost\n"
    "AWS,1,2024-01-01,2024-02-01,2024-01-05,2024-01-06,EC2,Compute,USD,INV-7,Usage,10,"
    "8.0000000005\n"
    "AWS,1,2024-01-01,2024-02-01,2024-01-06,2024-01-07,EC2,Compute,USD,INV-7,Tax,2,2\n"
)
MODEL = """
nodes:
  - {id: eks, type: platform}
  - {id: shop, type: product}
edges:
  - {source: eks, receiver: shop, strategy: equal, parameters: {}}
mapping:
  - {when: {column: ServiceName, equals: EC2}, node: eks, dimension: "{ServiceCategory}"}
"""
DAYS = ("--from", "2024-01-01", "--to", "2024-01-31")
SENTENCE = "every unit is accounted for"


def made(folder: Path) -> Workspace:
    (folder / "apportion.yaml").write_text("name: a\ncurrency: USD\n")
    (folder / "model").mkdir()
    (folder / "model/model.yaml").write_text(MODEL)
    (folder / "bill.csv").write_text(BILL)
    workspace = Workspace(folder)
    workspace.ingest("focus", folder / "bill.csv")
    assert said(workspace, "run", *DAYS)[0] == 0
    return workspace


def said(workspace: Workspace, *words: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["-w", str(workspace.folder), *words])
    return answer.exit_code, answer.output


def links(workspace: Workspace) -> dict[str, dict[str, Any]]:
    answer = CliRunner().invoke(app, ["-w", str(workspace.folder), "reconcile", *DAYS, "--json"])
    told = json.loads(answer.stdout)
    return {each["link"]: each for each in told["links"]}


def test_four_links_lead_from_the_file_to_the_products(tmp_path: Path) -> None:
    workspace = made(tmp_path)
    found = links(workspace)
    assert list(found) == ["files_are_lines", "lines_are_costs", "costs_are_read", "read_is_given"]
    assert all(each["holds"] for each in found.values())
    assert found["files_are_lines"]["one"] == "10.0000000005"
    # The ledger keeps nine decimals: what is rounded away is told, and is allowed.
    assert found["lines_are_costs"]["difference"] in ("-0.0000000005", "0.0000000005")
    assert SENTENCE in said(workspace, "reconcile", *DAYS)[1]


def test_what_came_in_after_the_run_breaks_a_link_and_the_sentence_goes(tmp_path: Path) -> None:
    workspace = made(tmp_path)
    more = BILL.replace("2024-01-05,2024-01-06", "2024-01-07,2024-01-08").splitlines()[:2]
    (tmp_path / "more.csv").write_text("\n".join(more) + "\n")
    workspace.ingest("focus", tmp_path / "more.csv")
    found = links(workspace)
    assert not found["costs_are_read"]["holds"]
    assert found["lines_are_costs"]["holds"]
    text = said(workspace, "reconcile", *DAYS)[1]
    assert SENTENCE not in text
    assert "not on the way to it" in " ".join(text.split())


def test_a_result_is_proved_while_somebody_is_in_the_middle_of_editing_the_model(
    tmp_path: Path,
) -> None:
    before = links(made(tmp_path))
    (tmp_path / "model/model.yaml").write_text(MODEL + "nodez: []\n")
    assert links(Workspace(tmp_path)) == before


def test_a_part_of_a_delivery_that_is_lost_breaks_a_link(tmp_path: Path) -> None:
    workspace = made(tmp_path)
    folder = str(workspace.store.root / "delivery_parts")
    parts = DeltaTable(folder).to_pyarrow_table()
    write_deltalake(folder, parts.slice(1), mode="overwrite")
    assert not links(workspace)["lines_are_costs"]["holds"]


def test_bills_by_invoice_with_the_bridge_and_what_the_issuer_says(tmp_path: Path) -> None:
    workspace = made(tmp_path)
    status, text = said(workspace, "reconcile", "bills", "--json")
    told = json.loads(text)["invoices"]
    assert status == 0
    assert told == [
        {
            "source": "AWS/1",
            "period": "2024-01-01/2024-01-31",
            "invoice": "INV-7",
            "currency": "USD",
            "lines": 2,
            "billed": "12",
            "bridge": {"other": "-1.9999999995"},
            "effective": "10.0000000005",
            "difference": "0",
            "stated": None,
            "missing": None,
        }
    ]
    assert said(workspace, "reconcile", "bills", "--invoice", "INV-7=12.00")[0] == 0
    status, text = said(workspace, "reconcile", "bills", "--invoice", "INV-7=15")
    assert status == 1
    assert "3 too few" in " ".join(text.split())
    assert said(workspace, "reconcile", "bills", "--invoice", "INV-9=1")[0] == 1
    assert said(workspace, "reconcile", "bills", "--invoice", "INV-7")[0] == 2
    assert json.loads(said(workspace, "reconcile", "bills", "--from", "2024-03", "--json")[1]) == {
        "invoices": [],
        "findings": [],
    }
