"""Waiting for long work in a call, which says meanwhile how far it is and can be cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread

from healthsim import watching

T = TypeVar("T")


class Waiting:
    """What a call says of itself while it waits; `pulse` reports it each second.

    Args:
        total: of what is counted, once that is known; reached by `finish` alone.
        since: seconds since 1970 at which the work began.
    """

    def __init__(self, total: float | None = None, since: float | None = None) -> None:
        self.total = total
        self.since = time.time() if since is None else since
        self._done = 0.0

    def say(self, done: float, text: str) -> None:
        """Say how far the work is."""
        self._done = done
        watching.step(text, done, self.total or 0.0, self.since)

    def finish(self) -> None:
        """Say that all is done."""
        self.say(self.total or self._done + 1, "done")

    async def during(self, work: Callable[[], T], text: str) -> T:
        """Do blocking work in a thread, saying meanwhile that it goes on.

        A call that is cancelled leaves the thread to itself, and ends the queries that it waits
        for: what it does must be whole or absent.
        """
        self.say(self._done, text)
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
