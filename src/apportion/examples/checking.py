"""Examples held against the engine: every difference is a finding at its line."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from apportion.examples.answers import Answer, Figures, answer
from apportion.examples.expected import fact_text
from apportion.examples.proof import differences
from apportion.examples.reading import ReadFile, example_files, read_examples
from apportion.examples.rounding import amount_text, rounded
from apportion.examples.types import Example, ExpectedFinding, NodeFigure, ProductFigure
from apportion.findings import MEMORY, Finding, Place, Severity
from apportion.model import Model
from apportion.model.spelling import did_you_mean
from apportion.model.values import show

_UNMAPPED = "unmapped:"
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Checked:
    """An example that was tried; without findings it holds."""

    example: Example
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All examples of some files; ``files`` tells what could not even be tried."""

    files: tuple[ReadFile, ...]
    checked: tuple[Checked, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that is wrong, file by file and line by line."""
        unread = [finding for file in self.files for finding in file.findings]
        wrong = [finding for each in self.checked for finding in each.findings]
        order = {file.file: place for place, file in enumerate(self.files)}

        def place(finding: Finding) -> tuple[int, Place]:
            return order.get(finding.where.file, len(order)), finding.where

        return tuple(sorted([*unread, *wrong], key=place))


def check_files(paths: Iterable[Path], own_model: Callable[[], Model]) -> Report:
    """Try every example of files, or of the YAML files of folders.

    ``own_model`` gives the model of examples that state none; it is asked at most once, and what
    it raises is raised.
    """
    files = tuple(read_examples(path) for path in example_files(paths))
    model = cache(own_model)
    return Report(
        files,
        tuple(
            Checked(example, check(example, model)) for file in files for example in file.examples
        ),
    )


def check(example: Example, own_model: Callable[[], Model]) -> tuple[Finding, ...]:
    """Everything in which the engine's answer differs from what an example expects.

    Each answer's proof is looked at too, whether or not the example asks for it (`A20`).
    """
    found = answer(example.given, own_model)
    unknown = [*_unknown_nodes(example, found.model)] if found.model is not None else []
    if unknown:
        return tuple(unknown)
    wrong = [*_other_findings(example, found)]
    if found.figures is not None:
        wrong += [*_other_figures(example, found.figures), *found.figures.proof.findings()]
    elif example.expected.needs_a_run and example.expected.findings is not None:
        wrong.append(_wrong(example, "the run", "refused", "figures", example.where))
    return tuple(sorted(wrong, key=lambda finding: finding.where))


def _wrong(
    example: Example, what: str, found: object, expected: object, where: Place, remedy: str = ""
) -> Finding:
    return Finding(
        "example_failed",
        f"In {show(example.name)}, {what} is {found}; expected {expected}.",
        where,
        remedy,
        details={
            "example": example.name,
            "what": what,
            "found": str(found),
            "expected": str(expected),
        },
    )


def _unknown_nodes(example: Example, model: Model) -> Iterator[Finding]:
    expected = example.expected
    named = [
        *((each.node, each.where) for each in expected.figures),
        *((each.source, each.where) for each in expected.amounts),
        *((each.receiver, each.where) for each in expected.amounts),
        *((each.product, each.where) for each in (*expected.hierarchy, *expected.shown)),
    ]
    for name, where in named:
        if name not in model.index and not name.startswith(_UNMAPPED):
            message = f"{show(name)} is expected to have figures, but is not a declared node."
            yield Finding("unknown_node", message, where, did_you_mean(name, model.index))


def _other_figures(example: Example, figures: Figures) -> Iterator[Finding]:
    expected = example.expected

    def same(found: Decimal, wanted: Decimal) -> bool:
        return rounded(found, expected.decimals) == wanted

    def plain(amount: Decimal) -> str:
        return amount_text(rounded(amount, expected.decimals))

    for each in expected.figures:
        amount = figures.of_node(each.node, each.figure, each.part)
        if not same(amount, each.value):
            what = f"{each.figure} of {each.node}{each.part}"
            why = _neighbours(each, figures, plain)
            yield _wrong(example, what, plain(amount), amount_text(each.value), each.where, why)
    for edge in expected.amounts:
        amount = figures.of_edge(edge.source, edge.receiver, edge.part)
        if not same(amount, edge.value):
            what = f"the contribution of {edge.source} to {edge.receiver}{edge.part}"
            yield _wrong(example, what, plain(amount), amount_text(edge.value), edge.where)
    for product in expected.hierarchy:
        subtree = figures.subtrees.get(product.product)
        if subtree is None or not same(subtree, Decimal(product.value)):
            what = f"the cost of {product.product} with all its parts"
            said = "that of no product" if subtree is None else plain(subtree)
            yield _wrong(example, what, said, amount_text(Decimal(product.value)), product.where)
    yield from _other_shown(example, expected.shown, figures)
    proof = figures.proof.to_dict()
    for each_field in differences(proof, expected.reconciliation, expected.decimals):
        path, found, wanted, where, remedy = each_field
        yield _wrong(example, path, found, wanted, where, remedy)


def _other_shown(
    example: Example, expected: Iterable[ProductFigure], figures: Figures
) -> Iterator[Finding]:
    for each in expected:
        text = figures.shown.get(each.product, "not shown")
        if text != each.value:
            what = f"the figure shown of {each.product}"
            yield _wrong(example, what, text, each.value, each.where)


def _neighbours(each: NodeFigure, figures: Figures, plain: Callable[[Decimal], str]) -> str:
    """Who gave to a node or got from it: the first thing one wants to know."""
    if each.figure == "direct":
        return ""
    giving = each.figure in ("given", "retained")
    rows = [
        f"{plain(amount)} {'to' if giving else 'from'} {receiver if giving else source}"
        for source, receiver, amount in figures.neighbours(each.node, each.part)
        if (source if giving else receiver) == each.node
    ]
    verb = "gave" if giving else "got"
    if not rows:
        return f"{each.node} {verb} nothing{each.part}."
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return f"{each.node} {verb} {', '.join(rows[:_NAMED])}{more}."


def _other_findings(example: Example, found: Answer) -> Iterator[Finding]:
    wanted, where = example.expected.findings, example.expected.findings_where
    if wanted is None:
        surprising = [each for each in found.findings if each.severity is Severity.ERROR]
        instead = "figures"
    else:
        surprising = [
            each for each in found.findings if not any(_meets(each, one) for one in wanted)
        ]
        instead = "no such finding"
        for one in wanted:
            if not any(_meets(each, one) for each in found.findings):
                said = ", ".join(each.code for each in found.findings) or "none"
                yield _wrong(example, "what was found", said, one, one.where)
    for each in surprising:
        place = "" if each.where == MEMORY else f" ({each.where})"
        said = f"the {each.severity} [{each.code}] {each.message}{place}"
        yield _wrong(example, "what was found", said, instead, where, each.remedy)


def _meets(found: Finding, wanted: ExpectedFinding) -> bool:
    """Whether a finding has the code and states every fact; of its message a part is enough."""
    facts: Mapping[str, Any] = {**found.details, "severity": found.severity}
    return found.code == wanted.code and all(
        text in found.message if name == "message" else fact_text(facts.get(name)) == text
        for name, text in wanted.facts.items()
    )
