"""The agenda of one journey: which step is next, for whom.

Every person walks in the order of their own realised days; on one day, in document order. That is
what one person alone would do, so how people are put into chunks cannot matter. Steps are worked
on many people at once: of the steps that come next to anybody, the first of the document is taken
for all those to whom it comes next. Whoever is ahead waits there for the others, so a step is
worked in few pieces, however differently people's days lie.
"""

from __future__ import annotations

import numpy as np

from healthsim.dates import Days
from healthsim.execution.people.draws import Rows

_NUMBERS = 17  # bits of a key that hold an occurrence's number; the day stands above them
_NONE = np.int64(2**62)
_FEW = 16  # occurrences that an agenda has room for at first


class Agenda:
    """Pending occurrences, each with a day for every person who still has it before them.

    Days are counted from each person's own beginning. A key is a day and an occurrence's number
    in one integer, so that the smallest key of a person is what comes next to them.
    """

    def __init__(self, people: int) -> None:
        self._keys = np.full((_FEW, people), _NONE, dtype=np.int64)
        self._slot: dict[int, int] = {}
        self._pending: dict[int, int] = {}
        self._free = list(range(_FEW))
        self._next = np.full(people, _NONE, dtype=np.int64)

    def put(self, occurrence: int, rows: Rows, days: Days) -> None:
        """Let an occurrence come to `rows` on their days."""
        if not len(rows):
            return
        slot = self._slot_of(occurrence)  # it may make room, so the keys are looked up after it
        keys = self._keys[slot]
        key, old = (days.astype(np.int64) << _NUMBERS) + occurrence, keys[rows]
        fresh = old == _NONE
        keys[rows] = key
        self._pending[occurrence] += int(fresh.sum())
        self._next[rows] = np.minimum(self._next[rows], key)
        if not fresh.all():
            self._look(rows[~fresh])  # it may have been what came next, on another day

    def take(self) -> tuple[int, Rows, Days] | None:
        """Return the next occurrence, its people (ascending) and their days; None at the end."""
        if not self._slot:
            return None
        numbers = self._next & ((1 << _NUMBERS) - 1)
        numbers[self._next == _NONE] = _NONE
        chosen = int(numbers.min())
        rows = np.flatnonzero(numbers == chosen)
        days = (self._next[rows] >> _NUMBERS).astype(np.int32)
        self._keys[self._slot[chosen], rows] = _NONE
        self._less(chosen, len(rows))
        self._look(rows)
        return chosen, rows, days

    def retire(self, rows: Rows, occurrences: range) -> None:
        """Take some occurrences off the agenda of `rows`."""
        for occurrence in [number for number in self._slot if number in occurrences]:
            keys = self._keys[self._slot[occurrence]]
            gone = rows[keys[rows] != _NONE]
            if len(gone):
                keys[gone] = _NONE
                self._less(occurrence, len(gone))
        self._look(rows)

    def _less(self, occurrence: int, people: int) -> None:
        self._pending[occurrence] -= people
        if not self._pending[occurrence]:
            self._free.append(self._slot.pop(occurrence))

    def _look(self, rows: Rows) -> None:
        """Find out what comes next to some people."""
        found = np.full(len(rows), _NONE, dtype=np.int64)
        everyone = len(rows) == len(self._next)
        for slot in self._slot.values():
            keys = self._keys[slot]
            np.minimum(found, keys if everyone else keys[rows], out=found)
        self._next[rows] = found

    def _slot_of(self, occurrence: int) -> int:
        """Return where an occurrence's keys stand, making room where there is none."""
        found = self._slot.get(occurrence)
        if found is None:
            if not self._free:
                room = len(self._keys)
                more = np.full_like(self._keys, _NONE)
                self._keys = np.concatenate([self._keys, more])
                self._free = list(range(room, 2 * room))
            found = self._slot[occurrence] = self._free.pop()
            self._pending[occurrence] = 0
        return found
