"""The paths, one file a resource; each has a ``router``. ``RESOURCES`` is the list of them."""

from fastapi import APIRouter

from apportion.api.resources import health, metrics, nodes

RESOURCES: tuple[APIRouter, ...] = (
    nodes.router,
    health.router,
    metrics.router,
)
"""All of them, in the order in which the documentation shows them."""
