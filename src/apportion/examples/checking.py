"""Examples held against the engine: every difference is a finding at its line."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

from apportion.examples.answers import Answer, Figures, answer
from apportion.examples.expected import fact_text
from apportion.examples.proof import differences
from apportion.examples.reading import ReadFile, example_files, read_examples
from apportion.examples.rounding import amount_text, off_by, rounded
from apportion.examples.telling import Plain, given_by, way_to
from apportion.examples.types import Example, ExpectedFinding, ProductFigure
from apportion.findings import MEMORY, Finding, Place, Severity
from apportion.model import Model
from apportion.model.spelling import did_you_mean
from apportion.model.values import show

_UNMAPPED = "unmapped:"


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
    senseless = [] if found.model is None else [*_unknown_nodes(example, found.model)]
    wrong = [*_other_findings(example, found)]
    if found.figures is not None:
        senseless += _outside(example, found.figures)
        wrong += [*_other_figures(example, found.figures), *found.figures.proof.findings()]
    elif example.expected.needs_a_run and example.expected.findings is not None:
        wrong.append(_wrong(example, "the run", "refused", "figures", example.where))
    # What cannot be so is said once; that it differs from what is goes without saying.
    places = {finding.where for finding in senseless}
    wrong = [*senseless, *(finding for finding in wrong if finding.where not in places)]
    return tuple(sorted(wrong, key=lambda finding: finding.where))


def _wrong(
    example: Example,
    what: str,
    found: object,
    expected: object,
    where: Place,
    remedy: str = "",
    off: str = "",
) -> Finding:
    return Finding(
        "example_failed",
        f"In {show(example.name)}, {what} is {found}; expected {expected}{off}.",
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


def _outside(example: Example, figures: Figures) -> Iterator[Finding]:
    """Days of which nothing is known: a figure of 0 would hold whatever the program does."""
    first, last = figures.result.start, figures.result.end
    expected = example.expected
    parts = [(each.part, each.where) for each in expected.figures]
    parts += [(each.part, each.where) for each in expected.amounts]
    for part, where in parts:
        if (part.first or first) < first or (part.last or last) > last:
            message = f"The figure is expected{part}, but the period is {first} to {last}."
            yield Finding("invalid_value", message, where, "Correct the day, or give from and to.")


def _other_figures(example: Example, figures: Figures) -> Iterator[Finding]:
    expected = example.expected
    plain = Plain(expected.decimals)

    def differs(
        what: str, found: Decimal, wanted: Decimal, where: Place, why: Callable[[], str] = str
    ) -> Iterator[Finding]:
        if not plain.same(found, wanted):
            off = off_by(rounded(found, expected.decimals), wanted)
            yield _wrong(example, what, plain(found), amount_text(wanted), where, why(), off)

    for each in expected.figures:
        amount = figures.of_node(each.node, each.figure, each.part)
        what = f"{each.figure} of {each.node}{each.part}"
        why = partial(way_to, each, figures, plain)
        yield from differs(what, amount, each.value, each.where, why)
    for edge in expected.amounts:
        amount = figures.of_edge(edge.source, edge.receiver, edge.part)
        what = f"the contribution of {edge.source} to {edge.receiver}{edge.part}"
        why = partial(given_by, edge.source, edge.part, figures, plain)
        yield from differs(what, amount, edge.value, edge.where, why)
    for product in expected.hierarchy:
        subtree, value = figures.subtrees.get(product.product), Decimal(product.value)
        if subtree is None:
            yield _wrong(example, product.product, "no product", amount_text(value), product.where)
        else:
            what = f"the cost of {product.product} with all its parts"
            yield from differs(what, subtree, value, product.where)
    yield from _other_shown(example, expected.shown, figures)
    proof = figures.proof.to_dict()
    for each_field in differences(proof, expected.reconciliation, expected.decimals):
        path, found, wanted, where, remedy, off = each_field
        yield _wrong(example, path, found, wanted, where, remedy, off)


def _other_shown(
    example: Example, expected: Iterable[ProductFigure], figures: Figures
) -> Iterator[Finding]:
    for each in expected:
        text = figures.shown.get(each.product)
        if text is None:
            yield _wrong(example, each.product, "not shown", each.value, each.where)
        elif text != each.value:
            what = f"the figure shown of {each.product}"
            yield _wrong(example, what, text, each.value, each.where)


_OF_WHOLE_MONTHS = frozenset({"receiver_without_usage", "months_without_cost", "days_without_bill"})
"""Warnings that a month is not whole, which an example of a few rows never is."""


def _other_findings(example: Example, found: Answer) -> Iterator[Finding]:
    wanted, where = example.expected.findings, example.expected.findings_where
    if wanted is None:
        surprising = [each for each in found.findings if each.severity is Severity.ERROR]
        instead = "Figures are expected"
    else:
        surprising = [
            each
            for each in found.findings
            if each.code not in _OF_WHOLE_MONTHS and not any(_meets(each, one) for one in wanted)
        ]
        instead = "No such finding is expected"
        for one in wanted:
            if any(_meets(each, one) for each in found.findings):
                continue
            near = next((each for each in surprising if each.code == one.code), None)
            if near is None:
                said = ", ".join(each.code for each in found.findings) or "none"
                yield _wrong(example, "what was found", said, one, one.where)
            else:
                surprising.remove(near)
                yield from _other_facts(example, near, one)
    for each in surprising:
        place = "" if each.where == MEMORY else f"{each.where}: "
        yield Finding(
            "example_failed",
            f"{instead} in {show(example.name)}: {place}{each.severity} [{each.code}] "
            f"{each.message}",
            where,
            each.remedy,
            details={"example": example.name, "what": "findings", "found": each.code},
        )


def _other_facts(example: Example, found: Finding, wanted: ExpectedFinding) -> Iterator[Finding]:
    """In what a finding differs that has the expected code."""
    for name, text in wanted.facts.items():
        said = _fact(found, name)
        if not _agrees(name, said, text):
            what = f"{name} of {wanted.code}"
            yield _wrong(example, what, show(said), show(text), wanted.where, found.message)


def _meets(found: Finding, wanted: ExpectedFinding) -> bool:
    """Whether a finding has the code and states every fact."""
    return found.code == wanted.code and all(
        _agrees(name, _fact(found, name), text) for name, text in wanted.facts.items()
    )


def _fact(found: Finding, name: str) -> str:
    facts: Mapping[str, Any] = {
        **found.details,
        "severity": found.severity,
        "message": found.message,
    }
    return fact_text(facts.get(name))


def _agrees(name: str, said: str, wanted: str) -> bool:
    """Of a message a part is enough."""
    return wanted in said if name == "message" else said == wanted
