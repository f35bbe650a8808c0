"""The paths, one file a resource; each has a ``router``. ``RESOURCES`` is the list of them."""

from fastapi import APIRouter

from apportion.api.resources import (
    allocations,
    allowances,
    contributions,
    costs,
    debug,
    edges,
    health,
    hierarchy,
    infrastructure,
    ingest,
    metrics,
    model,
    node,
    nodes,
    products,
    ratings,
    runs,
    shares,
    strategies,
    warnings,
)

RESOURCES: tuple[APIRouter, ...] = (
    hierarchy.router,
    products.router,
    nodes.router,
    node.router,
    infrastructure.router,
    costs.router,
    edges.router,
    shares.router,
    allocations.router,
    contributions.router,
    warnings.router,
    debug.router,
    model.router,
    strategies.router,
    ingest.router,
    runs.router,
    ratings.router,
    allowances.router,
    health.router,
    metrics.router,
)
"""All of them, in the order in which the documentation shows them."""
