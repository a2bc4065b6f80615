"""The agenda of one journey: which step is next, and for whom.

Every person goes through the journey in the order of their own days; on one day, in document order.
A person alone would do the same, so the division into chunks cannot matter. Steps are done for many
people at once: of the steps that are next for anybody, the one whose turn is first is done for all
for whom it is next. Those who are ahead wait at it for the others, so a step is done in few pieces,
however different people's days are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows

_NUMBER_BITS = 17  # low bits of a key, which hold the occurrence's number; the day is above them
_NOBODY = (1 << _NUMBER_BITS) - 1  # a number that no occurrence has; also the mask of these bits
_NONE = np.int64((1 << 62) + _NOBODY)  # a key that is later than all
_SLOTS = 16  # occurrences that an agenda gets space for at once


class Agenda:
    """Pending occurrences, each with a day for every person for whom it is pending.

    Days are counted from each person's first day. A key is a day and an occurrence's number in one
    integer, so that the smallest key of a person is what is next for them. Each pending occurrence
    has a slot: a column of keys, one for each person.
    """

    def __init__(self, people: int, turns: NDArray[np.int32]) -> None:
        """Begin with nothing pending.

        Args:
            people: size of the chunk.
            turns: int32, the turn of each occurrence, each number below their count once.
        """
        self._nothing = len(turns)  # the turn of those for whom nothing is pending
        self._turns = np.append(turns, self._nothing).astype(np.int32)
        self._of_turn = np.argsort(turns)
        self._keys = np.full((people, _SLOTS), _NONE, dtype=np.int64)
        self._slot: dict[int, int] = {}
        self._pending: dict[int, int] = {}
        self._free = list(range(_SLOTS))
        self._next = np.full(people, _NONE, dtype=np.int64)
        self._turn = np.full(people, self._nothing, dtype=np.int32)  # of the one that is next

    def put(self, occurrence: int, rows: Rows, days: Days) -> None:
        """Put an occurrence on the agenda of `rows` on their days, in place of earlier ones."""
        if not len(rows):
            return
        keys = self._keys_of(self._slot_for(occurrence))
        key = (days.astype(np.int64) << _NUMBER_BITS) + occurrence
        absent = keys[rows] == _NONE
        keys[rows] = key
        self._pending[occurrence] += int(np.count_nonzero(absent))
        self._set_next(rows, np.minimum(self._next[rows], key))
        if not absent.all():
            self._update_next(rows[~absent])  # it may have been next for them, on another day

    def take(self) -> tuple[int, Rows, Days] | None:
        """Return the next occurrence, its people (ascending) and their days; None at the end."""
        if not self._slot:
            return None
        turn = int(self._turn.min())
        occurrence, rows = int(self._of_turn[turn]), np.flatnonzero(self._turn == turn)
        days = (self._next[rows] >> _NUMBER_BITS).astype(np.int32)
        self._keys_of(self._slot[occurrence])[rows] = _NONE
        self._reduce(occurrence, len(rows))
        self._update_next(rows)
        return occurrence, rows, days

    def pending(self, occurrence: int, rows: Rows) -> Days:
        """Return the days on which an occurrence is on the agenda of `rows`, `NO_DAY` if not."""
        slot = self._slot.get(occurrence)
        if slot is None:
            return np.full(len(rows), NO_DAY, dtype=np.int32)
        keys = self._keys_of(slot)[rows]
        return np.where(keys == _NONE, NO_DAY, keys >> _NUMBER_BITS).astype(np.int32)

    def retire(self, rows: Rows, occurrences: range) -> None:
        """Take some occurrences off the agenda of `rows`."""
        for occurrence in [number for number in self._slot if number in occurrences]:
            keys = self._keys_of(self._slot[occurrence])
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
        self._set_next(rows, self._keys[rows].min(axis=1))

    def _set_next(self, rows: Rows, keys: NDArray[np.int64]) -> None:
        self._next[rows] = keys
        self._turn[rows] = self._turns[np.minimum(keys & _NOBODY, self._nothing)]

    def _keys_of(self, slot: int) -> NDArray[np.int64]:
        """Return everyone's keys of a slot, as a view."""
        return self._keys[:, slot]

    def _slot_for(self, occurrence: int) -> int:
        """Return the slot of an occurrence; a new one where it has none."""
        slot = self._slot.get(occurrence)
        if slot is None:
            if not self._free:
                people, size = self._keys.shape
                more = np.full((people, _SLOTS), _NONE, dtype=np.int64)
                self._keys = np.concatenate([self._keys, more], axis=1)
                self._free = list(range(size, size + _SLOTS))
            slot = self._slot[occurrence] = self._free.pop()
            self._pending[occurrence] = 0
        return slot
