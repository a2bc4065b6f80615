"""Work that somebody watches: it says what it is doing and how far it is, and ends when told to.

Who begins the work makes a `Watch` and opens it with `watched_by`. What is called below says
`step`, and hands in with `stoppable` how something that takes long can be ended: a query of
DuckDB, a process. Where nobody watches, both do nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock

from healthsim.errors import Cancelled


@dataclass(frozen=True, slots=True)
class Step:
    """What is being done, and how far it is: `done` of `total`, both 0 where nobody knows.

    Attributes:
        since: seconds since 1970 at which the work began; 0 for the beginning of the watch.
    """

    says: str = ""
    done: float = 0.0
    total: float = 0.0
    since: float = 0.0


class Watch:
    """One piece of work, as it is seen from outside; any thread may look at it and stop it.

    Args:
        where: what it is called where it says that it was stopped.
        again: what starts it again.

    Attributes:
        step: what it said last.
    """

    def __init__(self, where: str = "work", again: str = "call again to start it anew") -> None:
        self.step = Step()
        self._where, self._again = where, again
        self._part: tuple[float, float] | None = None
        self._stopped = False
        self._ends: list[Callable[[], None]] = []
        self._lock = Lock()

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped

    def stop(self) -> None:
        """Tell it to stop, and end what it is waiting for.

        Whoever waits for the end repeats this: a query that is just beginning misses the first.
        """
        self._stopped = True
        with self._lock:
            for end in self._ends:
                end()

    def refuse_stopped(self) -> None:
        """Go no further where it was told to stop.

        Raises:
            Cancelled: it was.
        """
        if self._stopped:
            raise self.cancelled()

    def cancelled(self) -> Cancelled:
        """Return the error that says that it was told to stop."""
        return Cancelled(self._where, "it was cancelled", self._again)

    def say(self, says: str, done: float, total: float, since: float = 0.0) -> None:
        """Say what is being done now; within a part, how far it is counts in percent of all."""
        if self._part is not None:
            low, high = self._part
            done, total = low + (high - low) * (done / total if total else 0.0), 100.0
        self.step = Step(says, done, total, since)

    @contextmanager
    def within(self, low: float, high: float) -> Iterator[None]:
        """Let the block be a part of the work, between two percentages of it."""
        before, self._part = self._part, (low, high)
        try:
            yield
        finally:
            self._part = before

    @contextmanager
    def ended_by(self, end: Callable[[], None]) -> Iterator[None]:
        """End what the block waits for by calling `end`, if told to stop."""
        with self._lock:
            self._ends.append(end)
        try:
            self.refuse_stopped()
            yield
        finally:
            with self._lock:
                self._ends.remove(end)


_WATCH: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watched_by(watch: Watch) -> Iterator[Watch]:
    """Let everything that the block calls be watched."""
    before = _WATCH.set(watch)
    try:
        yield watch
    finally:
        _WATCH.reset(before)


def step(says: str, done: float = 0.0, total: float = 0.0, since: float = 0.0) -> None:
    """Say what is being done now, and how far that is: `done` of `total`, begun at `since`.

    Raises:
        Cancelled: whoever watches has told it to stop.
    """
    watch = _WATCH.get()
    if watch is not None:
        watch.refuse_stopped()
        watch.say(says, done, total, since)


@contextmanager
def part(low: float, high: float) -> Iterator[None]:
    """Let the steps of the block be a part of the work, between two percentages of it."""
    watch = _WATCH.get()
    if watch is None:
        yield
        return
    with watch.within(low, high):
        yield


@contextmanager
def stoppable(end: Callable[[], None]) -> Iterator[None]:
    """Let whoever watches end what the block waits for.

    Raises:
        Cancelled: it was told to stop before or meanwhile, whatever that has raised.
    """
    watch = _WATCH.get()
    if watch is None:
        yield
        return
    try:
        with watch.ended_by(end):
            yield
    except Exception:
        watch.refuse_stopped()
        raise
    watch.refuse_stopped()
