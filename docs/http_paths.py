"""The page about the HTTP API, from its OpenAPI document."""

from typing import Any

from apportion.api.application import application
from apportion.serve_settings import ServeSettings
from markdown_table import table

NOTE = (
    "The server describes itself at `/api/docs`, and for programs at `/api/v1/openapi.json`. "
    "Amounts are decimal texts. Where a path has several formats, the header `Accept` or the "
    "parameter `format` (`json`, `csv`, `arrow`, `parquet`) says which. An answer that is cut into "
    "pages names the cursor of the next as `next`. Errors are problem details (RFC 9457) whose "
    "`findings` are those of the [messages](messages.md)."
)
_USUAL = {
    "start_date",
    "end_date",
    "currency",
    "run",
    "limit",
    "cursor",
    "format",
    "nodes",
    "dimensions",
}
_USUAL_NOTE = "Parameters that many paths share; below they are only named."


def http() -> str:
    """Every path of the HTTP API with its parameters."""
    paths: dict[str, dict[str, Any]] = application(ServeSettings("any")).openapi()["paths"]
    known: dict[str, dict[str, Any]] = {}
    for methods in paths.values():
        for operation in methods.values():
            for each in operation.get("parameters", []):
                known.setdefault(each["name"], each)
    usual = [[f"`{name}`", _meaning(known[name])] for name in known if name in _USUAL]
    parts = ["# HTTP", NOTE, _USUAL_NOTE, table(("parameter", "meaning"), sorted(usual))]
    for path, methods in sorted(paths.items()):
        for method, operation in methods.items():
            parts.append(_operation(path, method, operation))
    return "\n\n".join(parts)


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    lines = [f"## {method.upper()} {path}", operation.get("description", "")]
    parameters = operation.get("parameters", [])
    shared = [f"`{each['name']}`" for each in parameters if each["name"] in _USUAL]
    own = [each for each in parameters if each["name"] not in _USUAL]
    if shared:
        lines.append(f"Takes {', '.join(shared)}.")
    if own:
        rows = [[f"`{each['name']}`", _meaning(each)] for each in own]
        lines.append(table(("parameter", "meaning"), rows))
    return "\n\n".join(line for line in lines if line)


def _meaning(parameter: dict[str, Any]) -> str:
    said: str = parameter.get("description", "") or f"Part of the {parameter['in']}."
    return f"{said} Required." if parameter.get("required") and parameter["in"] == "query" else said
