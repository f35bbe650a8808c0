"""What a run assumed or refused, in words that are true and lead on."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import apportion as ap
from apportion.findings import Finding

DAY = date(2024, 1, 1)
BY_CALLS = {"strategy": "proportional_on", "parameters": {"metric": "calls"}}
USAGE = pa.schema(
    [("node", pa.string()), ("date", pa.date32()), ("metric", pa.string()), ("value", pa.string())]
)


def run(*edges: dict[str, Any], days: int = 1, usage: str = "", cost_on: str = "z") -> ap.Result:
    """Cost of 10 a day on a source, and usage of calls on the first day by one receiver."""
    model = ap.Model.from_dict(
        {
            "currency": "USD",
            "nodes": [
                {"id": "z", "type": "shared"},
                {"id": "y", "type": "shared"},
                *({"id": name, "type": "product"} for name in "abc"),
            ],
            "edges": [{"source": "z", "receiver": "a", **edge} for edge in edges],
        }
    )
    every = [DAY + timedelta(day) for day in range(days)]
    costs = pa.table(
        {
            "node": [cost_on] * days,
            "date": every,
            "dimension": ["Compute"] * days,
            "amount": ["10"] * days,
        }
    )
    rows = [{"node": usage, "date": day, "metric": "calls", "value": "1"} for day in every if usage]
    return ap.attribute(model, costs, pa.Table.from_pylist(rows, schema=USAGE))


def refused(*edges: dict[str, Any], **given: Any) -> list[Finding]:
    with pytest.raises(ap.RunError) as error:
        run(*edges, **given)
    return [each for each in error.value.findings if each.severity == "error"]


def of(result: ap.Result, code: str) -> list[Finding]:
    return [each for each in result.findings if each.code == code]


def test_days_without_usage_are_counted_in_words_that_fit() -> None:
    (found,) = of(run(BY_CALLS, days=2), "zero_usage")
    assert found.message == "No receiver of 'z' has any usage of 'calls'; 'z' was shared equally."
    assert (found.details["days"], found.details["first"]) == (2, DAY)
    refusing = {**BY_CALLS, "on_zero_usage": "error"}
    (once,) = refused(refusing)
    assert once.message.startswith("On 2024-01-01 no receiver of 'z' has any usage of 'calls'; ")
    (twice,) = refused(refusing, days=2)
    assert twice.message.startswith("On 2 days, first on 2024-01-01, no receiver of 'z' has any")


@pytest.mark.parametrize("policy", ["equal", "retain"])
def test_what_the_edges_say_already_is_no_remedy(policy: str) -> None:
    (said,) = of(run({**BY_CALLS, "on_zero_usage": policy}), "zero_usage")
    assert said.remedy == f"Bring the usage in; until then `on_zero_usage: {policy}` decides."
    (unsaid,) = of(run(BY_CALLS), "zero_usage")
    assert unsaid.remedy.endswith("say on the edges what on_zero_usage should do.")


def test_an_edge_that_refuses_days_without_usage_has_a_rule() -> None:
    (error,) = refused({**BY_CALLS, "on_zero_usage": "error"})
    assert error.message.endswith("; its edges say `on_zero_usage: error`.")


def test_a_metric_without_rows_counts_only_where_there_was_cost() -> None:
    edges = (BY_CALLS, {**BY_CALLS, "source": "y", "receiver": "b"})
    for source in "zy":
        found = of(run(*edges, cost_on=source), "missing_usage")
        assert [each.details["source"] for each in found] == [source]


def test_shares_above_the_whole_name_the_edges_and_their_sum() -> None:
    fixed = {"strategy": "fixed_percent", "parameters": {"percent": "60"}}
    (error,) = refused({**fixed, "receiver": "b"}, BY_CALLS, usage="a")
    assert error.message == (
        "The shares of 'z' in 'Compute' sum to more than the whole on 2024-01-01: "
        "'a' takes 100 %, 'b' takes 60 %, together 160 %."
    )
    (error,) = refused({**fixed, "receiver": "b"}, BY_CALLS, usage="a", days=2)
    assert error.message == (
        "The shares of 'z' in 'Compute' sum to more than the whole from 2024-01-01 to 2024-01-02: "
        "'a' takes 100 %, 'b' takes 60 %, together 160 % on the first of these days."
    )


def test_shares_just_above_the_whole_are_not_rounded_to_it() -> None:
    tiny = {"strategy": "fixed_percent", "parameters": {"percent": "0.000001"}, "receiver": "b"}
    (error,) = refused(tiny, BY_CALLS, usage="a")
    assert error.message.endswith("together 100.000001 %.")


def test_shares_above_the_whole_stand_at_a_line_of_the_model(tmp_path: Path) -> None:
    (tmp_path / "apportion.yaml").write_text("currency: USD\n", encoding="utf-8")
    (tmp_path / "model").mkdir()
    lines = (
        "nodes:",
        "  - {id: z, type: shared}",
        "  - {id: a, type: product}",
        "  - {id: b, type: product}",
        "edges:",
        "  - {source: z, receiver: b, strategy: fixed_percent, parameters: {percent: 60}}",
        "  - {source: z, receiver: a, strategy: proportional_on, parameters: {metric: calls}}",
    )
    (tmp_path / "model" / "m.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    model = ap.load_model(tmp_path)
    costs = pa.table({"node": ["z"], "date": [DAY], "dimension": ["x"], "amount": ["1"]})
    row = {"node": "a", "date": DAY, "metric": "calls", "value": "1"}
    with pytest.raises(ap.RunError) as error:
        ap.attribute(model, costs, pa.Table.from_pylist([row], schema=USAGE))
    (finding,) = error.value.findings
    assert finding.where.file.endswith("m.yaml")
    assert finding.where.line == 7


@pytest.mark.parametrize("policy", ["equal", "retain"])
def test_warnings_tell_programs_what_was_done_instead(policy: str) -> None:
    result = run({**BY_CALLS, "on_zero_usage": policy})
    told = {row["code"]: row["policy"] for row in result.warnings.to_pylist()}
    assert told == {"zero_usage": policy, "missing_usage": ""}
