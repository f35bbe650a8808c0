"""The companies made at random are worth testing with: every rule meets every other."""

import random
from collections import Counter

from companies_made import FEATURES, Knobs, make
from hypothesis import settings
from oracle import same_rounding
from uses_made import STRATEGIES

from effort import USUAL, effort


def _knobs(seed: int) -> Knobs:
    dice = random.Random(seed)
    return Knobs(
        seed,
        layers=dice.randint(1, 6),
        width=3,
        days=dice.randint(1, 4),
        dimensions=3,
        features=frozenset(name for name in FEATURES if name != "huge" and dice.random() < 0.3),
    )


def test_companies_hold_what_they_promise() -> None:
    seen: Counter[str] = Counter()
    for seed in range(400):
        company = make(_knobs(seed))
        outcome = same_rounding.attribute(
            company.model, company.costs, company.usage, company.start, company.end
        )
        seen.update(outcome.codes or ["succeeded"])
        if outcome.codes:
            continue
        edges = outcome.declared.edges
        pairs = {(edge.source, edge.receiver) for edge in edges}
        paid = Counter((row.source, row.receiver) for row in outcome.contributions if row.amount)
        seen.update({edge.use["strategy"] for edge in edges if paid[edge.source, edge.receiver]})
        seen["fallbacks"] += bool(outcome.fallbacks)
        seen["missing"] += bool(outcome.missing)
        seen["windows"] += len(pairs) < len(edges)
        seen["overrides"] += any(edge.overrides for edge in edges)
        seen["mixed"] += any(
            len({edge.use["strategy"] for edge in edges if edge.source == source}) > 2
            for source, _ in pairs
        )
        seen["credits"] += any(row.amount < 0 for row in outcome.contributions)
        seen["rolled up"] += any(
            row.given and not outcome.declared.is_infrastructure(row.node)
            for row in outcome.allocations
        )
        seen["kept"] += any(row.given and row.retained for row in outcome.allocations)
        levels = same_rounding.levels(outcome.declared.active(company.end))
        seen["deep"] += max(levels.values(), default=0) > 4
    assert seen["succeeded"] > 300
    assert seen["shares_exceed_one"] > 10
    assert seen["zero_usage"] > 0
    rare = {name: seen[name] for name in (*STRATEGIES, "fallbacks", "overrides") if seen[name] < 40}
    assert not rare
    for name in ("missing", "windows", "mixed", "credits", "rolled up", "kept", "deep"):
        assert seen[name] > 30, name


def test_the_same_knobs_make_the_same_company() -> None:
    assert make(_knobs(7)) == make(_knobs(7))
    assert make(_knobs(7)) != make(_knobs(8))


def test_effort_follows_the_profile() -> None:
    factor = settings.default.max_examples / USUAL
    assert effort(50).max_examples == round(50 * factor)
    with_more = settings(max_examples=10 * USUAL)
    usual = settings.default
    try:
        settings.register_profile("ten times", with_more)
        settings.load_profile("ten times")
        assert effort(50).max_examples == 500
    finally:
        settings.register_profile("as before", usual)
        settings.load_profile("as before")
