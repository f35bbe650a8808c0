"""Whatever stands in a model, what comes out is a model or findings."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from apportion.findings import Finding, ModelError, Severity
from apportion.model import Model, validate
from apportion.model.build import LIST_KINDS
from apportion.model.kinds.settings import KEYS
from apportion.model.read_yaml import read_yaml
from effort import effort

WORDS = ["a", "b", "equal", "fixed_percent", "proportional_on", "product", "platform", "in", "USD"]
DEEPER = ["metric", "percent", "segment_filter", "values", "all", "not", "column", "tag"]
keys = st.sampled_from(
    [*sorted({key for kind in LIST_KINDS.values() for key in kind.shape.keys}), *DEEPER]
)
scalars = (
    st.sampled_from(WORDS)
    | st.text(max_size=5)
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.booleans()
    | st.none()
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=3)
)
junk = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(keys | st.integers(), inner, max_size=4)
    ),
    max_leaves=8,
)


def record(kind: str) -> Any:
    known = sorted(LIST_KINDS[kind].shape.keys)
    return st.dictionaries(st.sampled_from(known), junk, max_size=len(known))


models = st.fixed_dictionaries(
    {},
    optional={
        **{kind: st.lists(record(kind) | junk, max_size=3) for kind in LIST_KINDS},
        **dict.fromkeys(sorted(KEYS), junk),
        "settings": junk,
        "else": junk,
    },
)


def check(content: Any) -> None:
    findings: tuple[Finding, ...] = ()
    try:
        model = Model.from_dict(content)
    except ModelError as error:
        findings = error.findings
    if findings:
        assert findings[0].severity is Severity.ERROR
        assert "".join(map(str, findings)).isprintable()
    else:
        assert Model.from_dict(model.to_dict()).digest == model.digest


@given(models)
@effort(500)
def test_any_dictionary(content: dict[str, Any]) -> None:
    check(content)


GOOD: dict[str, Any] = {
    "nodes": [
        {"id": "a", "type": "platform"},
        {"id": "b", "type": "product", "part_of": ["c"]},
        {"id": "c", "type": "product"},
    ],
    "edges": [
        {
            "source": "a",
            "receiver": "b",
            "strategy": "proportional_on",
            "parameters": {"metric": "m", "segment_filter": {"label": "x", "values": ["y"]}},
            "active_from": date(2024, 1, 1),
            "overrides": [
                {"strategy": "fixed_percent", "parameters": {"percent": Decimal("33.3")}}
            ],
        }
    ],
    "mapping": [{"when": {"all": [{"tag": "x", "in": ["y"]}]}, "node": "b", "dimension": "d"}],
}


@given(st.lists(st.tuples(st.lists(st.integers(0, 9), min_size=1, max_size=6), junk), max_size=2))
@effort(500)
def test_a_sound_model_with_something_replaced(changes: list[tuple[list[int], Any]]) -> None:
    content: Any = GOOD
    for path, value in changes:
        content = _replaced(content, path, value)
    check(content)


def _replaced(content: Any, path: list[int], value: Any) -> Any:
    if not path or not isinstance(content, dict | list) or not content:
        return value
    steps = list(content) if isinstance(content, dict) else list(range(len(content)))
    step = steps[path[0] % len(steps)]
    copy = dict(content) if isinstance(content, dict) else list(content)
    copy[step] = _replaced(content[step], path[1:], value)
    return copy


TEXT = """
currency: EUR
nodes:
  - {id: a, type: platform, labels: {team: core}}
  - {id: b, type: product, part_of: [c]}
  - {id: c, type: product}
edges:
  - source: a
    receiver: [b]
    strategy: proportional_on
    parameters: {metric: m, segment_filter: {label: x, values: ["y"]}}
    active_from: 2024-01-01
    overrides:
      - {dimension: d, strategy: fixed_percent, parameters: {percent: 33.3}}
exchange_rates:
  - {from: USD, to: EUR, date: 2024-01-01, rate: "0.9"}
"""


@given(
    st.integers(0, len(TEXT)),
    st.integers(0, 6),
    st.text("abc:{}[]&*!|>-'\"\n\t #%@`,0123.", max_size=4),
)
@effort(400)
def test_a_sound_file_with_a_few_characters_replaced(start: int, length: int, new: str) -> None:
    text = TEXT[:start] + new + TEXT[start + length :]
    findings: list[Finding] = []
    content = read_yaml("m.yaml", text.encode(), findings)
    assert all(finding.where.file == "m.yaml" for finding in findings)
    if content is not None:
        check(content)


def test_what_is_sound_before_something_is_replaced_is_a_model() -> None:
    for content in (GOOD, read_yaml("m.yaml", TEXT.encode(), [])):
        assert len(Model.from_dict(content).edges) == 1


def test_a_file_of_junk_bytes(tmp_path: Path) -> None:
    (tmp_path / "apportion.yaml").write_bytes(bytes(range(256)) * 20)
    assert [finding.code for finding in validate(tmp_path)] == ["unreadable_file"]
