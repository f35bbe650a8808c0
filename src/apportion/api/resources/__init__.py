"""The paths, one file a resource; each has a ``router``. ``RESOURCES`` is the list of them."""

from fastapi import APIRouter

from apportion.api.resources import (
    allocations,
    contributions,
    debug,
    edges,
    health,
    metrics,
    model,
    nodes,
    products,
    shares,
    strategies,
    warnings,
)

RESOURCES: tuple[APIRouter, ...] = (
    products.router,
    nodes.router,
    edges.router,
    shares.router,
    allocations.router,
    contributions.router,
    warnings.router,
    debug.router,
    model.router,
    strategies.router,
    health.router,
    metrics.router,
)
"""All of them, in the order in which the documentation shows them."""
