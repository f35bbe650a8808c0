"""What the documents ask by curl is answered by a server over a workspace as ``init`` makes it."""

import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from apportion import Workspace
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import COSTS
from apportion.ledger.store import read

ROOT = Path(__file__).resolve().parents[2]
COMMAND = str(Path(sys.executable).with_name("apportion"))
DOCUMENT = ROOT / "docs" / "how-to" / "ask-over-http.md"
LINES = re.findall(r"^curl .*$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
HERE = "http://localhost:8080"


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asked")
    for words in (
        ["init", "acme"],
        ["-w", "acme", "ingest", "costs", "acme/data/costs.csv"],
        ["-w", "acme", "ingest", "usage", "acme/data/usage.csv"],
        ["-w", "acme", "run", "--from", "2024-01", "--to", "2024-01"],
    ):
        subprocess.run([COMMAND, *words], cwd=folder, check=True, capture_output=True)
    return folder / "acme"


@pytest.fixture(scope="module")
def address(acme: Path) -> Iterator[str]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = subprocess.Popen(
        [COMMAND, "serve", "--port", str(port)], cwd=acme, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(30)


def sources(folder: Path) -> set[str]:
    """Whose words the costs of a ledger are."""
    store = Workspace(folder).store
    return set(
        read(store, COSTS, pinned_versions(store)["costs"], ["source"])["source"].to_pylist()
    )


def test_there_is_something_to_ask() -> None:
    assert len(LINES) >= 8
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed here")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
def test_every_line_is_answered(acme: Path, address: str) -> None:
    for line in LINES:
        assert HERE in line
        words = shlex.split(line.replace(HERE, address))
        # The status and the file that was written, if one was, after the body.
        words += ["--silent", "--show-error", "--write-out", "\n%{http_code} %{content_type}"]
        done = subprocess.run(words, cwd=acme, check=True, capture_output=True, text=True)
        body, _, told = done.stdout.rpartition("\n")
        assert re.match(r"20[0-2] ", told), f"{line}\n{done.stdout}"
        if "-o" in words:
            assert (acme / words[words.index("-o") + 1]).stat().st_size > 0
        else:
            assert json.loads(body)
    # Whoever follows the document counts no bill twice.
    assert sources(acme) == {"costs"}
