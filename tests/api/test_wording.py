"""Remedies over HTTP: they name routes and parameters of HTTP, never what is typed elsewhere."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from typed import TYPED

import apportion
from apportion.api.answering import answer_data, answer_table
from apportion.api.formats import FORMATS
from apportion.api.formats.format import Answer
from apportion.api.wording import PARAMETERS, ROUTES, over_http
from apportion.findings import Finding
from apportion.jobs.outcomes import MOST_FINDINGS
from apportion.result import WARNING_SCHEMA

Ask = Callable[..., TestClient]
SOURCE = Path(apportion.__file__).parent
NOT_OVER_HTTP = (
    "JSON with the fields of `apportion reconcile --json`",
    "Name another folder, or make one with: apportion init X",
    "was used on earlier days; --csv and --json have contacts too.",
    "The views are listed by: apportion sql",
)
"""What is said on a terminal alone, though not by the command line's own part of the program."""

OF_HTTP = ("ingest", "jobs", "ledger", "model", "rating", "reconcile", "report")


def texts(file: Path) -> Iterator[str]:
    """The texts of a source file that are not its documentation, with an X for each value."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    passed = {
        id(part)
        for each in ast.walk(tree)
        if isinstance(each, ast.JoinedStr)
        or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        for part in ast.walk(each)
        if part is not each
    }
    for each in ast.walk(tree):
        if isinstance(each, ast.JoinedStr):
            parts = (
                str(part.value) if isinstance(part, ast.Constant) else "X" for part in each.values
            )
            yield "".join(parts)
        elif (
            isinstance(each, ast.Constant)
            and isinstance(each.value, str)
            and id(each) not in passed
        ):
            yield each.value


def remedies() -> list[str]:
    """All that the parts of the program below the edges may say of the command line."""
    files = [*SOURCE.glob("*.py")]
    for folder in OF_HTTP:
        files += (SOURCE / folder).rglob("*.py")
    found = [text for file in files for text in texts(file)]
    return [text for text in found if TYPED.search(text) and " " in text]


def test_every_remedy_has_words_for_http() -> None:
    typed = remedies()
    assert len(typed) > 15
    left = {text for text in typed if TYPED.search(over_http(text))}
    assert left == set(NOT_OVER_HTTP)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            "So compute it again: apportion run --from DATE --currency USD --dimension 'a b'",
            "So compute it again: POST /api/v1/runs, start_date DATE, currency USD, dimensions a b",
        ),
        ("Rate anew with: apportion rate", "Rate anew with: POST /api/v1/ratings"),
        ("List them with: apportion runs list", "List them with: GET /api/v1/runs"),
        (
            "It is infrastructure: apportion show nodes --node it\\'s",
            "It is infrastructure: GET /api/v1/nodes, nodes it's",
        ),
        ("Leave out --source.", "Leave out source."),
        (
            "Take `--cost-column billed`, or write `cost_column: billed` in apportion.yaml.",
            "Take `cost_column=billed`, or write `cost_column: billed` in apportion.yaml.",
        ),
        (
            "Mend the line, or take the others with --reject-file.",
            "Mend the line.",
        ),
        ("Did you mean 'apportion run --from'?", "Did you mean 'apportion run start_date'?"),
        ("Make one with: apportion run 'open", "Make one with: apportion run 'open"),
    ],
)
def test_what_is_typed_has_a_name_over_http(typed: str, said: str) -> None:
    assert over_http(typed) == said


def test_the_routes_and_parameters_that_remedies_name_are_there(small: Path, ask: Ask) -> None:
    paths = ask(small).get("/api/v1/openapi.json").json()["paths"]
    taken = set()
    for methods in paths.values():
        for each in methods.values():
            taken |= {parameter["name"] for parameter in each.get("parameters", ())}
    assert set(PARAMETERS.values()) <= taken
    for route in ROUTES.values():
        method, path = route.split()
        assert method.lower() in paths[path], route


def test_a_doubt_of_an_answer_names_the_route(small: Path, ask: Ask) -> None:
    said = ask(small).get("/api/v1/products?end_date=2024-02-03").json()
    assert said["warnings_total"] == len(said["warnings"])
    gap = next(each for each in said["warnings"] if each["code"] == "gap_in_runs")
    assert re.fullmatch(
        r"Cover them with: POST /api/v1/runs, start_date 2024-02-01, end_date 2024-02-03",
        gap["remedy"],
    )


def test_of_many_doubts_the_first_are_told_and_all_are_counted() -> None:
    gaps = [Finding("gap_in_runs", f"Gap {number}.") for number in range(MOST_FINDINGS + 5)]
    said = json.loads(bytes(answer_data({}, gaps).body))
    assert (len(said["warnings"]), said["warnings_total"]) == (MOST_FINDINGS, MOST_FINDINGS + 5)
    rows = Answer(pa.table({"a": [1]}), {})
    said = json.loads(bytes(answer_table(rows, FORMATS["json"], gaps).body))
    assert (len(said["warnings"]), said["warnings_total"]) == (MOST_FINDINGS, MOST_FINDINGS + 5)


def test_of_many_assumptions_of_a_run_the_first_are_told(
    small: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = ask(small)
    (run,) = client.get("/api/v1/runs").json()["runs"]
    assumption = dict.fromkeys(WARNING_SCHEMA.names)
    many = pa.Table.from_pylist([assumption] * (MOST_FINDINGS + 5), WARNING_SCHEMA)
    monkeypatch.setattr("apportion.recorded_result.RecordedResult.warnings", many)
    said = client.get(f"/api/v1/runs/{run['run_id']}").json()
    assert (len(said["warnings"]), said["warnings_total"]) == (MOST_FINDINGS, MOST_FINDINGS + 5)
