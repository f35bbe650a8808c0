"""Answers that stand for all deliveries of an issuer or a source, and its other names."""

import apportion as ap
from apportion.model.canonical import digest, flow_digest, to_dict
from apportion.model.types import StandingAnswer

SETTINGS = {
    "deliveries": [
        {"issuer": "Oracle", "mode": "append"},
        {"source": "crayon", "mode": "replace"},
    ],
    "issuer_aliases": {"AWS": ["Amazon EMEA"], "Microsoft": "Azure GmbH"},
}
NODES = [{"id": "a", "type": "resource"}]


def test_what_is_declared_is_read_and_written_again() -> None:
    model = ap.Model.from_dict({"nodes": NODES, **SETTINGS})
    assert model.settings.deliveries == (
        StandingAnswer("Oracle", "", "append"),
        StandingAnswer("", "crayon", "replace"),
    )
    assert model.settings.issuer_aliases == {"AWS": ("Amazon EMEA",), "Microsoft": ("Azure GmbH",)}
    assert ap.Model.from_dict(to_dict(model)).settings == model.settings


def test_no_figure_of_a_run_depends_on_it() -> None:
    plain = ap.Model.from_dict({"nodes": NODES})
    told = ap.Model.from_dict({"nodes": NODES, **SETTINGS})
    assert flow_digest(plain) == flow_digest(told)
    assert digest(plain) != digest(told)
