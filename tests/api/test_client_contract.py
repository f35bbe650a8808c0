"""The same questions asked of a workspace and of a client of its server: every number is equal."""

import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from serving import served

from apportion import Client, LedgerError, ModelError, UsageError, Workspace
from apportion.report import margin, usage_statement
from apportion.report.json_text import plain

YEAR = (date(2024, 1, 1), date(2024, 12, 31))
PERIODS = {
    "demo": [(None, None), YEAR, (date(2024, 2, 1), date(2024, 3, 31))],
    "platform": [(None, None), (date(2023, 4, 1), date(2023, 6, 30))],
}


@pytest.fixture(scope="module", params=["demo", "platform"])
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Workspace, Client]]:
    """An example's workspace, and a client of its server."""
    folder: Path = request.getfixturevalue(request.param)
    log = tmp_path_factory.mktemp("served") / "server.log"
    with served(folder, log) as running, Client(running.url) as client:
        yield request.param, Workspace(folder), client


def require_same(ours: pa.Table, theirs: pa.Table, *order: str) -> None:
    """The same columns, types and rows; in the same order, or in one that is named."""
    assert theirs.schema == ours.schema
    if order:
        by = [(name, "ascending") for name in order]
        ours, theirs = ours.sort_by(by), theirs.sort_by(by)
    assert theirs.num_rows == ours.num_rows
    assert theirs.equals(ours)


def test_results_are_equal(both: tuple[str, Workspace, Client]) -> None:
    name, workspace, client = both
    for start, end in PERIODS[name]:
        ours, theirs = workspace.result(start, end), client.result(start, end)
        assert (theirs.start, theirs.end) == (ours.start, ours.end)
        assert theirs.currency == ours.currency
        assert list(theirs.runs) == [run.run_id for run in ours.runs]
        assert ours.allocations.num_rows > 100
        require_same(ours.allocations, theirs.allocations)
        key = ("date", "dimension", "source", "receiver")
        require_same(ours.contributions, theirs.contributions, *key)
        require_same(ours.warnings, theirs.warnings, "code", "source", "receiver", "metric")


def test_reconciliations_are_equal_in_every_field(both: tuple[str, Workspace, Client]) -> None:
    name, workspace, client = both
    for start, end in PERIODS[name][:2]:
        ours = workspace.result(start, end).reconciliation()
        theirs = client.result(start, end).reconciliation()
        assert theirs.to_dict() == ours.to_dict()
        assert theirs.keys() == ours.keys()
        assert theirs.holds
        assert ours.holds
        for each in fields(theirs):
            mine, other = getattr(ours, each.name), getattr(theirs, each.name)
            assert type(other).__name__ == type(mine).__name__
            if isinstance(mine, tuple):
                assert [dict(row) for row in other] == [dict(row) for row in mine]
            elif each.name == "graph":
                assert dict(other) == dict(mine)
            else:
                assert other == mine


def test_runs_are_equal(both: tuple[str, Workspace, Client]) -> None:
    _, workspace, client = both
    ours, theirs = workspace.runs(), client.runs()
    assert len(theirs) == len(ours) > 0
    for mine, other in zip(ours, theirs, strict=True):
        for name in set(other.keys()) - {"dimensions", "timings"}:
            assert other[name] == getattr(mine, name)


def test_models_are_equal(both: tuple[str, Workspace, Client]) -> None:
    _, workspace, client = both
    assert client.model.digest == workspace.model.digest
    assert client.model.to_dict() == workspace.model.to_dict()
    again = client.put_model(workspace.model.to_dict(), expected_digest=client.model.digest)
    assert (again.written, again.digest) == (False, workspace.model.digest)
    assert client.model_versions() == []


def test_errors_are_equal(both: tuple[str, Workspace, Client]) -> None:
    _, workspace, client = both
    asked: list[Callable[[Any], Any]] = [
        lambda it: it.result(run="zzz"),
        lambda it: it.result(date(1999, 1, 1), date(1999, 1, 2)),
        lambda it: it.result(currency="JPY"),
        lambda it: it.charges("zzz"),
        lambda it: it.put_model({"nodes": [{"id": "a", "type": "shed"}], "scale": 4}),
    ]
    for ask in asked:
        told = []
        for side in (workspace, client):
            with pytest.raises((LedgerError, ModelError)) as error:
                ask(side)
            findings = error.value.findings
            told.append((type(error.value), sorted(each.code for each in findings)))
        assert told[0] == told[1]
        assert findings[0].details["http_status"] in (404, 422)


CHARGED = {"demo": False, "platform": True}


def test_charges_are_equal(both: tuple[str, Workspace, Client]) -> None:
    name, workspace, client = both
    if not CHARGED[name]:
        for side in (workspace, client):
            with pytest.raises(LedgerError, match="No usage was rated"):
                side.charges()
        return
    ours, theirs = workspace.charges(), client.charges()
    assert theirs.rating == ours.rating.run_id
    require_same(ours.rows, theirs.rows)
    period = (date(2023, 4, 1), date(2023, 5, 31))
    for view in ("daily", "providers", "accounts", "charges"):
        mine, other = getattr(ours, view)(*period), getattr(theirs, view)(*period)
        assert mine.num_rows > 10
        require_same(mine, other)
    accounts = [each.id for each in ours.model.accounts][:5]
    organisations = sorted({each.organisation for each in ours.model.accounts})[:3]
    for year in (2023, 2024):
        for account in accounts:
            require_same(ours.monthly(account, year), theirs.monthly(account, year))
            require_same(ours.yearly(account, year), theirs.yearly(account, year))
        for organisation in organisations:
            mine = ours.organisation(organisation, year)
            require_same(mine, theirs.organisation(organisation, year))
    for side in (ours, theirs):
        with pytest.raises(UsageError, match="There is no account 'nobody'"):
            side.monthly("nobody", 2023)


def plainly(data: Any) -> Any:
    """Data as it comes out of JSON, without what only a server says."""
    said = json.loads(json.dumps(data, default=plain))
    for name in ("warnings", "warnings_total"):
        said.pop(name, None)
    return said


def test_margins_and_statements_are_equal(both: tuple[str, Workspace, Client]) -> None:
    name, workspace, client = both
    if not CHARGED[name]:
        return
    billing = workspace.billing
    period = (date(2023, 4, 1), date(2023, 6, 30))
    for by in ("product", "account", "organisation"):
        mine = billing.margin(*period, by)
        assert len(mine.lines) > 2
        assert plainly(client.margin(*period, by)) == plainly(margin.as_data(mine))
    account = workspace.model.accounts[0].id
    rating = billing.charges().rating
    issued = usage_statement.Issued(workspace.model.settings.name, rating.run_id, rating.at)
    for month in (None, 4, "April"):
        found = usage_statement.as_data(billing.statement(account, 2023, month), issued)
        assert plainly(client.statement(account, 2023, month)) == plainly(found)
