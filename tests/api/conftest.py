"""Workspaces that are served, and the application over them in this process."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
from billed import billed_workspace
from fastapi.testclient import TestClient
from serving import Served, run_command, served
from typed import require_words_of_http

from apportion.api.application import application
from apportion.serve_settings import ServeSettings


@pytest.fixture(scope="session")
def platform(demo: Path) -> Path:
    """The second example: a platform that charges its users, rated and run."""
    return demo / "notifications"


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as ``init`` makes it, with a run of January."""
    folder = tmp_path_factory.mktemp("small")
    run_command(folder, "init acme")
    run_command(
        folder / "acme",
        "ingest costs data/costs.csv",
        "ingest usage data/usage.csv",
        "run --from 2024-01 --to 2024-01",
    )
    return folder / "acme"


@pytest.fixture(scope="session")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small notification service that was rated twice, with names that could do harm."""
    folder = tmp_path_factory.mktemp("billed")
    billed_workspace(folder)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Callable[[Path], Path]:
    """A copy of a workspace that a test may change."""

    def copied(folder: Path) -> Path:
        target = tmp_path / folder.name
        shutil.copytree(folder, target)
        return target

    return copied


@pytest.fixture
def ask() -> Iterator[Callable[..., TestClient]]:
    """The application over a workspace, in this process, with settings by name."""
    with ExitStack() as opened:

        def over(folder: Path, **settings: Any) -> TestClient:
            app = application(ServeSettings(os.fspath(folder), **settings))
            client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
            client.event_hooks = {"response": [require_words_of_http]}
            return opened.enter_context(client)

        yield over


@pytest.fixture
def serve(tmp_path: Path) -> Callable[..., AbstractContextManager[Served]]:
    """A server of its own over a workspace, with further words of the command."""

    def over(folder: Path, *words: str, **environment: str) -> AbstractContextManager[Served]:
        return served(folder, tmp_path / "server.log", *words, environment=environment)

    return over
