"""YAML for people: what scalars become, where they stood, and what is refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.findings import Finding, Place
from apportion.model import read_yaml as module
from apportion.model.raw import place_of
from apportion.model.read_yaml import MAXIMUM_BYTES, read_yaml
from effort import effort


def read(text: str | bytes) -> Any:
    findings: list[Finding] = []
    value = read_yaml("m.yaml", text.encode() if isinstance(text, str) else text, findings)
    assert findings == []
    return value


def refused(text: str | bytes) -> list[str]:
    findings: list[Finding] = []
    read_yaml("m.yaml", text.encode() if isinstance(text, str) else text, findings)
    return [finding.code for finding in findings]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("33.3", Decimal("33.3")),
        ("1.10", Decimal("1.10")),
        ("-0.5", Decimal("-0.5")),
        ("1e3", Decimal("1e3")),
        ("40", 40),
        ("-7", -7),
        ("0", 0),
        ("007", "007"),
        ("+5", "+5"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("1,234.56", "1,234.56"),
        (".5", ".5"),
        (".inf", ".inf"),
        ("NaN", "NaN"),
        ("12:30", "12:30"),
        ("2024-02-29", date(2024, 2, 29)),
        ("2024-02-31", "2024-02-31"),
        ("31/02", "31/02"),
        ("2024-1-1", "2024-1-1"),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("NO", "NO"),
        ("on", "on"),
        ("off", "off"),
        ("null", None),
        ("~", None),
        ('"33.3"', "33.3"),
        ("'true'", "true"),
        ("٣", "٣"),
        ("", None),
    ],
)
def test_scalars(text: str, value: object) -> None:
    found = read(f"- {text}")[0]
    assert found == value
    assert type(found) is type(value)


def test_long_digits_are_no_bomb() -> None:
    assert read("[" + "9" * 5000 + "]") == ["9" * 5000]
    assert read("[1e999999999999]") == ["1e999999999999"]


def test_places_of_keys_values_and_items() -> None:
    value = read("nodes:\n  - {id: eks,\n     type: platform}\n  - id: é\n    labels: [1, x]\n")
    assert place_of(value) == Place("m.yaml", 1, 1)
    assert place_of(value, ("nodes", 0)) == Place("m.yaml", 2, 5)
    assert place_of(value, ("nodes", 0, "type")) == Place("m.yaml", 3, 12)
    assert value["nodes"][0].key_place("type") == Place("m.yaml", 3, 6)
    assert place_of(value, ("nodes", 1, "labels", 1)) == Place("m.yaml", 5, 17)
    assert place_of(value, ("nodes", 1, "name")) == Place("m.yaml", 4, 5)
    assert place_of(value, ("nodes", 9, "name")) == Place("m.yaml", 2, 3)


def test_empty_files_and_byte_order_marks() -> None:
    assert read("") is None
    assert read("# nothing\n") is None
    assert read(b"\xef\xbb\xbfid: eks\n") == {"id": "eks"}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("a: 1\na: 2\na: 3\n", ["duplicate_key", "duplicate_key"]),
        ("a: {b: 1, b: [1, {c: 2, c: 3}]}\n", ["duplicate_key", "duplicate_key"]),
        ("a: &x 1\nb: 2\n", ["unsafe_file"]),
        ("a: &x [1]\nb: *x\n", ["unsafe_file"]),
        ("a: *x\n", ["unsafe_file"]),
        ("a: &x {b: 1}\n<<: *x\n", ["unsafe_file"]),
        ("a: !!str 1\nb: !x {}\n", ["unreadable_file", "unreadable_file"]),
        ("a: 1\n---\nb: 1\n", ["unreadable_file"]),
        ("? [a, b]\n: 1\n", ["unreadable_file"]),
        ("? {a: b}\n: 1\n", ["unreadable_file"]),
        ("a: 'open\n", ["unreadable_file"]),
        ("a: [1, 2\n", ["unreadable_file"]),
        ("a:\n\t- b\n", ["unreadable_file"]),
        (b"a: \xff\n", ["unreadable_file"]),
        ("a: 1\n".encode("utf-16"), ["unreadable_file"]),
        (b"a: b\x00c\n", ["unreadable_file"]),
        (b"a: b\x07c\n", ["unreadable_file"]),
        ("[" * 33 + "]" * 33, ["unsafe_file"]),
        ("[" * 100_000, ["unsafe_file"]),
        ("{a: " * 100_000, ["unsafe_file"]),
        (b"x" * (MAXIMUM_BYTES + 1), ["unsafe_file"]),
    ],
)
def test_what_is_refused(text: str | bytes, codes: list[str]) -> None:
    assert refused(text) == codes


def test_nesting_as_deep_as_allowed() -> None:
    assert read("[" * 32 + "]" * 32) is not None


def test_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAXIMUM_VALUES", 10)
    assert refused("[" + "1," * 20 + "]") == ["unsafe_file"]
    assert read("[1, 2, 3]") == [1, 2, 3]


def test_a_syntax_error_keeps_its_line_and_column() -> None:
    findings: list[Finding] = []
    read_yaml("m.yaml", b"a:\n  - b: 1\n   c: 2\n", findings)
    assert [finding.where.line for finding in findings] == [3]
    assert findings[0].remedy


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@effort(300)
def test_nothing_but_findings_comes_of_any_bytes(data: bytes) -> None:
    findings: list[Finding] = []
    read_yaml("m.yaml", data, findings)
    for finding in findings:
        assert str(finding)


@given(
    st.recursive(
        st.integers(-(10**15), 10**15)
        | st.booleans()
        | st.none()
        | st.dates()
        | st.text("abcdefxyz é'\"{}[]:#&*!|>%@`,?-\n", max_size=12),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text("abcdef", min_size=1, max_size=5), inner, max_size=4)
        ),
        max_leaves=15,
    )
)
@effort(200)
def test_what_a_yaml_writer_writes_is_read_back(value: Any) -> None:
    import yaml

    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    text = yaml.dump({"value": value}, Dumper=Plain, allow_unicode=True)
    assert read(text) == {"value": value}
