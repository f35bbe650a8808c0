"""With few decimals, what is rounded on each level of the graph may be seen (`A2`).

A node's figure differs from the exact flow by less than one unit for each edge upstream of it;
below six decimals, a few thousand edges make a cent.
"""

from collections.abc import Iterable

from apportion.findings import MEMORY, Finding, Severity
from apportion.model.checks.settings import SMALLEST_SCALE
from apportion.model.declared import Declared

NAME = "scale"

_FINE_ENOUGH = 6


def check(model: Declared) -> Iterable[Finding]:
    """Warn of a coarse scale."""
    scale = model.settings.scale
    if SMALLEST_SCALE <= scale < _FINE_ENOUGH:
        yield Finding(
            "coarse_scale",
            f"Only {scale} decimals are kept; over several levels, rounding may be seen.",
            model.settings.places.get("scale", MEMORY),
            "Keep 9 unless amounts are too large for 64 bits.",
            Severity.WARNING,
        )
