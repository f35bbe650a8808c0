"""The guard behind the kernel: a slice that lost or made a unit goes no further (`A20`)."""

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import apportion as ap
from apportion.attribution import slices

DAYS = [date(2024, 1, 1), date(2024, 1, 2)]
MODEL = {
    "currency": "USD",
    "nodes": [{"id": "db", "type": "shared"}, {"id": "shop", "type": "product"}],
    "edges": [{"source": "db", "receiver": "shop", "strategy": "equal"}],
}
COSTS = [{"node": "db", "date": day, "dimension": "x", "amount": "1.00"} for day in DAYS]


@pytest.mark.parametrize(("day", "units"), [(0, 1), (1, -1)])
def test_a_unit_that_the_kernel_made_or_lost_stops_the_run(
    day: int, units: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = slices.propagate

    def spoilt(*arguments: Any) -> Any:
        flow = real(*arguments)
        flow.holistic[day, 0, 1] += np.int64(units)
        return flow

    monkeypatch.setattr(slices, "propagate", spoilt)
    with pytest.raises(ap.RunError) as refused:
        ap.attribute(ap.Model.from_dict(MODEL), pa.Table.from_pylist(COSTS))
    (finding,) = refused.value.findings
    assert finding.code == "invariant_violation"
    assert str(DAYS[day]) in finding.message
