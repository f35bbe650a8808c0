"""What is said to be typed next can be typed, and is about the same workspace and figures."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apportion.cli.suggestions import Suggestions

Apportion = Callable[..., Any]
FILTERS = ("--from", "2024-01-02", "--to", "2024-01-03", "--dimension", "Compute")


def suggested(said: str) -> list[list[str]]:
    """The words of each command that an answer names, as a shell splits them."""
    lines = [line.split("Next: ")[1] for line in said.splitlines() if "Next: " in line]
    found = [part for line in lines for part in line.split(", or ")]
    assert found
    return [shlex.split(each)[1:] for each in found]


def total(said: str) -> str:
    return re.findall(r"(?m)^Total +([\d.,-]+)", said)[-1]


def test_they_name_the_workspace_that_was_named(
    enter: Callable[[str], Path], apportion: Apportion, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = enter("ready")
    monkeypatch.chdir(folder.parent)
    folder.rename("it's mine")
    tried = 0
    for line in (
        ("ingest", "costs", "it's mine/data/costs.csv"),
        ("run", "--from", "2024-01", "--to", "2024-01"),
        ("reconcile",),
        ("show", "products"),
    ):
        answer = apportion("-w", "it's mine", *line)
        assert answer.status == 0
        for words in suggested(answer.out):
            assert words[:2] == ["-w", "it's mine"]
            assert apportion(*words).status == 0
            tried += 1
    assert tried >= 5


def test_so_do_remedies(
    enter: Callable[[str], Path], apportion: Apportion, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = enter("ready")
    monkeypatch.chdir(folder.parent)
    gap = apportion("-w", "acme", "reconcile", "--from", "2024-01-31", "--to", "2024-02-01").err
    assert "apportion -w acme run --from 2024-02-01 --to 2024-02-01" in gap
    unknown = apportion("-w", "acme", "runs", "show", "none").err
    assert "apportion -w acme runs list" in unknown
    infrastructure = apportion("-w", "acme", "show", "products", "--node", "servers").err
    assert "apportion -w acme show nodes --node servers" in infrastructure


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("filters", [FILTERS[:2], FILTERS[:4], FILTERS[4:], FILTERS])
def test_they_show_what_the_same_filters_leave(
    apportion: Apportion, filters: tuple[str, ...]
) -> None:
    answer = apportion("show", "products", *filters)
    (words,) = suggested(answer.out)
    next_answer = apportion(*words, "--limit", "0")
    assert next_answer.status == 0
    full = next(line.split()[1] for line in answer.out.splitlines() if line.startswith("Shop"))
    assert f"In all Shop received {full} USD and passed on 0.00 USD." in next_answer.out


@pytest.mark.usefixtures("acme")
def test_a_reconciliation_hands_on_its_period_and_run(apportion: Apportion) -> None:
    run = re.findall(r"\d{8}T\S+", apportion("runs", "list").out)[0]
    answer = apportion("reconcile", "--from", "2024-01-02", "--to", "2024-01-02", "--run", run)
    (words,) = suggested(answer.out)
    assert words[:2] == ["show", "products"]
    assert total(apportion(*words).out) == total(answer.out)


def test_a_new_folder_is_named_as_a_shell_reads_it(
    tmp_path: Path, apportion: Apportion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "weird name; $(touch x)"
    answer = apportion("init", name)
    (line,) = [line for line in answer.out.splitlines() if line.startswith("  cd ")]
    assert shlex.split(line) == ["cd", name]


def test_a_command_is_one_line_however_long() -> None:
    words = ("show", "contributions", "--node", "a b" * 100)
    assert shlex.split(Suggestions(Path("w x")).command(*words)) == [
        "apportion",
        "-w",
        "w x",
        *words,
    ]
