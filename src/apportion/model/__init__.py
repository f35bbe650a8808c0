"""What people declare: nodes, edges, strategies, windows, rates and rules, proven before use.

The way of a model, each step a module:

- ``files`` finds the files of a workspace; ``read_yaml`` and ``read_tables`` read them into
  plain values that know their place (``raw``); ``gather`` brings them together.
- ``build`` makes records (``types``) of them, one file a kind of list in ``kinds``; ``fields`` and
  ``values`` read single keys, ``conditions``, ``templates`` and ``strategy_uses`` their content.
- ``declared`` holds the records; ``graph``, ``days``, ``windows`` and ``paths`` look at edges as
  arrays, over days, and as ways through the graph.
- ``checks`` holds one file for each thing that can be wrong with the whole.
- ``model`` is the proven result; ``canonical`` its plain form and digest.

Every step adds findings and goes on, so that people see all problems at once.
"""

from apportion.model.billing import (
    Account,
    Allowance,
    Channel,
    DefaultAllowance,
    Organisation,
    OrganisationType,
    Rate,
)
from apportion.model.model import Model, load_model, validate
from apportion.model.types import (
    Condition,
    Edge,
    ExchangeRate,
    MappingRule,
    MetricNodeRule,
    MetricRule,
    Node,
    NodeType,
    OnZeroUsage,
    Override,
    Settings,
    StrategyUse,
)
from apportion.model.windows import Epoch, epochs

__all__ = [
    "Account",
    "Allowance",
    "Channel",
    "Condition",
    "DefaultAllowance",
    "Edge",
    "Epoch",
    "ExchangeRate",
    "MappingRule",
    "MetricNodeRule",
    "MetricRule",
    "Model",
    "Node",
    "NodeType",
    "OnZeroUsage",
    "Organisation",
    "OrganisationType",
    "Override",
    "Rate",
    "Settings",
    "StrategyUse",
    "epochs",
    "load_model",
    "validate",
]
