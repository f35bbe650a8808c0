"""The named checks of a model, in the order in which they run.

A check is a module: a docstring that says why, ``NAME`` and ``check(model)``, which gives
findings. To add one, write the file and add it to ``CHECKS``.
"""

from collections.abc import Iterable
from typing import Protocol

from apportion.findings import Finding
from apportion.model.checks import (
    allowances,
    conflicting_rest,
    cycles,
    dead_ends,
    direction,
    duplicate_billing,
    duplicate_metrics,
    duplicate_nodes,
    exchange_rates,
    fixed_shares,
    hierarchy,
    inverted_windows,
    mapping_nodes,
    overlapping_windows,
    rates,
    scale,
    self_loops,
    settings,
    unknown_billing,
    unknown_nodes,
    unpaid_products,
)
from apportion.model.declared import Declared


class Check(Protocol):
    """What a module of this package holds."""

    @property
    def NAME(self) -> str:  # noqa: N802
        """What people call the check."""

    def check(self, model: Declared, /) -> Iterable[Finding]:
        """Give what is wrong."""


CHECKS: tuple[Check, ...] = (
    settings,
    duplicate_nodes,
    duplicate_metrics,
    unknown_nodes,
    mapping_nodes,
    hierarchy,
    self_loops,
    inverted_windows,
    overlapping_windows,
    direction,
    cycles,
    fixed_shares,
    exchange_rates,
    scale,
    conflicting_rest,
    unpaid_products,
    dead_ends,
    duplicate_billing,
    unknown_billing,
    rates,
    allowances,
)


def run_checks(model: Declared) -> list[Finding]:
    """The findings of all checks."""
    return [finding for check in CHECKS for finding in check.check(model)]
