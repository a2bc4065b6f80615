"""What every runner does: call a function for each of many tasks, and yield what it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from threading import Event
from typing import Any, Generic, Self, TypeVar

from healthsim.errors import Cancelled, StorageError

T = TypeVar("T")
R = TypeVar("R")

LOOK = 0.1
"""Seconds between two looks for a wish to stop."""
MOST_TRIES = 5
"""Times that a task is begun before it is given up: its worker died, or storage failed."""


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """A task that is being done.

    Attributes:
        index: its place among the tasks.
        tries: how often it was begun before.
    """

    index: int
    task: T
    tries: int = 0

    def again(self, error: BaseException) -> Attempt[T]:
        """Return its next try.

        Raises:
            BaseException: `error`, where it would come again, or has come too often.
        """
        if not isinstance(error, StorageError) or self.tries + 1 >= MOST_TRIES:
            raise error
        return Attempt(self.index, self.task, self.tries + 1)


class Runner(ABC):
    """Who does tasks: use it in a `with` block, at whose end what it started ends."""

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many tasks are done at once."""

    @abstractmethod
    def map(
        self, call: Callable[[T], R], tasks: Iterable[T], stop: Event
    ) -> Iterator[tuple[int, R]]:
        """Yield what a function returns of each task, with the task's place, as it comes.

        A task whose worker dies is done again, `MOST_TRIES` times at most. Tasks are taken from
        the iterable when somebody is free for them.

        Args:
            call: of a module, so that it can be named to other processes; of one task it always
                returns the same, and to do it twice does no harm.
            tasks: plain values that can be pickled.
            stop: set it to stop.

        Raises:
            Cancelled: `stop` was set; nobody works on a task any more, where they can be stopped.
            HealthSimError: what `call` raised in a worker; WorkerDied when that came too often.
        """

    def everywhere(self, call: Callable[[T], R], task: T) -> dict[str, R]:
        """Return what a function returns on each machine that is not this one, by its address."""
        return {}

    def close(self) -> None:
        """End what was started."""
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Threads(Runner):
    """Threads of this process."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    @property
    def workers(self) -> int:
        """How many threads there are."""
        return self._workers

    def map(
        self, call: Callable[[T], R], tasks: Iterable[T], stop: Event
    ) -> Iterator[tuple[int, R]]:
        """Do the tasks in threads; one that is being done when `stop` is set is done in vain."""
        left: Iterator[Attempt[T]] = (Attempt(*one) for one in enumerate(tasks))
        again: deque[Attempt[T]] = deque()
        busy: dict[Future[R], Attempt[T]] = {}
        pool = ThreadPoolExecutor(self._workers)
        try:
            while True:
                refuse_stopped(stop)
                for one in next_ones(again, left, self._workers - len(busy)):
                    busy[pool.submit(call, one.task)] = one
                if not busy:
                    return
                for future in wait(busy, timeout=LOOK, return_when=FIRST_COMPLETED).done:
                    one = busy.pop(future)
                    error = future.exception()
                    if error is not None:
                        again.append(one.again(error))
                    else:
                        yield one.index, future.result()
        finally:
            pool.shutdown(wait=not stop.is_set(), cancel_futures=True)


def next_ones(
    again: deque[Attempt[Any]], left: Iterator[Attempt[Any]], free: int
) -> list[Attempt[Any]]:
    """Return what is to be done next, at most so many: what has failed comes first."""
    first = [again.popleft() for _ in range(min(free, len(again)))]
    return [*first, *islice(left, max(0, free - len(first)))]


def refuse_stopped(stop: Event) -> None:
    """Raise `Cancelled` where somebody wants the run to stop."""
    if stop.is_set():
        raise Cancelled("run", "was asked to stop", "start it again to have its rows")
