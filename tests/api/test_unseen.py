"""What a limited viewer is answered does not depend on what they may not see, nor names it."""

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import apportion
from apportion.access import Kind, Principal, Role
from apportion.api.who_may import NARROWED_VIEWER, WHO_MAY
from apportion.model import Model, NodeType

Ask = Callable[..., TestClient]
MINE = "council-services"
ACCOUNT = "carrow-libraries"
ORGANISATION = "carrow"
FIRST, LAST = date(2025, 1, 1), date(2025, 1, 31)
DAYS = f"start_date={FIRST}&end_date={LAST}"
SERVICE = "/service/{service_id:path}/billing"
API = "/api/v1"

QUESTIONS = {
    f"{API}/products": [DAYS],
    f"{API}/products/hierarchy": [DAYS, f"{DAYS}&trend=true"],
    f"{API}/nodes": [DAYS, "", "limit=1"],
    f"{API}/nodes/{MINE}": [DAYS],
    f"{API}/nodes/{MINE}/timeseries": [DAYS],
    f"{API}/nodes/{MINE}/lines": [DAYS, ""],
    f"{API}/costs/by-type": [DAYS],
    f"{API}/costs/by-label": [f"{DAYS}&key=team", f"{DAYS}&key=secret"],
    f"{API}/allocations": [DAYS, f"{DAYS}&dimensions=Consulting"],
    f"{API}/contributions": [DAYS],
    f"{API}/strategies": [""],
    f"{API}/strategies/equal": [""],
    f"{API}/usage/accounts/{ACCOUNT}/monthly": ["year=2024"],
    f"{API}/usage/accounts/{ACCOUNT}/yearly": ["year=2024"],
    f"{API}/usage/organisations/{ORGANISATION}": ["year=2024"],
    f"{API}/usage/platform/daily": [DAYS],
    f"{API}/usage/platform/providers": [DAYS],
    f"{API}/usage/platform/accounts": [DAYS],
    f"{API}/usage/platform/charges": [DAYS],
    f"{API}/usage/changes": [""],
    f"{API}/usage/rows": [DAYS, f"{DAYS}&accounts={ACCOUNT}"],
    f"{API}/statements/{ACCOUNT}": ["year=2024", "year=2024&format=html"],
    f"{API}/margin": [f"{DAYS}&by={by}" for by in ("product", "account", "organisation")],
    f"{API}/allowances": [f"account={ACCOUNT}&year=2024"],
    f"/service/{ACCOUNT}/billing/monthly-usage": ["year=2024"],
    f"/service/{ACCOUNT}/billing/yearly-usage-summary": ["year=2024"],
    f"/service/{ACCOUNT}/billing/free-sms-fragment-limit": ["financial_year_start=2024"],
}
ASKED = [f"{path}?{query}" for path, queries in QUESTIONS.items() for query in queries]
FILLED = {
    "{node_id:path}": MINE,
    "{name}": "equal",
    "{account:path}": ACCOUNT,
    "{organisation:path}": ORGANISATION,
    "{service_id:path}": ACCOUNT,
}
FROM_ABOVE = (f"{API}/contributions", f"{API}/nodes/")
"""Paths that name the infrastructure that a product's cost came from."""

CARRIERS = {"ses"}
"""A provider that carried its own messages, which bears the name of a node."""

UNSEEN = """
nodes:
  - {id: secret-project, type: product, name: Secret project,
     labels: {secret: project}}
accounts:
  - {id: secret-account, organisation: carrow, product: secret-project}
"""
COST = "node,date,dimension,amount,currency\nsecret-project,2025-01-07,Consulting,1234567.89,GBP\n"


def test_every_path_that_is_narrowed_is_asked() -> None:
    narrowed = {path for (_, path), need in WHO_MAY.items() if need == NARROWED_VIEWER}
    for parameter, value in FILLED.items():
        narrowed = {path.replace(parameter, value) for path in narrowed}
    assert narrowed == set(QUESTIONS), "give each narrowed path a question here"


@pytest.fixture(scope="module")
def before(platform: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which a month is run and all is rated."""
    import shutil

    folder = shutil.copytree(platform, tmp_path_factory.mktemp("before") / "platform")
    nodes = folder / "model" / "nodes.yaml"
    text, plain = nodes.read_text(encoding="utf-8"), "name: Council services}"
    assert plain in text
    labelled = "name: Council services, labels: {team: councils}}"
    nodes.write_text(text.replace(plain, labelled), encoding="utf-8")
    settle(folder)
    return folder


@pytest.fixture(scope="module")
def after(before: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, when much has happened that a viewer of one product may not see."""
    import shutil

    folder = shutil.copytree(before, tmp_path_factory.mktemp("after") / "platform")
    (folder / "model" / "unseen.yaml").write_text(UNSEEN, encoding="utf-8")
    (folder / "unseen.csv").write_text(COST, encoding="utf-8")
    workspace = apportion.Workspace(os.fspath(folder))
    workspace.ingest("costs", folder / "unseen.csv")
    workspace.billing.set_allowance("business-tax", "sms", 2024, 999_999, custom=True)
    settle(folder)
    return folder


def settle(folder: Path) -> None:
    workspace = apportion.Workspace(os.fspath(folder))
    workspace.run(FIRST, LAST)
    workspace.rate()


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> Callable[[Path], TestClient]:
    who = Principal("limited", Role.VIEWER, frozenset({MINE}), Kind.TOKEN, "1" * 12)

    def over(folder: Path) -> TestClient:
        monkeypatch.setattr("apportion.api.layers.authentication.LOCAL", who)
        return ask(folder)

    return over


def plain(text: str) -> str:
    """An answer without the ids of runs and ratings, and when they were."""
    text = re.sub(r'"request_id": "[^"]*"', "", text)
    text = re.sub(r"\d{8}T\d{6}-[0-9a-f]{8}", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d[.\d]*)?([+]00:00|Z| UTC)?", "TIME", text)
    return re.sub(r'"next": "[^"]*"', '"next": "CURSOR"', text)


@pytest.mark.parametrize("form", ["", "csv"])
def test_what_is_answered_does_not_depend_on_what_cannot_be_seen(
    before: Path, after: Path, limited: Callable[[Path], TestClient], form: str
) -> None:
    old, new = limited(before), limited(after)
    accepted = {"Accept": "text/csv, application/json;q=0.5"} if form else {}
    answered = 0
    for path in ASKED:
        first, second = (client.get(path, headers=accepted) for client in (old, new))
        if "ecret" not in path and "Consulting" not in path:
            assert first.status_code == 200, (path, first.text)
            answered += 1
        assert first.status_code == second.status_code, path
        assert plain(second.text).replace(str(after), "") == plain(first.text), path
    assert answered == len(ASKED) - 2


def test_somebody_else_sees_that_it_happened(before: Path, after: Path, ask: Ask) -> None:
    old, new = ask(before), ask(after)
    hidden_from_few = [
        path for path in ASKED if plain(old.get(path).text) != plain(new.get(path).text)
    ]
    assert len(hidden_from_few) >= 10, hidden_from_few


def strings(data: Any) -> Iterator[str]:
    """Every text in a JSON document, keys too."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from strings(value)
    elif isinstance(data, list):
        for each in data:
            yield from strings(each)


def names(model: Model, *, above: bool) -> set[str]:
    """What must not be named: all products and customers but the one's own."""
    mine = {each.id for each in model.accounts if each.product == MINE}
    owners = {each.organisation for each in model.accounts if each.id in mine}
    hidden = [
        node
        for node in model.nodes
        if node.id != MINE and (not above or node.type is NodeType.PRODUCT)
    ]
    others = [each for each in model.accounts if each.id not in mine]
    strangers = [each for each in model.organisations if each.id not in owners]
    return {
        text for each in (*hidden, *others, *strangers) for text in (each.id, each.name) if text
    }


def test_nobody_else_is_named(after: Path, limited: Callable[[Path], TestClient]) -> None:
    client, model = limited(after), apportion.load_model(after)
    for path in ASKED:
        if path.startswith(f"{API}/strategies") or "format=html" in path:
            continue
        hidden = names(model, above=path.startswith(FROM_ABOVE))
        assert len(hidden) > 40
        said = set(strings(json.loads(client.get(path).text))) - CARRIERS
        assert sorted(said & hidden) == [], path


@pytest.mark.parametrize("account", ["business-tax", "secret-account", "nobody"])
def test_another_account_is_one_that_is_not_there(
    after: Path, limited: Callable[[Path], TestClient], account: str
) -> None:
    client = limited(after)
    paths = [path for path in ASKED if ACCOUNT in path]
    assert len(paths) >= 8
    for path in paths:
        answer = client.get(path.replace(ACCOUNT, account))
        assert answer.status_code in (404, 422), path
        absent = client.get(path.replace(ACCOUNT, "xxx"))
        assert answer.status_code == absent.status_code
        said, plainly = plain(answer.text), plain(absent.text)
        assert said.replace(account, "xxx") == plainly, path


@pytest.mark.parametrize("node", ["tax-notices", "secret-project", "sms-delivery", "nothing"])
def test_another_node_is_one_that_is_not_there(
    after: Path, limited: Callable[[Path], TestClient], node: str
) -> None:
    client = limited(after)
    for path in (f"{API}/nodes/{node}", f"{API}/nodes/{node}/timeseries"):
        answer, absent = client.get(path), client.get(path.replace(node, "xxx"))
        assert answer.status_code == absent.status_code == 404
        said, plainly = plain(answer.text), plain(absent.text)
        assert said.replace(node, "xxx") == plainly
