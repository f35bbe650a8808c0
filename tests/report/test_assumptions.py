"""What nobody measured is said before a run, by it and after it, with the money (`A29`)."""

import json
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable, write_deltalake
from ledgers import forget_lines
from typer.testing import CliRunner

import apportion as ap
from apportion.cli.app import app
from apportion.ledger.schemas import WARNINGS
from apportion.report.doubts import doubts
from apportion.workspace import Workspace

MODEL = """
nodes:
  - {id: db, type: shared}
  - {id: a, type: product}
  - {id: b, type: product}
  - {id: c, type: product}
edges:
  - source: db
    receiver: [a, b, c]
    strategy: proportional_on
    parameters: {metric: METRIC}
"""
COSTS = "node,date,dimension,amount\n"
USAGE = "node,date,metric,value\n"


def workspace(
    folder: Path, *, metric: str = "queries", costs: str = "", usage: str = "", settings: str = ""
) -> Workspace:
    (folder / "model").mkdir(parents=True)
    (folder / "apportion.yaml").write_text(f"name: x\ncurrency: USD\n{settings}")
    (folder / "model/m.yaml").write_text(MODEL.replace("METRIC", metric))
    made = Workspace(folder)
    for kind, text in (("costs", COSTS + costs), ("usage", USAGE + usage)):
        if text.count("\n") > 1:
            file = folder / f"{kind}.csv"
            file.write_text(text)
            made.ingest(kind, file)
    return made


def january(days: range, amount: str = "30") -> str:
    return "".join(f"db,2024-01-{day:02},compute,{amount}\n" for day in days)


def queries(nodes: str, days: range) -> str:
    return "".join(f"{node},2024-01-{day:02},queries,1\n" for node in nodes for day in days)


def found(rows: object, code: str) -> list[dict[str, object]]:
    assert isinstance(rows, list)
    return [each for each in rows if each["code"] == code]


JANUARY = date(2024, 1, 1), date(2024, 1, 31)
ALL = range(1, 32)


def test_a_misspelt_metric_is_a_warning_of_validate_that_names_the_near_one(tmp_path: Path) -> None:
    made = workspace(tmp_path, metric="querys", costs=january(ALL), usage=queries("abc", ALL))
    (told,) = made.validate()
    assert told.code == "unseen_name"
    assert "'querys' has no row" in told.message
    assert told.remedy == "Did you mean 'queries', which has 93 rows?"
    assert told.where.line


def test_a_right_metric_is_no_warning(tmp_path: Path) -> None:
    made = workspace(tmp_path, costs=january(ALL), usage=queries("abc", ALL))
    assert made.validate() == ()
    outcome = made.run(*JANUARY, strict=True)
    assert outcome.assumptions() == []


def test_validate_makes_no_ledger(tmp_path: Path) -> None:
    assert workspace(tmp_path).validate() == ()
    assert not (tmp_path / "ledger").exists()


def test_a_label_or_value_that_no_row_bears_is_named(tmp_path: Path) -> None:
    rows = 'a,2024-01-01,queries,1,"{""env"": ""prod""}"\n'
    made = workspace(tmp_path)
    (tmp_path / "u.csv").write_text("node,date,metric,value,labels\n" + rows)
    made.ingest("usage", tmp_path / "u.csv")
    wrong = "queries, segment_filter: {label: %s, operator: in, values: [%s]}"
    for label, value, near in (("envi", "prod", "'env'"), ("env", "prd", "'prod'")):
        text = MODEL.replace("METRIC", wrong % (label, value))
        (tmp_path / "model/m.yaml").write_text(text)
        told = Workspace(tmp_path).validate()
        assert {each.code for each in told} == {"unseen_name"}
        assert told[0].remedy == f"Did you mean {near}, which has 1 row?"
    (tmp_path / "model/m.yaml").write_text(MODEL.replace("METRIC", wrong % ("env", "prod")))
    assert Workspace(tmp_path).validate() == ()


def test_usage_of_an_undeclared_node_is_named(tmp_path: Path) -> None:
    made = workspace(tmp_path, usage="dbb,2024-01-01,queries,1\n")
    (told,) = made.validate()
    assert told.code == "unknown_node"
    assert "Did you mean 'db'?" in told.message


def test_a_fallback_tells_the_money_it_gave(tmp_path: Path) -> None:
    made = workspace(tmp_path, costs=january(ALL), usage=queries("abc", range(1, 30)))
    (told,) = made.run(*JANUARY).assumptions()
    assert told["code"] == "zero_usage"
    assert (told["days"], told["amount"], told["currency"]) == (2, Decimal(60), "USD")
    recorded = made.result(*JANUARY).warnings.to_pylist()
    assert [(each["amount"], each["days"]) for each in recorded] == [(Decimal(60), 2)]


def test_a_metric_without_rows_tells_what_each_edge_gave(tmp_path: Path) -> None:
    made = workspace(tmp_path, metric="querys", costs=january(ALL), usage=queries("abc", ALL))
    rows = made.run(*JANUARY).assumptions()
    assert [each["amount"] for each in found(rows, "missing_usage")] == [Decimal(310)] * 3
    assert [each["amount"] for each in found(rows, "zero_usage")] == [Decimal(930)]


def test_what_was_kept_is_the_money_where_edges_retain(tmp_path: Path) -> None:
    made = workspace(tmp_path, costs=january(ALL), usage=queries("abc", range(1, 30)))
    text = (tmp_path / "model/m.yaml").read_text() + "    on_zero_usage: retain\n"
    (tmp_path / "model/m.yaml").write_text(text)
    (told,) = Workspace(tmp_path).run(*JANUARY).assumptions()
    assert (told["policy"], told["amount"]) == ("retain", Decimal(60))
    assert made.result(*JANUARY).reconciliation().unallocated_cost == 60


def test_a_receiver_without_usage_beside_siblings_with_some_is_named(tmp_path: Path) -> None:
    made = workspace(tmp_path, costs=january(ALL), usage=queries("ab", ALL))
    (told,) = made.run(*JANUARY).assumptions()
    assert (told["code"], told["receiver"]) == ("receiver_without_usage", "c")
    assert told["amount"] == Decimal(930)


def test_a_year_with_one_month_of_bills_says_which_months_lack(tmp_path: Path) -> None:
    made = workspace(tmp_path, costs=january(ALL), usage=queries("abc", ALL))
    (told,) = made.run(date(2024, 1, 1), date(2024, 12, 31)).assumptions()
    assert told["code"] == "months_without_cost"
    assert "2024-02 to 2024-12" in str(told["message"])
    assert told["days"] == 335


def test_a_bill_without_one_day_says_which(tmp_path: Path) -> None:
    days = january(range(1, 9)) + january(range(10, 32))
    made = workspace(tmp_path, costs=days, usage=queries("abc", ALL))
    (told,) = made.run(*JANUARY).assumptions()
    assert (told["code"], told["days"]) == ("days_without_bill", 1)
    assert "2024-01-09." in str(told["message"])


def test_a_source_that_bills_once_a_month_lacks_no_day(tmp_path: Path) -> None:
    costs = "db,2024-01-01,compute,30\ndb,2024-02-01,compute,30\n"
    usage = queries("abc", range(1, 2)) + queries("abc", range(1, 2)).replace("-01-", "-02-")
    made = workspace(tmp_path, costs=costs, usage=usage)
    assert made.run(date(2024, 1, 1), date(2024, 2, 29)).assumptions() == []


def test_a_strict_run_that_assumes_publishes_nothing(tmp_path: Path) -> None:
    made = workspace(tmp_path, costs=january(ALL), usage=queries("ab", ALL))
    with pytest.raises(ap.RunError) as refused:
        made.run(*JANUARY, strict=True)
    codes = [each.code for each in refused.value.findings]
    assert codes == ["receiver_without_usage", "strict_refusal"]
    assert made.runs() == []
    made.run(*JANUARY)


def test_the_command_line_says_it_in_every_answer_and_strict_is_status_1(tmp_path: Path) -> None:
    workspace(tmp_path, metric="querys", costs=january(ALL), usage=queries("abc", ALL))

    def status(*words: str) -> tuple[int, str]:
        answer = CliRunner().invoke(app, ["--workspace", str(tmp_path), *words])
        return answer.exit_code, answer.stdout

    period = ("--from", "2024-01", "--to", "2024-01")
    assert status("validate")[0] == 0
    assert status("validate", "--strict")[0] == 1
    assert status("run", *period, "--strict")[0] == 1
    assert status("runs", "list", "--json") == (0, '{\n  "runs": []\n}\n')
    code, text = status("run", *period, "--json")
    assert code == 0
    assert found(json.loads(text)["assumptions"], "zero_usage")[0]["amount"] == "930.000000000"
    code, text = status("reconcile", "--json")
    assert code == 0
    assert found(json.loads(text)["assumptions"], "zero_usage")[0]["amount"] == "930.000000000"
    code, text = status("reconcile", "--strict")
    assert code == 1
    assert "about 930 USD on 31 days: No receiver of" in text


def test_an_empty_or_missing_model_folder_is_an_error(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    (tmp_path / "model/m.yaml").unlink()
    for _ in range(2):
        (told,) = Workspace(tmp_path).validate()
        assert (told.code, told.severity) == ("check_saw_no_rows", "error")
        assert "model/company.yaml" in told.remedy
        if (tmp_path / "model").exists():
            (tmp_path / "model").rmdir()
    assert made.folder == tmp_path


def test_files_in_a_folder_that_does_not_count_are_named(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    document = made.model.to_dict()
    document["nodes"] = [{**each, "name": each["id"].upper()} for each in document["nodes"]]
    made.put_model(document)
    (tmp_path / "model/m.yaml").write_text("garbage: [")
    (told,) = Workspace(tmp_path).validate()
    assert told.code == "ignored_files"
    assert "models/" in told.message


def test_an_engine_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (told,) = workspace(tmp_path, settings="engine: nonsense\n").validate()
    assert (told.code, told.where.line, told.where.column) == ("invalid_value", 3, 9)
    assert told.remedy == "Write engine: local."


def test_a_run_without_any_cost_says_that_alone(tmp_path: Path) -> None:
    made = workspace(tmp_path, usage=queries("ab", ALL))
    assert [each["code"] for each in made.run(*JANUARY).assumptions()] == ["no_cost"]


def test_cost_that_no_rule_took_is_an_assumption_of_the_run(tmp_path: Path) -> None:
    costs = january(ALL) + "unmapped:acme,2024-01-05,compute,7.25\n"
    made = workspace(tmp_path, costs=costs, usage=queries("abc", ALL))
    with pytest.raises(ap.RunError, match="No mapping rule took the cost on 'unmapped:acme'"):
        made.run(*JANUARY, strict=True)
    (told,) = made.run(*JANUARY).assumptions()
    assert (told["code"], told["source"], told["amount"]) == (
        *("unmapped_cost", "unmapped:acme"),
        Decimal("7.25"),
    )
    assert made.result(*JANUARY).assumed == (1, Decimal("7.25"), "USD")


@pytest.mark.parametrize("has_lines", [False, True])
def test_a_strict_run_of_nothing_new_asks_the_same_of_what_it_finds(
    tmp_path: Path, *, has_lines: bool
) -> None:
    bill = (
        "ProviderName,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"
        "ChargeCategory,ServiceName,BillingCurrency,BilledCost,EffectiveCost\n"
        "AWS,2024-01-01,2024-02-01,2024-01-01,2024-01-02,Usage,EC2,USD,30,20\n"
    )
    made = workspace(tmp_path)
    when = "{column: ServiceName, equals: EC2}"
    rule = f"mapping:\n  - {{when: {when}, node: a, dimension: x}}\n"
    (tmp_path / "model/mapping.yaml").write_text(rule)
    (tmp_path / "bill.csv").write_text(bill)
    Workspace(made.folder).ingest("focus", tmp_path / "bill.csv")
    if not has_lines:
        forget_lines(tmp_path)
    (tmp_path / "model/mapping.yaml").write_text(rule.replace("node: a", "node: b"))

    def told(*words: str) -> tuple[int, Any]:
        period = ("--from", "2024-01-01", "--to", "2024-01-01")
        answer = CliRunner().invoke(app, ["-w", str(tmp_path), "run", *period, "--json", *words])
        return answer.exit_code, json.loads(answer.stdout or "{}")

    first, again = told(), told()
    assert (first[1]["is_new"], again[1]["is_new"]) == (True, False)
    # Lines that are kept follow the rules of now.
    found = [each["code"] for each in again[1]["assumptions"]]
    assert found == ([] if has_lines else ["outdated_mapping"])
    assert told("--strict")[0] == (0 if has_lines else 1)


def test_an_answer_tells_what_was_assumed_on_its_own_days(tmp_path: Path) -> None:
    costs = (
        january(ALL) + "unmapped:acme,2024-01-05,compute,7.25\nunmapped:acme,2024-01-30,compute,1\n"
    )
    made = workspace(tmp_path, costs=costs, usage=queries("abc", range(4, 29)))
    made.run(*JANUARY)

    def told(first: int, last: int) -> set[tuple[str, int, Decimal]]:
        rows = made.result(date(2024, 1, first), date(2024, 1, last)).warnings.to_pylist()
        return {(each["code"], each["days"], each["amount"]) for each in rows}

    both = {("zero_usage", 6, Decimal(180)), ("unmapped_cost", 2, Decimal("8.25"))}
    assert told(1, 31) == both
    assert told(1, 5) == {("zero_usage", 3, Decimal(90)), ("unmapped_cost", 1, Decimal("7.25"))}
    assert told(6, 28) == set()
    assert told(29, 29) == {("zero_usage", 1, Decimal(30))}
    # A day computed anew is told once, by the run that answers for it.
    made.run(date(2024, 1, 30), date(2024, 1, 30))
    # That run had no row of the metric at all.
    assert told(1, 31) == {*both, ("missing_usage", 1, Decimal(10))}
    assert made.result(*JANUARY).assumed == (5, Decimal(180), "USD")


def test_what_edges_lacked_is_told_for_the_days_asked(tmp_path: Path) -> None:
    made = workspace(tmp_path, costs=january(range(1, 11)), usage=queries("ab", ALL))
    made.run(*JANUARY)
    (told,) = made.result(date(2024, 1, 9), date(2024, 1, 20)).warnings.to_pylist()
    assert (told["code"], told["receiver"]) == ("receiver_without_usage", "c")
    assert (told["days"], told["amount"]) == (2, Decimal(60))


def test_a_receiver_is_not_without_usage_on_days_on_which_all_shared_equally(
    tmp_path: Path,
) -> None:
    made = workspace(tmp_path, costs=january(range(15, 19)), usage=queries("a", range(15, 16)))
    made.run(*JANUARY)
    rows = {each["code"]: each for each in made.result(*JANUARY).warnings.to_pylist()}
    told = {
        code: (rows[code]["days"], rows[code]["amount"]) for code in rows if rows[code]["amount"]
    }
    assert told == {
        "zero_usage": (3, Decimal(90)),
        "receiver_without_usage": (1, Decimal(30)),
    }


def test_what_was_left_out_on_request_is_not_assumed(tmp_path: Path) -> None:
    costs = january(ALL) + "db,2024-01-05,licences,7\n"
    made = workspace(tmp_path, costs=costs, usage=queries("abc", ALL))
    outcome = made.run(*JANUARY, dimensions=["compute"])
    assert [each.code for each in outcome.findings] == ["dimension_left_out"]
    assert outcome.assumptions() == []
    assert made.result(run=outcome.run.run_id).assumed == (0, Decimal(0), "USD")


def test_several_units_are_told_on_the_days_that_have_them(tmp_path: Path) -> None:
    made = workspace(tmp_path, costs=january(ALL), usage=queries("abc", ALL))
    more = tmp_path / "more.csv"
    more.write_text("node,date,metric,value,unit\na,2024-01-09,queries,1,k\n")
    made.ingest("usage", more, source="more")
    made.run(*JANUARY)
    assert made.result(date(2024, 1, 1), date(2024, 1, 8)).warnings.num_rows == 0
    (told,) = made.result(date(2024, 1, 8), date(2024, 1, 10)).warnings.to_pylist()
    assert (told["code"], told["days"]) == ("mixed_units", 1)


def test_months_and_days_without_cost_are_told_where_they_are_asked_for(tmp_path: Path) -> None:
    days = january(range(1, 9)) + january(range(10, 32)) + "db,2024-03-01,compute,1\n"
    made = workspace(tmp_path, costs=days, usage=queries("abc", ALL) + "a,2024-03-01,queries,1\n")
    made.run(date(2024, 1, 1), date(2024, 3, 31))

    def codes(first: date, last: date) -> list[tuple[str, int]]:
        rows = made.result(first, last).warnings.to_pylist()
        return [(each["code"], each["days"]) for each in rows]

    assert codes(date(2024, 1, 1), date(2024, 1, 8)) == []
    assert codes(date(2024, 1, 9), date(2024, 1, 9)) == [("days_without_bill", 1)]
    both = [("days_without_bill", 2), ("months_without_cost", 2)]
    assert codes(date(2024, 2, 10), date(2024, 2, 11)) == both


def test_what_a_run_before_days_were_kept_assumed_is_told_as_it_told_it(tmp_path: Path) -> None:
    made = workspace(tmp_path, costs=january(ALL), usage=queries("abc", range(1, 30)))
    run = made.run(*JANUARY).run
    known = [name for name in WARNINGS.schema.names if name not in ("dates", "amounts")]
    folder = made.store.folder(WARNINGS)
    rows = DeltaTable(folder).to_pyarrow_table().select(known)
    shutil.rmtree(folder)
    write_deltalake(folder, rows, partition_by=["run_id"])
    (told,) = made.result(date(2024, 1, 1), date(2024, 1, 2)).warnings.to_pylist()
    assert (told["code"], told["days"], told["amount"]) == ("zero_usage", None, None)
    made.run(date(2024, 2, 1), date(2024, 2, 1))
    (whole,) = made.result(run=run.run_id).warnings.to_pylist()
    assert (whole["days"], whole["amount"]) == (2, Decimal(60))
    later = made.result(date(2024, 2, 1), date(2024, 2, 1)).warnings.to_pylist()
    assert [each["code"] for each in later] == ["no_cost"]


def test_days_without_any_bill_are_told_wherever_their_zeros_stand(tmp_path: Path) -> None:
    made = workspace(tmp_path, costs=january(ALL), usage=queries("abc", ALL))
    made.run(*JANUARY)
    made.run(date(2024, 3, 1), date(2024, 3, 31))
    found = doubts(made.result(date(2024, 3, 5), date(2024, 3, 6)))
    assert [each.code for each in found] == ["no_cost", "assumed"]
    assert found[0].message == "There is no cost from 2024-03-01 to 2024-03-31."
    assert [each.code for each in doubts(made.result(*JANUARY))] == []


def test_every_answer_counts_the_same_assumptions(tmp_path: Path) -> None:
    # Three edges without a row of their metric, days without usage, and days without a bill.
    made = workspace(tmp_path, metric="querys", costs=january(range(1, 20)), usage="")
    first = made.run(*JANUARY)
    made.run(date(2024, 2, 1), date(2024, 2, 29))
    run = made.run(*JANUARY).run
    count = run.warnings
    assert count == len(first.findings) >= 4

    def said(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, ["--workspace", str(tmp_path), *words])
        assert done.exit_code == status, done.output
        return done.stdout + done.stderr

    days = ("--from", "2024-01-01", "--to", "2024-01-31")
    listed = json.loads(said("runs", "list", "--json"))["runs"]
    assert listed[0]["warnings"] == count
    for shown in (("runs", "show"), ("runs", "show", run.run_id)):
        assert json.loads(said(*shown, "--json"))["run"]["run_id"] == run.run_id
        assert len(json.loads(said(*shown, "--json"))["warnings"]) == count
        assert f"What the run assumed ({count}):" in said(*shown)
    reconciled = json.loads(said("reconcile", "--run", run.run_id, "--json"))
    assert len(reconciled["assumptions"]) == count
    assert f"most money first ({count}):" in said("reconcile", "--run", run.run_id)
    assert f"rest on {count} assumptions" in said("show", "products", "--run", run.run_id)
    refused = said("run", *days, "--again", "--strict", status=1)
    assert f"would have assumed {count} things" in " ".join(refused.split())


UNITS = "node,date,metric,value,unit\n"


def measured(made: Workspace, file: Path, *lines: str) -> None:
    """Bring in usage with units, of a source of its own."""
    file.write_text(UNITS + "".join(f"{line}\n" for line in lines))
    made.ingest("usage", file)


def test_a_run_says_which_metric_is_in_several_units(tmp_path: Path) -> None:
    made = workspace(tmp_path, costs="db,2024-01-02,compute,30\n")
    at = "2024-01-02,queries"
    measured(made, tmp_path / "one.csv", f"a,{at},1,s", f"b,{at},1,s", "a,2023-12-31,queries,1,h")
    measured(
        made,
        tmp_path / "two.csv",
        f"c,{at},1000,ms",
        "c,2024-01-02,other,1,x",
        "b,2024-01-02,other,1,y",
    )
    day = date(2024, 1, 2)
    (told,) = found(made.run(day, day).assumptions(), "mixed_units")
    assert told["message"] == (
        "'queries' has 2 rows in 's' and 1 row in 'ms'; shares add their values as bare numbers."
    )
    with pytest.raises(ap.RunError, match="mixed_units"):
        made.run(day, day, strict=True)


def test_a_run_whose_metric_is_in_one_unit_says_nothing_of_it(tmp_path: Path) -> None:
    made = workspace(tmp_path, costs="db,2024-01-02,compute,30\n")
    measured(made, tmp_path / "one.csv", *(f"{node},2024-01-02,queries,1,s" for node in "abc"))
    assert made.run(date(2024, 1, 2), date(2024, 1, 2)).assumptions() == []
