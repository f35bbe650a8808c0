"""A reconciliation held against the fields that an example expects of it.

An example states what it likes: a field by itself, nodes by their ids, or a list of ids, which
then must be all there are. Nothing in brackets of either kind means that there are none.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from apportion.examples.rounding import amount_text, off_by, rounded
from apportion.findings import Place
from apportion.model.raw import place_of
from apportion.model.spelling import did_you_mean
from apportion.model.values import BadValueError, as_decimal, show

_FIRST_FIGURE = {
    "final_cost_centres": "holistic_cost",
    "partial_cost_centres": "residual",
    "infrastructure_nodes": "direct_cost",
}
"""What is meant where an example gives one figure of a node, and not several by name."""

_KEYS = ("id", "name", "type")


class Difference(NamedTuple):
    """A field by its path, what it is, what was expected, where that stands.

    ``off`` tells of amounts how far they are from each other.
    """

    path: str
    found: str
    expected: str
    where: Place
    remedy: str = ""
    off: str = ""


def differences(
    found: Mapping[str, Any], expected: Mapping[str, Any], decimals: int | None
) -> Iterator[Difference]:
    """Every expected field that is not so. ``found`` is as JSON holds it, amounts as text."""
    for name in expected:
        where = place_of(expected, (name,))
        if name not in found:
            meant = did_you_mean(name, found)
            text = "not a field of the reconciliation"
            yield Difference(name, text, _said(expected[name]), where, meant)
            continue
        actual, wanted = found[name], expected[name]
        if isinstance(actual, list):
            yield from _of_list(name, actual, wanted, where, decimals)
        elif isinstance(actual, Mapping) and isinstance(wanted, Mapping):
            yield from _of_fields(name, actual, wanted, decimals)
        elif not _same(actual, wanted, decimals):
            yield _difference(name, actual, wanted, where, decimals)


def _of_list(
    name: str,
    records: Sequence[Mapping[str, Any]],
    wanted: Any,
    where: Place,
    decimals: int | None,
) -> Iterator[Difference]:
    known = {_key(record): record for record in records}
    if not isinstance(wanted, Mapping) or not wanted:
        several = isinstance(wanted, list | Mapping)
        ids = [str(each) for each in wanted] if several else [_said(wanted)]
        if sorted(ids) != sorted(known):
            yield Difference(name, _names(known), _names(ids), where)
        return
    for key, fields in wanted.items():
        path, place = f"{name}.{key}", place_of(wanted, (key,))
        if key not in known:
            yield Difference(path, "absent", _said(fields), place, did_you_mean(key, known))
        elif isinstance(fields, Mapping):
            yield from _of_fields(path, known[key], fields, decimals)
        else:
            actual = known[key].get(_FIRST_FIGURE.get(name, ""))
            if not _same(actual, fields, decimals):
                yield _difference(path, actual, fields, place, decimals)


def _of_fields(
    path: str, record: Mapping[str, Any], wanted: Mapping[str, Any], decimals: int | None
) -> Iterator[Difference]:
    for key, value in wanted.items():
        inside, where = f"{path}.{key}", place_of(wanted, (key,))
        if key not in record:
            yield Difference(inside, "absent", _said(value), where, did_you_mean(key, record))
        elif isinstance(record[key], Mapping) and isinstance(value, Mapping):
            yield from _of_fields(inside, record[key], value, decimals)
        elif not _same(record[key], value, decimals):
            yield _difference(inside, record[key], value, where, decimals)


def _key(record: Mapping[str, Any]) -> str:
    return next(str(record[key]) for key in _KEYS if key in record)


def _names(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"


def _number(value: Any) -> Decimal | None:
    try:
        return as_decimal(value)
    except BadValueError:
        return None


def _same(found: Any, wanted: Any, decimals: int | None) -> bool:
    amounts = _number(found), _number(wanted)
    if amounts[0] is not None and amounts[1] is not None:
        return rounded(amounts[0], decimals) == amounts[1]
    return bool(str(found) == str(wanted))


def _difference(
    path: str, found: Any, wanted: Any, where: Place, decimals: int | None
) -> Difference:
    amount, other = _number(found), _number(wanted)
    if amount is None:
        return Difference(path, _said(found), _said(wanted), where)
    amount = rounded(amount, decimals)
    off = "" if other is None else off_by(amount, other)
    return Difference(path, amount_text(amount), _said(wanted), where, off=off)


def _said(value: Any) -> str:
    amount = _number(value)
    return show(value) if amount is None else amount_text(amount)
