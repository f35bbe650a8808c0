"""The second half of an example: the figures and findings that should come."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from apportion.examples.given import as_record
from apportion.examples.types import (
    FIGURES,
    EdgeAmount,
    Expected,
    ExpectedFinding,
    NodeFigure,
    Part,
    ProductFigure,
)
from apportion.findings import CODES
from apportion.model.fields import Fields, Shape
from apportion.model.raw import RawList, RawMapping
from apportion.model.spelling import did_you_mean, one_of
from apportion.model.values import BadValueError, as_decimal, as_whole, show

_PART = frozenset({"date", "from", "to", "dimension"})
_SPANS = ("from", "to")
MAXIMUM_DECIMALS = 9

SHAPE = Shape(
    keys=frozenset(
        {
            "nodes",
            "contributions",
            "reconciliation",
            "hierarchy",
            "shown",
            "findings",
            "decimals",
        }
    ),
    synonyms=MappingProxyType({"figures": "nodes", "edges": "contributions", "error": "findings"}),
    subject=lambda _: "what is expected",
)
_NODE = Shape(keys=_PART | {*FIGURES}, subject=lambda _: "what is expected of the node")
_EDGE_ORDER = ("source", "receiver", "amount")
_EDGE = Shape(
    keys=_PART | {*_EDGE_ORDER},
    required=MappingProxyType({"source": "cluster", "receiver": "shop", "amount": "100"}),
    subject=lambda _: "the expected contribution",
)


def read_expected(fields: Fields) -> Expected:
    """Read what is expected. Problems go to the findings of ``fields`` and mark it as broken."""
    return Expected(
        tuple(_node_figures(fields)),
        tuple(_edge_amounts(fields)),
        fields.mapping("reconciliation"),
        tuple(_products(fields, "hierarchy")),
        tuple(_products(fields, "shown")),
        _findings(fields),
        fields.place("findings"),
        _decimals(fields),
    )


def _decimals(fields: Fields) -> int | None:
    found = fields.read("decimals", as_whole, None)
    if found is not None and not 0 <= found <= MAXIMUM_DECIMALS:
        message = f"'decimals' is {found}; expected 0 to {MAXIMUM_DECIMALS}."
        fields.problem("invalid_value", message, "", "decimals")
    return found


def _node_figures(fields: Fields) -> Iterator[NodeFigure]:
    for node, said in fields.mapping("nodes").items():
        if said is None or (isinstance(said, RawList) and not said):
            fields.problem("missing_key", *_no_figure(node), "nodes", node)
            continue
        for index, each in enumerate(said if isinstance(said, RawList) else [said]):
            if not isinstance(each, RawMapping):
                step = (index,) if isinstance(said, RawList) else ()
                bad = BadValueError("wrong_type", "expected figures", "Write {holistic: 100}.")
                fields.bad(bad, each, "nodes", node, *step)
                continue
            inside = Fields(each, _NODE, fields.findings)
            part = _part(inside)
            if all(each.get(figure) is None for figure in FIGURES):
                inside.problem("missing_key", *_no_figure(node))
            for figure in FIGURES:
                if each.get(figure) is not None:
                    value, where = inside.decimal(figure), inside.place(figure)
                    yield NodeFigure(node, figure, part, value, where)
            fields.broken |= inside.broken


def _no_figure(node: str) -> tuple[str, str]:
    """What to say where nothing could fail."""
    return f"No figure is expected of {node}.", f"Give {one_of(FIGURES)}."


def _edge_amounts(fields: Fields) -> Iterator[EdgeAmount]:
    said = fields.get("contributions")
    for index, item in enumerate(_listed(fields, "contributions", said)):
        record = as_record(item, _EDGE_ORDER)
        if record is None:
            bad = BadValueError("wrong_type", "expected [source, receiver, amount]")
            fields.bad(bad, item, "contributions", index)
            continue
        inside = Fields(record, _EDGE, fields.findings)
        part = _part(inside)
        source, receiver = inside.identifier("source"), inside.identifier("receiver")
        value, where = inside.decimal("amount"), inside.place("amount")
        yield EdgeAmount(source, receiver, part, value, where)
        fields.broken |= inside.broken


def _part(inside: Fields) -> Part:
    day = inside.day("date")
    first, last = inside.day("from"), inside.day("to")
    dimension = inside.identifier("dimension") or None
    if day is not None and (first or last):
        message = "The figures are of one date and of a stretch of days."
        inside.problem("invalid_value", message, "Give date, or from and to.", "date")
    return Part(day or first, day or last, dimension)


def _listed(fields: Fields, key: str, value: Any) -> RawList | list[Any]:
    if value is None:
        return []
    if not isinstance(value, RawList):
        remedy = "Begin each item with a dash."
        fields.bad(BadValueError("wrong_type", "expected a list", remedy), value, key)
        return []
    return value


def _products(fields: Fields, key: str) -> Iterator[ProductFigure]:
    for product, value in fields.mapping(key).items():
        where = fields.place(key, product)
        try:
            amount = as_decimal(str(value).replace(",", "") if key == "shown" else value)
        except BadValueError as bad:
            fields.bad(bad, value, key, product)
            continue
        yield ProductFigure(product, _digits(amount) if key == "shown" else amount, where)


def _digits(amount: Decimal) -> str:
    return format(amount, "f")


def _findings(fields: Fields) -> tuple[ExpectedFinding, ...] | None:
    said = fields.get("findings")
    if said is None:
        return None
    found = []
    for index, item in enumerate(_listed(fields, "findings", said)):
        record: Mapping[str, Any] = {"code": item} if isinstance(item, str) else item
        code = record.get("code") if isinstance(record, Mapping) else None
        if not isinstance(code, str) or code not in CODES:
            known = did_you_mean(code, CODES)
            message = f"{show(code if code is not None else item)} is no finding's code."
            fields.problem("unknown_name", message, known, "findings", index)
            continue
        facts = {name: fact_text(value) for name, value in record.items() if name != "code"}
        found.append(
            ExpectedFinding(code, MappingProxyType(facts), fields.place("findings", index))
        )
    return tuple(found)


def fact_text(value: object) -> str:
    """A fact of a finding as text, whether it was stated in a file or by the program."""
    if isinstance(value, list | tuple):
        return ", ".join(fact_text(each) for each in value)
    return "" if value is None else str(value)
