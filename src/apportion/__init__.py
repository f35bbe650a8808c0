"""Apportion: what each product really costs, and what each customer owes, in one exact ledger.

The public names. Each is imported when first used, so that ``import apportion`` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apportion.client import Client
    from apportion.findings import (
        ApportionError,
        Finding,
        IngestError,
        LedgerError,
        ModelError,
        RunError,
        UsageError,
    )
    from apportion.model import Model, load_model
    from apportion.pipeline import attribute
    from apportion.rating.charges import Charges, rate
    from apportion.reconcile.reconciliation import Reconciliation
    from apportion.result import Result
    from apportion.workspace import Workspace

__version__ = "0.1.0"

_HOMES = {
    "ApportionError": "apportion.findings",
    "Charges": "apportion.rating.charges",
    "Client": "apportion.client",
    "Finding": "apportion.findings",
    "IngestError": "apportion.findings",
    "LedgerError": "apportion.findings",
    "Model": "apportion.model",
    "ModelError": "apportion.findings",
    "Reconciliation": "apportion.reconcile.reconciliation",
    "Result": "apportion.result",
    "RunError": "apportion.findings",
    "UsageError": "apportion.findings",
    "Workspace": "apportion.workspace",
    "attribute": "apportion.pipeline",
    "load_model": "apportion.model",
    "rate": "apportion.rating.charges",
}

__all__ = [
    "ApportionError",
    "Charges",
    "Client",
    "Finding",
    "IngestError",
    "LedgerError",
    "Model",
    "ModelError",
    "Reconciliation",
    "Result",
    "RunError",
    "UsageError",
    "Workspace",
    "attribute",
    "load_model",
    "rate",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'apportion' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names, for completion."""
    return [*__all__, "__version__"]
