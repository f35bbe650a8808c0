"""Files over HTTP: what the command line makes of them, and what no file may do to a server."""

import gzip
import io
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from happenings import STARTUP, Happening, happening  # noqa: F401 - a fixture
from ledgers import FILES, seen, write_company

from apportion import Workspace
from apportion.plugins import registered
from apportion.report.ingested import as_data
from apportion.report.json_text import plain

Ask = Callable[..., TestClient]
COSTS = "/api/v1/ingest/costs"
BILL = "\n".join(FILES["bill.csv"]).encode()
USAGE = "\n".join(FILES["usage.csv"]).encode()
METRICS = json.dumps(
    {
        "metrics": [
            {
                "metricId": "builtin:service.requestCount.total",
                "data": [
                    {
                        "dimensions": {"service": "shop"},
                        "timestamps": [1_704_067_200_000 + 60_000 * n for n in range(3)],
                        "values": [1, 2, 3],
                    }
                ],
            }
        ]
    }
).encode()


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A workspace with an empty ledger."""
    return write_company(tmp_path / "company")


@pytest.fixture
def client(company: Path, ask: Ask) -> TestClient:
    return ask(company)


def untold(company: Path, text: str) -> None:
    """No answer says where anything lies on the server."""
    for secret in (str(company), "uploads", "/tmp", "Traceback", "site-packages"):
        assert secret not in text, text


def nothing_is_left(company: Path) -> None:
    assert list((company / "server" / "uploads").glob("*/")) == []


def in_parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


COST_ROW = {"node": "shop", "date": "2024-01-01", "dimension": "d", "amount": "1.5"}


@pytest.mark.parametrize(
    ("path", "query", "body"),
    [
        ("costs", {"file": "bill.parquet", "period": "2024-01"}, in_parquet([COST_ROW])),
        ("usage", {"file": "usage.csv", "source": "monitor"}, USAGE),
    ],
)
def test_it_is_as_the_command_line_has_it(
    client: TestClient,
    company: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    query: dict[str, str],
    body: bytes,
) -> None:
    plainly = Path(shutil.copytree(company, company.parent / "plainly"))
    answer = client.post(f"/api/v1/ingest/{path}", params=query, content=body)
    assert answer.status_code == 201, answer.text
    (plainly / query["file"]).write_bytes(body)
    days = None
    if "period" in query:
        days = (date(2024, 1, 1), date(2024, 1, 31))
    monkeypatch.chdir(plainly)
    known = Workspace(plainly).ingest(path, query["file"], source=query.get("source"), period=days)
    expected = json.loads(
        json.dumps(as_data(known.report, known.recorded, known.days), default=plain)
    )
    assert {**answer.json(), "ingest_id": ""} == {**expected, "ingest_id": ""}
    assert seen(company) == seen(plainly)
    again = client.post(f"/api/v1/ingest/{path}", params=query, content=body)
    assert (again.status_code, again.json()["changed"]) == (200, False)
    nothing_is_left(company)


def test_metrics_of_a_monitoring_system(client: TestClient, company: Path) -> None:
    more = "metric_nodes: [{when: {label: service, exists: true}, node: '{label.service}'}]\n"
    (company / "model" / "metrics.yaml").write_text(more)
    answer = client.post("/api/v1/ingest/metrics", content=METRICS)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert (said["source"], said["rows"], said["files"][0]["file"]) == ("dynatrace", 1, "upload")


@pytest.mark.parametrize(
    ("path", "query", "word"),
    [
        ("costs", {}, "source"),
        ("usage", {"format": "usage"}, "source"),
        ("costs", {"file": "a.csv", "format": "usage"}, "does not belong"),
        ("usage", {"file": "a.csv", "format": "costs"}, "does not belong"),
        ("metrics", {"file": "a.csv", "format": "billable"}, "does not belong"),
        ("costs", {"file": "a.csv", "format": "excel"}, "No format"),
        ("costs", {"file": "../../apportion.yaml"}, "plain"),
        ("costs", {"file": "/etc/passwd"}, "plain"),
        ("costs", {"file": "a\r\nb.csv"}, "plain"),
        ("costs", {"file": "a.csv", "period": "2024-01", "end_date": "2024-01-31"}, "both"),
        ("costs", {"file": "a.csv", "start_date": "2024-01-01"}, "one day"),
        ("costs", {"file": "a.csv", "start_date": "2024-02-01", "end_date": "2024-01-01"}, "be"),
        ("costs", {"file": "a.csv", "period": "2024-13"}, "period"),
        ("costs", {"file": "a.csv", "cost_column": "any"}, "cost_column"),
        ("costs", {"file": "a.csv", "source": "a\nb"}, "cannot be seen"),
        ("usage", {"file": "a.csv", "source": "a\x1b[2J"}, "cannot be seen"),
    ],
)
def test_a_wrong_question_is_refused(
    client: TestClient, company: Path, path: str, query: dict[str, str], word: str
) -> None:
    answer = client.post(f"/api/v1/ingest/{path}", params=query, content=BILL)
    assert answer.status_code == 422, answer.text
    assert word in answer.json()["detail"]
    untold(company, answer.text)


def test_a_bad_line_is_told_with_its_place(client: TestClient, company: Path) -> None:
    before = seen(company)
    bad = BILL + b"\nshop,2024-01-02,storage,one,USD\nshop,2024-01-40,storage,1,USD\n"
    query = {"file": "bill of January.csv"}
    answer = client.post(COSTS, params=query, content=bad)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    said = answer.json()
    places = [(each["file"], each["line"], each["column"]) for each in said["findings"]]
    assert places[:2] == [("bill of January.csv", 5, 4), ("bill of January.csv", 6, 2)]
    assert said["error"] == "IngestError"
    untold(company, answer.text)
    assert seen(company) == before
    nothing_is_left(company)


JUNK = {
    "nothing": b"",
    "nul": b"node,date\n\0",
    "a zip archive": b"PK\x03\x04" + bytes(100),
    "gzip of gzip": gzip.compress(gzip.compress(BILL)),
    "a damaged parquet": b"PAR1" + bytes(range(256)) * 4 + b"PAR1",
    "formulas": b"node,date,dimension,amount\n=cmd|' /C calc'!A0,2024-01-01,d,=1+1",
    "deep json": b"[" * 100_000,
}


@pytest.mark.parametrize("junk", JUNK)
def test_junk_is_refused_with_findings(client: TestClient, company: Path, junk: str) -> None:
    answer = client.post(COSTS, params={"file": "junk.csv"}, content=JUNK[junk])
    assert answer.status_code == 422, answer.text
    said = answer.json()
    assert said["findings"]
    assert {each["file"] for each in said["findings"]} == {"junk.csv"}
    untold(company, answer.text)


def test_a_bomb_is_refused_and_takes_no_memory(company: Path, ask: Ask) -> None:
    # Four gigabytes of nothing, in parts that unpack one after the other; a child has three.
    client = ask(company, work_bytes=3 * 2**30)
    bomb = gzip.compress(BILL + b"\n") + gzip.compress(bytes(2**25)) * 128
    answer = client.post(COSTS, params={"file": "bomb.csv.gz"}, content=bomb)
    assert answer.status_code == 422
    assert [each["code"] for each in answer.json()["findings"]] == ["unsafe_file"]
    nothing_is_left(company)


def test_a_file_that_unpacks_to_more_than_may_be_is_refused(company: Path, ask: Ask) -> None:
    client = ask(company, unpacked_bytes=1000)
    packed = gzip.compress(BILL + b"\n" * 1000)
    answer = client.post(COSTS, params={"file": "bill.csv.gz"}, content=packed)
    assert answer.status_code == 422
    assert "1,000 bytes" in answer.json()["detail"]


def test_a_body_that_is_too_large_is_refused(company: Path, ask: Ask) -> None:
    client = ask(company, upload_bytes=1000)

    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield bytes(100)

    for body in (bytes(10_000), parts()):
        answer = client.post(COSTS, params={"file": "large.csv"}, content=body)
        assert answer.status_code == 413
    nothing_is_left(company)


TWO = {"one.csv": BILL, "two.csv": BILL.replace(b"2024-01", b"2024-02")}


def as_form(files: dict[str, bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (name, content)) for name, content in files.items()]


def test_the_files_of_a_form_are_taken_together(
    client: TestClient, company: Path, tmp_path: Path
) -> None:
    answer = client.post(COSTS, params={"source": "cloud"}, files=as_form(TWO))
    assert answer.status_code == 201, answer.text
    other = write_company(tmp_path / "other")
    paths = [other / name for name in TWO]
    for path, content in zip(paths, TWO.values(), strict=True):
        path.write_bytes(content)
    Workspace(other).ingest("costs", *paths, source="cloud")
    assert [each["file"] for each in answer.json()["files"]] == list(TWO)
    assert seen(company) == seen(other)
    again = client.post(COSTS, params={"source": "cloud"}, files=as_form(TWO))
    assert (again.status_code, again.json()["changed"]) == (200, False)
    nothing_is_left(company)


def test_a_large_file_of_a_form_comes_whole(client: TestClient) -> None:
    lines = [b"shop,2024-01-01,Compute,1.00,USD"] * 100_000
    large = b"\n".join([b"node,date,dimension,amount,currency", *lines])
    assert len(large) > 3 * 2**20
    answer = client.post(COSTS, params={"source": "a"}, files=as_form({"large.csv": large}))
    assert answer.status_code == 201, answer.text
    assert answer.json()["lines_read"] == len(lines)


def test_the_same_form_under_a_key_is_taken_once(client: TestClient) -> None:
    asked = {"params": {"source": "cloud"}, "headers": {"Idempotency-Key": "both"}}
    first = client.post(COSTS, files=as_form(TWO), **asked)
    # Each client, and each attempt, draws a border of its own between the parts.
    again = client.post(COSTS, files=as_form(TWO), **asked)
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    other = client.post(COSTS, files=as_form({**TWO, "two.csv": BILL}), **asked)
    assert other.status_code == 422
    assert other.json()["findings"][0]["code"] == "key_reused"


BORDER = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n\r\n%s\r\n'


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (BILL, "multipart/form-data", 400, "no boundary"),
        (BILL, BORDER, 400, "cannot be read"),
        (BILL, BORDER + 300 * "x", 400, "cannot be read"),
        (b"", BORDER, 400, "before its last part"),
        (b"--x--\r\n", BORDER, 400, "no file"),
        (PART % (b"a.csv", BILL), BORDER, 400, "before its last part"),
        (PART % (b"../a.csv", BILL) + b"--x--", BORDER, 422, "not a plain one"),
        (PART % (b"a.csv", BILL) * 2 + b"--x--", BORDER, 422, "Two files"),
        (PART.replace(b'; filename="%s"', b"") % BILL + b"--x--", BORDER, 422, "no file"),
    ],
)
def test_a_form_that_is_wrong_is_refused(
    client: TestClient, company: Path, body: bytes, kind: str, status: int, said: str
) -> None:
    answer = client.post(
        COSTS, params={"source": "cloud"}, content=body, headers={"Content-Type": kind}
    )
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    nothing_is_left(company)


def test_a_form_names_its_files_itself(client: TestClient) -> None:
    answer = client.post(COSTS, params={"file": "a.csv"}, files=as_form(TWO))
    assert answer.status_code == 422
    assert "its own name" in answer.json()["detail"]


def test_a_file_is_taken_as_curl_sends_it(client: TestClient) -> None:
    kind = "application/x-www-form-urlencoded"
    answer = client.post(
        COSTS, params={"file": "a.csv"}, content=BILL, headers={"Content-Type": kind}
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("format_name", "status", "code"),
    [
        ("aborting", 422, "crashed_work"),
        ("mistaken", 500, None),
    ],
)
def test_what_breaks_a_reader_does_not_break_the_server(
    company: Path, ask: Ask, happening: Happening, monkeypatch: pytest.MonkeyPatch,  # noqa: F811
    format_name: str, status: int, code: str | None,
) -> None:  # fmt: skip
    # The formats are a package of somebody else's, which the server has as its children do.
    monkeypatch.syspath_prepend(str(STARTUP))
    registered.cache_clear()
    client = ask(company)
    query = {"file": "bill.csv", "format": format_name}
    headers = {"Idempotency-Key": "one"}
    answer = client.post(COSTS, params=query, content=BILL, headers=headers)
    registered.cache_clear()
    assert answer.status_code == status
    found = answer.json()["findings"]
    assert [each["code"] for each in found] == ([code] if code else [])
    untold(company, answer.text)
    assert seen(company).ingests == ()
    # It was begun, so it is not begun again.
    again = client.post(COSTS, params=query, content=BILL, headers=headers)
    assert (again.status_code, again.content) == (status, answer.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert client.post(COSTS, params={"file": "bill.csv"}, content=BILL).status_code == 201
