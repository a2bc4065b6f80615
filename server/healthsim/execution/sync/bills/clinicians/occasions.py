"""Who was where before: dated services of people by the group and specialty that gave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.context import SyncContext

_DAY_BITS, _GROUP_BITS = np.int64(18), np.int64(24)
_FIRST_DAY = np.int64(80_000)  # days before 1970 that can be keyed
_SPECIALTIES = np.int64(1_000)


@dataclass(frozen=True, eq=False)
class Dated:
    """Services of people on days; arrays of shape (n,).

    Attributes:
        rows: positions of the people in the chunk.
        group: int64, the group practice and specialty of who gave them, by `practice_of`.
    """

    rows: Rows
    days: Days
    group: NDArray[np.int64]

    def take(self, keep: NDArray[np.bool_]) -> Dated:
        """Return some of them."""
        return Dated(self.rows[keep], self.days[keep], self.group[keep])


def practice_of(ctx: SyncContext, provider: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return a number for the organisation and specialty of clinicians, int64, same shape."""
    providers = ctx.directory.providers
    return providers.organisation_npi[provider] * _SPECIALTIES + providers.specialty.codes[provider]


class Occasions:
    """Dated services, sorted, to be asked which of them came last before a day."""

    def __init__(self, parts: Sequence[Dated]) -> None:
        """Sort services.

        Args:
            parts: services; laid end to end, their positions are what `last` answers with.
        """
        none = np.zeros(0, dtype=np.int64)
        group = np.concatenate([none, *(part.group for part in parts)])
        self._groups = np.unique(group)
        key = self._key(
            np.concatenate([none, *(part.rows for part in parts)]),
            np.searchsorted(self._groups, group),
            np.concatenate([none, *(part.days for part in parts)]),
        )
        self._order = np.argsort(key, kind="stable")
        self._sorted = key[self._order]

    @staticmethod
    def _key(
        rows: NDArray[np.integer[Any]],
        group: NDArray[np.integer[Any]],
        days: NDArray[np.integer[Any]],
    ) -> NDArray[np.int64]:
        """Return numbers that rise with person, then group, then day; int64."""
        own = (rows.astype(np.int64) << _GROUP_BITS) + group.astype(np.int64)
        return (own << _DAY_BITS) + (days.astype(np.int64) + _FIRST_DAY)

    def last(self, asked: Dated) -> NDArray[np.int64]:
        """Return the last service of the same person and practice on or before each day asked.

        Returns:
            int64, shape (n,), positions among all services; -1 where there is none.
        """
        if not len(self._sorted):
            return np.full(len(asked.rows), -1, dtype=np.int64)
        group = np.searchsorted(self._groups, asked.group)
        known = self._groups[np.minimum(group, len(self._groups) - 1)] == asked.group
        key = self._key(asked.rows, group, asked.days)
        place = np.searchsorted(self._sorted, key, side="right") - 1
        at = np.maximum(place, 0)
        same = (self._sorted[at] >> _DAY_BITS) == (key >> _DAY_BITS)
        return np.where(known & same & (place >= 0), self._order[at], np.int64(-1))
