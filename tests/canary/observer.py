"""Told to pytest in the copy: writes down what it imported, and how every test ended.

An exit status alone cannot tell a test that failed from a program that no longer starts.
"""

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

REPORT = "APPORTION_CANARY_REPORT"
PROFILE, BRIEF = "canary", "canary-brief"

# Half of the everyday examples, the same ones each time; a failure is told, not made small. Brief
# are tests of which it is asked only whether they pass where nothing is planted: elsewhere in the
# suite they are run in full.
for _name, _examples in ((PROFILE, 20), (BRIEF, 1)):
    settings.register_profile(
        _name,
        deadline=None,
        derandomize=True,
        database=None,
        max_examples=_examples,
        phases=(Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )

_seen: list[dict[str, str]] = []


def _note(test: str, outcome: str, why: str) -> None:
    _seen.append({"test": test, "outcome": outcome, "why": why})


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A file that cannot be imported is no test that failed."""
    if report.failed:
        _note(report.nodeid, "error", str(report.longrepr)[-300:])


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note how the test itself ended; what happens around it counts only where it goes wrong."""
    raised = call.excinfo
    if raised is None:
        if call.when == "call":
            _note(item.nodeid, "passed", "")
    elif raised.errisinstance(pytest.skip.Exception):
        _note(item.nodeid, "skipped", raised.exconly())
    elif call.when != "call":
        _note(item.nodeid, "error", raised.exconly())
    else:
        _note(item.nodeid, _kind(raised.value), raised.exconly())


def _kind(raised: BaseException) -> str:
    """Whether a test complained, or the program broke down under it."""
    told = any(kind.__name__ == "ApportionError" for kind in type(raised).__mro__)
    return (
        "failed" if told or isinstance(raised, AssertionError | pytest.fail.Exception) else "error"
    )


def pytest_sessionfinish() -> None:
    """Write the report."""
    origins = {
        str(Path(module.__file__).resolve())
        for name, module in list(sys.modules.items())
        if name.split(".")[0] == "apportion" and getattr(module, "__file__", None)
    }
    report = {"origins": sorted(origins), "tests": _seen}
    Path(os.environ[REPORT]).write_text(json.dumps(report), encoding="utf-8")
