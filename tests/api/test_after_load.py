"""After load a server is as it was before: nothing stays open, nothing runs on, nothing grows."""

import random
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx
from serving import Served

Serve = Callable[..., AbstractContextManager[Served]]
CLIENTS = 6
ROUNDS = 3
MORE_FILES, MORE_THREADS = 12, 40
"""One worker may have had less to do before than the other; a leak would be one a question."""
LONGEST_WAIT = 1800.0
QUESTIONS = (
    ("nodes", 200),
    ("products", 200),
    ("allocations", 200),
    ("debug/reconciliation", 200),
    ("metrics", 200),
    ("nodes?nodes=nobody", 422),
    ("nodes?limit=0", 422),
    ("nothing", 404),
)
FORMATS = ("application/json", "text/csv", "application/vnd.apache.arrow.stream")


def open_files(process: int) -> list[str]:
    """What a process has open."""
    found = []
    for each in Path(f"/proc/{process}/fd").iterdir():
        try:
            found.append(str(each.readlink()))
        except FileNotFoundError:
            continue
    return found


def load(served: Served, seed: int) -> None:
    """Many clients at once: they ask all kinds of things, hang up half way, or say nothing."""
    chance = random.Random(seed)

    def ask(number: int) -> None:
        with httpx.Client(base_url=f"{served.url}/api/v1/", timeout=1800) as client:
            for path, status in chance.sample(QUESTIONS, len(QUESTIONS)):
                first = chance.randint(1, 10)
                mark = "&" if "?" in path else "?"
                asked = f"{path}{mark}start_date=2024-01-{first:02}&end_date=2024-01-31"
                answer = client.get(asked, headers={"Accept": FORMATS[number % len(FORMATS)]})
                assert answer.status_code in (status, 406), (asked, answer.text)
            with client.stream("GET", f"contributions?limit={number + 1}") as broken_off:
                assert broken_off.status_code == 200
        place = urlsplit(served.url)
        with socket.create_connection((place.hostname, place.port)) as silent:
            silent.sendall(b"POST /api/v1/ingest/costs HTTP/1.1\r\nContent-Length: 99\r\n")

    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(ask, number) for number in range(CLIENTS)]:
            done.result()


def held(served: Served) -> dict[int, tuple[list[str], int]]:
    """What each worker has open, and how many threads it has."""
    return {
        worker: (sorted(open_files(worker)), len(list(Path(f"/proc/{worker}/task").iterdir())))
        for worker in served.workers()
    }


def test_nothing_stays_open_and_nothing_runs_on(small: Path, serve: Serve) -> None:
    with serve(small, "--workers", "2") as served:
        # What it keeps for the next questions is open from now on.
        load(served, seed=0)
        before = held(served)
        assert len(before) == 2
        for seed in range(1, 1 + ROUNDS):
            load(served, seed)
        until = time.monotonic() + LONGEST_WAIT
        while True:
            after = held(served)
            assert after.keys() == before.keys(), "a worker died"
            more = {
                worker: (files, threads)
                for worker, (files, threads) in after.items()
                if len(files) > len(before[worker][0]) + MORE_FILES
                or threads > before[worker][1] + MORE_THREADS
            }
            if not more:
                break
            assert time.monotonic() < until, (before, more)
            time.sleep(0.1)
        assert served.stop() == 0
