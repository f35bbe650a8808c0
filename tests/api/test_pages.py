"""Long answers in pages: each tells where the next begins, and together they are the whole."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

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
