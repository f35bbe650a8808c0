"""Each rule and each strategy has examples; a rule of the ledger is held where it says here."""

import re
from pathlib import Path

import pytest

from apportion import plugins
from apportion.examples import Example, read_examples

FOLDER = Path(__file__).resolve().parent
TESTS = FOLDER.parent
RULES = [f"A{number}" for number in range(1, 29)]

# An example has no ledger, so it cannot say what a second ingest or a second run does.
ELSEWHERE = [
    ("A26", "faults/test_killed.py", "test_killed_at_a_step"),
    (
        "A26",
        "ledger/test_proof_comes_first.py",
        "test_rows_that_were_spoilt_on_their_way_are_not_published",
    ),
    ("A26", "attribution/test_paths_agree.py", "test_threads_slices_and_order_change_nothing"),
    ("A27", "ledger/test_runs.py", "test_the_latest_run_that_covers_a_day_answers_for_it"),
    ("A27", "ledger/test_runs.py", "test_every_day_has_one_answer_or_is_a_gap"),
    (
        "A28",
        "ingest/test_again.py",
        "test_the_same_bill_in_any_order_name_or_shape_changes_nothing",
    ),
    ("A28", "ingest/test_again.py", "test_a_corrected_bill_replaces_its_period_and_no_other"),
]
OF_THE_LEDGER = {rule for rule, _, _ in ELSEWHERE}
SPECIFICATION = FOLDER / "cost-attribution.yaml"


def examples(file: Path) -> tuple[Example, ...]:
    read = read_examples(file)
    assert not read.findings
    return read.examples


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in OF_THE_LEDGER])
def test_a_rule_has_its_file_and_every_example_in_it_is_about_it(rule: str) -> None:
    (file,) = FOLDER.glob(f"A{int(rule[1:]):02}_*.yaml")
    assert len(examples(file)) >= 2
    assert all(rule in each.rules for each in examples(file))
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(f"# {rule}. ")


@pytest.mark.parametrize(("rule", "file", "name"), ELSEWHERE)
def test_a_rule_of_the_ledger_is_held_by_tests(rule: str, file: str, name: str) -> None:
    assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8")
    assert not [*FOLDER.glob(f"{rule}_*.yaml")]


def test_examples_name_rules_that_exist() -> None:
    for file in FOLDER.glob("*.yaml"):
        for each in examples(file):
            assert each.rules, f"{file.name}: {each.name}"
            assert set(each.rules) <= set(RULES), f"{file.name}: {each.name}"


@pytest.mark.parametrize("strategy", plugins.registered(plugins.STRATEGIES))
def test_a_strategy_has_its_file_and_is_used_in_it(strategy: str) -> None:
    file = FOLDER / f"strategy-{strategy}.yaml"
    assert len(examples(file)) >= 3
    assert re.search(rf"strategy: {strategy}\b", file.read_text(encoding="utf-8"))


def test_there_are_no_files_of_strategies_that_are_gone() -> None:
    named = {file.stem.removeprefix("strategy-") for file in FOLDER.glob("strategy-*.yaml")}
    assert named == set(plugins.registered(plugins.STRATEGIES))


def test_every_strategy_is_in_the_cases_of_the_specification_that_names_it() -> None:
    text = SPECIFICATION.read_text(encoding="utf-8")
    ours = {"remainder"}
    for strategy in set(plugins.registered(plugins.STRATEGIES)) - ours:
        assert f"strategy: {strategy}" in text, strategy
    assert len(examples(SPECIFICATION)) >= 25
