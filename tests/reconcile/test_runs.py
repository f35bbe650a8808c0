"""Runs of the engine on small random companies, proven and then spoilt."""

import random
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from companies import END, START, company

import apportion as ap
from apportion.reconcile import evidence
from apportion.reconcile.proof import reconcile
from apportion.reconcile.reconciliation import Reconciliation


def prove(result: Any, model: ap.Model, **tables: pa.Table) -> Reconciliation:
    """The proof of a result, some of whose tables are replaced."""
    connection: duckdb.DuckDBPyConnection = result.connect()
    for name, table in tables.items():
        connection.unregister(name)
        connection.register(name, table)
    return reconcile(
        connection,
        model,
        START,
        END,
        result.currency,
        result.scale,
        has_costs=True,
        warnings=result.warnings,
    )


def run(seed: int) -> tuple[ap.Model, Any] | None:
    """A company's model and result, or none where its shares exceed the whole."""
    description, costs, usage = company(seed)
    try:
        model = ap.Model.from_dict(description)
        return model, ap.attribute(model, costs, usage, START, END)
    except (ap.ModelError, ap.RunError):
        return None


def test_every_run_is_proven_and_every_spoilt_row_is_found() -> None:
    proven = spoilt = 0
    for seed in range(40):
        made = run(seed)
        if made is None:
            continue
        model, result = made
        proof = prove(result, model)
        assert proof.violations == (), seed
        assert proof.conservation_delta == 0
        by_reason = sum(proof.unallocated_by_reason.values(), Decimal(0))
        assert by_reason == proof.unallocated_cost
        proven += 1
        chance = random.Random(seed)
        if result.contributions.num_rows:
            spoilt += 1
            gone = chance.randrange(result.contributions.num_rows)
            rows = [row for row in range(result.contributions.num_rows) if row != gone]
            fewer = result.contributions.take(pa.array(rows, pa.int64()))
            found = prove(result, model, contributions=fewer).violations
            lost = result.contributions.slice(gone, 1).to_pylist()[0]
            assert (lost["source"], lost["date"], lost["dimension"]) in {
                (each.node, each.date, each.dimension)
                for each in found
                if each.type == "edges_are_active"
            }
    assert proven > 20
    assert spoilt > 15


def test_it_does_not_matter_how_many_days_are_proven_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = 0
    for seed in range(8):
        made = run(seed)
        if made is None or made[1].contributions.num_rows < 2:
            continue
        model, result = made
        twice = pa.concat_tables([result.allocations, result.allocations.slice(0, 1)])
        spoilt = [
            {},
            {"contributions": result.contributions.slice(1)},
            {"allocations": twice},
            {"allocations": result.allocations.slice(1)},
        ]
        for tables in spoilt:
            proofs = []
            for rows in (5_000_000, 1):
                monkeypatch.setattr(evidence, "_STRETCH_ROWS", rows)
                proofs.append(prove(result, model, **tables).to_dict())
            assert proofs[0] == proofs[1], seed
            assert bool(proofs[0]["invariant_violations"]) == bool(tables), seed
            compared += 1
    assert compared > 10


@pytest.mark.parametrize("policy", ["retain", "equal"])
def test_the_policy_of_the_runs_warning_is_what_the_reasons_look_for(policy: str) -> None:
    model = ap.Model.from_dict(
        {
            "currency": "USD",
            "nodes": [{"id": "a", "type": "shared"}, {"id": "p", "type": "product"}],
            "edges": [
                {
                    "source": "a",
                    "receiver": "p",
                    "strategy": "proportional_on",
                    "parameters": {"metric": "m"},
                    "on_zero_usage": policy,
                }
            ],
        }
    )
    costs = {"node": ["a"], "date": [START], "dimension": ["x"], "amount": ["5"]}
    usage = {
        "node": pa.array(["p"]),
        "date": pa.array([START]),
        "metric": pa.array(["m"]),
        "value": pa.array([0]),
    }
    result = ap.attribute(model, pa.table(costs), pa.table(usage), START, START)
    proof = result.reconciliation()
    assert proof.violations == ()
    (node,) = proof.infrastructure_nodes
    assert policy in result.warnings["policy"].to_pylist()
    assert node.reason == ("no usage, kept" if policy == "retain" else "")
