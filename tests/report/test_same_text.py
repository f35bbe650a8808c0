"""The same amount has the same text on every page, and what stands under a total adds up to it."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

import apportion as ap
from apportion.report.listing import Wanted
from apportion.report.products import products
from apportion.report.reconciliation import Line, statement

DAY = date(2024, 1, 1)
MODEL = {
    "currency": "USD",
    "nodes": [
        {"id": "db", "type": "shared"},
        *({"id": name, "type": "product"} for name in ("checkout", "search", "own")),
    ],
    "edges": [
        {
            "source": "db",
            "receiver": name,
            "strategy": "fixed_percent",
            "parameters": {"percent": percent},
        }
        for name, percent in (("checkout", 40), ("search", 20))
    ],
}
AMOUNTS = ("0.008", "0.0125", "10.005", "3.3333", "-0.008", "-7.777", "0.0249", "1000.015")


def shown(line: Line) -> Decimal:
    return Decimal(line.shown.replace(",", ""))


@pytest.mark.parametrize("bill", ["0", "0.004", "0.005", "2.226", "-0.006"])
@pytest.mark.parametrize("amount", AMOUNTS)
def test_what_products_cost_is_the_same_in_the_proof_and_in_their_list(
    amount: str, bill: str
) -> None:
    costs = pa.table(
        {
            "node": ["db", "own"],
            "date": [DAY, DAY],
            "dimension": ["compute"] * 2,
            "amount": [Decimal(amount), Decimal(bill)],
        }
    )
    usage = pa.table({"node": [""], "date": [DAY], "metric": [""], "value": [0.0]}).slice(1)
    model = ap.Model.from_dict(MODEL)
    result = ap.attribute(model, costs, usage, DAY, DAY)
    proof = statement(result.reconciliation(), model, result.scale)
    listed = products(result.connect(), model, Wanted(DAY, DAY), "USD", result.scale)
    by_label = {line.label: shown(line) for line in (*proof.came_in, *proof.went_to)}
    assert by_label["Products"] == Decimal(listed.total_shown.replace(",", ""))
    for lines, total in ((proof.came_in, proof.total_in), (proof.went_to, proof.total_out)):
        assert sum(map(shown, lines)) == Decimal(total.replace(",", ""))
        for line in lines:
            assert abs(shown(line) - line.amount) < Decimal("0.01")
    assert proof.total_in == proof.total_out
