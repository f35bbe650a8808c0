"""Long answers in pages: each tells where the next begins, and together they are the whole."""

import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from apportion.api import answering
from apportion.report import listing, paging

Ask = Callable[..., TestClient]


def pages(client: TestClient, path: str, **asked: Any) -> Iterator[dict[str, Any]]:
    cursor = ""
    for _ in range(100):
        answer = client.get(path, params={**asked, "cursor": cursor})
        assert answer.status_code == 200
        said = answer.json()
        yield said
        cursor = said["next"] or ""
        assert bool(cursor) == ("Link" in answer.headers)
        if not cursor:
            return
        following = answer.headers["Link"].partition(">")[0].removeprefix("<")
        assert client.get(following).status_code == 200
    pytest.fail("the pages never end")


@pytest.mark.parametrize("name", ["allocations", "contributions", "nodes", "edges", "shares"])
def test_the_pages_together_are_the_whole(small: Path, ask: Ask, name: str) -> None:
    client = ask(small)
    path = f"/api/v1/{name}"
    whole = client.get(path, params={"limit": 100_000}).json()
    size = max(whole["total_rows"] // 4, 1)
    found = list(pages(client, path, limit=size))
    assert len(found) >= 4
    assert [row for page in found for row in page["rows"]] == whole["rows"]
    assert all(page["totals"] == whole["totals"] for page in found)


LISTINGS = ["allocations", "contributions", "nodes", "edges", "shares"]


@pytest.mark.parametrize(
    ("workspace", "path"),
    [*(("small", f"/api/v1/{name}") for name in LISTINGS), ("billed", "/api/v1/usage/rows")],
)
def test_whole_tables_are_the_same_however_they_are_read(
    request: pytest.FixtureRequest,
    ask: Ask,
    workspace: str,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = request.getfixturevalue(workspace)
    at_once = [ask(folder).get(path, params={"format": each}) for each in FLAT]
    lines = at_once[0].text.count("\n")
    assert lines > 4
    monkeypatch.setattr(paging, "PART", lines // 4)
    in_parts = [ask(folder).get(path, params={"format": each}) for each in FLAT]
    assert in_parts[0].content == at_once[0].content
    for read, *answers in zip(FLAT.values(), in_parts, at_once, strict=True):
        found, expected = (read(answer.content) for answer in answers)
        assert found.equals(expected)
        assert found.schema.equals(expected.schema)


FLAT: dict[str, Callable[[bytes], Any]] = {
    "csv": lambda content: pa.table({"line": content.splitlines()}),
    "arrow": lambda content: pa.ipc.open_stream(content).read_all(),
    "parquet": lambda content: pq.read_table(io.BytesIO(content)),
}


def test_a_long_answer_may_be_taken_slowly(
    small: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = ask(small, read_seconds=1.0, remembered_bytes=400)
    asked = {"format": "csv", "end_date": "2024-01-03"}
    expected = ask(small).get("/api/v1/contributions", params=asked)
    client.get("/api/v1/contributions?limit=1")
    monkeypatch.setattr(paging, "PART", expected.text.count("\n") // 8)
    monkeypatch.setattr(answering, "_PART_BYTES", 1)
    page = listing.page

    def slow(*question: Any) -> Any:
        time.sleep(0.2)
        return page(*question)

    monkeypatch.setattr(listing, "page", slow)
    begun = time.monotonic()
    assert client.get("/api/v1/contributions", params=asked).content == expected.content
    assert time.monotonic() - begun > 1.0


def forged(cursor: str, place: Any) -> str:
    mark, _ = json.loads(base64.urlsafe_b64decode(cursor))
    return base64.urlsafe_b64encode(json.dumps([mark, place]).encode()).decode()


@pytest.mark.parametrize(
    "place", [5, "2024-01-01", None, {}, [1, 2, 3], ["2024-01-01"], ["never", "a", "b"], ["a"] * 9]
)
def test_a_cursor_that_somebody_made_up_is_refused(small: Path, ask: Ask, place: Any) -> None:
    client = ask(small)
    cursor = client.get("/api/v1/allocations?limit=1").json()["next"]
    answer = client.get("/api/v1/allocations", params={"cursor": forged(cursor, place)})
    assert answer.status_code in (400, 422)
    assert answer.json()["findings"][0]["code"] == "invalid_argument"


def test_a_cursor_of_another_question_is_refused(small: Path, ask: Ask) -> None:
    client = ask(small)
    cursor = client.get("/api/v1/allocations?limit=1").json()["next"]
    answer = client.get(f"/api/v1/allocations?dimensions=compute&cursor={cursor}")
    assert answer.status_code in (400, 422)
    assert client.get(f"/api/v1/contributions?cursor={cursor}").status_code in (400, 422)
