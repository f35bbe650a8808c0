"""Small random companies in which every strategy meets every other."""

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

DAYS = [date(2024, 1, day) for day in range(1, 10)]
START, END = DAYS[0], DAYS[-1]

_PARAMETERS: dict[str, dict[str, list[Any]]] = {
    "equal": {},
    "remainder": {},
    "fixed_percent": {"percent": ["0", "5", "12.5", "33.333"]},
    "proportional_on": {"metric": ["calls", "calls", "hours"]},
    "residual_to_max": {"metric": ["calls", "calls", "hours"]},
    "capped_proportional": {"metric": ["calls"], "cap_percent": ["10", "33.3", "50"]},
    "hybrid_fixed_proportional": {"metric": ["hours"], "fixed_percent": ["0", "10", "40"]},
    "min_floor_proportional": {"metric": ["calls"], "min_floor_percent": ["1", "10", "60"]},
    "weighted_average": {
        "metric": ["calls"],
        "window_days": [1, 3],
        "decay": ["1", "0.5", "0.9"],
    },
    "segment_filtered_proportional": {
        "metric": ["calls"],
        "segment_filter": [
            {"label": "env", "operator": "in", "values": ["prod"]},
            {"label": "env", "operator": "not_in", "values": ["prod"]},
            {"label": "env", "operator": "exists"},
        ],
    },
}


def company(seed: int) -> tuple[dict[str, Any], pa.Table, pa.Table]:
    """A model, its costs and its usage."""
    chance = random.Random(seed)
    levels = chance.randint(2, 5)
    nodes = [
        (level, f"{chance.choice('abcxyz')}{level}{index}")
        for level in range(levels)
        for index in range(chance.randint(1, 5))
    ]
    edges = [edge for level, name in nodes for edge in _edges(chance, nodes, level, name)]
    model = {
        "currency": "USD",
        "nodes": [
            {"id": name, "type": "product" if level == levels - 1 else "shared"}
            for level, name in nodes
        ],
        "edges": edges,
    }
    names = [name for _, name in nodes]
    return model, _costs(chance, names), _usage(chance, names)


def _use(chance: random.Random) -> dict[str, Any]:
    name = chance.choice(list(_PARAMETERS))
    parameters = {key: chance.choice(values) for key, values in _PARAMETERS[name].items()}
    return {"strategy": name, "parameters": parameters}


def _edges(
    chance: random.Random, nodes: list[tuple[int, str]], level: int, name: str
) -> list[dict[str, Any]]:
    receivers = [other for below, other in nodes if below > level]
    chance.shuffle(receivers)
    usual = _use(chance)
    edges = []
    for receiver in receivers[: chance.randint(0, 5)]:
        edge = {"source": name, "receiver": receiver}
        edge |= usual if chance.random() < 0.5 else _use(chance)
        if chance.random() < 0.15:
            edge["overrides"] = [{"dimension": "storage", **_use(chance)}]
        if chance.random() < 0.2:
            edge["active_from"] = chance.choice(DAYS[:4])
        if chance.random() < 0.2:
            edge["active_to"] = chance.choice(DAYS[4:])
        if chance.random() < 0.2 and "metric" in edge["parameters"]:
            edge["on_zero_usage"] = chance.choice(["equal", "retain"])
        edges.append(edge)
    return edges


def _costs(chance: random.Random, names: list[str]) -> pa.Table:
    sizes = [(-(10**6), 10**12), (-(10**17), 10**17), (-50, 50)]
    rows = [
        {
            "node": chance.choice(names),
            "date": chance.choice(DAYS),
            "dimension": chance.choice(["compute", "storage"]),
            "amount": str(Decimal(chance.randint(*chance.choice(sizes))).scaleb(-9)),
        }
        for _ in range(chance.randint(1, 40))
    ]
    return pa.Table.from_pylist(rows)


def _usage(chance: random.Random, names: list[str]) -> pa.Table:
    schema = pa.schema(
        [
            ("node", pa.string()),
            ("date", pa.date32()),
            ("metric", pa.string()),
            ("value", pa.string()),
            ("labels", pa.string()),
        ]
    )
    rows = [
        {
            "node": chance.choice(names),
            "date": chance.choice(DAYS),
            "metric": chance.choice(["calls", "hours"]),
            "value": chance.choice(
                ["0", str(chance.randint(-3, 100)), str(Decimal(chance.randint(0, 10**6)) / 1000)]
            ),
            "labels": chance.choice(["{}", '{"env": "prod"}', '{"env": "test"}']),
        }
        for _ in range(chance.randint(0, 80))
    ]
    return pa.Table.from_pylist(rows, schema=schema)
