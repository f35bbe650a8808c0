"""The digest names the content: any order, any way of writing, but no other content."""

import json
import random
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from apportion.model import Model
from effort import effort

names = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=8)
days = st.none() | st.integers(0, 400).map(lambda count: date(2024, 1, 1) + timedelta(days=count))
percent = st.decimals(0, 20, places=3)
filters = st.fixed_dictionaries(
    {"label": names, "operator": st.sampled_from(["in", "not_in"])},
    optional={},
).flatmap(
    lambda known: st.lists(names, min_size=1, max_size=3).map(lambda v: {**known, "values": v})
)
uses = st.one_of(
    st.just({"strategy": "equal"}),
    st.just({"strategy": "remainder", "parameters": {}}),
    st.builds(lambda p: {"strategy": "fixed_percent", "parameters": {"percent": p}}, percent),
    st.builds(
        lambda metric, use_filter: {
            "strategy": "proportional_on",
            "parameters": {"metric": metric, "segment_filter": use_filter},
        },
        names,
        st.none() | filters,
    ),
    st.builds(
        lambda metric, count, decay: {
            "strategy": "weighted_average",
            "parameters": {"metric": metric, "window_days": count, "decay": decay},
        },
        names,
        st.integers(1, 30),
        st.sampled_from(["0.5", "1", "1.0", 0.25]),
    ),
)


@st.composite
def models(draw: st.DrawFn) -> dict[str, Any]:
    ids = sorted(draw(st.sets(names, min_size=1, max_size=6)))
    kinds = ["resource", "shared", "platform", "product"]
    cut = draw(st.integers(0, len(ids)))
    nodes = [
        {
            "id": name,
            "type": "product" if place >= cut else draw(st.sampled_from(kinds[:3])),
            "name": draw(names),
            "labels": draw(st.dictionaries(names, names, max_size=2)),
            "archived_on": draw(days),
        }
        for place, name in enumerate(ids)
    ]
    pairs = [(a, b) for place, a in enumerate(ids) for b in ids[place + 1 :]]
    edges = []
    for source, receiver in pairs:
        if not draw(st.booleans()):
            continue
        first = draw(days)
        edges.append(
            {
                "source": source,
                "receiver": receiver,
                **draw(uses),
                "active_from": first,
                "active_to": None if first is None else first + timedelta(days=draw(small)),
                "on_zero_usage": draw(st.none() | st.sampled_from(["equal", "retain", "error"])),
                "overrides": [
                    {"dimension": dimension, **draw(uses)}
                    for dimension in draw(st.sets(st.none() | names, max_size=2))
                ],
            }
        )
    rates = [
        {"from": "EUR", "to": "USD", "date": day, "rate": draw(percent) + 1}
        for day in draw(st.sets(days.filter(bool), max_size=3))
    ]
    return {"nodes": nodes, "edges": edges, "exchange_rates": rates, "scale": draw(scales)}


small = st.integers(0, 90)
scales = st.integers(2, 9)


@given(models())
@effort(200)
def test_written_and_read_again_it_is_the_same_model(content: dict[str, Any]) -> None:
    model = Model.from_dict(content)
    again = Model.from_dict(json.loads(json.dumps(model.to_dict())))
    assert again.digest == model.digest
    assert again.to_dict() == model.to_dict()
    assert again.edges == model.edges
    assert again.nodes == model.nodes


@given(models(), st.randoms(use_true_random=False))
@effort(100)
def test_no_order_matters(content: dict[str, Any], chance: random.Random) -> None:
    model = Model.from_dict(content)

    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            items = [(key, shuffled(part)) for key, part in value.items()]
            chance.shuffle(items)
            return dict(items)
        if isinstance(value, list) and not all(isinstance(part, str) for part in value):
            parts = [shuffled(part) for part in value]
            chance.shuffle(parts)
            return parts
        return value

    other = Model.from_dict(shuffled(content))
    assert other.digest == model.digest
    assert (other.nodes, other.edges) == (model.nodes, model.edges)


def small_model(**changes: Any) -> dict[str, Any]:
    edge = {
        "source": "eks",
        "receiver": "checkout",
        "strategy": "weighted_average",
        "parameters": {"metric": "cpu", **changes.pop("parameters", {})},
        **changes.pop("edge", {}),
    }
    nodes = [
        {"id": "eks", "type": "platform", **changes.pop("node", {})},
        {"id": "checkout", "type": "product"},
    ]
    return {"nodes": nodes, "edges": [edge], **changes}


def digest(**changes: Any) -> str:
    return Model.from_dict(small_model(**changes)).digest


def test_what_means_the_same_has_the_same_digest() -> None:
    same = [
        digest(),
        digest(parameters={"window_days": 7}),
        digest(parameters={"decay": "1.000"}),
        digest(parameters={"segment_filter": None}),
        digest(edge={"overrides": [], "active_from": None}),
        digest(node={"name": "", "labels": {}, "infrastructure": False}),
        digest(settings={"scale": 9}),
        digest(mapping=[]),
    ]
    assert len(set(same)) == 1


def test_what_means_something_else_has_another_digest() -> None:
    one, two = ({"node": "a", "dimension": "d"}, {"node": "b", "dimension": "d"})
    different = [
        digest(),
        digest(parameters={"window_days": 8}),
        digest(parameters={"metric": "ram"}),
        digest(parameters={"segment_filter": {"label": "a", "values": ["b"]}}),
        digest(edge={"active_from": "2024-01-01"}),
        digest(edge={"active_to": "2024-01-01"}),
        digest(edge={"on_zero_usage": "equal"}),
        digest(edge={"overrides": [{"strategy": "equal"}]}),
        digest(edge={"overrides": [{"strategy": "equal", "dimension": "x"}]}),
        digest(node={"name": "EKS"}),
        digest(node={"type": "shared"}),
        digest(node={"labels": {"a": "b"}}),
        digest(node={"archived_on": "2030-01-01"}),
        digest(currency="USD"),
        digest(scale=8),
        digest(residual="unallocated"),
        digest(mapping=[one, two]),
        digest(mapping=[two, one]),
        digest(metrics=[{"id": "a", "name": "b"}]),
        digest(metric_nodes=[{"node": "a"}]),
        digest(exchange_rates=[{"from": "EUR", "to": "USD", "date": "2024-01-01", "rate": 1}]),
    ]
    assert len(set(different)) == len(different)


def test_the_digest_is_stable_over_releases() -> None:
    assert digest() == "abea812be95c851c6b555fd4bc894d601fb496c8bf03018668c4f40df430c938"
