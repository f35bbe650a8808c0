"""No order of lines or of files changes a byte of the rows, nor of what is told about them."""

from functools import cache
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import bill, costs, model, read, usage, written

from apportion.ingest.incoming import Incoming

LINES = [
    {
        "EffectiveCost": amount,
        "BillingCurrency": currency,
        "ServiceCategory": category,
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "Tags": tags,
    }
    for amount, currency, category, start, end, tags in [
        ("0.3333333333333", "USD", "Compute", "2024-09-02", "2024-09-03", "NULL"),
        ("0.6666666666666", "USD", "Compute", "2024-09-02", "2024-09-05", '{"team": "servers"}'),
        ("-7.00000000049", "USD", "Compute", "2024-09-02", "2024-09-30", '{"team": "servers"}'),
        ("1e-10", "USD", "Storage", "2024-09-04", "2024-09-05", '{"team": "database"}'),
        ("1e-10", "USD", "Storage", "2024-09-05", "2024-09-06", '{"team": "database"}'),
        ("4.00000000005", "EUR", "NULL", "2024-09-02", "2024-09-09", "NULL"),
        ("1000000000", "EUR", "Tax", "2024-09-02", "2024-09-03", '{"team": "nobody"}'),
        ("12.5", "JPY", "Tax", "2024-09-01", "2024-10-01", '{"team": "database"}'),
    ]
]
MAPPING = [{"when": {"tag": "team", "exists": True}, "node": "{tag.team}", "dimension": "d"}]


def bytes_of(incoming: Incoming) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, incoming.rows.schema) as writer:
        writer.write_table(incoming.rows.combine_chunks())
    return bytes(sink.getvalue())


def told(incoming: Incoming) -> dict[str, Any]:
    report = incoming.report.to_dict()
    return {key: value for key, value in report.items() if key != "files"}


@cache
def _whole() -> Incoming:
    return read("focus", bill("whole.csv", *LINES), company=model(mapping=MAPPING))


orders = st.permutations(range(len(LINES)))
cuts = st.integers(1, len(LINES) - 1)


@given(orders, cuts, st.permutations([0, 1]))
@settings(max_examples=8)
def test_lines_of_a_bill_in_any_order_and_in_any_files(
    order: list[int], cut: int, files: list[int]
) -> None:
    company = model(mapping=MAPPING)
    whole = _whole()
    lines = [LINES[place] for place in order]
    parts = [bill("a.csv", *lines[:cut]), bill("b.csv", *lines[cut:])]
    found = read("focus", *(parts[place] for place in files), company=company)
    assert bytes_of(found) == bytes_of(whole)
    assert told(found) == told(whole)
    assert found.replaces == whole.replaces


@given(st.permutations(range(6)))
@settings(max_examples=4)
def test_plain_lines_in_any_order(order: list[int]) -> None:
    places = [{"node": "servers", "date": f"2024-01-0{n // 2 + 1}"} for n in range(6)]
    cost_lines = [{**at, "amount": f"{n}.0000000005"} for n, at in enumerate(places)]
    usage_lines = [
        {**at, "value": f"{3 - n}", "label.x": str(n % 2)} for n, at in enumerate(places)
    ]
    for form, write, lines in (("costs", costs, cost_lines), ("usage", usage, usage_lines)):
        straight = read(form, write("a.csv", *lines), source="s")
        other = read(form, write("b.csv", *(lines[n] for n in order)), source="s")
        assert bytes_of(other) == bytes_of(straight)


@given(st.permutations(range(4)))
@settings(max_examples=4)
def test_series_and_files_of_metrics_in_any_order(order: list[int]) -> None:
    rule = {"id": "m", "name": "m", "day": "mean"}
    company = model(metrics=[rule], metric_nodes=[{"node": "checkout"}])
    files = [
        written(
            f"{n}.json",
            {
                "metrics": [
                    {
                        "metricId": "m",
                        "data": [
                            {
                                "dimensions": {"host": str(n % 2)},
                                "timestamps": [1_704_067_200_000 + n],
                                "values": [n / 3],
                            }
                        ],
                    }
                ]
            },
        )
        for n in range(4)
    ]
    straight = read("dynatrace", *files, company=company)
    other = read("dynatrace", *(files[n] for n in order), company=company)
    assert bytes_of(other) == bytes_of(straight)
