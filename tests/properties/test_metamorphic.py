"""What must follow from one answer for another question, whatever the rules compute."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from companies_made import START, Company, Knobs, changed, companies, knobs, make
from engine import Answer, attribute, attribute_tables
from hypothesis import given
from hypothesis import strategies as st

from effort import effort

Rename = Callable[[str], str]


def facts(answer: Answer) -> tuple[Any, ...]:
    """Everything that was answered, as values that can be compared."""
    return (
        answer.allocations,
        answer.contributions,
        answer.fallbacks,
        answer.missing,
        answer.negative,
        answer.codes,
        answer.offences,
    )


def with_amounts(company: Company, change: Callable[[Decimal], Decimal]) -> Company:
    """The company with every amount changed."""
    costs = [
        {**row, "amount": format(change(Decimal(row["amount"])), "f")} for row in company.costs
    ]
    return changed(company, costs=costs)


def renamed(company: Company, name: Rename) -> Company:
    """The company with every node called otherwise."""
    nodes = [
        {**node, "id": name(node["id"])}
        | ({"part_of": list(map(name, node["part_of"]))} if "part_of" in node else {})
        for node in company.model["nodes"]
    ]
    edges = [
        {**edge, "source": name(edge["source"]), "receiver": name(edge["receiver"])}
        for edge in company.model["edges"]
    ]
    return changed(
        company,
        model={**company.model, "nodes": nodes, "edges": edges},
        costs=[{**row, "node": name(row["node"])} for row in company.costs],
        usage=[{**row, "node": name(row["node"])} for row in company.usage],
    )


@effort(150)
@given(companies())
def test_a_credit_undoes_its_charge(company: Company) -> None:
    answer = attribute(company)
    mirror = attribute(with_amounts(company, lambda amount: -amount))
    assert mirror.allocations == [
        row._replace(**{name: -getattr(row, name) for name in row._fields[4:]})
        for row in answer.allocations
    ]
    assert mirror.contributions == [
        row._replace(amount=-row.amount) for row in answer.contributions
    ]
    assert (mirror.codes, mirror.offences) == (answer.codes, answer.offences)


@effort(120)
@given(companies(smallest_scale=3))
def test_ten_times_the_amounts_at_one_decimal_less_are_the_same_units(company: Company) -> None:
    coarser = changed(company, model={**company.model, "scale": company.model["scale"] - 1})
    ten_times = attribute(with_amounts(coarser, lambda amount: amount * 10))
    assert facts(ten_times) == facts(attribute(company))


@effort(150)
@given(companies(), st.integers(0, 2**32 - 1))
def test_no_order_of_anything_matters(company: Company, seed: int) -> None:
    dice = random.Random(seed)
    model = {
        key: _shuffled(dice, value) if isinstance(value, list) else value
        for key, value in _shuffled_keys(dice, company.model).items()
    }
    shuffled = changed(
        company,
        model=model,
        costs=dice.sample(company.costs, len(company.costs)),
        usage=dice.sample(company.usage, len(company.usage)),
    )
    assert facts(attribute(shuffled)) == facts(attribute(company))


def _shuffled(dice: random.Random, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    shuffled = [_shuffled_keys(dice, row) for row in dice.sample(rows, len(rows))]
    return [
        {**row, "overrides": dice.sample(row["overrides"], len(row["overrides"]))}
        if "overrides" in row
        else row
        for row in shuffled
    ]


def _shuffled_keys(dice: random.Random, row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in dice.sample(sorted(row), len(row))}


@effort(120)
@given(companies())
def test_types_and_batches_of_the_tables_do_not_matter(company: Company) -> None:
    costs, usage = company.tables()
    scale = company.model["scale"] + 3
    costs = costs.set_column(
        3, "amount", costs["amount"].cast(pa.decimal128(38, scale))
    ).combine_chunks()
    usage = usage.set_column(3, "value", usage["value"].cast(pa.decimal128(38, 9)))
    labels = pa.array(
        [list(row["labels"].items()) for row in company.usage], pa.map_(pa.string(), pa.string())
    )
    usage = usage.set_column(4, "labels", labels).set_column(
        0, "node", usage["node"].combine_chunks().dictionary_encode()
    )
    cut = costs.num_rows // 2
    batches = pa.concat_tables([costs.slice(cut), costs.slice(0, cut)])
    assert facts(attribute_tables(company, batches, usage)) == facts(attribute(company))


@effort(120)
@given(companies(), st.integers(1, 10**6))
def test_a_bill_may_come_in_two_files(company: Company, units: int) -> None:
    part = Decimal(units).scaleb(-company.model["scale"])
    first = [{**row, "amount": format(part, "f")} for row in company.costs]
    second = [
        {**row, "amount": format(Decimal(row["amount"]) - part, "f")} for row in company.costs
    ]
    assert facts(attribute(changed(company, costs=second + first))) == facts(attribute(company))


@effort(120)
@given(companies(never=["unmapped"]))
def test_names_count_by_their_order_alone(company: Company) -> None:
    ids = sorted(node["id"] for node in company.model["nodes"])
    names = {name: f"Ω {place:03d}'" for place, name in enumerate(ids)}
    answer, other = attribute(company), attribute(renamed(company, names.__getitem__))
    assert other.allocations == [row._replace(node=names[row.node]) for row in answer.allocations]
    assert other.contributions == [
        row._replace(source=names[row.source], receiver=names[row.receiver])
        for row in answer.contributions
    ]
    assert (other.codes, len(other.offences)) == (answer.codes, len(answer.offences))


NOT_BY_COUNT = (
    "fixed_percent",
    "proportional_on",
    "capped_proportional",
    "residual_to_max",
    "weighted_average",
    "segment_filtered_proportional",
    "remainder",
)


@effort(120)
@given(companies(strategies=NOT_BY_COUNT))
def test_an_edge_of_share_0_changes_nothing_for_others(company: Company) -> None:
    # The number of siblings counts where shares are equal, so nothing may fall back to that.
    edges = [_retaining(edge) for edge in company.model["edges"]]
    company = changed(company, model={**company.model, "edges": edges})
    idle = {"strategy": "fixed_percent", "parameters": {"percent": 0}}
    model = {
        **company.model,
        "nodes": [*company.model["nodes"], {"id": "zzz idle", "type": "product"}],
        "edges": [
            *edges,
            *(
                {"source": source, "receiver": "zzz idle", **idle}
                for source in {edge["source"] for edge in edges}
            ),
        ],
    }
    answer, other = attribute(company), attribute(changed(company, model=model))
    assert other.allocations == answer.allocations
    assert [row for row in other.contributions if row.receiver != "zzz idle"] == (
        answer.contributions
    )
    assert not any(row.amount for row in other.contributions if row.receiver == "zzz idle")
    assert (other.codes, other.offences) == (answer.codes, answer.offences)


def _retaining(edge: dict[str, Any]) -> dict[str, Any]:
    overrides = [{**each, "on_zero_usage": "retain"} for each in edge.get("overrides", ())]
    return {**edge, "on_zero_usage": "retain"} | ({"overrides": overrides} if overrides else {})


@effort(120)
@given(knobs(never=["unmapped"]), st.integers(0, 2**32 - 1))
def test_two_companies_in_one_do_not_touch(chosen: Knobs, seed: int) -> None:
    one = renamed(make(chosen), lambda name: f"one {name}")
    two = renamed(make(replace(chosen, seed=seed)), lambda name: f"two {name}")
    model = {
        **one.model,
        "nodes": two.model["nodes"] + one.model["nodes"],
        "edges": one.model["edges"] + two.model["edges"],
    }
    both = changed(one, model=model, costs=one.costs + two.costs, usage=two.usage + one.usage)
    joined, answers = attribute(both), [attribute(one), attribute(two)]
    assert joined.codes == answers[0].codes | answers[1].codes
    assert joined.offences == answers[0].offences | answers[1].offences
    if joined.codes:
        return
    assert sorted(joined.allocations) == sorted(answers[0].allocations + answers[1].allocations)
    assert sorted(joined.contributions) == sorted(
        answers[0].contributions + answers[1].contributions
    )
    # Dimensions that only one of the two has cost in decide which edges are asked for usage.
    assert joined.fallbacks == answers[0].fallbacks + answers[1].fallbacks


@effort(120)
@given(companies(days=(2, 6)), st.integers(0, 4))
def test_a_period_is_the_sum_of_its_parts(company: Company, offset: int) -> None:
    middle = min(START + timedelta(offset), company.end - timedelta(1))
    parts = [
        attribute(changed(company, end=middle)),
        attribute(changed(company, start=middle + timedelta(1))),
    ]
    whole = attribute(company)
    assert whole.codes == parts[0].codes | parts[1].codes
    assert whole.offences == parts[0].offences | parts[1].offences
    if whole.codes:
        return
    assert whole.allocations == parts[0].allocations + parts[1].allocations
    assert whole.contributions == parts[0].contributions + parts[1].contributions
    days = [sum(days for _, _, days in each.fallbacks.elements()) for each in (whole, *parts)]
    assert days[0] == days[1] + days[2]


@effort(100)
@given(companies(), st.integers(1, 4000), st.integers(1, 3))
def test_threads_and_slices_do_not_matter(company: Company, cells: int, threads: int) -> None:
    assert facts(attribute(company, cells=cells, threads=threads)) == facts(attribute(company))
