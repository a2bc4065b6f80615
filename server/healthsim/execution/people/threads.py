"""Chunks of people computed in parallel threads, with a stop that waits for none of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from healthsim.errors import Cancelled

Result = TypeVar("Result")

_LOOK = 0.1  # seconds between two looks for a wish to stop


def map_chunks(
    work: Callable[[int, int], Result],
    count: int,
    size: int,
    threads: int,
    stop: threading.Event | None = None,
    only: Sequence[int] | None = None,
) -> Iterator[Result]:
    """Yield the result of `work(start, count)` for each chunk, in the order of people.

    Args:
        work: computes one chunk, given its first person and its number of people.
        count: people in all.
        size: people of a chunk.
        threads: chunks computed at once.
        stop: set it to stop at once; a chunk that is being computed then is computed in vain.
        only: numbers of the chunks that are wanted, ascending from 0; all where None.

    Raises:
        Cancelled: when `stop` was set.
    """
    every = range(0, count, size)
    starts = deque(every if only is None else [every[number] for number in only])
    pool = ThreadPoolExecutor(threads)
    futures: deque[Future[Result]] = deque()
    try:
        while starts or futures:
            while starts and len(futures) <= threads:
                start = starts.popleft()
                futures.append(pool.submit(work, start, min(size, count - start)))
            yield _result(futures.popleft(), stop)
    finally:
        stopped = stop is not None and stop.is_set()
        pool.shutdown(wait=not stopped, cancel_futures=True)


def _result(future: Future[Result], stop: threading.Event | None) -> Result:
    """Wait for a chunk, or for the wish to stop."""
    while stop is not None:
        if stop.is_set():
            raise Cancelled("run", "was asked to stop", "start it again to have its rows")
        if wait([future], timeout=_LOOK).done:
            break
    return future.result()
