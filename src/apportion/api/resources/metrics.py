"""What the server counts, for a system that watches it."""

from fastapi import APIRouter
from starlette.responses import Response

from apportion.api.metrics import open_metrics

router = APIRouter(tags=["server"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"application/openmetrics-text": {"schema": {"type": "string"}}}}},
)
def get_metrics() -> Response:
    """Requests, how long they took, and remembered answers, of all workers, as OpenMetrics."""
    body, media_type = open_metrics()
    return Response(body, headers={"Cache-Control": "no-store"}, media_type=media_type)
