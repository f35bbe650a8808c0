"""100 million raw events counted into days, beside DuckDB's plain group-by over the same file."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

import apportion as ap
from apportion.ingest.ingest import read_files
from benchmarks.measure import peak_memory_gb, report, timed

EVENTS = 100_000_000
SLOWER, MEMORY_GB = 2, 3

MAKE = """
    SELECT md5(i::VARCHAR) AS id,
           'svc-' || lpad((hash(i) % 5000)::VARCHAR, 4, '0') AS account,
           CASE WHEN hash(i + 1) % 10 < 7 THEN 'sms' ELSE 'email' END AS channel,
           CASE WHEN hash(i + 2) % 20 = 0 THEN 'created' ELSE 'delivered' END AS status,
           CASE WHEN hash(i + 3) % 50 = 0 THEN 'test' ELSE 'normal' END AS key_type,
           CASE WHEN hash(i + 4) % 3 = 0 THEN 'firetext' ELSE 'mmg' END AS provider,
           (1 + hash(i + 5) % 4)::INT AS fragments,
           CASE WHEN hash(i + 6) % 100 = 0 THEN 3 ELSE 1 END AS multiplier,
           hash(i + 6) % 100 = 0 AS international,
           make_timestamptz(((1680303600 + i * 2592000 // $events) * 1000000
               + (hash(i) % 1000000)::BIGINT)::BIGINT)
               AS created_at
    FROM range($events) events(i)
"""
PLAIN = """
    SELECT created_at::DATE AS date, account, channel, status, key_type, provider, multiplier,
           international, sum(fragments), count(*)
    FROM events GROUP BY ALL
"""


def model() -> ap.Model:
    """The accounts and channels."""
    return ap.Model.from_dict(
        {
            "time_zone": "Europe/London",
            "accounts": [{"id": f"svc-{number:04}"} for number in range(5000)],
            "channels": [{"id": "sms"}, {"id": "email", "billed": False}],
            "rates": [{"channel": "sms", "valid_from": "2020-04-01", "rate": "0.02"}],
        }
    )


def count(path: Path) -> None:
    """Count the file's events and print seconds, GB and notifications."""
    known = model()
    with timed() as timing:
        incoming = read_files("events", [path], known)
    sent = sum(incoming.rows["notifications_sent"].to_pylist())
    print(timing.seconds, peak_memory_gb(), sent)


def plain(path: Path) -> None:
    """Group the file's events as one would in SQL, and print the same."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.read_parquet(str(path)).create_view("events")
    with timed() as timing:
        rows = connection.sql(PLAIN).to_arrow_table()
    counted = [
        sent
        for status, kind, sent in zip(
            *(rows.column(place).to_pylist() for place in (3, 4, 9)), strict=True
        )
        if (status, kind) == ("delivered", "normal")
    ]
    print(timing.seconds, peak_memory_gb(), sum(counted))


def alone(what: str, path: Path) -> tuple[float, float, int]:
    """Run one of the two in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "benchmarks.events", what, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, memory, sent = done.stdout.split()
    return float(seconds), float(memory), int(sent)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("count", "plain"))
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--events", type=int, default=EVENTS)
    given = parser.parse_args()
    if given.what:
        {"count": count, "plain": plain}[given.what](given.path)
        return
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "events.parquet"
        made = duckdb.connect().sql(MAKE, params={"events": given.events})
        made.write_parquet(str(path))
        theirs, theirs_gb, expected = alone("plain", path)
        mine, memory, sent = alone("count", path)
    if sent != expected:
        raise SystemExit(f"{sent} notifications counted, not {expected}")
    report(f"DuckDB's group-by of {given.events:,} events", theirs, "seconds", "")
    report("its peak memory", theirs_gb, "GB", "")
    report("events counted, each id once, days of London", mine, "seconds", "")
    ratio = mine / theirs
    report("counting over grouping", ratio, "times", "at most 2", met=ratio <= SLOWER)
    report("peak memory", memory, "GB", "under 3", met=memory < MEMORY_GB)


if __name__ == "__main__":
    main()
