"""Makes the planting importable, and copies the program once."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = str(Path(__file__).parent)
if FOLDER not in sys.path:
    sys.path.insert(0, FOLDER)


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program as it is, from which the others are made."""
    from planting import copy_tree

    return copy_tree(tmp_path_factory.mktemp("canary") / "sound")


@pytest.fixture
def tree(sound: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy to plant a defect in. It goes at once, or dozens of them would lie about."""
    folder = tmp_path / "tree"
    shutil.copytree(sound, folder)
    yield folder
    shutil.rmtree(folder)
