"""Files of examples, read with the lines on which everything stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from apportion.examples.expected import SHAPE as EXPECTED
from apportion.examples.expected import read_expected
from apportion.examples.given import given_fields, laid_over, read_given
from apportion.examples.types import Example
from apportion.findings import Finding, Place
from apportion.model.fields import Fields, Shape
from apportion.model.raw import RawMapping, place_of
from apportion.model.read_yaml import MAXIMUM_BYTES, read_yaml, too_large
from apportion.model.values import show

SUFFIXES = (".yaml", ".yml")
_SHORTEST = "Write, for example, - {name: Two equal parts, given: {...}, expect: {...}}."

_FILE = Shape(keys=frozenset({"given", "examples"}), subject=lambda _: "the file")
_EXAMPLE = Shape(
    keys=frozenset({"name", "rule", "given", "expect"}),
    required=MappingProxyType({"name": "Two equal parts", "expect": "{nodes: ...}"}),
    synonyms=MappingProxyType({"rules": "rule", "expected": "expect", "id": "name"}),
    subject=lambda raw: f"the example {show(raw['name'])}" if raw.get("name") else "the example",
)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file's examples that can be tried, and what is wrong with the others."""

    file: str
    examples: tuple[Example, ...]
    findings: tuple[Finding, ...]


def example_files(paths: Iterable[Path]) -> list[Path]:
    """The files, and of folders the YAML files in them, in order of their names."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [each for each in path.iterdir() if each.suffix.lower() in SUFFIXES]
            found += sorted(inside) or [path]
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def read_examples(path: Path) -> ReadFile:
    """Read one file. Findings name it as the caller does."""
    findings: list[Finding] = []
    document = _document(path, findings)
    examples: tuple[Example, ...] = ()
    if isinstance(document, RawMapping):
        examples = _examples(document, findings)
    elif not findings:
        what = "is empty" if document is None else f"holds {show(document)}"
        message = f"The file {what}; expected examples."
        findings.append(Finding("wrong_type", message, Place(str(path)), "Begin with examples:."))
    # What a file gives to all examples is read once for each, and said once.
    said = {(each.code, each.where, each.message): each for each in findings}
    return ReadFile(str(path), examples, tuple(said.values()))


def _document(path: Path, findings: list[Finding]) -> Any:
    where = Place(str(path))
    if path.is_dir():
        message = "The folder holds no YAML file, so nothing is tried."
        findings.append(Finding("check_saw_no_rows", message, where, "Name a file of examples."))
        return None
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            findings.append(too_large(str(path)))
            return None
        return read_yaml(str(path), path.read_bytes(), findings)
    except OSError as error:
        message = f"The file cannot be read: {error.strerror or error}."
        findings.append(Finding("unreadable_file", message, where, "Look at its name."))
        return None


def _examples(document: RawMapping, findings: list[Finding]) -> tuple[Example, ...]:
    fields = Fields(document, _FILE, findings)
    below = fields.mapping("given")
    raws = fields.records("examples")
    if not raws and not fields.broken:
        message = "The file holds no examples, so nothing is tried."
        fields.problem("check_saw_no_rows", message, _SHORTEST)
    names: dict[str, Place] = {}
    found = []
    for raw in raws:
        example = _example(raw, below, findings)
        name = raw.get("name")
        if isinstance(name, str) and name in names:
            message = f"Two examples are called {show(name)}; the first stands at {names[name]}."
            place = place_of(raw, ("name",))
            findings.append(Finding("duplicate_key", message, place, "Rename one of the two."))
            continue
        names[str(name)] = place_of(raw, ("name",))
        if example is not None:
            found.append(example)
    return tuple(found)


def _example(
    raw: Mapping[str, Any], below: Mapping[str, Any], findings: list[Finding]
) -> Example | None:
    fields = Fields(raw, _EXAMPLE, findings)
    own = fields.mapping("given")
    inside = given_fields(laid_over(below, own) if below or own else {}, findings)
    given = read_given(inside)
    wanted = Fields(fields.mapping("expect"), EXPECTED, findings)
    expected = read_expected(wanted)
    rules = tuple(rule for rule, _ in fields.identifiers("rule"))
    nothing = not expected.needs_a_run and expected.findings is None
    if nothing and not wanted.broken and isinstance(raw.get("expect"), Mapping):
        message = f"{fields.name()} expects nothing, so it cannot fail."
        fields.problem("missing_key", message, "Add figures under expect.", "expect")
    if expected.needs_a_run and given.costs is None and not inside.broken:
        message = f"{fields.name()} expects figures, but no costs are given."
        fields.problem("missing_key", message, "Add costs under given.")
    if fields.broken or inside.broken or wanted.broken:
        return None
    return Example(fields.text("name"), rules, given, expected, fields.place("name"))
