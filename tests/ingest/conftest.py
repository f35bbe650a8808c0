"""Makes the writers of files importable, and workspaces whose clock and ids stand still."""

import itertools
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import apportion as ap

FOLDER = str(Path(__file__).parent)
if FOLDER not in sys.path:
    sys.path.insert(0, FOLDER)


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are named as the caller names them, so tests write and name them where they are."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def workspace(tmp_path: Path) -> Callable[..., ap.Workspace]:
    """Makes a workspace of a model given as a dictionary."""

    def make(model: dict[str, Any], name: str = "workspace") -> ap.Workspace:
        folder = tmp_path / name
        (folder / "model").mkdir(parents=True)
        settings = {"name": "test", "currency": "USD", **model.get("settings", {})}
        lists = {key: value for key, value in model.items() if key != "settings"}
        (folder / "apportion.yaml").write_text(json.dumps(settings), encoding="utf-8")
        (folder / "model" / "company.yaml").write_text(json.dumps(lists), encoding="utf-8")
        ids = itertools.count(1)
        return ap.Workspace(
            folder,
            now=lambda: datetime(2024, 10, 1, tzinfo=UTC),
            new_id=lambda: f"{next(ids):08d}",
        )

    return make
