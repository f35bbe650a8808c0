"""What a command loads and does before it answers: no more than its question needs."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import deltalake
import duckdb
import pytest

from apportion.ledger import store
from apportion.model import model

LOADED = """
import json, sys
from apportion.cli import main

try:
    main(sys.argv[2:])
except SystemExit as ending:
    loaded = {"status": ending.code or 0, "modules": sorted(sys.modules)}
with open(sys.argv[1], "w") as file:
    json.dump(loaded, file)
"""

TABLES = {"pyarrow", "duckdb", "deltalake", "numpy"}
FOREIGN = {"pandas", "ibis", "sqlglot", "fastapi", "starlette", "uvicorn", "httpx2", "jinja2"}
COMPUTING = {
    "apportion.api",
    "apportion.billing",
    "apportion.engines",
    "apportion.ingest.ingest",
    "apportion.ledger.record_ingest",
    "apportion.ledger.record_run",
    "apportion.pipeline",
    "apportion.rating",
}
PROOF = {"apportion.reconcile.proof", "apportion.reconcile.evidence"}
ARROW = {"pyarrow.compute", "pyarrow.dataset"}
MODEL = {"apportion.model", "apportion.attribution", "yaml", "rich.progress"}

NOT_NEEDED = {
    "--help": TABLES | FOREIGN | COMPUTING | PROOF | MODEL | {"pydantic", "rich"},
    "show --help": TABLES | FOREIGN | COMPUTING | PROOF | MODEL,
    "validate": FOREIGN | COMPUTING | PROOF | ARROW,
    "runs list": FOREIGN | COMPUTING | PROOF | MODEL | ARROW | {"duckdb"},
    "show products": FOREIGN | COMPUTING | PROOF | ARROW,
    "show nodes": FOREIGN | COMPUTING | PROOF | ARROW,
    "show contributions --node search": FOREIGN | COMPUTING | PROOF | ARROW,
    "reconcile": FOREIGN | COMPUTING,
}
READING = [command for command in NOT_NEEDED if command.startswith(("runs", "show p", "show n"))]
READING += ["show contributions --node search", "reconcile", "runs show"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, _ready: Path) -> Path:
    """A small workspace with two runs, of which each answers for some days."""
    folder = tmp_path_factory.mktemp("start") / "small"
    shutil.copytree(_ready, folder)
    typed = [sys.executable, "-c", LOADED, os.devnull, "run", "--from", "2024-01-10"]
    subprocess.run([*typed, "--to", "2024-01-12"], check=True, capture_output=True, cwd=folder)
    return folder


@pytest.fixture
def ask(small: Path, apportion: Callable[..., Any]) -> Callable[[str], Any]:
    """A command about the small workspace."""
    return lambda command: apportion("-w", str(small), *command.split())


@pytest.mark.parametrize("command", NOT_NEEDED)
def test_nothing_is_loaded_that_the_question_does_not_need(
    command: str, small: Path, tmp_path: Path
) -> None:
    told = tmp_path / "told.json"
    typed = [sys.executable, "-c", LOADED, str(told), *command.split()]
    subprocess.run(typed, check=True, capture_output=True, cwd=small)
    loaded = json.loads(told.read_text())
    assert loaded["status"] == 0
    assert NOT_NEEDED[command].isdisjoint(loaded["modules"])


@pytest.mark.parametrize("command", READING)
def test_reading_a_result_proves_no_model(
    command: str, ask: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs: list[object] = []
    monkeypatch.setattr(model, "run_checks", lambda declared: proofs.append(declared) or [])
    assert ask(command).status == 0
    assert proofs == []
    assert ask("validate").status == 0
    assert len(proofs) == 1


@pytest.mark.parametrize("command", READING)
def test_each_table_is_opened_once_and_one_connection_is_made(
    command: str, ask: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: Counter[str] = Counter()
    connected: list[duckdb.DuckDBPyConnection] = []

    class Counted(deltalake.DeltaTable):
        def __init__(self, folder: Path, *arguments: Any, **how: Any) -> None:
            opened[Path(folder).name] += 1
            super().__init__(folder, *arguments, **how)

    connect = duckdb.connect
    # A process remembers the tables that it opened, and a command is one.
    store._listed.cache_clear()
    monkeypatch.setattr(store, "DeltaTable", Counted)
    monkeypatch.setattr(duckdb, "connect", lambda: connected.append(connect()) or connected[-1])
    assert ask(command).status == 0
    assert opened["runs"] == 1
    assert set(opened.values()) == {1}
    assert len(connected) <= 1


def test_files_that_only_look_otherwise_are_the_same_model(
    small: Path, ask: Callable[[str], Any]
) -> None:
    file = small / "model" / "company.yaml"
    before = file.read_text()
    try:
        file.write_text(f"# a remark\n{before}")
        assert ask("show products").err == ""
        file.write_text(before.replace("name: Search", "name: Seek", 1))
        changed = ask("show products")
        file.write_text("nodes: [")
        broken = ask("show products")
    finally:
        file.write_text(before)
    assert changed.status == broken.status == 0
    assert "the model was changed" in " ".join(changed.err.split())
    assert "the model was changed" in " ".join(broken.err.split())
    assert changed.out == broken.out == ask("show products").out


class TestRunningAgain:
    """A run of nothing new is not computed, unless it is asked for."""

    RUN = ("run", "--from", "2024-01", "--to", "2024-01")

    def runs(self, apportion: Callable[..., Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(apportion("runs", "list", "--json").out)["runs"]
        return found

    def test_the_run_that_answers_is_named(self, acme: Path, apportion: Callable[..., Any]) -> None:
        first = json.loads(apportion(*self.RUN, "--again", "--json").out)
        known = self.runs(apportion)[0]
        said = apportion(*self.RUN)
        assert said.status == 0
        assert said.out.startswith(f"Nothing to compute: run {known['run_id']}")
        assert len(self.runs(apportion)) == 2
        told = json.loads(apportion(*self.RUN, "--json").out)
        assert told["is_new"] is False
        assert told["run"]["run_id"] == known["run_id"]
        assert told["warnings"] == first["warnings"] == []
        assert told["reconciliation"] == first["reconciliation"]

    def test_asked_for_it_is_computed(self, acme: Path, apportion: Callable[..., Any]) -> None:
        assert json.loads(apportion(*self.RUN, "--again", "--json").out)["is_new"] is True
        assert len(self.runs(apportion)) == 2

    @pytest.mark.parametrize(
        "change", ["model", "costs", "usage", "days", "dimension", "later run"]
    )
    def test_whatever_changed_is_computed(
        self, change: str, acme: Path, apportion: Callable[..., Any]
    ) -> None:
        words = list(self.RUN)
        company = acme / "model" / "company.yaml"
        before = company.read_text()
        renamed = before.replace("name: Search", "name: Seek", 1)
        if change == "model":
            company.write_text(renamed)
        elif change in ("costs", "usage"):
            file = acme / "data" / f"{change}.csv"
            lines = file.read_text().splitlines()
            file.write_text("\n".join(lines[:-1]) + "\n")
            assert apportion("ingest", change, str(file)).status == 0
        elif change == "days":
            words[-1] = "2024-01-30"
        elif change == "dimension":
            words += ["--dimension", "Compute"]
        else:
            company.write_text(renamed)
            assert apportion(*words).status == 0
            company.write_text(before)
        count = len(self.runs(apportion))
        assert apportion(*words).status == 0
        assert len(self.runs(apportion)) == count + 1
