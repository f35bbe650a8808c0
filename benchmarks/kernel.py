"""The kernel beside the same propagation in DuckDB SQL and in pandas, on G1.

All three get the same integer weights and direct costs, and keep every part. Their parts are
compared to the last unit before any ratio is printed. Pandas runs on fewer days, since its time
grows with the rows; its rate is what is compared.
"""

import json
from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from apportion import Model
from apportion.attribution.kernel import propagate
from apportion.attribution.problem import Problem, prepare
from apportion.attribution.slices import _direct, _edge_weights, cut_slices
from apportion.attribution.weights import slice_weights
from apportion.engines.local import compute
from benchmarks.company import G1, START, cost_table, model_rows, usage_table
from benchmarks.measure import report, timed

PANDAS_DAYS = 30


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
    return timing.seconds, connection.execute(
        "SELECT day, edge, dimension, units FROM parts ORDER BY day, dimension, edge"
    ).to_arrow_table()


def pandas_seconds(weights: pa.Table, direct: pa.Table, levels: int) -> tuple[float, int]:
    """The propagation as merges and group-bys, exact, so on Python's integers."""
    first = weights["day"].to_numpy().min()
    edges, holistic = (
        frame[frame["day"] < first + PANDAS_DAYS].copy()
        for frame in (weights.to_pandas(), direct.to_pandas())
    )
    for name in ("before", "after", "denominator"):
        edges[name] = edges[name].astype(object)
    holistic["units"] = holistic["units"].astype(object)
    count = 0
    with timed() as timing:
        for level in range(levels):
            amounts = holistic.groupby(["node", "day", "dimension"], as_index=False)["units"].sum()
            rows = edges[edges["level"] == level].merge(
                amounts, left_on=["source", "day"], right_on=["node", "day"]
            )
            size = rows["units"].abs()
            twice = 2 * rows["denominator"]
            reached = (2 * size * rows["after"] + rows["denominator"]) // twice
            already = (2 * size * rows["before"] + rows["denominator"]) // twice
            rows["part"] = (reached - already) * np.sign(rows["units"].astype(float)).astype(int)
            fresh = rows.groupby(["receiver", "day", "dimension"], as_index=False)["part"].sum()
            fresh.columns = ["node", "day", "dimension", "units"]
            holistic = pd.concat([holistic, fresh])
            count += len(rows)
    return timing.seconds, count


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
    pandas, pandas_count = pandas_seconds(weights, direct, levels)
    rate, sql_rate, pandas_rate = count / alone, len(theirs) / sql, pandas_count / pandas
    report("kernel alone", rate / 1e6, "million/s", "")
    report("weights and kernel", count / whole / 1e6, "million/s", "")
    report("DuckDB SQL on integers", sql_rate / 1e6, "million/s", "")
    report("pandas on exact integers", pandas_rate / 1e6, "million/s", "")
    report(
        "kernel over DuckDB SQL", rate / sql_rate, "times", "at least 6", met=rate >= 6 * sql_rate
    )
    report(
        "kernel over pandas", rate / pandas_rate, "times", "at least 100", rate >= 100 * pandas_rate
    )


if __name__ == "__main__":
    main()
