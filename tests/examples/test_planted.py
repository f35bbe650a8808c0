"""A wrong figure in an example is found: by the program, by the oracle, by the command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from by_oracle import judge

from apportion.examples import check_files
from apportion.model import Model

COMMAND = str(Path(sys.executable).with_name("apportion"))

# 100 in equal parts; cart gives a fifth of its 50 to shop, feed keeps its own.
RIGHT = """\
given:
  model:
    currency: USD
    nodes:
      - {id: disk, type: resource}
      - {id: cart, type: product, part_of: shop}
      - {id: feed, type: product}
      - {id: shop, type: product}
    edges:
      - source: disk
        receiver: [cart, feed]
        strategy: proportional_on
        parameters: {metric: calls}
      - {source: cart, receiver: shop, strategy: fixed_percent, parameters: {percent: 20}}
  costs:
    - [disk, 2024-01-01, Storage, "100"]
  usage:
    - [cart, 2024-01-01, calls, -1]
examples:
  - name: A company
    expect:
      nodes:
        disk: {direct: 100}
        cart: {indirect: 50, given: 10, retained: 40}
        shop: {date: 2024-01-01, dimension: Storage, holistic: 10}
      contributions:
        - [cart, shop, 10]
      hierarchy: {shop: 50}
      shown: {cart: 40.00}
      reconciliation:
        raw_infrastructure_cost: 100
        coverage_percent: 100
        final_cost_centres: {feed: 50, shop: {days: 1}}
        partial_cost_centres: [cart]
        infrastructure_nodes: {disk: {given: 100}}
      findings:
        - {code: negative_usage, metric: calls}
        - {code: zero_usage, source: disk}
"""

# What stands in the right file, what is put there instead.
PLANTED = [
    ("direct: 100", "direct: 101"),
    ("indirect: 50", "indirect: 50.000000001"),
    ("given: 10,", "given: 0,"),
    ("retained: 40", "retained: -40"),
    ("holistic: 10}", "holistic: 11}"),
    ("[cart, shop, 10]", "[cart, shop, 9]"),
    ("{shop: 50}", "{shop: 10}"),
    ("{cart: 40.00}", "{cart: 40.01}"),
    ("raw_infrastructure_cost: 100", "raw_infrastructure_cost: 150"),
    ("coverage_percent: 100", "coverage_percent: 99"),
    ("{feed: 50,", "{feed: 51,"),
    ("{days: 1}", "{days: 2}"),
    ("[cart]\n", "[cart, feed]\n"),
    ("{given: 100}", "{given: 99}"),
    ("        - {code: zero_usage, source: disk}\n", ""),
    ("source: disk}\n", "source: disk, days: 2}\n"),
]


def no_model() -> Model:
    pytest.fail("the example states its model")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for each planted figure, and the right one."""
    made = tmp_path_factory.mktemp("planted")
    (made / "right.yaml").write_text(RIGHT, encoding="utf-8")
    for number, (right, wrong) in enumerate(PLANTED):
        assert RIGHT.count(right) == 1, right
        text = RIGHT.replace(right, wrong)
        (made / f"wrong-{number:02}.yaml").write_text(text, encoding="utf-8")
    return made


def test_the_right_file_holds(folder: Path) -> None:
    report = check_files([folder / "right.yaml"], no_model)
    assert [len(each.findings) for each in report.checked] == [0]
    (judged,) = judge(folder / "right.yaml")
    assert not judged.wrong
    assert not judged.unseen


@pytest.mark.parametrize("number", range(len(PLANTED)))
def test_the_program_finds_it_at_its_line(folder: Path, number: int) -> None:
    file = folder / f"wrong-{number:02}.yaml"
    findings = check_files([file], no_model).findings
    assert [finding.code for finding in findings] == ["example_failed"]
    wrong = PLANTED[number][1]
    if wrong:
        lines = file.read_text(encoding="utf-8").splitlines()
        assert wrong.strip() in lines[findings[0].where.line - 1]


@pytest.mark.parametrize("number", range(len(PLANTED)))
def test_the_oracle_finds_it(folder: Path, number: int) -> None:
    (judged,) = judge(folder / f"wrong-{number:02}.yaml")
    assert judged.wrong


def test_the_command_fails_and_counts_them(folder: Path) -> None:
    done = subprocess.run(
        [COMMAND, "test", str(folder), "--json"], capture_output=True, text=True, check=False
    )
    answer = json.loads(done.stdout)
    assert done.returncode == 1
    assert (answer["passed"], answer["failed"]) == (1, len(PLANTED))
