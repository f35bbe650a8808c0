"""Products rolled up over ``part_of``: a view of the business that moves no money (`A25`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from apportion.model import Model, NodeType
from apportion.reconcile.exact import total, zero
from apportion.reconcile.reconciliation import Record


@dataclass(frozen=True, slots=True)
class HierarchyRow(Record):
    """A product and what is part of it.

    ``own`` is what the product itself holds; ``subtree`` adds everything below it, each product
    once even where several ways lead to it. ``part_of`` and ``parts`` are ids, in order.
    """

    id: str
    name: str
    part_of: tuple[str, ...]
    parts: tuple[str, ...]
    own: Decimal
    subtree: Decimal


@dataclass(frozen=True, slots=True)
class Hierarchy(Record):
    """All rows in order of id, the ids of the roots, and the total under the roots.

    A product under two roots is shown under both and counted once in ``total``. ``rootless`` are
    products under no root, which only a circle of ``part_of`` can make.
    """

    rows: tuple[HierarchyRow, ...]
    roots: tuple[str, ...]
    total: Decimal
    rootless: tuple[str, ...]


def roll_up(model: Model, own: Mapping[str, Decimal], scale: int) -> Hierarchy:
    """Roll amounts per product up over ``part_of``.

    ``own`` are amounts with ``scale`` decimals, such as ``Reconciliation.product_costs``; products
    that it lacks hold nothing. Besides the products the rows hold whatever else they are part of,
    as far as the model has it: of a model seen in part, what is out of sight is no parent.
    """
    names = {node.id: node.name or node.id for node in model.nodes}
    parents = {
        node.id: tuple(each for each in node.part_of if each in names) for node in model.nodes
    }
    products = [node.id for node in model.nodes if node.type is NodeType.PRODUCT]
    members = sorted(_reached(products, parents))
    parts: dict[str, list[str]] = {member: [] for member in members}
    for member in members:
        for parent in parents.get(member, ()):
            parts[parent].append(member)
    nothing = zero(scale)

    def held(ids: Iterable[str]) -> Decimal:
        return total((own.get(member, nothing) for member in ids), scale)

    rows = tuple(
        HierarchyRow(
            member,
            names.get(member, member),
            tuple(sorted(parents.get(member, ()))),
            tuple(parts[member]),
            own.get(member, nothing),
            held(_reached([member], parts)),
        )
        for member in members
    )
    roots = tuple(member for member in members if not parents.get(member))
    covered = _reached(roots, parts)
    rootless = tuple(member for member in members if member not in covered)
    return Hierarchy(rows, roots, held(covered), rootless)


def _reached(starts: Iterable[str], ways: Mapping[str, Iterable[str]]) -> set[str]:
    """Whatever some start leads to, the starts included, each once."""
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        for next_one in ways.get(waiting.pop(), ()):
            if next_one not in seen:
                seen.add(next_one)
                waiting.append(next_one)
    return seen
