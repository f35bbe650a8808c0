"""The layouts of a statement, and what is printed in each of them beside its figures."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Layout(StrEnum):
    """How a statement is written."""

    HTML = "html"
    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Issued:
    """Who issues a statement, and the rating that its figures are of."""

    company: str
    rating: str
    at: datetime
