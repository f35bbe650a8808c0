"""The model over HTTP: got, judged, put, refused; and that a refusal changes nothing."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from serving import COMMAND

from apportion import Workspace, load_model
from apportion.model.build import LIST_KINDS

Ask = Callable[..., TestClient]
MODEL = "/api/v1/model"
YAML = {"Content-Type": "application/yaml"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def folder(small: Path, own: Callable[[Path], Path]) -> Path:
    return own(small)


@pytest.fixture
def client(folder: Path, ask: Ask) -> TestClient:
    return ask(folder)


def renamed(client: TestClient, name: str) -> dict[str, Any]:
    document: dict[str, Any] = client.get(MODEL).json()["model"]
    document["nodes"][0]["name"] = name
    return document


def everything(folder: Path) -> dict[str, bytes]:
    """The files that a put may change, which the log of what was tried is not."""
    files = [path for path in folder.rglob("*") if path.is_file() and ".lock" not in path.name]
    files = [path for path in files if path.name != "audit.jsonl"]
    return {str(path): path.read_bytes() for path in files}


@pytest.mark.parametrize("example", ["small", "demo", "platform"])
def test_it_is_the_model_of_the_workspace(
    example: str, ask: Ask, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(example)
    answer = ask(folder).get(MODEL)
    model = load_model(folder)
    said = answer.json()
    assert answer.headers["ETag"].startswith(f'"{model.digest}-')
    assert (said["digest"], said["folder"]) == (model.digest, "model")
    assert said["model"] == json.loads(json.dumps(model.to_dict()))
    assert len(said["warnings"]) == len(model.warnings)
    assert str(folder) not in answer.text


def test_what_was_got_can_be_put_and_changes_nothing(folder: Path, client: TestClient) -> None:
    before = everything(folder)
    got = client.get(MODEL)
    put = client.put(MODEL, json=got.json()["model"], headers={"If-Match": got.headers["ETag"]})
    assert (put.status_code, put.json()["written"]) == (200, False)
    assert put.json()["digest"] == got.json()["digest"]
    assert everything(folder) == before


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "identity"])
def test_a_change_is_put_and_counts_at_once(
    folder: Path, client: TestClient, encoding: str
) -> None:
    got = client.get(MODEL, headers={"Accept-Encoding": encoding})
    tag = got.headers["ETag"]
    document = renamed(client, "Another name: yes")
    put = client.put(MODEL, json=document, headers={"If-Match": tag})
    assert put.status_code == 201
    assert (put.json()["folder"], put.json()["version"]) == ("models/0001", 1)
    after = client.get(MODEL, headers={"If-None-Match": tag})
    assert after.status_code == 200
    assert after.json()["model"]["nodes"][0]["name"] == "Another name: yes"
    assert put.headers["ETag"] == f'"{after.json()["digest"]}"' == f'"{load_model(folder).digest}"'
    again = client.get(MODEL, headers={"If-None-Match": after.headers["ETag"]})
    assert again.status_code == 304
    names = client.get("/api/v1/nodes?start_date=2024-01-01").json()["rows"]
    assert names, "results of runs made before are still there"


def test_a_put_whose_answer_was_lost_can_be_repeated(client: TestClient) -> None:
    tag = client.get(MODEL).headers["ETag"]
    document = renamed(client, "another")
    puts = [client.put(MODEL, json=document, headers={"If-Match": tag}) for _ in range(2)]
    assert [each.status_code for each in puts] == [201, 200]
    assert puts[0].json()["digest"] == puts[1].json()["digest"]


def test_who_is_late_is_refused(client: TestClient) -> None:
    tag = client.get(MODEL).headers["ETag"]
    assert client.put(MODEL, json=renamed(client, "first")).status_code == 201
    late = client.put(MODEL, json=renamed(client, "second"), headers={"If-Match": tag})
    assert late.status_code == 412
    assert [each["code"] for each in late.json()["findings"]] == ["model_changed"]
    assert late.json()["error"] == "ModelError"
    assert client.get(MODEL).json()["model"]["nodes"][0]["name"] == "first"
    anyway = client.put(MODEL, json=renamed(client, "second"), headers={"If-Match": "*"})
    assert anyway.status_code == 201


@pytest.mark.parametrize("tag", ['""', 'W/""', '"-1"', '"'])
def test_a_tag_of_no_model_is_no_leave_to_replace_any(client: TestClient, tag: str) -> None:
    put = client.put(MODEL, json=renamed(client, "another"), headers={"If-Match": tag})
    assert put.status_code == 412
    assert client.get(MODEL).json()["model"]["nodes"][0]["name"] != "another"


def test_a_refusal_tells_all_that_is_wrong_and_where_in_the_body(
    folder: Path, client: TestClient
) -> None:
    before = everything(folder)
    text = "nodes:\n  - {id: a, type: shed}\n  - {id: b}\nscale: 3\nservers: 1\n"
    refused = client.put(MODEL, content=text, headers=YAML)
    assert refused.status_code == 422
    assert refused.headers["Content-Type"] == "application/problem+json"
    found = {(each["code"], each["file"], each["line"]) for each in refused.json()["findings"]}
    assert found == {
        ("unknown_type", "<body>", 2),
        ("missing_key", "<body>", 3),
        ("setting_differs", "<body>", 4),
        ("unknown_key", "<body>", 5),
    }
    body = '{"nodes": [\n {"id": "a", "type": "shed"}]}'
    (finding,) = client.put(MODEL, content=body, headers=JSON).json()["findings"]
    assert (finding["file"], finding["line"], finding["column"]) == ("<body>", 2, 22)
    assert everything(folder) == before


def test_yaml_and_json_mean_the_same(client: TestClient) -> None:
    document = renamed(client, "\U0001f600 \\/ é")
    first = client.put(MODEL, content=json.dumps(document), headers=JSON)
    assert first.status_code == 201
    as_it_is = json.dumps(document, ensure_ascii=False)
    for headers in (JSON, YAML, {"Content-Type": "text/yaml; charset=utf-8"}, {}):
        again = client.put(MODEL, content=as_it_is.encode(), headers=headers)
        assert (again.status_code, again.json()["digest"]) == (200, first.json()["digest"])


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", JSON, 422, "unreadable_file"),
        (b"", JSON, 422, "unreadable_file"),
        (b'{"nodes": NaN}', JSON, 422, "unreadable_file"),
        (b'{"nodes": [], "nodes": []}', JSON, 422, "duplicate_key"),
        (b"[" * 100_000, JSON, 422, "unreadable_file"),
        (b'{"nodes": "\xff"}', JSON, 422, "unreadable_file"),
        (b'{"nodes": [{"id": "\\ud800", "type": "product"}]}', JSON, 422, "invalid_value"),
        (b"[]", JSON, 422, "wrong_type"),
        (b"null", JSON, 422, "wrong_type"),
        (b"", YAML, 422, "wrong_type"),
        (b"nodes: [", YAML, 422, "unreadable_file"),
        (b"a: &a [x]\nb: [*a, *a]\n", YAML, 422, "unsafe_file"),
        (b"!!python/object/apply:os.system [id]\n", YAML, 422, "unreadable_file"),
        (b"nodes: " + b"[" * 64, YAML, 422, "unsafe_file"),
        (b"<model/>", {"Content-Type": "application/xml"}, 415, None),
    ],
)
def test_what_is_no_document_is_refused(
    folder: Path, client: TestClient, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    before = everything(folder)
    refused = client.put(MODEL, content=body, headers=headers)
    assert refused.status_code == status
    assert code in [*(each["code"] for each in refused.json()["findings"]), None]
    assert everything(folder) == before


def test_a_document_that_is_too_large_is_refused(folder: Path, ask: Ask) -> None:
    refused = ask(folder, body_bytes=1000).put(MODEL, content=b" " * 1001, headers=JSON)
    assert refused.status_code == 413


def test_findings_are_those_of_validate(folder: Path, client: TestClient) -> None:
    def validated() -> dict[str, Any]:
        command = [COMMAND, "--workspace", str(folder), "validate", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said: dict[str, Any] = json.loads(done.stdout.replace(str(folder), "<workspace>"))
        return said

    assert client.get(f"{MODEL}/findings").json() == validated()
    more = "edges:\n  - {source: nobody, receiver: no one, strategy: equal}\n"
    (folder / "model" / "more.yaml").write_text(more)
    broken = client.get(f"{MODEL}/findings").json()
    assert broken == validated()
    assert (broken["valid"], broken["errors"] > 0) == (False, True)
    refused = client.get(MODEL)
    assert refused.status_code == 422
    assert refused.json()["findings"] == broken["findings"]


def test_a_broken_model_is_mended_by_a_put(folder: Path, client: TestClient) -> None:
    document = renamed(client, "mended")
    (folder / "model" / "company.yaml").write_text("nodes: [")
    assert client.get(MODEL).status_code == 422
    assert client.put(MODEL, json=document).status_code == 201
    assert client.get(f"{MODEL}/findings").json()["valid"]


def test_versions_are_those_that_were_put(folder: Path, client: TestClient) -> None:
    assert client.get(f"{MODEL}/versions").json()["versions"] == []
    digests = [
        client.put(MODEL, json=renamed(client, name)).json()["digest"] for name in ("one", "two")
    ]
    versions = client.get(f"{MODEL}/versions").json()["versions"]
    assert [each["digest"] for each in versions] == digests[::-1]
    assert [each["current"] for each in versions] == [True, False]
    at = Workspace(folder).model_versions()[0].at
    assert at is not None
    assert versions[0]["at"] == at.isoformat()


def test_the_description_tells_every_list_and_key(client: TestClient) -> None:
    operation = client.get("/api/v1/openapi.json").json()["paths"][MODEL]["put"]
    told = operation["requestBody"]["content"]["application/yaml"]["schema"]["properties"]
    assert told.keys() == {"settings", *LIST_KINDS}
    for name, kind in LIST_KINDS.items():
        assert told[name]["items"]["properties"].keys() == kind.shape.keys


def test_strategies_are_described(small: Path, ask: Ask) -> None:
    client = ask(small)
    listed = client.get("/api/v1/strategies").json()["strategies"]
    assert "equal" in [each["name"] for each in listed]
    for each in listed:
        one = client.get(f"/api/v1/strategies/{each['name']}").json()
        assert (one.pop("warnings"), one.pop("warnings_total")) == ([], 0)
        assert one == each
    command = [COMMAND, "strategies", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["strategies"] == listed
    missing = client.get("/api/v1/strategies/eqaul")
    assert missing.status_code == 404
    assert "'equal'" in missing.json()["findings"][0]["remedy"]
