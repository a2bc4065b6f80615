"""The agenda of one journey: which step is next, and for whom.

Every person goes through the journey in the order of their own days; on one day, in document order.
A person alone would do the same, so the division into chunks cannot matter. Steps are done for many
people at once: who is behind has their next step, and with them all for whom an occurrence of the
same family is next, on whatever day. Those who are ahead wait for the others, so a step is done in
few pieces, however different people's days are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows

_NUMBER_BITS = 17  # low bits of a key, which hold the occurrence's number; the day is above them
_NOBODY = (1 << _NUMBER_BITS) - 1  # a number that no occurrence has; also the mask of these bits
_NONE = np.int64((1 << 62) + _NOBODY)  # a key that is later than all
_SLOTS = 8  # occurrences of a person that an agenda gets space for at once


class Agenda:
    """What is pending for each person, each with a day.

    Days are counted from each person's first day. A key is a day and an occurrence's number in one
    integer, so that the smallest key of a person is what is next for them. Each person has slots
    for keys: which key is in which slot says nothing.
    """

    def __init__(
        self, people: int, turns: NDArray[np.int32] | None, first: NDArray[np.int32]
    ) -> None:
        """Begin with nothing pending.

        Args:
            people: size of the chunk.
            turns: int32, the turn of each occurrence: who is behind is whose turn is first. None
                for those whose day is first.
            first: int32, the first occurrence of each one's family.
        """
        self._nothing = len(first)  # the family of those for whom nothing is pending
        self._family_of = np.append(first, self._nothing).astype(np.int32)
        self._turns = None if turns is None else np.append(turns, self._nothing).astype(np.int32)
        self._keys = np.full((people, _SLOTS), _NONE, dtype=np.int64)
        self._next = np.full(people, _NONE, dtype=np.int64)
        self._turn = np.full(people, self._nothing, dtype=np.int32)  # of what is next
        self._family = self._turn.copy()

    def put(self, numbers: NDArray[np.int32] | int, rows: Rows, days: Days) -> None:
        """Put an occurrence, or everybody's own, on the agenda, in place of its earlier day.

        Args:
            numbers: the occurrence, or int32, that of each of `rows`.
            rows: ascending positions in the chunk.
            days: int32, counted from each person's first day.
        """
        if not len(rows):
            return
        key = (days.astype(np.int64) << _NUMBER_BITS) + numbers
        slot, there = self._slots(numbers, rows)
        self._keys[rows, slot] = key
        self._set_next(rows, np.minimum(self._next[rows], key))
        if there.any():
            self._update_next(rows[there])  # it may have been next for them, on another day

    def take(self) -> tuple[NDArray[np.int32], Rows, Days] | None:
        """Return what is done next: of one family, everybody's occurrence; None at the end.

        Returns:
            (int32, the occurrence of each person; the people, ascending; int32, their days).
        """
        behind = (self._next if self._turns is None else self._turn).argmin()
        family = self._family[behind]
        if family == self._nothing:
            return None
        rows = np.flatnonzero(self._family == family)
        key = self._next[rows]
        keys = self._keys[rows]
        keys[keys == key[:, None]] = _NONE
        self._keys[rows] = keys
        self._set_next(rows, keys.min(axis=1))
        return (key & _NOBODY).astype(np.int32), rows, (key >> _NUMBER_BITS).astype(np.int32)

    def pending(self, numbers: NDArray[np.int32] | int, rows: Rows) -> Days:
        """Return the days on which an occurrence is on the agenda of `rows`, `NO_DAY` if not."""
        keys = self._keys[rows]
        same = _numbers(keys) == np.reshape(numbers, (-1, 1))
        days = np.where(same, keys >> _NUMBER_BITS, np.int64(NO_DAY)).max(axis=1)
        pending: Days = days.astype(np.int32)
        return pending

    def retire(self, rows: Rows, occurrences: range) -> None:
        """Take some occurrences off the agenda of `rows`."""
        keys = self._keys[rows]
        number = _numbers(keys)
        keys[(number >= occurrences.start) & (number < occurrences.stop)] = _NONE
        self._keys[rows] = keys
        self._update_next(rows)

    def _slots(
        self, numbers: NDArray[np.int32] | int, rows: Rows
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return a slot of each person for an occurrence, and in whose it is already."""
        keys = self._keys[rows]
        same, free = _numbers(keys) == np.reshape(numbers, (-1, 1)), keys == _NONE
        there = same.any(axis=1)
        if not (there | free.any(axis=1)).all():
            more = np.full((len(self._keys), _SLOTS), _NONE, dtype=np.int64)
            self._keys = np.concatenate([self._keys, more], axis=1)
            return self._slots(numbers, rows)
        return np.where(there, same.argmax(axis=1), free.argmax(axis=1)), there

    def _update_next(self, rows: Rows) -> None:
        """Look up again what is next for some people."""
        self._set_next(rows, self._keys[rows].min(axis=1))

    def _set_next(self, rows: Rows, keys: NDArray[np.int64]) -> None:
        self._next[rows] = keys
        number = np.minimum(_numbers(keys), self._nothing)
        self._family[rows] = self._family_of[number]
        if self._turns is not None:
            self._turn[rows] = self._turns[number]


def _numbers(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the occurrences of keys."""
    return keys & _NOBODY
