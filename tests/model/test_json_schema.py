"""The schemas that editors use: they know every key, and take and refuse what ``validate`` does."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from apportion.findings import Finding
from apportion.model.build import LIST_KINDS
from apportion.model.json_schema import examples_schema, model_schema
from apportion.model.kinds import settings
from apportion.model.read_yaml import read_yaml

ROOT = Path(__file__).resolve().parents[2]
INIT = ROOT / "src/apportion/templates/init"
MODELS = sorted([*ROOT.glob("examples/*/apportion.yaml"), *ROOT.glob("examples/*/model/*.yaml")])
EXAMPLES = sorted([*ROOT.glob("examples/*/examples/*.yaml"), *ROOT.glob("tests/examples/*.yaml")])


class AsEditorsRead(yaml.SafeLoader):
    """YAML 1.2, in which a day is text."""


AsEditorsRead.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in each if tag != "tag:yaml.org,2002:timestamp"]
    for first, each in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def complaints(schema: object, text: str) -> list[str]:
    validator = jsonschema.Draft7Validator(schema)
    document = yaml.load(text, AsEditorsRead)
    return [
        f"{list(each.absolute_path)}: {each.message}" for each in validator.iter_errors(document)
    ]


@pytest.mark.parametrize(
    "file", [*MODELS, INIT / "apportion.yaml", INIT / "model/company.yaml"], ids=str
)
def test_it_takes_what_is_right(file: Path) -> None:
    assert complaints(model_schema(), file.read_text(encoding="utf-8")) == []


def test_it_takes_what_stands_in_comments_of_a_new_workspace() -> None:
    text = (INIT / "apportion.yaml").read_text(encoding="utf-8")
    commented = re.findall(r"^# (?=[a-z_]+: )(.*(?:\n#   .*)*)$", text, re.MULTILINE)
    assert len(commented) >= 7
    for line in commented:
        assert complaints(model_schema(), line.replace("\n#", "\n")) == [], line


@pytest.mark.parametrize("key", settings.LISTS)
@pytest.mark.parametrize("value", ['["null", sent]', "sent", "[]"])
def test_it_takes_words_as_the_program_does(key: str, value: str) -> None:
    text = f"{key}: {value}"
    findings: list[Finding] = []
    settings.build_settings(read_yaml("", text.encode(), findings), findings)
    assert findings == []
    assert complaints(model_schema(), text) == []


@pytest.mark.parametrize("file", [*EXAMPLES, INIT / "examples/who_pays_what.yaml"], ids=str)
def test_it_takes_examples(file: Path) -> None:
    found = complaints(examples_schema(), file.read_text(encoding="utf-8"))
    # Some examples show what a wrong model is answered.
    assert all("'given', 'model'" in each for each in found)


def test_there_is_something_to_take() -> None:
    assert len(MODELS) >= 6
    assert len(EXAMPLES) >= 30


def test_every_kind_of_list_and_every_key_is_in_it() -> None:
    properties = model_schema()["properties"]
    for name, kind in LIST_KINDS.items():
        assert properties[name]["items"]["properties"].keys() == kind.shape.keys
        assert all(each["description"] for each in properties[name]["items"]["properties"].values())


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("currencyy: USD", "currencyy"),
        ("null_words: [5]", "5"),
        ("nodes: [{id: a, type: produkt}]", "produkt"),
        ("nodes: [{id: a}]", "'type' is a required property"),
        ("nodes: [{id: a, type: product, partof: b}]", "partof"),
        ("nodes: [{id: a, type: product, archived_on: soon}]", "soon"),
        ("edges: [{source: a, receiver: b, strategy: equall}]", "equall"),
        ("edges: [{source: a, receiver: b, strategy: equal, parameters: {metric: x}}]", "metric"),
        (
            (
                "edges: [{source: a, receiver: b, strategy: proportional_on, parameters: "
                "{metric: x, segment_filter: {label: env, operator: inn, values: [a]}}}]"
            ),
            "inn",
        ),
        ("edges: [{source: a, receiver: b, strategy: equal, on_zero_usage: never}]", "never"),
        (
            "edges: [{source: a, receiver: b, strategy: equal, overrides: [{strategy: half}]}]",
            "half",
        ),
        ("rates: [{channel: sms, valid_from: 2023-04-01, rate: [1]}]", "[1]"),
    ],
)
def test_it_underlines_what_is_wrong(text: str, where: str) -> None:
    (found,) = complaints(model_schema(), text)
    assert where in found
