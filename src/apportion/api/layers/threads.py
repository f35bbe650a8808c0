"""A few threads for what guards the door, so that long questions never keep it waiting."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_POOL = ThreadPoolExecutor(4, thread_name_prefix="apportion-access")


async def in_thread(work: Callable[[], T]) -> T:
    """What a function gives that reads or writes files. Raises what it raises."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, work)
