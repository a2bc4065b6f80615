"""How fast a run goes, and how long it will still take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_WINDOW = 60.0  # seconds that a speed is the mean of, at least: blocks end in bursts
_LEAST = 2.0  # seconds before which nothing is said


class Pace:
    """Watches how many of a run's units are done.

    Args:
        total: units in all.
        clock: seconds that only grow.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._clock = total, clock
        self._seen: deque[tuple[float, int]] = deque()

    def said(self, done: int) -> str:
        """Return rate and time left as the end of a line, empty while they are not known.

        Args:
            done: units done so far; those that were there at first count for no speed.
        """
        now = self._clock()
        if not self._seen or done > self._seen[-1][1]:
            self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - _WINDOW:
            self._seen.popleft()
        (since, first), last = self._seen[0], self._seen[-1][1]
        if now - since < _LEAST or last == first or done >= self._total:
            return ""
        rate = (last - first) / (now - since)
        return f", {rate:,.0f} a second, {length_of((self._total - done) / rate)} left"


def length_of(seconds: float) -> str:
    """Return a length of time in words, rounded.

    >>> length_of(8), length_of(200), length_of(9000), length_of(400_000)
    ('8 s', '3 min', '2.5 h', '4.6 days')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 120 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86_400:.1f} days"
