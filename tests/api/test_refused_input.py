"""What a caller may send that is no question: each kind is refused, and told why."""

import asyncio
import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from apportion.access.audit import audit_file
from apportion.access.denials import TOLD
from apportion.api.application import application
from apportion.api.layers.places import WAITING, Places, TooManyError
from apportion.jobs.outcomes import MOST_FINDINGS
from apportion.serve_settings import ServeSettings

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


@pytest.mark.parametrize("source", ["a\tb", "a\u202eb", " ", "a "])
def test_a_source_that_cannot_be_read_is_refused(client: TestClient, source: str) -> None:
    bill = "node,date,dimension,amount,currency\nsearch,2024-01-03,compute,1,USD\n"
    answer = client.post(f"{API}/ingest/costs", params={"source": source}, content=bill)
    assert answer.status_code == 422, answer.text
    assert "source" in answer.text


def test_every_path_refuses_parameters_that_it_does_not_take(client: TestClient) -> None:
    described = client.get(f"{API}/openapi.json").json()["paths"]
    asked = [
        path
        for path, methods in described.items()
        if "get" in methods and not path.startswith("/service/")
    ]
    assert len(asked) > 30
    for path in asked:
        plain = path.replace("{", "").replace("}", "")
        answer = client.get(f"{plain}?no_such_parameter=1")
        assert answer.status_code == 422, path
        named = [each["message"] for each in answer.json()["findings"]]
        assert "This path takes no parameter 'no_such_parameter'." in named, path


def test_a_parameter_that_is_taken_once_and_given_twice_is_refused(client: TestClient) -> None:
    answer = client.get(f"{API}/nodes?limit=1&limit=2&run=&run=&nodes=checkout&nodes=search")
    assert answer.status_code == 422
    assert [each["message"] for each in answer.json()["findings"]] == [
        "The parameter 'limit' is given more than once, and is taken once.",
        "The parameter 'run' is given more than once, and is taken once.",
    ]
    several = client.get(f"{API}/nodes?nodes=checkout&nodes=search")
    assert [each["node"] for each in several.json()["rows"]] == ["search", "checkout"]


def test_no_path_takes_a_parameter_twice_but_lists(client: TestClient) -> None:
    described = client.get(f"{API}/openapi.json").json()["paths"]
    refused = 0
    for path, methods in described.items():
        if path.startswith("/service/"):
            continue
        for each in methods.get("get", {}).get("parameters", ()):
            kinds = [each["schema"], *each["schema"].get("anyOf", ())]
            if each["in"] != "query" or any(kind.get("type") == "array" for kind in kinds):
                continue
            plain = path.replace("{", "").replace("}", "")
            answer = client.get(f"{plain}?{each['name']}=1&{each['name']}=1")
            assert answer.status_code == 422, (path, each["name"])
            assert f"'{each['name']}' is given more than once" in answer.text, path
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(
    "question",
    [
        "monthly-usage?year=2024&month=4",
        "yearly-usage-summary?year=2024&month=4",
        "free-sms-fragment-limit?year=2024",
    ],
)
def test_the_paths_of_notification_services_refuse_them_in_their_own_words(
    client: TestClient, question: str
) -> None:
    answer = client.get(f"/service/x/billing/{question}")
    assert answer.status_code == 400
    assert answer.json()["result"] == "error"
    assert answer.json()["message"].startswith("This path takes no parameter ")


def test_they_take_a_year_once(client: TestClient) -> None:
    answer = client.get("/service/x/billing/monthly-usage?year=2023&year=2024")
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "The parameter 'year' is given more than once, and is taken once. Leave out all but one."
    )


def test_without_a_year_they_ask_for_that_first(client: TestClient) -> None:
    answer = client.get("/service/x/billing/monthly-usage?month=4")
    assert answer.status_code == 400
    assert answer.json()["message"] == "No valid year provided"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "runs", '{"currency": "GBP", "currency": "EUR"}'),
        ("POST", "allowances", '{"units": 1, "units": 2}'),
        ("PUT", "model", '{"nodes": [], "nodes": []}'),
        ("PUT", "model", '{"nodes": [{"id": "a", "id": "b"}]}'),
    ],
)
def test_a_key_given_twice_is_refused_in_every_body(
    client: TestClient, method: str, path: str, body: str
) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "twice"}
    answer = client.request(method, f"{API}/{path}", content=body, headers=headers)
    assert answer.status_code == 422
    assert [each["code"] for each in answer.json()["findings"]] == ["duplicate_key"]


@pytest.mark.parametrize("body", ["[" * 100_000, '{"units": NaN}', '{"units": 1e400}'])
def test_a_body_that_is_no_plain_json_is_no_fault_of_the_program(
    client: TestClient, body: str
) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "plain"}
    for method, path in [("POST", "runs"), ("POST", "allowances"), ("PUT", "model")]:
        answer = client.request(method, f"{API}/{path}", content=body, headers=headers)
        assert answer.status_code in (400, 422), path


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


def test_many_denied_requests_take_few_lines_and_are_all_counted(
    small: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "guarded"
    shutil.copytree(small, folder)
    audit_file(folder).unlink(missing_ok=True)
    app = application(ServeSettings(str(folder), open_to_all=False))
    with TestClient(app) as client:
        for each in range(40):
            client.get(f"{API}/nodes/{each}", headers={"Authorization": "Bearer none"})
        assert audit_file(folder).read_bytes().count(b"\n") == 2 * TOLD
    lines = [json.loads(line) for line in audit_file(folder).read_text().splitlines()]
    assert [each["status"] for each in lines] == [401] * 10 + [429] * (TOLD + 1)
    assert [each.get("count", 1) for each in lines] == [1] * 2 * TOLD + [40 - 2 * TOLD]
