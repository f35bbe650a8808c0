"""What clients ask a server: the same questions again and again, or hardly ever the same twice."""

import itertools
import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np

from benchmarks.clients import Question
from benchmarks.processes import Server

API = "/api/v1"
FEW = 10
"""Nodes and accounts that are asked about again and again."""
MANY = 6_000
"""Questions of a kind that differ."""


def _path(path: str, **asked: object) -> str:
    return f"{API}/{path}?{urlencode(asked)}" if asked else f"{API}/{path}"


def _answer(server: Server, path: str) -> Any:
    status, body = server.get(path)
    if status != 200:
        raise SystemExit(f"{path}: {status} {body[:300]!r}")
    return json.loads(body)


def same_costs(server: Server) -> list[Question]:
    """What a page about costs asks: of the latest run, and of a few nodes."""
    rows = _answer(server, _path("nodes", limit=FEW))["rows"]
    return [
        Question("hierarchy", _path("products/hierarchy")),
        *(Question("node", _path(f"nodes/{quote(row['node'], safe='')}")) for row in rows),
        Question("reconciliation", _path("debug/reconciliation")),
    ]


def different_costs(server: Server, seed: int = 0) -> list[Question]:
    """The same kinds of questions, about nodes and stretches of days that chance chooses."""
    random = np.random.default_rng(seed)
    found = _answer(server, _path("nodes", limit=2000))
    # What no rule maps is a node on days with such cost alone.
    nodes = [row["node"] for row in found["rows"] if not row["node"].startswith("unmapped:")]
    first, last = map(date.fromisoformat, (found["start_date"], found["end_date"]))
    questions = []
    for _ in range(MANY):
        begin, end = sorted(random.integers(0, (last - first).days + 1, 2).tolist())
        asked = {"start_date": first + timedelta(begin), "end_date": first + timedelta(end)}
        node = nodes[random.integers(len(nodes))]
        questions += [
            Question("hierarchy", _path("products/hierarchy", **asked)),
            Question("node", _path(f"nodes/{quote(node, safe='')}", **asked)),
            Question("reconciliation", _path("debug/reconciliation", **asked)),
        ]
    return questions


def same_usage(accounts: Sequence[str], year: int) -> list[Question]:
    """What a page about usage asks: the months of a few accounts."""
    return [_monthly(account, year=year) for account in accounts[:FEW]]


def different_usage(accounts: Sequence[str], year: int, seed: int = 0) -> list[Question]:
    """The months of all accounts, told apart by how many rows a page may have."""
    random = np.random.default_rng(seed)
    return [
        _monthly(accounts[random.integers(len(accounts))], year=year, limit=100 + number)
        for number in range(MANY)
    ]


def _monthly(account: str, **asked: int) -> Question:
    path = f"usage/accounts/{quote(account, safe='')}/monthly"
    return Question("monthly usage", _path(path, **asked))


def in_turn(questions: Sequence[Question]) -> Iterator[int]:
    """Each kind of question as often as the others, and each question of a kind in its turn."""
    kinds: dict[str, list[int]] = {}
    for place, question in enumerate(questions):
        kinds.setdefault(question.name, []).append(place)
    turns = [itertools.cycle(places) for places in kinds.values()]
    return (next(turn) for turn in itertools.cycle(turns))
