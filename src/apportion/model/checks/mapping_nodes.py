"""A mapping rule that names a node outright should name a declared one.

Costs on an undeclared node make a run fail, but only once a line has matched the rule, so it is a
warning. Nodes made from a column or tag are known only when bills are read.
"""

from collections.abc import Iterable

from apportion.findings import Finding, Severity
from apportion.model.declared import Declared
from apportion.model.spelling import did_you_mean
from apportion.model.templates import parse_template
from apportion.model.types import MappingRule, MetricNodeRule

NAME = "mapping-nodes"

_UNMAPPED = "unmapped:"


def check(model: Declared) -> Iterable[Finding]:
    """Warn of rules with a fixed node that the model lacks."""
    rules: tuple[MappingRule | MetricNodeRule, ...] = (*model.mapping, *model.metric_nodes)
    for rule in rules:
        parts = parse_template(rule.node)
        name = parts[0].text
        if len(parts) > 1 or parts[0].space or name.startswith(_UNMAPPED):
            continue
        if name not in model.index and name not in model.doubtful_nodes:
            yield Finding(
                "unknown_node",
                f"A mapping rule names the node {name!r}, which is not declared.",
                rule.where,
                did_you_mean(name, model.index) or "Declare it under nodes.",
                Severity.WARNING,
                details={"node": name},
            )
