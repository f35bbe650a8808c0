"""Logging of what happens along the way, to stderr, through the standard library."""

import logging
import sys
from enum import StrEnum

TRACE = 5
"""Below DEBUG: every share that is computed."""

LOGGER = logging.getLogger("apportion")


class LogLevel(StrEnum):
    """How much is logged."""

    TRACE = "trace"
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"


class _Visible(logging.Formatter):
    """One line a record, with control characters made visible: names are data."""

    def format(self, record: logging.LogRecord) -> str:
        from apportion.cli.names import shown_name

        return shown_name(super().format(record))


def start_logging(level: LogLevel) -> None:
    """Send the records of Apportion's logger to stderr, from ``level`` up."""
    logging.addLevelName(TRACE, "TRACE")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Visible("%(levelname)s %(name)s: %(message)s"))
    LOGGER.handlers = [handler]
    LOGGER.propagate = False
    LOGGER.setLevel(TRACE if level is LogLevel.TRACE else level.upper())
