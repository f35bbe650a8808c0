"""The paths, one file a resource; each has a ``router``. ``RESOURCES`` is the list of them."""

from fastapi import APIRouter

from apportion.api.resources import (
    allocations,
    allowances,
    billing_service,
    contributions,
    costs,
    debug,
    deliveries,
    edges,
    health,
    hierarchy,
    infrastructure,
    ingest,
    lines,
    margin,
    metrics,
    model,
    node,
    nodes,
    products,
    ratings,
    runs,
    shares,
    statements,
    strategies,
    usage,
    usage_platform,
    warnings,
)

RESOURCES: tuple[APIRouter, ...] = (
    hierarchy.router,
    products.router,
    nodes.router,
    lines.router,
    node.router,
    infrastructure.router,
    costs.router,
    edges.router,
    shares.router,
    allocations.router,
    contributions.router,
    warnings.router,
    debug.router,
    usage.router,
    usage_platform.router,
    statements.router,
    margin.router,
    model.router,
    strategies.router,
    ingest.router,
    deliveries.router,
    runs.router,
    ratings.router,
    allowances.router,
    health.router,
    metrics.router,
)
"""All of them, in the order in which the documentation shows them."""

ROOT_RESOURCES: tuple[APIRouter, ...] = (billing_service.router,)
"""Those whose paths stand at the root, as other programs know them."""
