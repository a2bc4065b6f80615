"""Chunks of people worked side by side, in threads, and stopped within one chunk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from healthsim.errors import Cancelled

Made = TypeVar("Made")


def map_chunks(
    work: Callable[[int, int], Made],
    count: int,
    size: int,
    threads: int,
    stop: threading.Event | None = None,
) -> Iterator[Made]:
    """Yield what `work(start, count)` makes of each chunk, in the order of people.

    Args:
        work: works one chunk.
        count: people in all.
        size: people worked at once.
        threads: how many chunks are worked side by side.
        stop: set it to stop within one chunk.

    Raises:
        Cancelled: when `stop` was set.
    """
    starts = deque(range(0, count, size))
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Made]] = deque()
        while starts or waiting:
            while starts and len(waiting) <= threads:
                start = starts.popleft()
                waiting.append(pool.submit(work, start, min(size, count - start)))
            if stop is not None and stop.is_set():
                for future in waiting:
                    future.cancel()
                raise Cancelled("run", "was asked to stop", "start it again to have its rows")
            yield waiting.popleft().result()
