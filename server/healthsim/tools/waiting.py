"""Waiting for long work in a call: it reports progress, and can be cancelled meanwhile."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from healthsim.tools.server import Ctx

T = TypeVar("T")

_EVERY = 1.0  # seconds between two reports, of which hosts expect one in two seconds at least
_SHARE = 1000  # of the way to the next whole number that a report without news goes


class Waiting:
    """Progress of one call: told every second, in numbers that only grow.

    What is done grows in steps (people, checks), seldom once a second. Between two steps the
    number goes a thousandth of the way to the next whole one, and the text says how long it took.

    Args:
        ctx: the call.
        total: of what is counted, once that is known; reached by `finish` alone.
        since: seconds since 1970 at which the work began.
    """

    def __init__(self, ctx: Ctx, total: float | None = None, since: float | None = None) -> None:
        self._ctx = ctx
        self.total = total
        self.since = time.time() if since is None else since
        self._reached = 0.0
        self._said = ""
        self._told_at = -math.inf

    async def say(self, done: float, text: str) -> None:
        """Tell how far the work is: at once where something is new, else every second."""
        new = text != self._said or min(done, self._most) > self._reached
        self._said = text
        if new or time.monotonic() - self._told_at >= _EVERY:
            await self._tell(done)

    async def finish(self) -> None:
        """Tell that all is done."""
        if self.total is None or self._reached < self.total:
            self._reached = self.total or math.floor(self._reached) + 1
            await self._report("done")

    async def during(self, work: Callable[[], T], text: str) -> T:
        """Do blocking work in a thread, telling meanwhile that it goes on.

        A call that is cancelled leaves the thread to itself: what it does must be whole or absent.
        """
        made: list[T] = []
        failed: list[Exception] = []
        ended = anyio.Event()

        async def attempt() -> None:
            try:
                made.append(await anyio.to_thread.run_sync(work, abandon_on_cancel=True))
            except Exception as error:
                failed.append(error)  # raised below: a task group would wrap it
            ended.set()

        async with anyio.create_task_group() as group:
            group.start_soon(attempt)
            while not ended.is_set():
                with anyio.move_on_after(_EVERY):
                    await ended.wait()
                    break
                await self.say(0, text)
        if failed:
            raise failed[0]
        return made[0]

    async def _tell(self, done: float) -> None:
        if min(done, self._most) > self._reached:
            self._reached = min(done, self._most)
        else:
            following = math.floor(self._reached) + 1
            self._reached += (following - self._reached) / _SHARE
        await self._report(self._said)

    @property
    def _most(self) -> float:
        """What can be reached before the end: one step is left for that."""
        return math.inf if self.total is None else max(0, self.total - 1)

    async def _report(self, text: str) -> None:
        self._told_at = time.monotonic()
        seconds = max(0, round(time.time() - self.since))
        await self._ctx.report_progress(self._reached, self.total, f"{text}, {seconds} s")
