"""Settings of all tests: how many examples Hypothesis tries, and where the real data lies."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from forks import Forks
from hypothesis import HealthCheck, settings

_SLOW_START = [HealthCheck.too_slow, HealthCheck.data_too_large]

# The same examples each time, as many as leave the suite short enough to be run before each
# commit. Half of them catch every planted defect; `make soak` tries others for hours.
settings.register_profile(
    "test",
    deadline=None,
    derandomize=True,
    print_blob=True,
    max_examples=40,
    suppress_health_check=_SLOW_START,
)
settings.register_profile(
    "soak",
    deadline=None,
    print_blob=True,
    max_examples=int(os.environ.get("APPORTION_SOAK_EXAMPLES", "10000")),
    suppress_health_check=_SLOW_START,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


def _shared(name: str, what: str) -> Path:
    folder = Path(__file__).resolve().parents[2] / "shared" / name
    if not folder.is_dir():
        pytest.skip(f"{what} lie beside the checkout, and here there are none")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real bills beside the checkout, where there is one."""
    return _shared("data", "the real bills")


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """The folder of cases from the field beside the checkout, where there is one."""
    return _shared("cases", "the cases from the field")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``apportion demo`` leaves, the second example in the folder ``notifications``.

    What it said stands beside it in ``said.txt``. It is one for all processes that share the work
    of the suite, so it is read and never changed.
    """
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    command = [str(Path(sys.executable).with_name("apportion")), "demo", "demo"]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    with FileLock(root / "shown.lock"):
        said = root / "shown" / "said.txt"
        if not said.exists():
            shutil.rmtree(said.parent, ignore_errors=True)
            said.parent.mkdir()
            done = subprocess.run(
                command,
                check=False,
                cwd=said.parent,
                env=environment,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr
            said.write_text(done.stdout, encoding="utf-8")
    return said.with_name("demo")


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Command lines in processes of their own, which import nothing anew and can be killed."""
    client = Forks()
    yield client
    client.close()
