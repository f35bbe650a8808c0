"""The engine gives what the rules give, to the last unit, over companies made at random."""

from collections import Counter, defaultdict
from datetime import date
from typing import Any

import pytest
from companies_made import Company, companies, knobs, make
from engine import Answer, attribute
from hypothesis import given
from hypothesis import strategies as st
from oracle import rational, same_rounding
from oracle.same_rounding import Outcome

from effort import effort


def expected_of(company: Company) -> Outcome:
    """What the rules say of a company."""
    return same_rounding.attribute(
        company.model, company.costs, company.usage, company.start, company.end
    )


def require_same(answer: Answer, expected: Outcome) -> None:
    """Every row and its place, every share, every fallback; or the same refusal."""
    if "amount_overflow" in expected.codes:
        assert "amount_overflow" in answer.codes
        return
    assert answer.codes == expected.codes
    assert answer.offences == expected.offences
    if expected.codes:
        return
    assert answer.allocations == expected.allocations
    assert answer.contributions == expected.contributions
    assert answer.shares == pytest.approx([float(share) for share in expected.shares], abs=1e-12)
    assert answer.fallbacks == Counter(
        (source, metric, len(days)) for (source, metric, _), days in expected.fallbacks.items()
    )
    assert answer.missing == expected.missing


def require_conserved(answer: Answer) -> None:
    """Nothing is created or lost, from the rows alone (`A2`, `A17`, `A20`)."""
    given, received = defaultdict(int), defaultdict(int)
    for row in answer.contributions:
        given[row.source, row.date, row.dimension] += row.amount
        received[row.receiver, row.date, row.dimension] += row.amount
    for row in answer.allocations:
        key = (row.node, row.date, row.dimension)
        assert row.holistic == row.direct + row.indirect == row.given + row.retained
        assert row.given == given.pop(key, 0)
        assert row.indirect == received.pop(key, 0)
    assert not any(given.values())
    assert not any(received.values())
    assert sum(row.direct for row in answer.allocations) == sum(
        row.retained for row in answer.allocations
    )


@effort(1600)
@given(companies())
def test_engine_equals_the_rules(company: Company) -> None:
    answer = attribute(company)
    require_same(answer, expected_of(company))
    require_conserved(answer)


@effort(250)
@given(companies(always=["huge"], days=(1, 2)))
def test_amounts_near_the_limit_are_exact_or_refused(company: Company) -> None:
    answer = attribute(company)
    require_same(answer, expected_of(company))
    require_conserved(answer)


REST = ("residual_to_max", "proportional_on", "fixed_percent", "remainder")


@effort(150)
@given(companies(always=["equal_usage"], never=["cents"], strategies=REST))
def test_of_equal_users_the_first_takes_the_rest(company: Company) -> None:
    """Among all companies it is rare that several are the greatest and the cost does not divide."""
    require_same(attribute(company), expected_of(company))


@effort(60)
@given(
    companies(days=(20, 60), always=["windows"]),
    st.sampled_from([1, 500, 5000]),
    st.integers(1, 2),
)
def test_many_days_in_slices_of_any_size(company: Company, cells: int, threads: int) -> None:
    answer = attribute(company, cells=cells, threads=threads)
    require_same(answer, expected_of(company))


@effort(250)
@given(companies(never=["cents"]))
def test_each_node_is_within_a_unit_per_edge_upstream(company: Company) -> None:
    answer = attribute(company)
    if answer.codes:
        return
    ideal = rational.flow(company.model, company.costs, company.usage, company.start, company.end)
    found = {(row.node, row.date, row.dimension): row.holistic for row in answer.allocations}
    for key, (holistic, edges_upstream) in ideal.items():
        off = abs(found.get(key, 0) - holistic)
        assert off < edges_upstream or off == edges_upstream == 0, key


@effort(60)
@given(knobs(), st.sampled_from([["storage"], ["compute", "egress"], []]))
def test_dimensions_left_out_are_reported_with_their_amounts(
    chosen: Any, wanted: list[str]
) -> None:
    company = make(chosen)
    whole = expected_of(company)
    wanted = [name for name in wanted if any(row.dimension == name for row in whole.allocations)]
    expected = same_rounding.attribute(
        company.model, company.costs, company.usage, company.start, company.end, wanted
    )
    answer = attribute(company, dimensions=wanted)
    require_same(answer, expected)
    if whole.codes or answer.codes:
        return
    others: dict[str, int] = defaultdict(int)
    for row in whole.allocations:
        if row.dimension not in wanted:
            others[row.dimension] += row.direct
    reported = {
        finding.details["dimension"]: finding.details["amount"]
        for finding in answer.result.findings
        if finding.code == "dimension_left_out"
    }
    scale = whole.declared.scale
    assert {name: int(amount.replace(".", "")) for name, amount in reported.items()} == {
        name: units for name, units in others.items() if units
    }
    assert all(len(amount.partition(".")[2]) == scale for amount in reported.values())


@effort(100)
@given(companies(always=["negative_usage"]))
def test_every_negative_usage_that_could_count_is_said(company: Company) -> None:
    answer, expected = attribute(company), expected_of(company)
    require_same(answer, expected)
    if answer.codes:
        return
    dimensions = {row["dimension"] for row in company.costs}
    read = {
        (edge.use_for(name).get("parameters") or {}).get("metric")
        for edge in expected.declared.edges
        for name in dimensions
    }
    in_period = Counter(
        (row["node"], row["metric"])
        for row in company.usage
        if row["value"].startswith("-") and row["date"] >= company.start
    )
    for pair, rows in in_period.items():
        if pair[1] in read:
            assert rows <= answer.negative[pair] <= expected.negative[pair]


DAY = date(2024, 1, 1)


def _flat(costs: list[tuple[str, int]]) -> Company:
    """Two sources that give all to one product, on one day."""
    return Company(
        {
            "currency": "USD",
            "nodes": [
                {"id": "a", "type": "shared"},
                {"id": "b", "type": "shared"},
                {"id": "p", "type": "product"},
            ],
            "edges": [
                {"source": source, "receiver": "p", "strategy": "equal"} for source in ("a", "b")
            ],
        },
        [
            {
                "node": node,
                "date": DAY,
                "dimension": "x",
                "amount": f"{'-' if units < 0 else ''}{abs(units) // 10**9}."
                f"{abs(units) % 10**9:09d}",
                "currency": "",
            }
            for node, units in costs
        ],
        [],
        DAY,
        DAY,
    )


LIMIT = 2**63 - 1


@pytest.mark.parametrize(
    ("costs", "refused"),
    [
        ([("a", LIMIT)], False),
        ([("a", -LIMIT)], False),
        ([("a", LIMIT + 1)], True),
        ([("a", -LIMIT - 1)], True),
        ([("a", LIMIT), ("a", 1)], True),
        ([("a", LIMIT), ("a", -1)], False),
        ([("a", LIMIT), ("b", 1)], True),
        ([("a", LIMIT), ("b", -1)], False),
        ([("a", LIMIT), ("b", -LIMIT)], False),
        ([("a", LIMIT), ("p", 1)], True),
        # What p receives does not fit, although what it holds in the end would.
        ([("a", LIMIT), ("b", LIMIT), ("p", -LIMIT)], True),
    ],
)
def test_the_last_amount_that_fits(costs: list[tuple[str, int]], *, refused: bool) -> None:
    company = _flat(costs)
    expected = expected_of(company)
    assert expected.codes == (frozenset({"amount_overflow"}) if refused else frozenset())
    answer = attribute(company)
    require_same(answer, expected)
    require_conserved(answer)
