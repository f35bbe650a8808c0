"""The paths, one file a resource; each has a ``router``. ``RESOURCES`` is the list of them."""

from fastapi import APIRouter

from apportion.api.resources import (
    allocations,
    allowances,
    contributions,
    debug,
    edges,
    health,
    ingest,
    metrics,
    model,
    nodes,
    products,
    ratings,
    runs,
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
    ingest.router,
    runs.router,
    ratings.router,
    allowances.router,
    health.router,
    metrics.router,
)
"""All of them, in the order in which the documentation shows them."""
