"""Every call is watched: its progress is reported, and a caller that gives up ends its work."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from healthsim.watching import Step, Watch, watched_by

Report = Callable[[float, float | None, str], Awaitable[None]]
"""Sends progress, of a total if there is one, and what is being done."""

LONGEST_SILENCE = 1.0
"""Seconds; callers may count on two, and a busy machine is late."""
_LOOK = 0.1  # seconds between two looks at what is being done
_OFTEN = 0.5  # seconds between two reports of something new
_CREEP = 0.001  # that a report without news adds, and less the nearer the next whole number is
_DECIMALS = 3  # of progress that was said
_MOST_DIGITS = 12
_MOST = 0.999  # of the total that is reported before the end

_T = TypeVar("_T")
_log = logging.getLogger("healthsim")


async def watched(work: Callable[[], Awaitable[_T]], name: str, report: Report | None) -> _T:
    """Await work, report what it says of itself, and stop it where the caller gives up.

    Args:
        work: what is called; it, and the threads that it waits for, may say how far they are.
        name: what is reported until then.
        report: of the caller; none where nobody listens.
    """
    pulse = Pulse(name, report)
    failed: list[Exception] = []
    results: list[_T] = []
    with watched_by(pulse.watch):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pulse.beat)
            try:
                results.append(await work())
                await pulse.report_end()
            except Exception as error:  # raised again below: a task group would wrap it
                failed.append(error)
            finally:
                pulse.ended = True
                tasks.cancel_scope.cancel()
    if failed:
        raise failed[0]
    return results[0]


class Pulse:
    """Reports how far a call is, at least each second.

    Args:
        name: what is reported where the call says nothing of itself.
        report: of the caller.

    Attributes:
        watch: what the call says of itself, and how it is stopped.
        ended: the call has come back.
    """

    def __init__(self, name: str, report: Report | None) -> None:
        self.watch, self.ended = Watch(name), False
        self._name, self._report = name, report
        self._pace, self._seen = Pace(), self.watch.step
        self._begun, self._reported_at = time.time(), time.monotonic()

    async def beat(self) -> None:
        """Report until the call has come back; where it is given up before, end its work."""
        try:
            while True:
                await anyio.sleep(_LOOK)
                silent = time.monotonic() - self._reported_at
                news = self.watch.step != self._seen
                if silent >= (_OFTEN if news else LONGEST_SILENCE):
                    await self._say(self.watch.step)
        finally:
            self.watch.stop()
            with anyio.CancelScope(shield=True):
                while not self.ended:  # a query that was just beginning missed that
                    await anyio.sleep(_LOOK)
                    self.watch.stop()

    async def report_end(self) -> None:
        """Report what the call has said last, if that is not reported yet."""
        step = self.watch.step
        if step != self._seen or 0 < step.total <= step.done:
            await self._say(step, end=True)

    async def _say(self, step: Step, *, end: bool = False) -> None:
        self._seen, self._reported_at = step, time.monotonic()
        if self._report is None:
            return
        progress, total = self._pace.next(step, end=end)
        seconds = max(0, round(time.time() - (step.since or self._begun)))
        try:
            await self._report(progress, total, f"{step.says or self._name}, {seconds} s")
        except Exception:  # nobody listens any more; the call itself goes on
            _log.debug("%s: its progress cannot be reported", self._name, exc_info=True)
            self._report = None


class Pace:
    """Progress that always rises, also while a long step lasts and nothing has moved.

    Between two steps it goes on by thousandths, and by less near the next whole number, which it
    does not reach for hours.
    """

    def __init__(self) -> None:
        self._last = 0.0

    def next(self, step: Step, *, end: bool = False) -> tuple[float, float | None]:
        """Return the progress to report of a step, and its total if it has one.

        Args:
            step: what the work said last.
            end: the work has ended; before, its total is not reached.

        >>> pace = Pace()
        >>> [pace.next(Step("", done, 4))[0] for done in (1, 1, 1, 2.0006, 10 / 3)]
        [1, 1.001, 1.002, 2.001, 3.333]
        """
        done = step.done if end or not step.total else min(step.done, _MOST * step.total)
        done = round(done, _DECIMALS)
        self._last = done if done > self._last else _crept(self._last)
        return self._last, step.total or None


def _crept(last: float) -> float:
    """Return a number that is a little greater, in few digits, below the next whole number."""
    left, stride, digits = math.floor(last) + 1 - last, _CREEP, _DECIMALS
    while left <= 100 * stride and digits < _MOST_DIGITS:
        stride, digits = stride / 10, digits + 1
    return max(round(last + stride, digits), math.nextafter(last, math.inf))
