"""Every example, by the program, by the rules in plain fractions, and as a user tries it."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from by_oracle import judge

from apportion import plugins
from apportion.examples import check_files, read_examples
from apportion.model import Model

FOLDER = Path(__file__).resolve().parent
TESTS = FOLDER.parent
FILES = sorted(FOLDER.glob("*.yaml"))
COMMAND = str(Path(sys.executable).with_name("apportion"))


def no_model() -> Model:
    pytest.fail("an example states no model of its own")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_by_the_program(file: Path) -> None:
    report = check_files([file], no_model)
    assert report.checked
    assert not report.findings, "\n".join(map(str, report.findings))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_by_the_rules_in_plain_fractions(file: Path) -> None:
    judged = judge(file)
    assert judged
    assert not [(each.name, wrong) for each in judged for wrong in each.wrong]


def test_as_a_user_tries_them() -> None:
    done = subprocess.run(
        [COMMAND, "test", str(FOLDER), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    answer = json.loads(done.stdout)
    tried = Counter(Path(each["file"]) for each in answer["examples"])
    assert tried == {file: len(judge(file)) for file in FILES}
    assert (answer["passed"], answer["failed"]) == (sum(tried.values()), 0)


def test_every_strategy_has_its_file_and_uses_it() -> None:
    strategies = plugins.registered(plugins.STRATEGIES)
    assert len(strategies) >= 10
    for name in strategies:
        text = (FOLDER / f"strategy-{name}.yaml").read_text(encoding="utf-8")
        assert len(re.findall(rf"strategy: {name}\b", text)) >= 1
        assert len(read_examples(FOLDER / f"strategy-{name}.yaml").examples) >= 3
