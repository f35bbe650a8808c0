"""Usage billing: all accounts' months of a year beside PostgreSQL, one account's, and raw events.

7.3 million rows of usage: 10,000 accounts, 365 days, two rows a day. PostgreSQL runs the window
query of the service that the rules come from, over a table with an index on account and date, once
as its planner likes and once along the index; the quicker counts.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median

import duckdb
import pyarrow.compute as pc

import apportion as ap
from apportion.rating.plan import plan
from apportion.rating.views import all_monthly
from benchmarks import postgres
from benchmarks.measure import report, timed

ACCOUNTS, DAYS, ROWS_A_DAY = 10_000, 365, 2
YEAR = 2023
FASTER, WARM_SECONDS = 6, 0.030
TRIES = 3

USAGE = """
    SELECT date '2023-04-01' + (i % $days)::INT AS date,
           'svc-' || lpad((i // ($days * $a_day))::VARCHAR, 6, '0') AS account,
           'sms' AS channel,
           CASE WHEN (i // $days) % 2 = 0 THEN 'firetext' ELSE 'mmg' END AS provider,
           (1 + (i // $days) % 2)::BIGINT AS rate_multiplier,
           (i // $days) % 2 = 1 AS international,
           '' AS template,
           (hash(i) % 300)::BIGINT AS billable_units,
           (hash(i) % 200)::BIGINT AS notifications_sent
    FROM range($rows) rows(i) ORDER BY date, hash(i)
"""
WINDOW = """
    SELECT count(*), sum(cost) FROM (
        SELECT account, date_trunc('month', date) AS month, rate, sum(notifications_sent),
               sum(chargeable_units), sum(free), sum(charged), sum(charged * rate) AS cost
        FROM (
            SELECT *, least(remaining, chargeable_units) AS free,
                   chargeable_units - least(remaining, chargeable_units) AS charged
            FROM (
                SELECT u.account, u.date, r.rate, u.notifications_sent,
                       u.billable_units * u.rate_multiplier AS chargeable_units,
                       greatest(a.units - coalesce(sum(u.billable_units * u.rate_multiplier) OVER (
                           PARTITION BY u.account
                           ORDER BY u.date
                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0), 0) AS remaining
                FROM usage u
                JOIN allowances a ON a.account = u.account
                JOIN rates r ON u.date >= r.valid_from AND u.date < r.valid_before
                WHERE u.date >= '2023-04-01' AND u.date < '2024-04-01'
            ) used
        ) rated
        GROUP BY account, date_trunc('month', date), rate
    ) months
"""
PLANS = ("", "SET enable_seqscan = off; SET random_page_cost = 0.5;")
"""As the planner decides, and along the index."""

ONE = WINDOW.replace("WHERE u.date", "WHERE u.account = 'svc-004711' AND u.date")
TABLES = """
    CREATE TABLE usage (date date, account text COLLATE "C", channel text COLLATE "C",
        provider text COLLATE "C", rate_multiplier int, international boolean,
        template text COLLATE "C", billable_units bigint, notifications_sent bigint);
    CREATE TABLE allowances (account text COLLATE "C" PRIMARY KEY, units bigint);
    CREATE TABLE rates (valid_from date, valid_before date, rate numeric);
    INSERT INTO rates VALUES
        ('2020-04-01', '2023-10-01', 0.0197), ('2023-10-01', '9999-01-01', 0.0215);
"""


def model() -> ap.Model:
    """The accounts, with a rate change in mid-year."""
    return ap.Model.from_dict(
        {
            "currency": "GBP",
            "accounts": [
                {"id": f"svc-{number:06}", "organisation_type": "central"}
                for number in range(ACCOUNTS)
            ],
            "channels": [{"id": "sms", "unit": "fragment"}],
            "rates": [
                {"channel": "sms", "valid_from": "2020-04-01", "rate": "0.0197"},
                {"channel": "sms", "valid_from": "2023-10-01", "rate": "0.0215"},
            ],
            "default_allowances": [
                {
                    "channel": "sms",
                    "organisation_type": "central",
                    "valid_from_year": 2020,
                    "units": 40_000,
                }
            ],
        }
    )


def make_usage(connection: duckdb.DuckDBPyConnection) -> None:
    """The table ``billable_usage``, in the order of days, as it would arrive."""
    rows = ACCOUNTS * DAYS * ROWS_A_DAY
    given = {"days": DAYS, "a_day": ROWS_A_DAY, "rows": rows}
    connection.register("made", connection.sql(USAGE, params=given).to_arrow_table())
    connection.execute("CREATE TABLE billable_usage AS SELECT * FROM made")
    connection.unregister("made")


def months(connection: duckdb.DuckDBPyConnection, known: ap.Model) -> tuple[float, tuple[int, str]]:
    """Rate all rows and sum them up by account, month and rate: the seconds, and the sum."""
    with timed() as timing:
        planned = plan(connection, known)
        assert planned is not None
        connection.execute(f"CREATE OR REPLACE VIEW charges AS {planned.sql()}")
        found = all_monthly(connection, known, YEAR)
    return timing.seconds, (found.num_rows, str(pc.sum(found["cost"]).as_py().normalize()))


def beside_postgres(connection: duckdb.DuckDBPyConnection, folder: Path) -> tuple[float, str]:
    """PostgreSQL's seconds for the same months, and what they sum to."""
    path = folder / "usage.csv"
    connection.execute(f"COPY billable_usage TO '{path}' (HEADER)")
    with postgres.cluster() as server:
        server.run(TABLES)
        server.load("usage", path)
        server.run("INSERT INTO allowances SELECT DISTINCT account, 40000 FROM usage")
        server.run("CREATE INDEX usage_account_date ON usage (account, date)")
        server.run("VACUUM ANALYZE")
        seconds = []
        for settings in PLANS * 2:
            with timed() as timing:
                answer = server.run(settings + WINDOW).strip()
            seconds.append(timing.seconds)
        alone = []
        for _ in range(5):
            with timed() as timing:
                server.run(ONE)
            alone.append(timing.seconds)
        report("PostgreSQL, one account's months, psql's start included", min(alone), "seconds", "")
    return min(seconds), answer


def one_account(known: ap.Model, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """One account's monthly view out of the ledger, again and again."""
    workspace = _workspace(folder, known, connection)
    with timed() as timing:
        outcome = workspace.rate()
    report("rate the ledger's rows and record them, proved", timing.seconds, "seconds", "")
    assert outcome.rating.rows == ACCOUNTS * DAYS * ROWS_A_DAY
    charges = workspace.charges()
    charges.monthly("svc-000001", YEAR)
    seconds = []
    for number in range(20):
        with timed() as timing:
            charges.monthly(f"svc-{number * 499:06}", YEAR)
        seconds.append(timing.seconds)
    warm = median(seconds)
    report(
        "one account's monthly view, warm",
        warm * 1000,
        "milliseconds",
        "under 30",
        met=warm < WARM_SECONDS,
    )
    with timed() as timing:
        all_monthly(charges.connect(), known, YEAR)
    report("all accounts' months out of the recorded rating", timing.seconds, "seconds", "")


def _workspace(
    folder: Path, known: ap.Model, connection: duckdb.DuckDBPyConnection
) -> ap.Workspace:
    (folder / "model").mkdir(parents=True)
    (folder / "apportion.yaml").write_text("currency: GBP\n", encoding="utf-8")
    lists = known.to_dict()
    for name in ("accounts", "channels", "rates", "default_allowances"):
        header = list(lists[name][0])
        lines = [",".join(str(record[key]) for key in header) for record in lists[name]]
        text = "\n".join([",".join(header), *lines]) + "\n"
        (folder / "model" / f"{name}.csv").write_text(text, encoding="utf-8")
    path = folder / "usage.parquet"
    connection.execute(f"COPY billable_usage TO '{path}' (FORMAT parquet)")
    workspace = ap.Workspace(folder)
    with timed() as timing:
        workspace.ingest("billable", path)
    report("ingest 7.3 million rows of usage, proved", timing.seconds, "seconds", "")
    return workspace


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("months", "account"), help="only one of the parts")
    part = parser.parse_args().part
    known = model()
    connection = duckdb.connect()
    make_usage(connection)
    with tempfile.TemporaryDirectory() as name:
        if part != "account":
            _months(connection, known, Path(name))
        if part != "months":
            one_account(known, connection, Path(name) / "workspace")


def _months(connection: duckdb.DuckDBPyConnection, known: ap.Model, folder: Path) -> None:
    measured = [months(connection, known) for _ in range(TRIES)]
    mine = min(seconds for seconds, _ in measured)
    rows, total = measured[0][1]
    report("rate 7.3 million rows, all accounts' months", mine, "seconds", "")
    reason = postgres.missing()
    if reason:
        print(f"not compared with PostgreSQL: {reason}")
        return
    theirs, answer = beside_postgres(connection, folder)
    count, cost = answer.split("|")
    if (int(count), cost.rstrip("0")) != (rows, total.rstrip("0")):
        raise SystemExit(f"PostgreSQL has {answer}, we have {rows}|{total}")
    report("PostgreSQL 15, the window query with its index", theirs, "seconds", "")
    ratio = theirs / mine
    report("times as fast as PostgreSQL", ratio, "times", "at least 6", met=ratio >= FASTER)


if __name__ == "__main__":
    main()
