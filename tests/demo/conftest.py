"""The examples, written once for all tests that only read them."""

from pathlib import Path

import pytest

from apportion.demo import DemoCompany, write_company, write_notifications


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    return write_company(tmp_path_factory.mktemp("demo") / "fernway")


@pytest.fixture(scope="session")
def inbox(company: DemoCompany) -> Path:
    return company.folder / "inbox"


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    return write_notifications(tmp_path_factory.mktemp("demo") / "heliograph")
