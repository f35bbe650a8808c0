"""The lines that stand behind a node's direct cost, found by the rules that made it (`D2`)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
from duckdb import ConstantExpression, DuckDBPyConnection

from apportion.derive.costs import MOMENTS_OF_LINE, asked_of_lines, map_groups
from apportion.derive.spread import parts_within
from apportion.ledger.bill_lines import COSTS
from apportion.ledger.derived import counted_view
from apportion.ledger.schemas import EXACT
from apportion.model import Model

# Most lines are another node's, so no more is read and computed of each than tells that it is.
_INSIDE = """
    create view inside as from {kept}
    where "ChargePeriodStart" < {after}
      and ("ChargePeriodStart" >= {first} or "ChargePeriodEnd" > {first})
"""
# What rules ask of a line has few values among many lines.
_GROUPS = """
    create table line_groups as
    select row_number() over () as number, *
    from (select distinct {columns} node, dimension from inside)
"""
_WANTED = """
    create table wanted as
    select line_groups.*, mapped.dimension as mapped_dimension
    from line_groups join mapped using (number)
    where mapped.node = $node
      and (len($dimensions) = 0 or list_contains($dimensions, mapped.dimension))
"""
_HITS = """
    create table hits as
    select {read}, mapped_dimension
    from (select {columns} node, dimension, {read} from inside) as l join wanted on {same}
"""
_READ = ("path", "place", "delivery", "bill", "file", "line", "BillingCurrency")
_MOMENTS = ("ChargePeriodStart", "ChargePeriodEnd")
_DATED = """
    create view dated as select *, cast("ChargePeriodStart" as timestamp)::date as day from hits
"""
# Of plain costs all lines of a delivery are rounded together, on whatever days they count.
_FOUND = """
    create view found as
    select *, case when spans then greatest(day, (ended - interval 1 microsecond)::date)
              else day end as last_day
    from (
        select path, place, delivery, file, line, source, period, day, {moments},
               "BillingCurrency" as currency, mapped_dimension as dimension,
               coalesce(cost, 0) as cost
        from lines semi join taken
        on lines.delivery = taken.kept_in and lines.bill = taken.kept_bill and lines.day = taken.day
    )
    where day <= {end} and last_day >= {start}
"""


def find_lines(
    connection: DuckDBPyConnection,
    kept: str,
    taken: pa.Table,
    model: Model,
    node: str,
    days: tuple[date, date],
    dimensions: Sequence[str] = (),
) -> None:
    """Make the table ``node_lines`` of those lines that are a node's cost on some days.

    ``kept`` names a relation with the columns of ``bill_lines``, ``path`` and ``place``; ``taken``
    says what of it counts, as ``derived_costs`` has it. A line has ``path``, ``place``,
    ``delivery``, ``file``, ``line``, ``source``, ``period``, ``day`` and ``last_day`` of its
    charge, ``began``, ``ended`` and ``spans``, ``currency``, ``dimension``, ``cost``, and
    ``cost_within``, the part of it that falls on the days asked for (`A2`).
    """
    asked = asked_of_lines(model)
    start, end = days
    first, after = _midnight(start), _midnight(end + timedelta(days=1))
    connection.execute(_INSIDE.format(kept=kept, first=first, after=after))
    connection.execute(_GROUPS.format(columns=asked.sql))
    map_groups(connection, "line_groups", asked, model, ("number", "node", "dimension"))
    connection.execute(_WANTED, {"node": node, "dimensions": list(dimensions)})
    costs = {COSTS[name] for name in taken["cost_column"].to_pylist()}
    read = ", ".join(f'"{name}"' for name in (*_READ, *_MOMENTS, *sorted(costs)))
    same = " and ".join(
        f"l.{name} is not distinct from wanted.{name}"
        for name in (*asked.aliases, "node", "dimension")
    )
    connection.execute(_HITS.format(columns=asked.sql, read=read, same=same))
    connection.execute(_DATED)
    counted_view(connection, taken, "dated")
    within = {"start": str(ConstantExpression(start)), "end": str(ConstantExpression(end))}
    connection.execute(_FOUND.format(moments=MOMENTS_OF_LINE, **within))
    parts = parts_within("found", within["start"], within["end"], EXACT.scale)
    connection.execute(f"create table node_lines as {parts}")


def _midnight(day: date) -> str:
    return str(ConstantExpression(datetime.combine(day, time(), UTC)))
