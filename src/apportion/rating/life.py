"""Accounts have a life (`B21`): ids that they had before, and a last day."""

import duckdb
import pyarrow as pa

from apportion.findings import Finding, Place, Severity
from apportion.model import Model
from apportion.model.billable_usage import former_ids_table
from apportion.rating.plan import Plan
from apportion.rating.usage import WHAT

_RESOLVED = """
    CREATE VIEW billable_usage AS
    SELECT named.* REPLACE (coalesce(former.now, named.account) AS account)
    FROM named_billable_usage named LEFT JOIN rating_former former
    ON named.account = former.former_id
"""
_LATE = """
    SELECT account, any_value(active_to), min(date), max(date), count(*)
    FROM billable_usage JOIN rating_ended USING (account)
    WHERE date > active_to GROUP BY account ORDER BY account
"""
_MONEY = """
    SELECT account, sum(chargeable_units)::DECIMAL(38, 0), sum(cost)::DECIMAL(38, 12)
    FROM ({rated}) JOIN rating_ended USING (account) WHERE date > active_to GROUP BY account
"""


def resolve_former(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Let usage that names a former id of an account count for the account.

    Where the view ``billable_usage`` has rows of both ids with one key, both count.
    """
    if not model.former_ids:
        return
    connection.from_arrow(former_ids_table(model.former_ids)).create("rating_former")
    connection.execute("ALTER VIEW billable_usage RENAME TO named_billable_usage")
    connection.execute(_RESOLVED)


def after_the_end(connection: duckdb.DuckDBPyConnection, planned: Plan) -> list[Finding]:
    """A warning for each account with usage after its last day. It is charged as any other."""
    ended = {
        each.id: each.active_to for each in planned.model.accounts if each.active_to is not None
    }
    if not ended:
        return []
    kind = pa.schema([("account", pa.string()), ("active_to", pa.date32())])
    table = pa.table([list(ended), list(ended.values())], schema=kind)
    connection.from_arrow(table).create("rating_ended")
    late = connection.execute(_LATE).fetchall()
    if not late:
        return []
    money = connection.execute(_MONEY.format(rated=planned.sql())).fetchall()
    charged = {account: (int(units), cost) for account, units, cost in money}
    currency = planned.model.settings.currency
    found = []
    for account, last, first, until, rows in late:
        units, cost = charged[account]
        days = f"on {first}" if first == until else f"from {first} to {until}"
        found.append(
            Finding(
                "ended_account",
                f"{account} ended on {last} and has usage {days}: {units:,} chargeable units in "
                f"{rows:,} {'row' if rows == 1 else 'rows'}, for {currency} {cost.normalize():f}, "
                "which are charged.",
                Place(f"<{WHAT}>"),
                "Correct active_to, or take the usage back.",
                Severity.WARNING,
                details={"account": account, "units": units, "cost": str(cost)},
            )
        )
    return found
