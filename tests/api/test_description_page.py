"""The page that describes the API, in a real browser, under the server's own content policy."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from serving import Served

Serve = Callable[..., AbstractContextManager[Served]]
BROWSER = shutil.which("chromium")
QUIETLY = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--virtual-time-budget=20000",
]


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")
def test_a_browser_shows_every_path(small: Path, serve: Serve, tmp_path: Path) -> None:
    assert BROWSER is not None
    with serve(small) as running:
        address = f"{running.url}/api/docs"
        words = [BROWSER, *QUIETLY, f"--user-data-dir={tmp_path / 'browser'}", "--dump-dom"]
        shown = subprocess.run(
            [*words, address], check=True, capture_output=True, text=True, timeout=1800
        )
        paths = httpx.get(f"{running.url}/api/v1/openapi.json", timeout=1800).json()["paths"]
    told = set(re.findall(r'data-path="([^"]+)"', shown.stdout))
    assert told == set(paths)
    assert "Content Security Policy" not in shown.stderr


def test_the_page_can_read_the_version_that_the_document_has(small: Path, serve: Serve) -> None:
    with serve(small) as running:
        document = httpx.get(f"{running.url}/api/v1/openapi.json", timeout=1800).json()
        script = httpx.get(f"{running.url}/api/docs/assets/swagger-ui-bundle.js", timeout=1800).text
    version = re.search(r'PACKAGE_VERSION:"(\d+)\.', script) or re.search(
        r'"swagger-ui@?"?[^0-9]{0,20}(\d+)\.\d+\.\d+', script
    )
    assert document["openapi"].startswith("3.1")
    assert version, json.dumps(script[:200])
    assert int(version[1]) >= 5


def test_every_path_says_what_it_takes(small: Path, ask: Callable[..., TestClient]) -> None:
    paths = ask(small).get("/api/v1/openapi.json").json()["paths"]
    free = {
        path
        for path, operations in paths.items()
        if any("security" not in each for each in operations.values())
    }
    assert free == {"/api/v1/health", "/api/v1/ready"}
