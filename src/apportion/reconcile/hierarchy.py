"""Products rolled up over ``part_of``: a view of the business that moves no money (`A25`)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

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
    held = {member: own.get(member, nothing) for member in members}
    subtree = Subtrees(parts).sums(held, lambda amounts: total(amounts, scale))
    rows = tuple(
        HierarchyRow(
            member,
            names.get(member, member),
            tuple(sorted(parents.get(member, ()))),
            tuple(parts[member]),
            held[member],
            subtree[member],
        )
        for member in members
    )
    roots = tuple(member for member in members if not parents.get(member))
    covered = _reached(roots, parts)
    rootless = tuple(member for member in members if member not in covered)
    everything = total((held[member] for member in covered), scale)
    return Hierarchy(rows, roots, everything, rootless)


Amount = TypeVar("Amount")


class Subtrees:
    """What is below each product, laid out so that sums of all subtrees look at each part once.

    A product that is part of one other counts in the sum of that one. Those that are part of
    several are added apart, each once, to everything from which they can be reached; only their
    number makes a sum cost more than the links it stands for.
    """

    def __init__(self, parts: Mapping[str, Sequence[str]]) -> None:
        """Lay out the products, given the parts of each."""
        above: dict[str, list[str]] = {member: [] for member in parts}
        for member, below in parts.items():
            for part in below:
                above[part].append(member)
        left = {member: len(below) for member, below in parts.items()}
        self._parts = parts
        self._upwards = [member for member, below in parts.items() if not below]
        for member in self._upwards:
            for parent in above[member]:
                left[parent] -= 1
                if not left[parent]:
                    self._upwards.append(parent)
        self._circular = [member for member, count in left.items() if count]
        self._several = {member for member, parents in above.items() if len(parents) > 1}
        self._several_below: dict[str, frozenset[str]] = {}
        for member in self._upwards:
            self._several_below[member] = self._found_below(parts[member])

    def _found_below(self, parts: Sequence[str]) -> frozenset[str]:
        """The products that are part of several, among some parts and below them."""
        found = {each for part in parts if (each := self._several_below[part])}
        direct = self._several.intersection(parts)
        # A long chain above them holds one set, not one for each of its products.
        return found.pop() if len(found) == 1 and not direct else frozenset(direct.union(*found))

    def sums(
        self, own: Mapping[str, Amount], total: Callable[[Iterable[Amount]], Amount]
    ) -> Mapping[str, Amount]:
        """For each product the ``total`` of its own amount and of those below it, each once."""
        only_here: dict[str, Amount] = {}
        for member in self._upwards:
            here = [part for part in self._parts[member] if part not in self._several]
            only_here[member] = total([own[member], *(only_here[part] for part in here)])
        elsewhere = {
            found: total(only_here[each] for each in found)
            for found in set(self._several_below.values())
        }
        sums = {
            member: total([only_here[member], elsewhere[found]])
            for member, found in self._several_below.items()
        }
        for member in self._circular:
            sums[member] = total(own[each] for each in _reached([member], self._parts))
        return sums


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
