"""Defects are planted in copies of the program, and the tests named for each must fail there."""

from dataclasses import replace
from pathlib import Path

import pytest
from defects import DEFECTS
from observer import BRIEF
from planting import Defect, RottenDefectError, not_caught, plant, pull_up, watch

TESTS = sorted({test for defect in DEFECTS for test in defect.tests})
SPLIT = next(defect for defect in DEFECTS if defect.file == "amounts/split.py")


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_planted_defect_is_caught(defect: Defect, tree: Path) -> None:
    plant(defect, tree)
    watched = watch(tree, defect.tests)
    problems = not_caught(defect.tests, watched, tree)
    assert not problems, "\n".join([*problems, watched.output])


def test_without_a_defect_all_of_them_pass(tree: Path) -> None:
    watched = watch(tree, TESTS, BRIEF)
    assert watched.status == 0, watched.output
    assert {test: watched.of(test) for test in TESTS} == {test: {"passed"} for test in TESTS}
    assert not_caught((), replace(watched, status=1), tree) == []


def test_a_defect_is_taken_out_again(tree: Path) -> None:
    file = tree / "src" / "apportion" / SPLIT.file
    before = file.read_bytes(), file.stat().st_mtime_ns
    plant(SPLIT, tree)
    assert file.read_bytes() != before[0]
    pull_up(tree)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_there_are_enough_defects_and_each_is_one_of_its_own() -> None:
    assert len(DEFECTS) >= 25
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS)
    assert all(defect.tests and defect.text != defect.replacement for defect in DEFECTS)


@pytest.mark.parametrize(
    "rotten",
    [
        replace(SPLIT, text="no such text"),
        replace(SPLIT, text="amount"),
        replace(SPLIT, file="amounts/gone.py"),
    ],
    ids=["gone", "several times", "no such file"],
)
def test_a_defect_that_does_not_fit_any_more_is_no_defect(rotten: Defect, tree: Path) -> None:
    with pytest.raises(RottenDefectError, match=rotten.name):
        plant(rotten, tree)


class TestWhatCountsAsCaught:
    """Only a test that failed; whatever else goes wrong shows that a canary is dead."""

    def problems(self, defect: Defect, tree: Path) -> str:
        plant(defect, tree)
        return "\n".join(not_caught(defect.tests, watch(tree, defect.tests), tree))

    def test_nobody_noticed(self, tree: Path) -> None:
        harmless = replace(SPLIT, replacement=f"{SPLIT.text}  # as before")
        assert "did not notice: ['passed']" in self.problems(harmless, tree)

    def test_one_of_two_noticed(self, tree: Path) -> None:
        blind = "tests/model/test_windows.py::test_spans_in_words"
        problems = self.problems(replace(SPLIT, tests=(*SPLIT.tests, blind)), tree)
        assert problems == f"{blind} did not notice: ['passed']"

    def test_the_program_no_longer_starts(self, tree: Path) -> None:
        problems = self.problems(replace(SPLIT, replacement="return ]"), tree)
        assert "SyntaxError" in problems
        assert "it did not run" in problems

    def test_the_program_broke_down(self, tree: Path) -> None:
        problems = self.problems(replace(SPLIT, replacement="return [no_such_name]"), tree)
        assert "broke instead of failing: NameError" in problems

    def test_the_test_is_gone(self, tree: Path) -> None:
        gone = "tests/properties/test_split.py::test_no_such_test"
        problems = self.problems(replace(SPLIT, tests=(gone,)), tree)
        assert "it did not run" in problems
        assert "pytest ended with 4" in problems

    def test_another_program_was_imported(self, tree: Path) -> None:
        plant(SPLIT, tree)
        watched = watch(tree, SPLIT.tests)
        assert not_caught(SPLIT.tests, watched, tree) == []
        elsewhere = not_caught(SPLIT.tests, watched, tree / "elsewhere")
        assert all(problem.startswith("imported from elsewhere") for problem in elsewhere)
        assert len(elsewhere) > 3
        nothing = not_caught(SPLIT.tests, replace(watched, origins=()), tree)
        assert nothing == ["nothing of the program was imported"]
