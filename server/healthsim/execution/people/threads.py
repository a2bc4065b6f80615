"""Chunks of people computed in parallel threads, with a stop within one chunk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from healthsim.errors import Cancelled

Result = TypeVar("Result")


def map_chunks(
    work: Callable[[int, int], Result],
    count: int,
    size: int,
    threads: int,
    stop: threading.Event | None = None,
) -> Iterator[Result]:
    """Yield the result of `work(start, count)` for each chunk, in the order of people.

    Args:
        work: computes one chunk, given its first person and its number of people.
        count: people in all.
        size: people of a chunk.
        threads: chunks computed at once.
        stop: set it to stop within one chunk.

    Raises:
        Cancelled: when `stop` was set.
    """
    starts = deque(range(0, count, size))
    with ThreadPoolExecutor(threads) as pool:
        futures: deque[Future[Result]] = deque()
        while starts or futures:
            while starts and len(futures) <= threads:
                start = starts.popleft()
                futures.append(pool.submit(work, start, min(size, count - start)))
            if stop is not None and stop.is_set():
                for future in futures:
                    future.cancel()
                raise Cancelled("run", "was asked to stop", "start it again to have its rows")
            yield futures.popleft().result()
