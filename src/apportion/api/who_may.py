"""Who may ask what: one table of all paths. A path that does not stand in it is nobody's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from starlette.routing import compile_path

from apportion.access import Principal, Role, allows


@dataclass(frozen=True, slots=True)
class Need:
    """What it takes: a role, or None where anybody may, and whether a limited viewer may too.

    A viewer who is limited to products may ask only what is narrowed to them.
    """

    role: Role | None
    narrowed: bool = False


ANYBODY = Need(None)
VIEWER = Need(Role.VIEWER)
NARROWED_VIEWER = Need(Role.VIEWER, narrowed=True)
ANALYST = Need(Role.ANALYST)
ADMIN = Need(Role.ADMIN)

_API = "/api/v1"
_SERVICE = "/service/{service_id:path}/billing"
WHO_MAY: Mapping[tuple[str, str], Need] = MappingProxyType(
    {
        # What says nothing of the workspace
        ("GET", f"{_API}/health"): ANYBODY,
        ("GET", f"{_API}/ready"): ANYBODY,
        ("GET", f"{_API}/openapi.json"): ANYBODY,
        ("HEAD", f"{_API}/openapi.json"): ANYBODY,
        ("GET", "/api/docs"): ANYBODY,
        ("GET", "/api/docs/start.js"): ANYBODY,
        ("GET", "/api/docs/assets/{path:path}"): ANYBODY,
        ("HEAD", "/api/docs/assets/{path:path}"): ANYBODY,
        # What is narrowed to the products that a viewer is limited to
        ("GET", f"{_API}/products"): NARROWED_VIEWER,
        ("GET", f"{_API}/products/hierarchy"): NARROWED_VIEWER,
        ("GET", f"{_API}/nodes"): NARROWED_VIEWER,
        ("GET", f"{_API}/nodes/{{node_id:path}}/timeseries"): NARROWED_VIEWER,
        ("GET", f"{_API}/nodes/{{node_id:path}}/lines"): NARROWED_VIEWER,
        ("GET", f"{_API}/nodes/{{node_id:path}}"): NARROWED_VIEWER,
        ("GET", f"{_API}/costs/by-type"): NARROWED_VIEWER,
        ("GET", f"{_API}/costs/by-label"): NARROWED_VIEWER,
        ("GET", f"{_API}/allocations"): NARROWED_VIEWER,
        ("GET", f"{_API}/contributions"): NARROWED_VIEWER,
        ("GET", f"{_API}/strategies"): NARROWED_VIEWER,
        ("GET", f"{_API}/strategies/{{name}}"): NARROWED_VIEWER,
        ("GET", f"{_API}/usage/accounts/{{account:path}}/monthly"): NARROWED_VIEWER,
        ("GET", f"{_API}/usage/accounts/{{account:path}}/yearly"): NARROWED_VIEWER,
        ("GET", f"{_API}/usage/organisations/{{organisation:path}}"): NARROWED_VIEWER,
        ("GET", f"{_API}/usage/platform/daily"): NARROWED_VIEWER,
        ("GET", f"{_API}/usage/platform/providers"): NARROWED_VIEWER,
        ("GET", f"{_API}/usage/platform/accounts"): NARROWED_VIEWER,
        ("GET", f"{_API}/usage/platform/charges"): NARROWED_VIEWER,
        ("GET", f"{_API}/usage/changes"): NARROWED_VIEWER,
        ("GET", f"{_API}/usage/rows"): NARROWED_VIEWER,
        ("GET", f"{_API}/statements/{{account:path}}"): NARROWED_VIEWER,
        ("GET", f"{_API}/margin"): NARROWED_VIEWER,
        ("GET", f"{_API}/allowances"): NARROWED_VIEWER,
        ("GET", f"{_SERVICE}/monthly-usage"): NARROWED_VIEWER,
        ("GET", f"{_SERVICE}/yearly-usage-summary"): NARROWED_VIEWER,
        ("GET", f"{_SERVICE}/free-sms-fragment-limit"): NARROWED_VIEWER,
        # What tells of everybody
        ("GET", f"{_API}/infrastructure"): VIEWER,
        ("GET", f"{_API}/edges"): VIEWER,
        ("GET", f"{_API}/shares"): VIEWER,
        ("GET", f"{_API}/warnings"): VIEWER,
        ("GET", f"{_API}/debug/reconciliation"): VIEWER,
        ("GET", f"{_API}/model"): VIEWER,
        ("GET", f"{_API}/model/findings"): VIEWER,
        ("GET", f"{_API}/model/versions"): VIEWER,
        ("GET", f"{_API}/metrics"): VIEWER,
        ("GET", f"{_API}/runs"): VIEWER,
        ("GET", f"{_API}/runs/{{run_id}}"): VIEWER,
        ("GET", f"{_API}/runs/{{run_id}}/events"): VIEWER,
        ("GET", f"{_API}/ratings"): VIEWER,
        ("GET", f"{_API}/deliveries"): VIEWER,
        ("GET", f"{_API}/deliveries/{{delivery_id}}"): VIEWER,
        # What changes something
        ("POST", f"{_API}/ingest/costs"): ANALYST,
        ("POST", f"{_API}/ingest/usage"): ANALYST,
        ("POST", f"{_API}/ingest/metrics"): ANALYST,
        ("POST", f"{_API}/deliveries/{{delivery_id}}/withdrawal"): ANALYST,
        ("POST", f"{_API}/deliveries/{{delivery_id}}/restoration"): ANALYST,
        ("POST", f"{_API}/runs"): ANALYST,
        ("POST", f"{_API}/ratings"): ANALYST,
        ("POST", f"{_API}/allowances"): ANALYST,
        ("POST", f"{_SERVICE}/free-sms-fragment-limit"): ANALYST,
        ("PUT", f"{_API}/model"): ADMIN,
    }
)
"""By method and path, as the resources declare them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for: what that takes, or which methods there are instead."""

    need: Need | None
    methods: tuple[str, ...]


def asked(method: str, path: str) -> Asked:
    """What a method and a path take. Of a path that nobody may ask there are no methods."""
    found = _FIXED.get(path)
    if found is None:
        found = next((needs for pattern, needs in _VARYING if pattern.match(path)), {})
    return Asked(found.get(method), tuple(sorted(found)))


def why_not(need: Need, principal: Principal) -> str:
    """Why somebody may not, or nothing where they may."""
    if need.role is None:
        return ""
    if not allows(principal.role, need.role):
        return f"This needs the role {need.role}."
    if principal.products is not None and not need.narrowed:
        return "A viewer who is limited to products may not ask this: it tells of all of them."
    return ""


_Needs = dict[str, Need]


def _by_path() -> tuple[dict[str, _Needs], list[tuple[re.Pattern[str], _Needs]]]:
    paths: dict[str, _Needs] = {}
    for (method, path), need in WHO_MAY.items():
        paths.setdefault(path, {})[method] = need
    fixed = {path: needs for path, needs in paths.items() if "{" not in path}
    varying = [(compile_path(path)[0], needs) for path, needs in paths.items() if "{" in path]
    return fixed, varying


_FIXED, _VARYING = _by_path()
