"""What a client does when the server is gone, slow, busy, strange, or refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted import Answer, Scripted, answer, scripted

import apportion
from apportion import Client, IngestError, LedgerError, ModelError, RunError, UsageError

MODEL = json.dumps({"digest": "d", "folder": "model", "model": {}, "warnings": []}).encode()
INGESTED = json.dumps(
    {"ingest_id": "i", "rows": 1, "replaced_rows": 0, "same_as": "", "first_day": None}
    | {"last_day": None}
).encode()
OK = answer(200, MODEL)
FINDING = {
    "severity": "error",
    "code": "unknown_type",
    "message": "No such type.",
    "remedy": "Write product.",
    "file": "<body>",
    "line": 3,
    "column": 7,
    "details": {"node": "a"},
}


def problem(status: int, *more: str, **said: Any) -> bytes:
    told = {"title": "T", "detail": "D", "status": status, "request_id": "r", "findings": []}
    body = json.dumps({**told, **said}).encode()
    return answer(status, body, "application/problem+json", *more)


def busy(code: str, status: int = 503, *more: str) -> bytes:
    return problem(status, *more, findings=[{**FINDING, "code": code}], error="LedgerError")


class Waits:
    """Stands for ``sleep``: remembers and does not wait."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def asked(script: list[Answer], do: Callable[[Client], Any]) -> tuple[Any, Scripted, list[float]]:
    """What a call gives, or raises as a value, with what was asked and waited for it."""
    waits = Waits()
    with scripted(script) as server, Client(server.url, sleep=waits, timeout=5) as client:
        try:
            found = do(client)
        except apportion.ApportionError as error:
            found = error
    return found, server, waits.seconds


def get(client: Client) -> Any:
    return client.model


@pytest.mark.parametrize(
    "first",
    [
        None,
        answer(200, MODEL[:10], length=len(MODEL)),
        answer(502, b"<html>", "text/html"),
        answer(503, b"", "text/html"),
        busy("ledger_busy"),
        busy("stopped_work"),
        busy("key_in_use", 409),
    ],
    ids=["closed", "cut off", "gateway", "starting", "busy", "stopped", "key in use"],
)
def test_what_passes_is_tried_again(first: Answer) -> None:
    found, server, waited = asked([first, first, OK], get)
    assert found.digest == "d"
    assert len(server.asked) == 3
    assert len(waited) == 2
    assert waited[1] > waited[0] > 0


def test_what_the_server_still_works_on_is_waited_for() -> None:
    found, server, waited = asked([busy("key_in_use", 409)] * 30 + [OK], get)
    assert found.digest == "d"
    assert len(server.asked) == 31
    assert waited[-1] == max(waited) == 10
    found, server, _ = asked([busy("key_in_use", 409)], get)
    assert [each.code for each in found.findings] == ["key_in_use"]
    assert len(server.asked) == 360


@pytest.mark.parametrize("said", [b"<html>welcome</html>", b"", b"\xff\x00"])
def test_what_is_no_answer_of_ours_is_told(said: bytes) -> None:
    from datetime import date

    page = answer(200, said, "text/html")
    for ask in (get, lambda client: client.charges().rows, lambda client: client.runs()):
        found, _, _ = asked([page], ask)
        assert type(found) is LedgerError
        assert "text/html" in str(found)
    head = json.dumps({"start_date": "2024-01-01", "end_date": "2024-01-02", "currency": "USD"}
                      | {"runs": ["r"], "warnings": []}).encode()  # fmt: skip
    day = date(2024, 1, 1)
    found, _, _ = asked([answer(200, head), page], lambda it: it.result(day, day).allocations)
    assert "what comes is text/html" in str(found)
    strange = answer(500, said, "application/problem+json")
    found, _, _ = asked([strange], get)
    assert type(found) is LedgerError


@pytest.mark.parametrize("first", [None, busy("ledger_busy")])
def test_it_gives_up_in_the_end(first: Answer) -> None:
    found, server, waited = asked([first], get)
    assert isinstance(found, LedgerError)
    assert found.findings[0].code in ("server_unreachable", "ledger_busy")
    assert len(server.asked) == 6
    assert waited == sorted(waited)


def test_the_server_may_ask_for_a_longer_wait_but_not_for_ever() -> None:
    _, _, waited = asked([busy("ledger_busy", 503, "Retry-After: 5"), OK], get)
    assert waited == [5]
    _, _, waited = asked([busy("ledger_busy", 503, "Retry-After: 86400"), OK], get)
    assert waited == [10]
    _, _, waited = asked([busy("ledger_busy", 503, "Retry-After: soon"), OK], get)
    assert 0 < waited[0] < 1


@pytest.mark.parametrize(
    "refusal", [problem(401), problem(404), problem(500), busy("damaged_ledger"), problem(429)]
)
def test_what_does_not_pass_is_told_at_once(refusal: Answer) -> None:
    found, server, waited = asked([refusal, OK], get)
    assert isinstance(found, apportion.ApportionError)
    assert (len(server.asked), waited) == (1, [])


def test_an_upload_is_sent_again_whole_and_under_the_same_key(tmp_path: Path) -> None:
    file = tmp_path / "bill.csv"
    file.write_bytes(b"x" * 3_000_000)
    found, server, _ = asked([None, busy("key_in_use", 409), answer(201, INGESTED)],
                             lambda client: client.ingest("costs", file))  # fmt: skip
    assert found.changed
    keys = {headers["idempotency-key"] for _, headers, _ in server.asked}
    assert len(server.asked) == 3
    assert len(keys) == 1
    assert len(keys.pop()) >= 32
    assert all(body == file.read_bytes() for _, _, body in server.asked)
    assert server.asked[0][0].startswith("POST /api/v1/ingest/costs?format=costs&file=bill.csv ")


@pytest.mark.parametrize("then", [b"x", b"x" * 3_000_000])
def test_a_file_that_changes_on_its_way_is_not_sent(tmp_path: Path, then: bytes) -> None:
    from apportion.client.uploads import upload

    file = tmp_path / "bill.csv"
    file.write_bytes(b"x" * 1_500_000)
    sent = upload([file], "border")
    file.write_bytes(then)
    with pytest.raises(UsageError, match="while it was sent"):
        list(sent.body())


def test_several_files_are_sent_again_whole(tmp_path: Path) -> None:
    files = [tmp_path / "a.csv", tmp_path / 'b"\r\nx: y.csv']
    for file in files:
        file.write_bytes(file.name.encode() * 100_000)
    _, server, _ = asked([None, answer(201, INGESTED)],
                         lambda client: client.ingest("costs", *files))  # fmt: skip
    (line, headers, body), again = server.asked
    assert (line, headers, body) == again
    assert "file=" not in line
    assert int(headers["content-length"]) == len(body)
    boundary = headers["content-type"].partition("boundary=")[2].encode()
    parts = body.split(b"--" + boundary)
    assert [parts[0], parts[-1]] == [b"", b"--\r\n"]
    names = [part.split(b"\r\n", 2)[1].rpartition(b"filename=")[2] for part in parts[1:-1]]
    assert names == [b'"a.csv"', b'"b%22%0D%0Ax: y.csv"']
    contents = [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts[1:-1]]
    assert contents == [file.read_bytes() for file in files]


def test_each_write_has_a_key_of_its_own_unless_one_is_given(tmp_path: Path) -> None:
    file = tmp_path / "bill.csv"
    file.write_bytes(b"x")

    def twice(client: Client) -> None:
        client.ingest("costs", file)
        client.ingest("costs", file)
        client.ingest("costs", file, idempotency_key="mine")

    _, server, _ = asked([answer(200, INGESTED)], twice)
    keys = [headers["idempotency-key"] for _, headers, _ in server.asked]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ModelError", ModelError),
        ("IngestError", IngestError),
        ("RunError", RunError),
        ("LedgerError", LedgerError),
        ("UsageError", UsageError),
        ("SystemExit", UsageError),
        ("", UsageError),
    ],
)
def test_a_problem_is_the_exception_with_its_findings(said: str, kind: type[Exception]) -> None:
    found, _, _ = asked([problem(422, error=said, findings=[FINDING])], get)
    assert type(found) is kind
    (finding,) = found.findings
    assert (finding.code, finding.message, finding.remedy) == (
        "unknown_type",
        "No such type.",
        "Write product.",
    )
    assert str(finding.where) == "<body>:3:7"
    assert dict(finding.details) == {"node": "a", "http_status": 422, "request_id": "r"}


def test_a_problem_without_findings_tells_its_reason() -> None:
    found, _, _ = asked([problem(403, detail="Only an admin may.")], get)
    assert type(found) is UsageError
    assert "Only an admin may." in str(found)
    assert found.findings[0].details["http_status"] == 403


def test_a_code_of_a_later_version_is_kept_as_a_detail() -> None:
    found, _, _ = asked([problem(422, findings=[{**FINDING, "code": "from_tomorrow"}])], get)
    assert found.findings[0].code == "request_refused"
    assert found.findings[0].details["code"] == "from_tomorrow"


def test_nobody_there_is_told() -> None:
    with scripted([OK]) as server:
        url = server.url
    waits = Waits()
    with Client(url, sleep=waits) as client, pytest.raises(LedgerError) as error:
        client.runs()
    assert error.value.findings[0].code == "server_unreachable"
    assert url in str(error.value)
    assert len(waits.seconds) == 5


def test_the_token_goes_to_the_server_and_nowhere_else() -> None:
    with scripted([answer(302, b"", "text/html", "Location: http://127.0.0.1:9/elsewhere")]) as it:
        client = Client(it.url, token="secret-token", sleep=Waits())
        with client, pytest.raises(UsageError):
            _ = client.model
        assert "secret-token" not in repr(client)
    assert it.asked[0][1]["authorization"] == "Bearer secret-token"
    assert len(it.asked) == 1


@pytest.mark.parametrize("address", ["", "acme", "ftp://acme", "http://", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        Client(address)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(UsageError, match="No such file"):
        client.ingest("costs", tmp_path / "nowhere.csv")
    with Client("http://127.0.0.1:9") as client, pytest.raises(UsageError, match="a directory"):
        client.ingest("costs", tmp_path)


def test_names_are_data_in_addresses() -> None:
    from datetime import date

    body = json.dumps({"ok": True}).encode()
    day = date(2024, 1, 1)

    def ask(client: Client) -> None:
        client.statement("../../runs?x=1#y", 2024)
        client.margin(day, day, "a&b=c")

    _, server, _ = asked([answer(200, body)], ask)
    assert [line for line, _, _ in server.asked] == [
        "GET /api/v1/statements/..%2F..%2Fruns%3Fx%3D1%23y?year=2024 HTTP/1.1",
        "GET /api/v1/margin?start_date=2024-01-01&end_date=2024-01-01&by=a%26b%3Dc HTTP/1.1",
    ]


class Stream:
    """The events of a run, and what was told of them."""

    RUN = json.dumps({"run_id": "r1", "state": "queued"}).encode()

    @staticmethod
    def of(*events: tuple[str, dict[str, Any]]) -> bytes:
        text = "".join(f"event: {name}\ndata: {json.dumps(said)}\n\n" for name, said in events)
        body = f"retry: 2000\n\n: still here\n\n{text}".encode()
        return answer(200, body, "text/event-stream")


def far(done: int) -> tuple[str, dict[str, Any]]:
    return "progress", {"run_id": "r1", "state": "running", "days_done": done, "days_total": 3}


def test_a_run_is_followed_over_lost_connections_and_restarts() -> None:
    from datetime import date

    ended = {"run_id": "r1", "state": "failed", "error": "RunError", "findings": [FINDING]}
    told: list[tuple[int, int]] = []
    script = [
        answer(202, Stream.RUN),
        Stream.of(far(0), far(1)),
        None,
        Stream.of(far(1), ("stopping", {"run_id": "r1"})),
        Stream.of(far(2), ("end", ended)),
    ]

    def run(client: Client) -> Any:
        day = date(2024, 1, 1)
        return client.run(day, day, on_progress=lambda done, total: told.append((done, total)))

    found, server, _ = asked(script, run)
    assert type(found) is RunError
    assert [each.code for each in found.findings] == ["unknown_type"]
    assert told == [(0, 3), (1, 3), (2, 3)]
    assert [line.split()[1] for line, _, _ in server.asked] == [
        "/api/v1/runs",
        *["/api/v1/runs/r1/events"] * 4,
    ]


@pytest.mark.parametrize("stream", [None, Stream.of(far(1))])
def test_a_run_that_nobody_tells_of_any_more_is_given_up(stream: Answer) -> None:
    from datetime import date

    def run(client: Client) -> Any:
        return client.run(date(2024, 1, 1), date(2024, 1, 1))

    found, server, _ = asked([answer(202, Stream.RUN), stream], run)
    assert type(found) is LedgerError
    assert found.findings[0].code == "server_unreachable"
    assert len(server.asked) < 12
