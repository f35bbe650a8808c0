"""Conditions and templates of mapping rules."""

from typing import Any

import pytest

from apportion.findings import ModelError
from apportion.model import Condition, Model
from apportion.model.templates import Part, TemplateError, parse_template


def condition(when: Any) -> Condition:
    rule = {"when": when, "node": "a", "dimension": "b"}
    return Model.from_dict({"mapping": [rule]}).mapping[0].when


def refused(when: Any) -> list[str]:
    with pytest.raises(ModelError) as caught:
        condition(when)
    return [finding.code for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"column": "A", "equals": "x"}, Condition("equals", (), "column", "A", ("x",))),
        ({"column": "A", "equals": ""}, Condition("equals", (), "column", "A", ("",))),
        (
            {"column": "SubAccountId", "equals": 123456789012},
            Condition("equals", (), "column", "SubAccountId", ("123456789012",)),
        ),
        ({"tag": "a", "in": ["x", 1]}, Condition("in", (), "tag", "a", ("x", "1"))),
        ({"label": "a", "prefix": "x"}, Condition("prefix", (), "label", "a", ("x",))),
        ({"label": "a", "glob": "x*"}, Condition("glob", (), "label", "a", ("x*",))),
        ({"tag": "a", "exists": False}, Condition("exists", (), "tag", "a", ("false",))),
        ({"all": []}, Condition("all")),
        (None, Condition("all")),
        (
            {"not": {"any": [{"tag": "a", "exists": True}]}},
            Condition(
                "not", (Condition("any", (Condition("exists", (), "tag", "a", ("true",)),)),)
            ),
        ),
    ],
)
def test_what_is_read(when: Any, expected: Condition) -> None:
    assert condition(when) == expected


@pytest.mark.parametrize(
    "when",
    [
        "AWS",
        [],
        {},
        7,
        {"column": "A"},
        {"equals": "x"},
        {"column": "A", "tag": "B", "equals": "x"},
        {"column": "A", "equals": "x", "prefix": "y"},
        {"column": "A", "matches": "x"},
        {"column": "A", "equals": None},
        {"column": "A", "equals": 1.5},
        {"column": "A", "equals": True},
        {"column": "A", "equals": ["x"]},
        {"column": "A", "in": []},
        {"column": "A", "in": "x"},
        {"column": "A", "in": [["x"]]},
        {"column": "A", "prefix": ""},
        {"column": "A", "glob": ""},
        {"column": "A", "exists": "perhaps"},
        {"column": "", "equals": "x"},
        {"column": 7, "equals": "x"},
        {"any": []},
        {"any": {}},
        {"all": [7]},
        {"not": None},
        {"not": []},
        {"all": [], "any": []},
        {"all": [], "column": "A", "equals": "x"},
    ],
)
def test_what_is_refused(when: Any) -> None:
    found = refused(when)
    assert found
    assert set(found) <= {"unknown_key", "wrong_type", "invalid_value"}


def test_nesting_has_an_end() -> None:
    deep: dict[str, Any] = {"tag": "a", "exists": True}
    for _ in range(12):
        deep = {"not": deep}
    assert condition(deep).kind == "not"
    endless: dict[str, Any] = {}
    endless["not"] = endless
    assert refused(endless) == ["invalid_value"]


@pytest.mark.parametrize(
    ("template", "parts"),
    [
        ("plain", (Part("", "plain"),)),
        ("", ()),
        ("{A}", (Part("column", "A"),)),
        ("{tag.a.b}x{label.c d}", (Part("tag", "a.b"), Part("", "x"), Part("label", "c d"))),
        ("{x.y}", (Part("column", "x.y"),)),
        ("{{a}} {b}", (Part("", "{a} "), Part("column", "b"))),
        ("{{{a}}}", (Part("", "{"), Part("column", "a"), Part("", "}"))),
    ],
)
def test_templates(template: str, parts: tuple[Part, ...]) -> None:
    assert parse_template(template) == parts


@pytest.mark.parametrize(
    "template", ["{", "}", "{a", "a}", "{}", "{ }", "{tag.}", "{a{b}}", "{{a}"]
)
def test_templates_that_cannot_be_read(template: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(template)
