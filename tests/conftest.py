"""Settings of all tests: how many examples Hypothesis tries, and where the real data lies."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_SLOW_START = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "test", deadline=None, derandomize=True, print_blob=True, suppress_health_check=_SLOW_START
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
