"""The fast and the slow path give the same units, and nothing else changes them either."""

import random
from typing import Any

import pyarrow as pa
import pytest
from companies import END, START, company

import apportion as ap
from apportion.attribution import weights


def _outcome(model: dict[str, Any], costs: pa.Table, usage: pa.Table, **how: Any) -> Any:
    """The rows, or the codes and facts of what was refused."""
    try:
        result = ap.attribute(ap.Model.from_dict(model), costs, usage, START, END, **how)
    except ap.ApportionError as error:
        return [(finding.code, sorted(finding.details.items())) for finding in error.findings]
    # A share is a float to be read, so its last bits may differ by path; 12 digits may not.
    shares = [round(share, 12) for share in result.contributions.column("share").to_pylist()]
    return (
        result.allocations.to_pylist(),
        result.contributions.drop_columns(["share"]).to_pylist(),
        result.warnings.to_pylist(),
        shares,
    )


def test_the_companies_are_worth_testing() -> None:
    """Most runs succeed, some fail for their shares, and the slow path is seen on its own."""
    results, refused = [], 0
    for seed in range(60):
        model, costs, usage = company(seed)
        try:
            result = ap.attribute(ap.Model.from_dict(model), costs, usage, START, END)
            results.append(result)
        except ap.ApportionError:
            refused += 1
    assert len(results) > 30
    assert refused > 2
    assert sum(result.slow_splits for result in results) > 0
    assert sum(result.contributions.num_rows for result in results) > 500


@pytest.mark.parametrize("seed", range(150))
def test_fast_and_slow_paths_agree(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    case = company(seed)
    fast = _outcome(*case)
    monkeypatch.setattr(weights, "LARGEST", 0.5)
    assert _outcome(*case) == fast


@pytest.mark.parametrize("seed", range(25))
def test_threads_slices_and_order_change_nothing(seed: int) -> None:
    model, costs, usage = company(seed)
    expected = _outcome(model, costs, usage)
    for threads, cells in ((1, 1), (2, 64), (8, 2**19)):
        assert _outcome(model, costs, usage, threads=threads, cells=cells) == expected
    chance = random.Random(seed)
    shuffled = {**model, "edges": chance.sample(model["edges"], len(model["edges"]))}
    order = chance.sample(range(costs.num_rows), costs.num_rows)
    other_order = chance.sample(range(usage.num_rows), usage.num_rows)
    rows = _outcome(shuffled, costs.take(order), usage.take(other_order))
    if isinstance(expected, tuple):
        assert rows[:3] == expected[:3]
    else:
        assert sorted(map(str, rows)) == sorted(map(str, expected))
