"""What a caller may send that is no question: each kind is refused, and told why."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from apportion.api.layers.places import WAITING, Places, TooManyError
from apportion.jobs.outcomes import MOST_FINDINGS

Ask = Callable[..., TestClient]
API = "/api/v1"


@pytest.fixture
def client(small: Path, ask: Ask) -> TestClient:
    return ask(small)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("products?from=2024-01-01", "start_date"),
        ("products?to=2024-01-31", "end_date"),
        ("nodes?node=checkout", "nodes"),
        ("allocations?dimension=compute", "dimensions"),
        ("allocations?nodse=checkout", "nodes"),
    ],
)
def test_an_unknown_parameter_is_refused_with_the_right_one(
    client: TestClient, path: str, meant: str
) -> None:
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == 422
    (finding,) = answer.json()["findings"]
    assert finding["remedy"].startswith(f"Did you mean '{meant}'? It takes: ")


def test_every_path_refuses_parameters_that_it_does_not_take(client: TestClient) -> None:
    described = client.get(f"{API}/openapi.json").json()["paths"]
    asked = [path for path, methods in described.items() if "get" in methods]
    assert len(asked) > 30
    for path in asked:
        plain = path.replace("{", "").replace("}", "")
        answer = client.get(f"{plain}?no_such_parameter=1")
        assert answer.status_code == 422, path
        named = [each["message"] for each in answer.json()["findings"]]
        assert "This path takes no parameter 'no_such_parameter'." in named, path


def test_a_cursor_of_nested_brackets_is_refused(client: TestClient) -> None:
    cursor = base64.urlsafe_b64encode(b"[" * 1400).decode()
    for path in ("nodes", "allocations"):
        answer = client.get(f"{API}/{path}", params={"cursor": cursor})
        assert answer.status_code == 422
        assert answer.json()["findings"][0]["message"] == "This is no cursor."


def test_an_answer_holds_the_first_findings_and_counts_all(client: TestClient) -> None:
    nodes = [{"id": f"n{each}", "type": "nonsense"} for each in range(MOST_FINDINGS + 50)]
    answer = client.put(f"{API}/model", json={"nodes": nodes})
    said = answer.json()
    assert answer.status_code == 422
    assert said["findings_total"] > MOST_FINDINGS
    assert len(said["findings"]) == MOST_FINDINGS


@pytest.mark.parametrize(
    "body",
    [
        '{"free_sms_fragment_limit": 1, "free_sms_fragment_limit": 2}',
        '{"free_sms_fragment_limit": NaN}',
        '{"free_sms_fragment_limit": 1e400}',
        "[" * 100_000,
        json.dumps({"free_sms_fragment_limit": 1})[:-1],
    ],
)
def test_a_body_that_can_be_read_two_ways_or_not_at_all_is_refused(
    client: TestClient, body: str
) -> None:
    answer = client.post(
        "/service/x/billing/free-sms-fragment-limit?financial_year_start=2024",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400


def test_a_caller_with_many_questions_leaves_places_to_others() -> None:
    async def asking() -> tuple[int, int, int]:
        places, released = Places(4), asyncio.Event()
        at_once = refused = others = 0

        async def one(who: str) -> None:
            nonlocal at_once, refused, others
            try:
                async with places.hold(who):
                    at_once += who == "heavy"
                    others += who == "other"
                    await released.wait()
            except TooManyError:
                refused += 1

        waiting = [asyncio.ensure_future(one("heavy")) for _ in range(80)]
        waiting.append(asyncio.ensure_future(one("other")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        before = at_once, refused, others
        released.set()
        await asyncio.gather(*waiting)
        assert not places._callers
        return before

    assert asyncio.run(asking()) == (2, 80 - 2 - WAITING, 1)
