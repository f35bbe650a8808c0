"""Slices computed by the threads of this process, results in the order of days."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from apportion.attribution.problem import Problem
from apportion.attribution.slices import CELLS, Slice, SliceFlow, compute_slice, cut_slices

Outcome = TypeVar("Outcome")


def compute(
    problem: Problem,
    finish: Callable[[SliceFlow], Outcome],
    threads: int | None = None,
    cells: int = CELLS,
) -> Iterator[Outcome]:
    """Compute every slice of a problem and ``finish`` it in its thread, in the order of days.

    Only a few slices are under way at once, so memory is bounded by the slice. The number of
    threads and ``cells``, the size of a slice, change the speed and nothing else.
    """

    def work(piece: Slice) -> Outcome:
        return finish(compute_slice(problem, piece))

    workers = threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    with ThreadPoolExecutor(max_workers=workers) as pool:
        waiting: deque[Future[Outcome]] = deque()
        try:
            for piece in cut_slices(problem, cells):
                waiting.append(pool.submit(work, piece))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
