"""Plant a defect in a copy of the program, and watch what its tests say."""

import compileall
import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import cache_from_source
from multiprocessing import get_context
from pathlib import Path

import pytest
from observer import PROFILE, REPORT

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("src", "tests")
SECONDS = 1800
"""Only a hang takes that long, on whatever machine and beside whatever else."""


@dataclass(frozen=True)
class Defect:
    """A mistake that somebody could make: one text of one file put in the place of another.

    ``file`` is a path under ``src/apportion``. ``tests`` are ids of tests, each of which must
    fail; of an id without its parameters, one case must.
    """

    name: str
    file: str
    text: str
    replacement: str
    tests: tuple[str, ...]


class RottenDefectError(Exception):
    """A defect does not fit the program any more."""


@dataclass(frozen=True)
class Ending:
    """How one test ended in the copy, and why."""

    test: str
    outcome: str
    why: str


@dataclass(frozen=True)
class Watched:
    """What pytest said: its exit status, the endings, and the files it imported of the program."""

    status: int
    endings: tuple[Ending, ...]
    origins: tuple[str, ...]
    output: str

    def of(self, test: str) -> set[str]:
        """The outcomes of a test, or of all its cases."""
        return {
            each.outcome
            for each in self.endings
            if each.test == test or each.test.startswith(f"{test}[")
        }


def copy_tree(folder: Path) -> Path:
    """Copy what the tests need. Times stay, so that compiled files remain valid."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name)
    # Compiled here once, not in each copy of this copy.
    compileall.compile_dir(folder / "src", quiet=1)
    shutil.copy2(ROOT / "pyproject.toml", folder)
    return folder


def plant(defect: Defect, tree: Path) -> None:
    """Put the defect into a copy.

    Raises ``RottenDefectError`` unless the text stands in the file exactly once.
    """
    file = tree / "src" / "apportion" / defect.file
    if not file.is_file():
        raise RottenDefectError(f"{defect.name}: there is no {defect.file}")
    before = file.read_text(encoding="utf-8")
    found = before.count(defect.text)
    if found != 1:
        raise RottenDefectError(f"{defect.name}: {defect.file} has its text {found} times, not 1")
    file.write_text(before.replace(defect.text, defect.replacement), encoding="utf-8")
    _forget_compiled(file)


def pull_up(tree: Path) -> None:
    """Take every defect out of a copy again."""
    for file in (tree / "src" / "apportion").rglob("*.py"):
        original = ROOT / file.relative_to(tree)
        if file.stat().st_mtime_ns != original.stat().st_mtime_ns:
            shutil.copy2(original, file)
            _forget_compiled(file)


def _forget_compiled(file: Path) -> None:
    # Compiled files are told apart by size and second, which a defect may leave as they were.
    Path(cache_from_source(str(file))).unlink(missing_ok=True)


def watch(tree: Path, tests: Iterable[str], profile: str = PROFILE) -> Watched:
    """Run tests in a copy, in a process of its own, with Hypothesis' effort of a profile.

    Raises ``TimeoutError`` where they take too long.
    """
    output, report = tree / "output.txt", tree / "report.json"
    report.unlink(missing_ok=True)
    process = _FORKS.Process(target=_run, args=(tree, list(tests), report, output, profile))
    process.start()
    process.join(SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutError(f"the tests took more than {SECONDS} seconds")
    said = output.read_text(encoding="utf-8", errors="replace") if output.is_file() else ""
    if not report.is_file():
        return Watched(process.exitcode, (), (), said)
    told = json.loads(report.read_text(encoding="utf-8"))
    endings = tuple(Ending(**each) for each in told["tests"])
    return Watched(process.exitcode, endings, tuple(told["origins"]), said)


# A process that has imported what takes long, and of which the others are forks. It imports
# nothing of the program, which is another one in each copy.
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "pytest", "_hypothesis_pytestplugin", "hypothesis.strategies", "duckdb", "pyarrow.parquet",
        "pyarrow.dataset", "pyarrow.compute", "deltalake", "ibis", "pydantic", "fastapi", "typer",
        "rich.table", "yaml", "jinja2",
    ]
)  # fmt: skip

_PYTEST = (
    "-p", "observer", "-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider",
    "-p", "no:unraisableexception",
    "--quiet", "--tb=short", "--color=no",
    # What was imported before the fork is not rewritten, and need not be.
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
    # Said of large failing examples, in the place of the failure itself.
    "-W", "ignore::hypothesis.errors.HypothesisWarning",
)  # fmt: skip

_FOREIGN = ("PYTEST_", "COV_", "COVERAGE_", "HYPOTHESIS_", "APPORTION_", "COLUMNS")


def _run(tree: Path, tests: list[str], report: Path, output: Path, profile: str) -> None:
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]
    places = [str(tree / "src"), str(tree / "tests" / "canary")]
    os.environ |= {
        "PYTHONPATH": os.pathsep.join(places),
        "HYPOTHESIS_PROFILE": profile,
        # Plug-ins that none of these tests needs take longer to start than most of them to run.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        REPORT: str(report),
    }
    sys.path[:0] = places
    os.chdir(tree)
    sys.exit(pytest.main([*_PYTEST, *tests]))


def not_caught(tests: Sequence[str], watched: Watched, tree: Path) -> list[str]:
    """Why a defect does not count as caught; nothing where every named test failed for it."""
    home = str((tree / "src").resolve()) + os.sep
    problems = [f"imported from elsewhere: {each}" for each in watched.origins if home not in each]
    if not watched.origins:
        problems.append("nothing of the program was imported")
    if watched.status != 1:
        problems.append(f"pytest ended with {watched.status}, not with 1 for failed tests")
    problems += [
        f"{each.test} broke instead of failing: {each.why[:300]}"
        for each in watched.endings
        if each.outcome == "error"
    ]
    problems += [
        f"{test} did not notice: {sorted(watched.of(test)) or 'it did not run'}"
        for test in tests
        if "failed" not in watched.of(test)
    ]
    return problems
