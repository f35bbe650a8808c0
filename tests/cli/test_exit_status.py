"""What a command found is in its exit status too, for programs that look at nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

Apportion = Callable[..., Any]


def test_a_result_that_does_not_add_up_ends_with_1(acme: Path, apportion: Apportion) -> None:
    assert apportion("reconcile").status == 0
    assert apportion("reconcile", "--json").status == 0
    allocations = DeltaTable(acme / "ledger" / "allocations")
    allocations.update(updates={"retained": "retained + 1"}, predicate="node = 'reports'")
    for more in ((), ("--json",)):
        answer = apportion("reconcile", *more)
        assert answer.status == 1
        assert "[invariant_violation]" in answer.err
        assert "holistic_adds_up" in answer.err
