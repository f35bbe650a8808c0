"""Makes the planting importable, and copies the program once."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = str(Path(__file__).parent)
if FOLDER not in sys.path:
    sys.path.insert(0, FOLDER)


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program as it is."""
    from planting import copy_tree

    return copy_tree(tmp_path_factory.mktemp("canary") / "sound")


@pytest.fixture
def tree(sound: Path) -> Iterator[Path]:
    """The copy to plant a defect in, which is taken out again at the end."""
    from planting import pull_up

    yield sound
    pull_up(sound)
