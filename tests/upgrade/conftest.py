"""Ledgers that a program wrote which kept no lines: see ``make_old_ledgers.py``."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def old(tmp_path: Path) -> Callable[[str], Path]:
    """A workspace of an older program, by name, that a test may change."""

    def opened(name: str) -> Path:
        folder = tmp_path / name
        with tarfile.open(HERE / f"{name}.tar.xz") as archive:
            archive.extractall(folder, filter="data")
        return folder

    return opened


@pytest.fixture
def company(old: Callable[[str], Path]) -> Path:
    """The company of the two."""
    return old("company")
