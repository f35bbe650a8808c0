"""Files of examples, held against the rules in plain fractions.

Nothing here imports the program under test: the files are read with nothing but a YAML parser,
every value as text, and what should come is asked of the oracle. What the oracle cannot know,
such as what is wrong with a model, is not passed over in silence but listed as ``unseen``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml
from oracle.declared import as_date
from oracle.figures import COVERAGE_DECIMALS, figures, subtree_sums
from oracle.recorded import half_away
from oracle.same_rounding import Outcome, attribute

NODE_FIGURES = ("direct", "indirect", "holistic", "given", "retained")
REFUSALS = frozenset(
    {
        "amount_overflow",
        "missing_exchange_rate",
        "shares_exceed_one",
        "unknown_node",
        "zero_usage",
    }
)
_FACTS = frozenset({"days", "metric", "receiver", "source"})
WARNINGS = frozenset({"missing_usage", "negative_usage", "zero_usage"})
TOTALS = (
    "raw_infrastructure_cost",
    "product_direct_cost",
    "allocated_product_cost",
    "allocated_from_infrastructure",
    "final_cost_centre_cost",
    "partial_cost_centre_residual",
    "unallocated_cost",
    "conservation_delta",
)
SHOWN_DECIMALS = {"JPY": 0}

Statement = tuple[str, object, object]


@dataclass
class Judged:
    """An example: which statements the oracle judged, which it denies, which it cannot see."""

    name: str
    rules: tuple[str, ...]
    seen: list[str]
    wrong: list[str]
    unseen: list[str]


def judge(path: Path, workspace: Path | None = None) -> list[Judged]:
    """Judge every example of a file; those that state no model by that of a workspace."""
    document = _document(path)
    below = document.get("given") or {}
    if workspace is not None and "model" not in below:
        below = {**below, "model": _own_model(workspace)}
    return [_judge(each, below) for each in document["examples"]]


def _document(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def _own_model(workspace: Path) -> dict[str, Any]:
    model = dict(_document(workspace / "apportion.yaml"))
    for file in sorted((workspace / "model").glob("*.yaml")):
        model.update(_document(file))
    return model


def _judge(example: Mapping[str, Any], below: Mapping[str, Any]) -> Judged:
    given, expect = _laid_over(below, example.get("given") or {}), example["expect"]
    rules = example.get("rule") or ()
    named = (rules,) if isinstance(rules, str) else tuple(rules)
    judged = Judged(example["name"], named, [], [], [])
    findings = [_finding(each) for each in expect.get("findings") or ()]
    about_a_run = set(expect) - {"findings", "decimals"}
    refused = {each["code"] for each in findings} & REFUSALS
    if "costs" not in given or not (about_a_run or refused):
        judged.unseen += [f"findings.{each['code']}" for each in findings]
        return judged
    outcome = _outcome(given)
    if about_a_run and outcome.codes:
        judged.wrong.append(f"refused for {sorted(outcome.codes)}")
        return judged
    decimals = int(expect["decimals"]) if "decimals" in expect else None
    statements = [*_figures(outcome, expect, decimals, judged.unseen)] if about_a_run else []
    if "findings" in expect:
        statements += _findings(outcome, findings, judged.unseen)
    for what, found, expected in statements:
        judged.seen.append(what)
        if found != expected:
            judged.wrong.append(f"{what} is {found}, expected {expected}")
    return judged


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    if "model" in below and "model" in above:
        merged["model"] = {**below["model"], **above["model"]}
    return merged


def _finding(said: Any) -> Mapping[str, Any]:
    return {"code": said} if isinstance(said, str) else said


def _outcome(given: Mapping[str, Any]) -> Outcome:
    costs = _rows(given["costs"], ("node", "date", "dimension", "amount", "currency"))
    usage = _rows(given.get("usage") or (), ("node", "date", "metric", "value", "labels"))
    days = [row["date"] for row in costs]
    nodes = [_node(node) for node in given["model"].get("nodes") or ()]
    currency = {"currency": given["currency"]} if "currency" in given else {}
    dimensions = given.get("dimensions")
    return attribute(
        {**given["model"], **currency, "nodes": nodes},
        costs,
        usage,
        as_date(given.get("from") or min(days)),
        as_date(given.get("to") or max(days)),
        [dimensions] if isinstance(dimensions, str) else dimensions,
    )


def _rows(said: Iterable[Any], order: tuple[str, ...]) -> list[dict[str, Any]]:
    records = [
        each if isinstance(each, dict) else dict(zip(order, each, strict=False)) for each in said
    ]
    return [{**each, "date": as_date(each["date"])} for each in records]


def _node(node: Mapping[str, Any]) -> dict[str, Any]:
    return {**node, "infrastructure": node.get("infrastructure") == "true"}


def _figures(
    outcome: Outcome, expect: Mapping[str, Any], decimals: int | None, unseen: list[str]
) -> Iterator[Statement]:
    unit = 10**outcome.declared.scale

    def amount(units: int) -> Fraction:
        return _rounded(Fraction(units, unit), decimals)

    for node, said in (expect.get("nodes") or {}).items():
        for part in said if isinstance(said, list) else [said]:
            rows = [row for row in outcome.allocations if row.node == node and _is_in(row, part)]
            for figure in set(NODE_FIGURES) & set(part):
                units = sum(getattr(row, figure) for row in rows)
                yield f"{figure} of {node}", amount(units), Fraction(part[figure])
    for said in expect.get("contributions") or ():
        part = (
            said
            if isinstance(said, dict)
            else dict(zip(("source", "receiver", "amount"), said, strict=False))
        )
        ends = part["source"], part["receiver"]
        units = sum(
            row.amount
            for row in outcome.contributions
            if (row.source, row.receiver) == ends and _is_in(row, part)
        )
        yield f"contribution {ends}", amount(units), Fraction(part["amount"])
    held = figures(outcome).products
    subtrees = subtree_sums(outcome.declared, held)
    for product, value in (expect.get("hierarchy") or {}).items():
        yield f"hierarchy of {product}", amount(subtrees[product]), Fraction(value)
    shown = _shown(held, outcome)
    for product, value in (expect.get("shown") or {}).items():
        yield f"shown of {product}", shown.get(product), Fraction(value.replace(",", ""))
    yield from _reconciliation(outcome, expect.get("reconciliation") or {}, decimals, unseen)


def _is_in(row: Any, part: Mapping[str, Any]) -> bool:
    first = as_date(part.get("date") or part.get("from") or date.min)
    last = as_date(part.get("date") or part.get("to") or date.max)
    return first <= row.date <= last and part.get("dimension") in (None, row.dimension)


def _rounded(amount: Fraction, decimals: int | None) -> Fraction:
    if decimals is None:
        return amount
    return Fraction(half_away(amount * 10**decimals), 10**decimals)


def _shown(held: Mapping[str, int], outcome: Outcome) -> dict[str, Fraction]:
    """Largest remainder over the products that hold something, in order of ids (`A3`)."""
    currency = outcome.allocations[0].currency if outcome.allocations else ""
    decimals = min(SHOWN_DECIMALS.get(currency, 2), outcome.declared.scale)
    step = 10 ** (outcome.declared.scale - decimals)
    products = sorted(held)
    floors = {product: held[product] // step for product in products}
    missing = half_away(Fraction(sum(held.values()), step)) - sum(floors.values())
    by_loss = sorted(products, key=lambda product: floors[product] * step - held[product])
    for product in by_loss[:missing]:
        floors[product] += 1
    return {product: Fraction(floors[product], 10**decimals) for product in products}


def _reconciliation(
    outcome: Outcome, expect: Mapping[str, Any], decimals: int | None, unseen: list[str]
) -> Iterator[Statement]:
    found = figures(outcome)
    unit = 10**outcome.declared.scale
    lists = {
        "final_cost_centres": (
            found.final,
            ("direct_cost", "indirect_cost", "holistic_cost"),
            "holistic_cost",
        ),
        "partial_cost_centres": (
            {node: [residual] for node, residual in found.partial.items()},
            ("residual",),
            "residual",
        ),
        "infrastructure_nodes": (
            found.infrastructure,
            ("direct_cost", "given", "retained"),
            "direct_cost",
        ),
    }
    for name, value in expect.items():
        if name in TOTALS:
            amount = _rounded(Fraction(getattr(found, name), unit), decimals)
            yield name, amount, Fraction(value)
        elif name == "coverage_percent":
            percent = Fraction(found.coverage_percent, 10**COVERAGE_DECIMALS)
            yield name, _rounded(percent, decimals), Fraction(value)
        elif name in lists and isinstance(value, list):
            yield name, sorted(lists[name][0]), sorted(value)
        elif name in lists:
            nodes, columns, first = lists[name]
            for node, said in value.items():
                row = dict(zip(columns, nodes[node], strict=False)) if node in nodes else {}
                for column, cell in (said if isinstance(said, dict) else {first: said}).items():
                    if column == "days":
                        yield f"{name}.{node}.days", nodes[node][-1], int(cell)
                    elif column in columns:
                        amount = _rounded(Fraction(row.get(column, 0), unit), decimals)
                        yield f"{name}.{node}.{column}", amount, Fraction(cell)
                    else:
                        unseen.append(f"reconciliation.{name}.{column}")
        else:
            unseen.append(f"reconciliation.{name}")


def _findings(
    outcome: Outcome, wanted: list[Mapping[str, Any]], unseen: list[str]
) -> Iterator[Statement]:
    if outcome.codes or any(each["code"] in REFUSALS - WARNINGS for each in wanted):
        refusals = {each["code"] for each in wanted} & REFUSALS
        yield "refused for", sorted(outcome.codes), sorted(refusals)
        unseen += [f"findings.{each['code']}" for each in wanted if each["code"] not in REFUSALS]
        offences = {source for source, _, _ in outcome.offences}
        named = {each["source"] for each in wanted if "source" in each} & {
            each["source"] for each in wanted if each["code"] == "shares_exceed_one"
        }
        if named:
            yield "sources that exceed", offences, named
        return
    said = {
        "zero_usage": [
            {"source": source, "metric": metric, "days": str(len(days))}
            for (source, metric, _), days in outcome.fallbacks.items()
        ],
        "missing_usage": [
            {"source": source, "receiver": receiver, "metric": metric}
            for source, receiver, metric in outcome.missing
        ],
        "negative_usage": [
            {"receiver": node, "metric": metric} for node, metric in outcome.negative
        ],
    }
    for code in sorted(WARNINGS):
        expected = [each for each in wanted if each["code"] == code]
        facts = [{name: each[name] for name in _FACTS & set(each)} for each in expected]
        for one in said[code]:
            yield f"{code} {one} named", any(each.items() <= one.items() for each in facts), True
        for each in facts:
            yield (
                f"{code} {each} said",
                any(each.items() <= one.items() for one in said[code]),
                True,
            )
    unseen += [f"findings.{each['code']}" for each in wanted if each["code"] not in WARNINGS]
