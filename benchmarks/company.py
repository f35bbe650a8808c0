"""Companies of a given size, made from a seed: model files, costs and usage."""

import csv
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from apportion.amounts.columns import units_to_arrow

LEVELS = 5
START = date(2024, 1, 1)
STRATEGIES = (
    ("proportional_on", {"metric": "requests"}),
    ("equal", {}),
    ("capped_proportional", {"metric": "requests", "cap_percent": 60}),
    ("hybrid_fixed_proportional", {"metric": "cpu_hours", "fixed_percent": 20}),
    ("min_floor_proportional", {"metric": "cpu_hours", "min_floor_percent": 5}),
    ("residual_to_max", {"metric": "requests"}),
    ("weighted_average", {"metric": "cpu_hours", "window_days": 7}),
    ("mixed", {}),
)
"""What sources use in turn. ``mixed`` gives its receivers fixed, proportional and remainder."""


@dataclass(frozen=True)
class Size:
    """How large a company is. Every node of the first two levels has cost each day."""

    nodes: int
    edges: int
    days: int
    dimensions: int

    @property
    def end(self) -> date:
        """The last day."""
        return START + timedelta(days=self.days - 1)

    @property
    def contributions(self) -> int:
        """How many parts a run computes."""
        return self.edges * self.days * self.dimensions


G1 = Size(nodes=2_000, edges=10_000, days=365, dimensions=5)
G2 = Size(nodes=20_000, edges=100_000, days=90, dimensions=5)


def model_rows(size: Size, seed: int = 0) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Nodes and edges as rows of the model's CSV files."""
    random = np.random.default_rng(seed)
    per_level = size.nodes // LEVELS
    names = [f"n{level}-{index:06d}" for level in range(LEVELS) for index in range(per_level)]
    nodes = [
        {"id": name, "type": "product" if name.startswith(f"n{LEVELS - 1}") else "platform"}
        for name in names
    ]
    sources = (LEVELS - 1) * per_level
    fan, extra = divmod(size.edges, sources)
    edges = []
    for source in range(sources):
        level = source // per_level
        count = fan + (source < extra)
        # Every node gets from the one above it, so that each edge has cost to carry.
        above = source % per_level
        others = random.choice(per_level - 1, count - 1, replace=False)
        columns = [above, *(others + (others >= above)).tolist()]
        for place, receiver in enumerate((level + 1) * per_level + column for column in columns):
            strategy, parameters = _strategy(source, place)
            edges.append(
                {
                    "source": names[source],
                    "receiver": names[receiver],
                    "strategy": strategy,
                    "parameters": json.dumps(parameters),
                }
            )
    return nodes, edges


def _strategy(source: int, place: int) -> tuple[str, dict[str, object]]:
    name, parameters = STRATEGIES[source % len(STRATEGIES)]
    if name != "mixed":
        return name, parameters
    choices: tuple[tuple[str, dict[str, object]], ...] = (
        ("fixed_percent", {"percent": 15}),
        ("proportional_on", {"metric": "requests"}),
        ("remainder", {}),
    )
    return choices[min(place, 2)]


def cost_table(size: Size, seed: int = 1) -> pa.Table:
    """A cost per day, dimension and node of the first two levels, some of them credits."""
    random = np.random.default_rng(seed)
    carriers = 2 * (size.nodes // LEVELS)
    names = [f"n{level}-{i:06d}" for level in range(2) for i in range(carriers // 2)]
    count = carriers * size.days * size.dimensions
    row = np.arange(count)
    day = (row // (carriers * size.dimensions)).astype(np.int32) + _epoch_day()
    return pa.table(
        {
            "node": _texts(row % carriers, names),
            "date": pa.array(day).cast(pa.date32()),
            "dimension": _texts(
                row // carriers % size.dimensions, [f"dim-{i}" for i in range(size.dimensions)]
            ),
            "amount": units_to_arrow(random.integers(-(10**9), 10**12, count), 9),
            "currency": pa.repeat(pa.scalar("USD"), count),
        }
    )


def usage_table(size: Size, seed: int = 2) -> pa.Table:
    """Requests and CPU hours of every node and day."""
    random = np.random.default_rng(seed)
    per_level = size.nodes // LEVELS
    names = [f"n{level}-{i:06d}" for level in range(LEVELS) for i in range(per_level)]
    count = size.nodes * size.days
    row = np.arange(count)
    tables = [
        pa.table(
            {
                "node": _texts(row % size.nodes, names),
                "date": pa.array((row // size.nodes).astype(np.int32) + _epoch_day()).cast(
                    pa.date32()
                ),
                "metric": pa.repeat(pa.scalar(metric), count),
                "value": pa.array(random.integers(0, most, count)),
            }
        )
        for metric, most in (("requests", 10**6), ("cpu_hours", 10**3))
    ]
    return pa.concat_tables(tables)


def _texts(codes: np.ndarray, names: list[str]) -> pa.Array:
    indices = pa.array(codes.astype(np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array(names)).cast(pa.string())


def _epoch_day() -> np.int32:
    return np.int32((START - date(1970, 1, 1)).days)


def write_workspace(folder: Path, size: Size) -> Path:
    """A workspace of that size, its costs and usage beside it as Parquet files."""
    (folder / "model").mkdir(parents=True)
    (folder / "apportion.yaml").write_text("name: benchmark\ncurrency: USD\n", encoding="utf-8")
    nodes, edges = model_rows(size)
    for name, rows in (("nodes", nodes), ("edges", edges)):
        with (folder / "model" / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    pq.write_table(cost_table(size), folder / "costs.parquet")
    pq.write_table(usage_table(size), folder / "usage.parquet")
    return folder
