"""A metric's id has one rule; two would leave open what its points mean."""

from collections.abc import Iterable

from apportion.findings import Finding
from apportion.model.declared import Declared
from apportion.model.types import MetricRule

NAME = "duplicate-metrics"


def check(model: Declared) -> Iterable[Finding]:
    """Find metrics with more than one rule."""
    first: dict[str, MetricRule] = {}
    for rule in model.metrics:
        if (known := first.setdefault(rule.id, rule)) is not rule:
            yield Finding(
                "duplicate_key",
                f"The metric {rule.id} has two rules; the first is at {known.where}.",
                rule.where,
                "Keep one of the two.",
                details={"metric": rule.id, "first": known.where},
            )
