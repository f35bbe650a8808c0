"""Answers are remembered for one state of ledger and model, and for nobody who may not see them."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection
from fastapi import Request, Response
from fastapi.testclient import TestClient
from serving import run_command

from apportion import Workspace
from apportion.api.layers.remembered import PIECE, _in_pieces
from apportion.api.resources import nodes
from apportion.reconcile.reconciliation import Reconciliation
from apportion.recorded_result import RecordedResult

Ask = Callable[..., TestClient]
NODES = "/api/v1/nodes"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every time that a result was read from the ledger."""
    found: list[object] = []
    before = Workspace.result

    def result(workspace: Workspace, *asked: object, **named: object) -> RecordedResult:
        found.append((asked, named))
        return before(workspace, *asked, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Workspace, "result", result)
    return found


def test_a_second_client_is_answered_from_memory(
    small: Path, ask: Ask, opened: list[object]
) -> None:
    client = ask(small)
    first, second = client.get(NODES), client.get(NODES)
    assert len(opened) == 1
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"]


def test_another_format_or_question_is_another_answer(small: Path, ask: Ask) -> None:
    client = ask(small)
    answers = {
        client.get(f"{NODES}{query}").headers["ETag"]
        for query in ("", "?format=csv", "?limit=1", "?dimensions=Compute")
    }
    assert len(answers) == 4


def test_a_run_by_another_process_is_seen_at_once(
    small: Path, own: Callable[[Path], Path], ask: Ask
) -> None:
    folder = own(small)
    client = ask(folder)
    before = client.get(NODES)
    run_command(folder, "run --from 2024-01 --to 2024-01 --again")
    after = client.get(NODES, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.json()["runs"] != before.json()["runs"]
    assert after.json()["rows"] == before.json()["rows"]


def test_a_changed_model_is_told_of_at_once(
    small: Path, own: Callable[[Path], Path], ask: Ask
) -> None:
    folder = own(small)
    client = ask(folder)
    assert client.get(NODES).json()["warnings"] == []
    more = "nodes: [{id: kiosk, type: product, name: Kiosk}]\n"
    (folder / "model" / "more.yaml").write_text(more, encoding="utf-8")
    answer = client.get(NODES)
    assert [each["code"] for each in answer.json()["warnings"]] == ["outdated_run"]
    assert answer.headers["Apportion-Warnings"] == "outdated_run"


def test_many_who_ask_the_same_at_once_are_answered_by_one_computation(
    small: Path, ask: Ask, opened: list[object]
) -> None:
    client = ask(small)
    ready = threading.Barrier(8)

    def get() -> bytes:
        ready.wait()
        return client.get(NODES).content

    with ThreadPoolExecutor(8) as pool:
        answers = {each.result() for each in [pool.submit(get) for _ in range(8)]}
    assert len(answers) == 1
    assert len(opened) == 1


def test_memory_for_answers_is_bounded(
    small: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[str] = []
    answering = nodes.answer_listing

    def counted(request: Request, *asked: Any) -> Response:
        computed.append(str(request.url.query))
        return answering(request, *asked)

    monkeypatch.setattr(nodes, "answer_listing", counted)
    client = ask(small, remembered_bytes=50_000)
    sizes = [len(client.get(f"{NODES}?limit={limit}").content) for limit in range(1, 101)]
    assert sum(sizes) > 2 * 50_000
    assert len(computed) == 100
    client.get(f"{NODES}?limit=100")
    assert len(computed) == 100
    client.get(f"{NODES}?limit=1")
    assert len(computed) == 101


def test_many_short_answers_take_no_more_memory_than_a_few_long_ones(
    small: Path, ask: Ask, opened: list[object]
) -> None:
    client = ask(small, remembered_bytes=100_000)
    days = [f"?limit=1&start_date=2024-01-{day:02}" for day in range(1, 32)]
    answers = [client.get(f"{NODES}{query}") for query in [*days, *(f"{each}&" for each in days)]]
    assert sum(len(each.content) for each in answers) < 80_000
    before = len(opened)
    client.get(f"{NODES}{days[0]}")
    assert len(opened) == before + 1


def test_an_answer_larger_than_its_part_of_memory_is_passed_on_whole(small: Path, ask: Ask) -> None:
    whole = ask(small).get("/api/v1/contributions?limit=100000")
    small_memory = ask(small, remembered_bytes=16_000)
    for encoding in ("identity", "gzip"):
        answer = small_memory.get(
            "/api/v1/contributions?limit=100000", headers={"Accept-Encoding": encoding}
        )
        assert json.loads(answer.content) == whole.json()
        assert "ETag" not in answer.headers
        assert answer.headers.get("Content-Encoding", "identity") == encoding


def test_a_question_that_takes_too_long_is_given_up(small: Path, ask: Ask) -> None:
    answer = ask(small, read_seconds=0.0).get("/api/v1/shares")
    assert answer.status_code == 503
    assert "fewer days" in answer.json()["detail"]


def test_a_proof_that_takes_too_long_is_given_up_and_the_next_one_is_made(
    small: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(
        result: RecordedResult, connection: DuckDBPyConnection, only: tuple[str, ...] = ()
    ) -> None:
        # Nearly always it is between two statements.
        while True:
            connection.execute("SELECT sum(range) FROM range(2000000)")
            time.sleep(0.05)

    client = ask(small, read_seconds=0.5)
    with monkeypatch.context() as patched:
        patched.setattr(RecordedResult, "proved", endless)
        for path in ("debug/reconciliation", "products/hierarchy"):
            assert client.get(f"/api/v1/{path}").status_code == 503
    patient = ask(small)
    assert patient.get("/api/v1/debug/reconciliation").status_code == 200


def test_links_that_take_too_long_are_given_up(
    small: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(workspace: Workspace, *asked: Any) -> None:
        while True:
            asked[-1].execute("SELECT sum(range) FROM range(2000000)")
            time.sleep(0.05)

    monkeypatch.setattr(Workspace, "links", endless)
    answer = ask(small, read_seconds=0.5).get("/api/v1/debug/reconciliation")
    assert answer.status_code == 503


def test_one_proof_serves_all_who_ask_about_a_period(
    small: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    before = RecordedResult.proved

    def counted(result: RecordedResult, *asked: Any) -> Reconciliation:
        made.append(asked)
        return before(result, *asked)

    monkeypatch.setattr(RecordedResult, "proved", counted)
    client = ask(small)
    paths = ("debug/reconciliation", "products/hierarchy", "infrastructure")
    with ThreadPoolExecutor(len(paths)) as pool:
        answers = [pool.submit(client.get, f"/api/v1/{path}") for path in paths]
    assert [each.result().status_code for each in answers] == [200] * len(paths)
    assert len(made) == 1


@pytest.mark.parametrize("length", [0, 1, PIECE, PIECE + 1, 3 * PIECE + 5])
def test_an_answer_is_handed_over_as_it_is_taken(length: int) -> None:
    """A connection that takes nothing holds one piece, and its caller keeps a place for it."""
    given: list[bytes] = []
    taken = asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        given.append(message["body"])
        assert message["more_body"] is (sum(map(len, given)) < length)
        await taken.wait()

    async def ask() -> None:
        body = bytes(range(256)) * (length // 256 + 1)
        whole = {"type": "http.response.body", "body": body[:length], "more_body": False}
        giving = asyncio.create_task(_in_pieces(send)(whole))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(given) == 1
        assert len(given[0]) <= PIECE
        assert not giving.done()
        taken.set()
        await giving
        assert b"".join(given) == body[:length]

    asyncio.run(ask())
