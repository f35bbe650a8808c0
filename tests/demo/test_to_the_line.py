"""Down to the lines of the bill: every direct cost of a month of the example company."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

from apportion import Workspace
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import COSTS
from apportion.ledger.store import read

FIRST, LAST = date(2024, 3, 1), date(2024, 3, 31)


def test_every_direct_cost_of_a_month_is_followed_to_lines_of_files(demo: Path) -> None:
    company = Workspace(demo)
    expected: defaultdict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in read(company.store, COSTS, pinned_versions(company.store)["costs"]).to_pylist():
        if FIRST <= row["date"] <= LAST:
            expected[row["node"]][row["currency"]] += row["amount"]
    assert len(expected) > 20
    assert sum(len(by_currency) for by_currency in expected.values()) >= len(expected)
    files = {path.name for path in demo.rglob("inbox/**/*") if path.is_file()}
    for node, by_currency in expected.items():
        found = company.lines(node, FIRST, LAST, top=3)
        assert {each.currency: each.direct_cost for each in found.proofs} == by_currency
        assert (found.holds, found.findings) == (True, ())
        assert all(proof.lines > 0 for proof in found.proofs)
        assert files.issuperset(found.table["file"].to_pylist())
