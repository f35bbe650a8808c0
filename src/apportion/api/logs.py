"""The server's log: one JSON object a line, to stderr."""

import logging
import sys
import time

from pythonjsonlogger.json import JsonFormatter

_FIELDS = "%(asctime)s %(levelname)s %(name)s %(message)s"
_NAMES = {"asctime": "time", "levelname": "level", "name": "logger"}


def start_logging() -> None:
    """Send all records of this process to stderr, as JSON, moments in UTC."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = JsonFormatter(_FIELDS, rename_fields=_NAMES, json_ensure_ascii=True)
    formatter.default_msec_format = "%s.%03dZ"
    formatter.converter = _utc
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error", "apportion"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    # The log of requests says the same and more.
    logging.getLogger("uvicorn.access").disabled = True


def _utc(seconds: float | None) -> time.struct_time:
    return time.gmtime(seconds)
