"""The example company, written once for all tests that only read it."""

from pathlib import Path

import pytest

from apportion.demo import DemoCompany, write_company


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    return write_company(tmp_path_factory.mktemp("demo") / "fernway")


@pytest.fixture(scope="session")
def inbox(company: DemoCompany) -> Path:
    return company.folder / "inbox"
