"""The same seed gives the same bytes, wherever and however often; another seed other figures."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from apportion.demo import DemoCompany, write_company, write_notifications


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


SCRIPT = """
import pathlib, sys, apportion.demo as d
d.write_company(pathlib.Path(sys.argv[1], "company"))
d.write_notifications(pathlib.Path(sys.argv[1], "platform"))
"""


def test_a_seed_gives_the_same_bytes(
    company: DemoCompany, platform: DemoCompany, tmp_path: Path
) -> None:
    """In a process with another hash seed, time zone and locale."""
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Australia/Lord_Howe", "LC_ALL": "C"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], check=True, env=environment, timeout=1800
    )
    for known, files in ((company, 25), (platform, 35)):
        assert len(digests(known.folder)) >= files
    assert digests(tmp_path / "company") == digests(company.folder)
    assert digests(tmp_path / "platform") == digests(platform.folder)


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    first = write_company(tmp_path, seed=5)
    before = digests(tmp_path)
    again = write_company(tmp_path, seed=5)
    assert digests(tmp_path) == before
    assert again == first


def test_another_seed_gives_other_figures_and_the_same_model(
    company: DemoCompany, tmp_path: Path
) -> None:
    write_company(tmp_path, seed=5)
    known, other = digests(company.folder), digests(tmp_path)
    assert known.keys() == other.keys()
    same = {name for name in known if known[name] == other[name]}
    assert same == {name for name in known if not name.startswith("inbox")}


def test_another_seed_gives_another_platform(platform: DemoCompany, tmp_path: Path) -> None:
    write_notifications(tmp_path, seed=5)
    known, other = digests(platform.folder), digests(tmp_path)
    assert known.keys() == other.keys()
    same = {name for name in known if known[name] == other[name]}
    assert same == {name for name in known if not name.startswith("inbox")}


def test_what_is_given_back_is_what_was_written(company: DemoCompany) -> None:
    delivered = [path for delivery in company.deliveries for path in delivery.paths]
    assert len(delivered) == len(set(delivered)) == 16
    on_disk = {path for path in (company.folder / "inbox").rglob("*") if path.is_file()}
    assert set(delivered) == on_disk
    assert all(path.is_file() for path in company.model_files)
    assert [delivery.format for delivery in company.deliveries] == [
        "focus",
        "costs",
        "usage",
        "usage",
        "dynatrace",
    ]
