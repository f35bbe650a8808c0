"""The layouts of a statement."""

from enum import StrEnum


class Layout(StrEnum):
    """How a statement is written."""

    HTML = "html"
    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
