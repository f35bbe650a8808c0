"""A small company whose every figure can be followed on paper.

On both days eks gives 60 to checkout and 30 to tools, which has 5 itself and gives all to search;
db is a credit that goes to search. On the second day checkout gives 40 % of its 70 to retail.
"""

from datetime import date
from decimal import Decimal
from typing import Any

FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)

MODEL = {
    "currency": "USD",
    "scale": 2,
    "nodes": [
        {"id": "eks", "type": "platform", "name": "EKS", "labels": {"team": "core"}},
        {"id": "db", "type": "shared", "labels": {"team": "data"}},
        {"id": "idle", "type": "resource", "labels": {"team": "core"}},
        {"id": "tools", "type": "product", "infrastructure": True, "labels": {"team": "core"}},
        {"id": "checkout", "type": "product", "name": "Checkout", "part_of": ["retail"]},
        {"id": "search", "type": "product", "part_of": ["retail", "labs"]},
        {"id": "retail", "type": "product", "labels": {"team": ""}},
        {"id": "labs", "type": "product"},
    ],
    "edges": [
        {
            "source": "eks",
            "receiver": "checkout",
            "strategy": "fixed_percent",
            "parameters": {"percent": 60},
        },
        {
            "source": "eks",
            "receiver": "tools",
            "strategy": "fixed_percent",
            "parameters": {"percent": 30},
        },
        {"source": "tools", "receiver": "search", "strategy": "equal"},
        {"source": "db", "receiver": "search", "strategy": "equal"},
        {
            "source": "checkout",
            "receiver": "retail",
            "strategy": "fixed_percent",
            "parameters": {"percent": 40},
            "active_from": "2024-01-02",
        },
    ],
}

COSTS = """
    eks          2024-01-01 compute 100.00
    tools        2024-01-01 compute   5.00
    checkout     2024-01-01 compute  10.00
    db           2024-01-01 compute -20.00
    db           2024-01-01 storage   4.00
    idle         2024-01-01 compute   3.00
    unmapped:aws 2024-01-01 compute   7.00
    eks          2024-01-02 compute 100.00
    tools        2024-01-02 compute   5.00
    checkout     2024-01-02 compute  10.00
    db           2024-01-02 compute -20.00
    idle         2024-01-02 compute   3.00
    unmapped:aws 2024-01-02 compute   7.00
"""


def texts(record: Any) -> Any:
    """Amounts as texts, which read better in a test."""
    if isinstance(record, Decimal):
        return format(record, "f")
    if isinstance(record, dict):
        return {name: texts(value) for name, value in record.items()}
    return [texts(each) for each in record] if isinstance(record, list | tuple) else record
