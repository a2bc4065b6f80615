"""The agenda of one journey: which step is next, and for whom.

Every person goes through the journey in the order of their own days; on one day, in document order.
A person alone would do the same, so the division into chunks cannot matter. Steps are done for many
people at once: of the steps that are next for anybody, the first in the document is done for all
for whom it is next. Those who are ahead wait at it for the others, so a step is done in few pieces,
however different people's days are.
"""

from __future__ import annotations

import numpy as np

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows

_NUMBER_BITS = 17  # low bits of a key, which hold the occurrence's number; the day is above them
_NONE = np.int64(2**62)
_FIRST_SLOTS = 16  # occurrences that an agenda has space for at first


class Agenda:
    """Pending occurrences, each with a day for every person for whom it is pending.

    Days are counted from each person's first day. A key is a day and an occurrence's number in one
    integer, so that the smallest key of a person is what is next for them. Each pending occurrence
    has a slot: a row of keys, one for each person.
    """

    def __init__(self, people: int) -> None:
        self._keys = np.full((_FIRST_SLOTS, people), _NONE, dtype=np.int64)
        self._slot: dict[int, int] = {}
        self._pending: dict[int, int] = {}
        self._free = list(range(_FIRST_SLOTS))
        self._next = np.full(people, _NONE, dtype=np.int64)

    def put(self, occurrence: int, rows: Rows, days: Days) -> None:
        """Put an occurrence on the agenda of `rows` on their days, in place of earlier ones."""
        if not len(rows):
            return
        slot = self._slot_of(occurrence)  # first, since it may replace the array of keys
        keys = self._keys[slot]
        key, old = (days.astype(np.int64) << _NUMBER_BITS) + occurrence, keys[rows]
        absent = old == _NONE
        keys[rows] = key
        self._pending[occurrence] += int(absent.sum())
        self._next[rows] = np.minimum(self._next[rows], key)
        if not absent.all():
            self._update_next(rows[~absent])  # it may have been next for them, on another day

    def take(self) -> tuple[int, Rows, Days] | None:
        """Return the next occurrence, its people (ascending) and their days; None at the end."""
        if not self._slot:
            return None
        numbers = self._next & ((1 << _NUMBER_BITS) - 1)
        numbers[self._next == _NONE] = _NONE
        occurrence = int(numbers.min())
        rows = np.flatnonzero(numbers == occurrence)
        days = (self._next[rows] >> _NUMBER_BITS).astype(np.int32)
        self._keys[self._slot[occurrence], rows] = _NONE
        self._reduce(occurrence, len(rows))
        self._update_next(rows)
        return occurrence, rows, days

    def pending(self, occurrence: int, rows: Rows) -> Days:
        """Return the days on which an occurrence is on the agenda of `rows`, `NO_DAY` if not."""
        slot = self._slot.get(occurrence)
        if slot is None:
            return np.full(len(rows), NO_DAY, dtype=np.int32)
        keys = self._keys[slot, rows]
        return np.where(keys == _NONE, NO_DAY, keys >> _NUMBER_BITS).astype(np.int32)

    def retire(self, rows: Rows, occurrences: range) -> None:
        """Take some occurrences off the agenda of `rows`."""
        for occurrence in [number for number in self._slot if number in occurrences]:
            keys = self._keys[self._slot[occurrence]]
            pending = rows[keys[rows] != _NONE]
            if len(pending):
                keys[pending] = _NONE
                self._reduce(occurrence, len(pending))
        self._update_next(rows)

    def _reduce(self, occurrence: int, count: int) -> None:
        """Count people off an occurrence; free its slot when it is pending for nobody."""
        self._pending[occurrence] -= count
        if not self._pending[occurrence]:
            self._free.append(self._slot.pop(occurrence))

    def _update_next(self, rows: Rows) -> None:
        """Look up again what is next for some people."""
        next_keys = np.full(len(rows), _NONE, dtype=np.int64)
        is_everyone = len(rows) == len(self._next)
        for slot in self._slot.values():
            keys = self._keys[slot]
            np.minimum(next_keys, keys if is_everyone else keys[rows], out=next_keys)
        self._next[rows] = next_keys

    def _slot_of(self, occurrence: int) -> int:
        """Return the slot of an occurrence; a new one where it has none."""
        slot = self._slot.get(occurrence)
        if slot is None:
            if not self._free:
                size = len(self._keys)
                self._keys = np.concatenate([self._keys, np.full_like(self._keys, _NONE)])
                self._free = list(range(size, 2 * size))
            slot = self._slot[occurrence] = self._free.pop()
            self._pending[occurrence] = 0
        return slot
