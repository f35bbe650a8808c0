"""The kernel beside the same propagation in DuckDB SQL and in pandas, on G1.

All get the same integer weights and direct costs, and keep every part. Their parts are compared to
the last unit before any ratio is printed. Pandas stands here twice: node by node, as one would
write the rule down, and level by level, as somebody would who knows pandas well. Both run on fewer
days, since their time grows with the rows; their rate is what is compared.
"""

import json
from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from apportion import Model
from apportion.attribution.kernel import propagate
from apportion.attribution.problem import Problem, prepare
from apportion.attribution.slices import _direct, _edge_weights, cut_slices
from apportion.attribution.weights import slice_weights
from apportion.engines.local import compute
from benchmarks.company import G1, START, cost_table, model_rows, usage_table
from benchmarks.measure import report, timed

NODE_DAYS, LEVEL_DAYS = 3, 30


def load_problem() -> Problem:
    """G1 as a problem. Strategies that round down are left out: SQL has the plain split only."""
    nodes, edges = model_rows(G1)
    declared = [
        {
            **edge,
            "parameters": json.loads(edge["parameters"]),
            "strategy": edge["strategy"].replace("residual_to_max", "proportional_on"),
        }
        for edge in edges
    ]
    model = Model.from_dict({"currency": "USD", "nodes": nodes, "edges": declared})
    return prepare(model, cost_table(G1), usage_table(G1), START, G1.end)


def kernel_seconds(problem: Problem) -> tuple[float, float, list[np.ndarray], list]:
    """Seconds of the kernel alone and of weights and kernel, both on the threads of a run."""
    pieces = list(cut_slices(problem))
    prepared = {}
    for piece in pieces:
        plan = piece.epoch.plans[0]
        weights = slice_weights(plan, problem.figures, piece.first, piece.days)
        prepared[piece.first] = (_edge_weights(plan, weights), _direct(problem, piece)[0])

    def only_kernel(piece):
        weights, direct = prepared[piece.first]
        return propagate(piece.epoch.graph, weights, direct, None).parts

    with ThreadPoolExecutor(2) as pool, timed() as alone:
        parts = list(pool.map(only_kernel, pieces))
    with timed() as whole:
        for _ in compute(problem, lambda flow: flow.parts, 2):
            pass
    inputs = [(piece, *prepared[piece.first]) for piece in pieces]
    return alone.seconds, whole.seconds, parts, inputs


def weight_table(prepared: list) -> pa.Table:
    """Edges x days: the cumulative weight before and after each edge, and the denominator."""
    columns: dict[str, list[np.ndarray]] = {}
    for piece, weights, _ in prepared:
        graph = piece.epoch.graph
        before = np.concatenate(
            [np.zeros((piece.days, 1), np.int64), weights.cumulative[:, :-1]], axis=1
        )
        before[:, graph.starts[:-1]] = 0
        days = np.arange(piece.first, piece.first + piece.days, dtype=np.int32)
        level = np.searchsorted(graph.levels, graph.segment, side="right") - 1
        for name, values in (
            ("day", np.repeat(days, graph.edge.size)),
            ("edge", np.tile(np.arange(graph.edge.size, dtype=np.int32), piece.days)),
            ("level", np.tile(level.astype(np.int32), piece.days)),
            ("source", np.tile(graph.source.astype(np.int32), piece.days)),
            ("receiver", np.tile(graph.receiver.astype(np.int32), piece.days)),
            ("before", before.reshape(-1)),
            ("after", weights.cumulative.reshape(-1)),
            ("denominator", weights.denominator[:, graph.segment].reshape(-1)),
        ):
            columns.setdefault(name, []).append(values)
    return pa.table({name: np.concatenate(values) for name, values in columns.items()})


def direct_table(problem: Problem) -> pa.Table:
    """Direct cost per node, day and dimension, as integers."""
    costs = problem.costs
    return pa.table(
        {
            "node": problem.node.astype(np.int32),
            "day": costs.day.astype(np.int32),
            "dimension": costs.dimension.astype(np.int32),
            "units": costs.units,
        }
    )


QUOTIENT = """
    (2 * abs(units)::HUGEINT * {weight} + denominator) // (2 * denominator::HUGEINT)
"""


def sql_seconds(weights: pa.Table, direct: pa.Table, levels: int) -> tuple[float, pa.Table]:
    """The propagation in DuckDB, level by level, on integers."""
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.register("weights_in", weights)
    connection.register("direct_in", direct)
    connection.execute("CREATE TABLE weights AS SELECT * FROM weights_in")
    connection.execute("CREATE TABLE holistic AS SELECT * FROM direct_in")
    connection.execute(
        "CREATE TABLE parts (edge INTEGER, receiver INTEGER, day INTEGER, dimension INTEGER,"
        " units BIGINT)"
    )
    after, before = QUOTIENT.format(weight="after"), QUOTIENT.format(weight="before")
    with timed() as timing:
        for level in range(levels):
            connection.execute(
                f"""
                CREATE OR REPLACE TEMP TABLE fresh AS
                SELECT edge, receiver, day, dimension,
                       (sign(units) * ({after} - {before}))::BIGINT AS units
                FROM weights JOIN (
                    SELECT node, day, dimension, sum(units)::BIGINT AS units
                    FROM holistic GROUP BY ALL
                ) AS amounts ON amounts.node = source AND amounts.day = weights.day
                WHERE level = ?
                """.replace("SELECT edge, receiver, day", "SELECT edge, receiver, weights.day"),
                [level],
            )
            connection.execute("INSERT INTO parts SELECT * FROM fresh")
            connection.execute(
                "INSERT INTO holistic SELECT receiver, day, dimension, sum(units)::BIGINT"
                " FROM fresh GROUP BY ALL"
            )
    return timing.seconds, connection.sql(
        "SELECT day, edge, dimension, units FROM parts ORDER BY day, dimension, edge"
    ).to_arrow_table()


def exact_frames(weights: pa.Table, direct: pa.Table, days: int) -> tuple[pd.DataFrame, ...]:
    """The first days of both tables, on Python's integers: 64 bits do not hold the products."""
    first = weights["day"].to_numpy().min()
    edges, costs = (
        table.filter(pc.less(table["day"], pa.scalar(first + days, pa.int32()))).to_pandas()
        for table in (weights, direct)
    )
    for name in ("before", "after", "denominator"):
        edges[name] = edges[name].astype(object)
    costs["units"] = costs["units"].astype(object)
    return edges, costs


def by_node(edges: pd.DataFrame, costs: pd.DataFrame) -> tuple[float, pd.DataFrame]:
    """The propagation a day and a node at a time: what it holds, split among its receivers."""
    found = []
    with timed() as timing:
        for day, today in edges.groupby("day"):
            direct = costs[costs["day"] == day]
            held = direct.pivot_table(
                index="node", columns="dimension", values="units", aggfunc="sum", fill_value=0
            ).astype(object)
            nodes = {*today["source"], *today["receiver"], *held.index}
            held = held.reindex(sorted(nodes), fill_value=0)
            for (_, source), siblings in today.groupby(["level", "source"]):
                amounts = held.loc[source]
                parts = pd.DataFrame(
                    {
                        dimension: _parts(siblings, units)
                        for dimension, units in amounts.items()
                        if units
                    }
                )
                if parts.empty:
                    continue
                held.loc[siblings["receiver"], parts.columns] += parts.to_numpy()
                parts["edge"], parts["day"] = siblings["edge"], day
                found.append(parts.melt(["day", "edge"], var_name="dimension", value_name="units"))
    return timing.seconds, pd.concat(found)


def _parts(siblings: pd.DataFrame, units: int) -> pd.Series:
    size, sign = abs(units), 1 if units > 0 else -1
    half, twice = siblings["denominator"], 2 * siblings["denominator"]
    reached = (2 * size * siblings["after"] + half) // twice
    already = (2 * size * siblings["before"] + half) // twice
    return sign * (reached - already)


def by_level(edges: pd.DataFrame, costs: pd.DataFrame) -> tuple[float, pd.DataFrame]:
    """The propagation as merges and group-bys over whole levels of all days."""
    held, found = costs, []
    with timed() as timing:
        for _, level in edges.groupby("level"):
            amounts = held.groupby(["node", "day", "dimension"], as_index=False)["units"].sum()
            rows = level.merge(amounts, left_on=["source", "day"], right_on=["node", "day"])
            size, half, twice = rows["units"].abs(), rows["denominator"], 2 * rows["denominator"]
            reached = (2 * size * rows["after"] + half) // twice
            already = (2 * size * rows["before"] + half) // twice
            rows["units"] = (reached - already) * np.sign(rows["units"].astype(float)).astype(int)
            found.append(rows[["day", "edge", "dimension", "units"]])
            fresh = rows.groupby(["receiver", "day", "dimension"], as_index=False)["units"].sum()
            held = pd.concat([held, fresh.rename(columns={"receiver": "node"})])
    return timing.seconds, pd.concat(found)


def demand_same(parts: pa.Table, others: pd.DataFrame) -> None:
    """Stop unless both hold the same parts, leaving out those of nothing."""
    order = ["day", "dimension", "edge"]
    last = int(others["day"].max())
    ours = parts.filter(pc.less_equal(parts["day"], pa.scalar(last, pa.int32()))).to_pandas()
    ours, theirs = (
        frame[frame["units"] != 0].astype("int64").sort_values(order).reset_index(drop=True)
        for frame in (ours, others)
    )
    if not ours.equals(theirs[ours.columns]):
        raise SystemExit("the parts differ, so the times mean nothing")


def main() -> None:
    """Measure, compare and print."""
    problem = load_problem()
    alone, whole, parts, prepared = kernel_seconds(problem)
    count = sum(each.size for each in parts)
    weights, direct = weight_table(prepared), direct_table(problem)
    levels = prepared[0][0].epoch.graph.depth - 1
    sql, table = sql_seconds(weights, direct, levels)
    ours = np.concatenate([each.reshape(-1) for each in parts])
    theirs = table["units"].to_numpy()
    if not np.array_equal(ours[ours != 0], theirs[theirs != 0]):
        raise SystemExit("the parts differ, so the times mean nothing")
    rate, sql_rate = count / alone, len(theirs) / sql
    report("kernel alone", rate / 1e6, "million/s", "")
    report("weights and kernel", count / whole / 1e6, "million/s", "")
    report("DuckDB SQL on integers", sql_rate / 1e6, "million/s", "")
    report(
        "kernel over DuckDB SQL", rate / sql_rate, "times", "at least 6", met=rate >= 6 * sql_rate
    )
    for name, peer, days in (
        ("node by node", by_node, NODE_DAYS),
        ("level by level", by_level, LEVEL_DAYS),
    ):
        seconds, rows = peer(*exact_frames(weights, direct, days))
        demand_same(table, rows)
        peer_rate = len(rows) / seconds
        report(f"pandas {name}", peer_rate / 1e6, "million/s", "")
        times = rate / peer_rate
        report(f"kernel over pandas {name}", times, "times", "at least 100", met=times >= 100)


if __name__ == "__main__":
    main()
