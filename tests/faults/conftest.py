"""Command lines that can be killed or meet failing storage, and ledgers for them."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from cases import Case, prepare
from forks import HERE, Forks


@pytest.fixture(scope="session")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Command lines whose storage can fail."""
    compiler = next((each for each in ("cc", "gcc", "clang") if shutil.which(each)), None)
    if compiler is None:
        pytest.skip("storage fails through a library written in C, and here is no compiler for it")
    library = tmp_path_factory.mktemp("storage") / "storage.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror"]
    subprocess.run([*command, "-o", library, HERE / "storage.c", "-ldl"], check=True)
    client = Forks(library)
    yield client
    client.close()


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> dict[str, Case]:
    """Each writing command on a sound ledger, and on one whose last writer was killed."""
    return prepare(tmp_path_factory.mktemp("cases"), forks)
