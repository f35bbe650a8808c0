"""How the benchmarks take and print their figures."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Timing:
    """Seconds that a block took, once it has ended."""

    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Timing]:
    """Time a block."""
    timing = Timing()
    began = time.perf_counter()
    try:
        yield timing
    finally:
        timing.seconds = time.perf_counter() - began


def peak_memory_gb() -> float:
    """The most memory this process has held so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024


def report(name: str, figure: float, unit: str, bar: str, *, met: bool | None = None) -> None:
    """Print one figure beside its bar."""
    verdict = "" if met is None else ("  met" if met else "  MISSED")
    print(f"{name:<58} {figure:>12,.2f} {unit:<12} {bar}{verdict}", flush=True)
