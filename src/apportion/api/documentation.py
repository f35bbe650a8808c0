"""The OpenAPI document, and a page that shows it without reaching for anything elsewhere."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from apportion.api.problems import FindingData, Problem, documented
from apportion.api.who_may import WHO_MAY, Need

WHAT_IT_IS = (
    "What each product really costs, and what each customer owes, in one exact ledger. Amounts are "
    "decimal texts. Errors are problem details (RFC 9457) with findings: a code, what is wrong, "
    "where, and how to mend it. A query parameter that a path does not take is refused with 422."
)
PAGE = "/api/docs"
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token of `apportion token create`, or of the issuer that the server trusts. "
    "A server that is open to its own machine takes requests without one.",
}
_ANYWHERE = documented(401, 403, 408, 413, 414, 422, 429, 503)

_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Apportion: the API</title>
<link rel="stylesheet" href="/api/docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/docs/assets/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/api/v1/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null
});
"""


def add(app: FastAPI) -> None:
    """Add the page, and let the document say of every path which problems it may answer with."""

    @app.get(PAGE, include_in_schema=False)
    async def get_page() -> Response:
        return HTMLResponse(_HTML)

    @app.get(f"{PAGE}/start.js", include_in_schema=False)
    async def get_start() -> Response:
        return Response(_START, media_type="text/javascript")

    app.mount(f"{PAGE}/assets", StaticFiles(packages=[("fastapi_offline", "static")]))

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


_NEEDS = {(method, path.replace(":path}", "}")): need for (method, path), need in WHO_MAY.items()}
"""By the paths as OpenAPI writes them."""


def _tell_need(operation: dict[str, Any], need: Need) -> None:
    if need.role is None:
        return
    operation["security"] = [{"token": []}]
    limited = ", who may be limited to products" if need.narrowed else ""
    said = f"It takes the role {need.role}{limited}."
    operation["description"] = f"{operation.get('description', '')}\n\n{said}".strip()


def _document(app: FastAPI) -> dict[str, Any]:
    said = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas = said.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    template = "#/components/schemas/{model}"
    for model in (Problem, FindingData):
        schema = model.model_json_schema(ref_template=template)
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    said["components"]["securitySchemes"] = {"token": _TOKEN}
    for path, operations in said["paths"].items():
        for method, operation in operations.items():
            _tell_need(operation, _NEEDS[method.upper(), path])
            answers = operation["responses"]
            for status, problem in _ANYWHERE.items():
                if status == 422 or str(status) not in answers:
                    answers[str(status)] = problem
    return said
