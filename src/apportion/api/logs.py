"""The server's log, to stderr: one JSON object a line, and on a terminal one sentence a line."""

import logging
import sys
import time

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from apportion.findings import visible

_FIELDS = "%(asctime)s %(levelname)s %(name)s %(message)s"
_NAMES = {"asctime": "time", "levelname": "level", "name": "logger"}
_WITH_COLOUR = "color_message"
_TIME = "%Y-%m-%dT%H:%M:%S"


def start_logging() -> None:
    """Send all records of this process to stderr, moments in UTC."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_for_people() if sys.stderr.isatty() else _for_programs())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error", "apportion"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    # The log of requests says the same and more.
    logging.getLogger("uvicorn.access").disabled = True


def _for_programs() -> logging.Formatter:
    formatter = JsonFormatter(
        _FIELDS,
        rename_fields=_NAMES,
        json_ensure_ascii=True,
        reserved_attrs=[*RESERVED_ATTRS, _WITH_COLOUR],
    )
    formatter.default_time_format = _TIME
    formatter.default_msec_format = "%s.%03dZ"
    formatter.converter = _utc
    return formatter


class _Visible(logging.Formatter):
    """One line a record, with control characters made visible: addresses are data."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def _for_people() -> logging.Formatter:
    formatter = _Visible("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    formatter.converter = _utc
    return formatter


def _utc(seconds: float | None) -> time.struct_time:
    return time.gmtime(seconds)
