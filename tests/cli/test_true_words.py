"""What answers say in words is true of the figures beside them."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

Apportion = Callable[..., Any]
JANUARY = ("--from", "2024-01", "--to", "2024-01")


def one_line(text: str) -> str:
    return " ".join(text.split())


def figures(table: str) -> list[tuple[str, ...]]:
    """The first four words of each row: a product's name, full cost, passed on and kept."""
    return [tuple(line.split()[:4]) for line in table.splitlines()]


def unallocated_residual(folder: Path) -> None:
    settings = folder / "apportion.yaml"
    text = settings.read_text(encoding="utf-8")
    changed = text.replace("residual: allocated", "residual: unallocated")
    assert changed != text
    settings.write_text(changed, encoding="utf-8")


UNHELD = "There is no usage in the ledger here, so names of metrics were not compared with it."


def test_a_check_without_usage_says_what_it_left_out(
    enter: Callable[[str], Path], apportion: Apportion
) -> None:
    """A checkout has no ledger, so a misspelt metric passes there; who reads it must know."""
    folder = enter("new")
    answer = apportion("validate")
    assert (answer.status, UNHELD in one_line(answer.out)) == (0, True)
    assert apportion("validate", "--strict").status == 0
    assert "usage" not in apportion("validate", "--format", "github").out
    assert apportion("ingest", "costs", "data/costs.csv").status == 0
    assert UNHELD in one_line(apportion("validate").out)
    assert apportion("ingest", "usage", "data/usage.csv").status == 0
    assert UNHELD not in one_line(apportion("validate").out)
    shutil.rmtree(folder / "ledger")
    (folder / "model" / "company.yaml").write_text("nodes: [{id: a, type: product}]\n")
    assert UNHELD not in one_line(apportion("validate").out)


@pytest.mark.usefixtures("acme")
def test_who_asks_for_days_without_a_run_is_told_which_days_have_one(apportion: Apportion) -> None:
    answer = apportion("show", "products", "--from", "2025-05", "--to", "2025-05")
    assert answer.status == 1
    assert (
        "No completed run covers any day from 2025-05-01 to 2025-05-31; there are runs of "
        "2024-01-01 to 2024-01-31 in USD. Make one with: apportion run --from 2025-05-01 --to "
        "2025-05-31"
    ) in one_line(answer.err)
    answer = apportion("show", "products", "--currency", "EUR")
    assert (
        "No completed run covers any day in EUR; there are runs of 2024-01-01 to 2024-01-31 in "
        "USD. Make one with: apportion run --from DATE --to DATE --currency EUR"
    ) in one_line(answer.err)


def test_where_there_is_no_run_at_all_none_is_told_of(
    enter: Callable[[str], Path], apportion: Apportion
) -> None:
    enter("new")
    said = one_line(apportion("show", "products", "--from", "2025-05").err)
    assert "No completed run covers any day from 2025-05-01 on. Make one with:" in said


@pytest.mark.usefixtures("acme")
def test_a_workspace_that_bills_nobody_has_no_margin_and_rates_nothing(
    apportion: Apportion,
) -> None:
    for words in (["show", "margin"], ["rate"], ["show", "margin"]):
        answer = apportion(*words)
        assert (answer.status, answer.out) == (2, "")
        said = one_line(answer.err)
        assert "this workspace bills nobody, so there is nothing to rate and no margin" in said
        assert "docs/how-to/bill-usage.md" in said


def test_units_of_a_channel_that_is_not_billed_are_not_called_chargeable(
    enter: Callable[[str], Path], apportion: Apportion
) -> None:
    enter("billed")
    Path("late.csv").write_text(
        "date,account,channel,billable_units,notifications_sent\n2023-12-01,visas,sms,500,500\n"
    )
    assert apportion("ingest", "billable", "late.csv").status == 0
    (row,) = [line for line in apportion("rate").out.splitlines() if line.startswith("2023")]
    assert row.split()[3:] == ["14", "8,854", "8,240", "79.42"]
    yearly = apportion("usage", "yearly", "renewals", "--year", "2023").out
    emails = [line.split() for line in yearly.splitlines() if line.startswith("email")]
    assert emails == [["email", "0", "8,200", "8,200", "0.00"], ["email", "8,200", "8,200"]]


@pytest.mark.usefixtures("acme")
def test_a_product_that_gave_on_all_it_had_is_not_said_to_have_had_none(
    apportion: Apportion,
) -> None:
    said = apportion("show", "products").out
    assert ("Checkout", "8,461.47", "8,461.47", "0.00") in figures(said)
    assert "had no cost" not in said
    found = json.loads(apportion("show", "products", "--json").out)
    assert (found["without_cost"], found["kept_nothing"]) == ([], ["checkout"])


def test_one_without_any_is(acme: Path, apportion: Apportion) -> None:
    model = acme / "model" / "company.yaml"
    text = model.read_text(encoding="utf-8")
    nodes = "nodes:\n  - {id: idle, type: product}\n"
    model.write_text(text.replace("nodes:\n", nodes, 1), encoding="utf-8")
    assert apportion("run", *JANUARY).status == 0
    said = apportion("show", "products").out
    assert ("idle", "0.00", "0.00", "0.00") in figures(said)
    found = json.loads(apportion("show", "products", "--json").out)
    assert (found["without_cost"], found["kept_nothing"]) == (["idle"], ["checkout"])


def test_nor_is_one_whose_own_part_counts_as_unallocated(acme: Path, apportion: Apportion) -> None:
    unallocated_residual(acme)
    assert apportion("run", *JANUARY, "--again").status == 0
    said = apportion("show", "products").out
    assert "Products whose own part counts as unallocated: search." in said
    assert ("Search", "9,591.25", "7,673.00", "0.00") in figures(said)


@pytest.mark.usefixtures("acme")
def test_a_product_that_keeps_nothing_is_explained_where_its_figures_are(
    apportion: Apportion,
) -> None:
    answer = apportion("show", "products", "--node", "checkout", "--from", "2024-01-02")
    (row,) = [row for row in figures(answer.out) if row[:1] == ("Checkout",)]
    assert row[1] == row[2] != "0.00" == row[3]
    assert answer.out.splitlines()[-1] == (
        "Next: apportion show nodes --node checkout --from 2024-01-02"
    )


@pytest.mark.usefixtures("acme")
def test_who_keeps_a_part_and_gives_on_the_rest_is_named(apportion: Apportion) -> None:
    said = apportion("reconcile").out
    assert "Products that give on the rest: Search." in said


def test_so_is_who_keeps_what_counts_as_unallocated(acme: Path, apportion: Apportion) -> None:
    unallocated_residual(acme)
    assert apportion("run", *JANUARY, "--again").status == 0
    said = one_line(apportion("reconcile").out)
    assert "residual of partial cost centres 1,918.25 search 1,918.25" in said


@pytest.mark.usefixtures("acme")
def test_a_check_that_was_not_made_is_named(apportion: Apportion) -> None:
    whole = one_line(apportion("reconcile").out)
    assert re.search(r" 11 checks over [\d,]+ rows found nothing wrong\. ", whole)
    part = one_line(apportion("reconcile", "--to", "2024-02-01").out)
    skipped = "; not made, because no run covers all days: direct_is_recorded."
    assert f"found nothing wrong{skipped}" in part
    assert " 10 checks over " in part


def test_a_proof_that_fails_names_the_run_and_a_way_out(acme: Path, apportion: Apportion) -> None:
    allocations = DeltaTable(acme / "ledger" / "allocations")
    allocations.update(
        updates={"retained": "retained + 1"}, predicate="node = 'reports' AND date = '2024-01-05'"
    )
    run = re.findall(r"\d{8}T\S+", apportion("runs", "list").out)[0]
    answer = apportion("-w", str(acme), "reconcile")
    assert answer.status == 1
    said = one_line(answer.err)
    assert f"The run {run} was proved when it was made" in said
    again = f"apportion -w {acme} run --from 2024-01-01 --to 2024-01-31 --currency USD"
    assert f"Check the disk, and compute it again: {again}" in said
    assert "Next:" not in answer.out


@pytest.mark.usefixtures("acme")
def test_days_after_the_latest_run_are_told_in_their_order(apportion: Apportion) -> None:
    for period, said in (
        (("--from", "2024-02"), "any day from 2024-02-01 on;"),
        (("--to", "2023-12"), "any day up to 2023-12-31;"),
        (("--from", "2024-02", "--to", "2024-03"), "any day from 2024-02-01 to 2024-03-31;"),
    ):
        answer = apportion("show", "nodes", *period)
        assert answer.status == 1
        assert f"No completed run covers {said}" in answer.err


@pytest.mark.usefixtures("acme")
def test_an_open_period_reaches_the_run_that_covers_it(apportion: Apportion) -> None:
    Path("more.csv").write_text("node,date,dimension,amount\nservers,2023-11-05,Compute,7\n")
    assert apportion("ingest", "costs", "more.csv").status == 0
    assert apportion("run", "--from", "2023-11", "--to", "2023-11").status == 0
    answer = apportion("show", "nodes", "--from", "2024-01-02")
    assert answer.status == 0
    assert "2024-01-02 to 2024-01-31" in answer.out


@pytest.mark.usefixtures("acme")
def test_the_dimensions_of_a_run_are_listed_where_any_was_restricted(apportion: Apportion) -> None:
    assert "Dimensions" not in apportion("runs", "list").out
    assert apportion("run", *JANUARY, "--dimension", "Compute").status == 0
    listed = apportion("runs", "list").out.splitlines()
    assert listed[2].split()[4:6] == ["USD", "Compute"]
    assert listed[3].split()[4:6] == ["USD", "all"]
    assert apportion("run", *JANUARY, "--dimension", "Compute", "--again").status == 0
    pruned = apportion("runs", "prune", "--superseded", "--dry-run").out
    assert pruned.strip().endswith("2024-01-01 to 2024-01-31 in USD, Compute only.")


@pytest.mark.usefixtures("acme")
def test_one_of_a_thing_is_not_many(apportion: Apportion) -> None:
    Path("one.csv").write_text("node,date,dimension,amount\nsearch,2024-03-01,x,10\n")
    assert "Recorded 1 row." in apportion("ingest", "costs", "one.csv").out
    said = apportion("run", "--from", "2024-03", "--to", "2024-03").out
    assert "2 allocations and 1 contribution were written" in said
    listed = apportion("show", "contributions", "--limit", "1", "--from", "2024-03-01").out
    assert " rows are" not in listed


@pytest.mark.usefixtures("acme")
def test_a_metric_that_is_missing_is_told_once_a_source(
    apportion: Apportion, enter: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "acme").rename(tmp_path / "other")
    enter("new")
    assert apportion("ingest", "costs", "data/costs.csv").status == 0
    told = one_line(apportion("run", "--from", "2024-01-01", "--to", "2024-01-02").err)
    sentence = (
        "The edges from 'cluster' to 'checkout', 'reports' and 'search' share by 'cpu_hours', "
        "of which no receiver of 'cluster' has a single row in the period."
    )
    assert told.count("missing_usage") == 3
    assert sentence in told
    shown = one_line(apportion("runs", "show").out)
    assert shown.count("missing_usage") == 3


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("question", ["products", "nodes", "edges"])
def test_figures_of_a_period_say_which_in_csv_too(apportion: Apportion, question: str) -> None:
    header, row, *_ = apportion("show", question, "--csv").out.splitlines()
    assert header.endswith(",start_date,end_date")
    assert row.endswith(",2024-01-01,2024-01-31")


@pytest.mark.parametrize(
    ("typed", "meant"), [("wieghted", "weighted_average"), ("floor", "min_floor_proportional")]
)
def test_a_word_of_a_strategy_is_enough_to_be_understood(
    apportion: Apportion, typed: str, meant: str
) -> None:
    assert f"Did you mean '{meant}'?" in apportion("strategies", typed).err


@pytest.mark.usefixtures("acme")
def test_the_steps_of_a_run_are_logged_with_their_counts(apportion: Apportion) -> None:
    lines = apportion("--log-level", "info", "run", *JANUARY, "--again").err.splitlines()
    said = [line.removeprefix("INFO ").split(": ", 1)[1] for line in lines if "INFO" in line]
    words = [line.split()[0] for line in said]
    assert words == ["Read", "Swept", "Computing", "Wrote", "Proved", "Recorded"]
    assert "allocations=744 contributions=930" in said[3]
    assert apportion("run", *JANUARY, "--again").err == ""
