"""Work of several child processes at once, without a thread: each is looked at in turn."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

_BEAT = 0.1  # seconds between two looks


class Work(Protocol):
    """Something that a child process does."""

    def begin(self) -> None:
        """Start it."""

    def has_ended(self) -> bool:
        """Look at it; tell whether it is over."""

    def end(self) -> None:
        """Stop it, if it is under way."""


W = TypeVar("W", bound=Work)


def in_lanes(waiting: Iterable[W], lanes: int) -> Iterator[W]:
    """Do each piece of work, so many at once; return each as it ends. Stops all if left early."""
    left, busy = iter(waiting), list[W]()
    try:
        while True:
            while len(busy) < lanes and (one := next(left, None)) is not None:
                one.begin()
                busy.append(one)
            if not busy:
                return
            for one in [one for one in busy if one.has_ended()]:
                busy.remove(one)
                yield one
            time.sleep(_BEAT)
    finally:
        for one in busy:
            one.end()
