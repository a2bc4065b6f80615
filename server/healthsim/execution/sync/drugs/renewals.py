"""In which visits prescriptions are written: renewals, and those of the day a stay ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.billing.pharmacy.dispensing import Prescribing, days_early
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.sync.context import SyncContext
from healthsim.products.networksim.reference import prescribes
from healthsim.tables import NO_NUMBER

_RENEWING = ("office", "telehealth")  # assumption: classes of visits in which drugs are renewed
STAYS = ("inpatient", "observation", "snf")
"""Classes of encounters whose attending writes the prescriptions of the day on which they end."""


class Within(NamedTuple):
    """In which visits something is written; arrays of shape (n,).

    Attributes:
        encounter: int64, id of the visit; `NO_NUMBER` where there is none.
        provider: int32, directory row of who treats in it; -1 where there is none.
    """

    encounter: NDArray[np.int64]
    provider: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class PrescribingVisits:
    """The visits of a chunk in which prescriptions are written, by person and day; shape (m,).

    Attributes:
        person: int64, position in the chunk, rising.
        day: int32, day of the visit, or on which the stay ends; rising for one person.
        encounter: int64, id of the visit.
        provider: int32, directory row of who treats.
    """

    person: NDArray[np.int64]
    day: Days
    encounter: NDArray[np.int64]
    provider: NDArray[np.int32]

    @classmethod
    def renewing(cls, ctx: SyncContext) -> PrescribingVisits:
        """Read those in which drugs are renewed from the visits of a chunk."""
        return cls._of(ctx, _RENEWING, "first")

    @classmethod
    def ends_of_stays(cls, ctx: SyncContext) -> PrescribingVisits:
        """Read the stays of a chunk, each on the day on which it ends."""
        return cls._of(ctx, STAYS, "last")

    @classmethod
    def _of(cls, ctx: SyncContext, classes: tuple[str, ...], name: str) -> PrescribingVisits:
        visits = [
            visit for visit in ctx.visits.values()
            if visit.is_encounter and visit.details.encounter_class in classes
            and prescribes(visit.specialty) and len(visit.rows)
        ]  # fmt: skip
        none = np.zeros(0, dtype=np.int64)
        person = np.concatenate([none, *(visit.rows for visit in visits)]).astype(np.int64)
        day = np.concatenate([none, *(getattr(visit, name) for visit in visits)]).astype(np.int32)
        encounter = np.concatenate(
            [
                none,
                *(ids(ctx.person_id[visit.rows], ctx.encounter_number(visit)) for visit in visits),
            ]
        )
        provider = np.concatenate([none, *(visit.provider for visit in visits)]).astype(np.int32)
        order = np.lexsort((encounter, day, person))
        return cls(person[order], day[order], encounter[order], provider[order])

    def last_before(self, rows: Rows, days: Days) -> NDArray[np.intp]:
        """Return each person's latest visit on or before a day, intp, shape (n,); -1 for none."""
        keys = _key(self.person, self.day)
        place = np.searchsorted(keys, _key(rows.astype(np.int64), days), side="right") - 1
        found = (place >= 0) & (self.person[np.maximum(place, 0)] == rows) if len(keys) else (
            np.zeros(len(rows), dtype=np.bool_))  # fmt: skip
        return np.where(found, place, -1)

    def within(self, rows: Rows, days: Days) -> Within:
        """Return in which of them something is written.

        Args:
            rows: positions of people in the chunk, shape (n,).
            days: int32, on which it is written.
        """
        if not len(self.day):
            return Within(np.full(len(rows), NO_NUMBER), np.full(len(rows), -1, dtype=np.int32))
        at = self.last_before(rows, days)
        same = (at >= 0) & (self.day[at] == days)
        return Within(np.where(same, self.encounter[at], NO_NUMBER),
                      np.where(same, self.provider[at], -1).astype(np.int32))  # fmt: skip


def _key(person: NDArray[np.int64], day: Days) -> NDArray[np.int64]:
    """Return numbers that rise with person, then day; int64."""
    return (person << np.int64(32)) + (day.astype(np.int64) - np.int64(NO_DAY))


@dataclass(frozen=True, eq=False)
class Writing:
    """One writing of a standing prescription, for n people; arrays of shape (n,).

    Attributes:
        written: int32, the day.
        expires: int32, the day on which it has to be written again.
        renewed: int32, the day on which the next writing took its place before that; `FOREVER`
            where none did.
        encounter: int64, id of the visit; `NO_NUMBER` where there was none.
        provider: int32, directory row of who treats in it; -1 where there was none.
    """

    written: Days
    expires: Days
    renewed: Days
    encounter: NDArray[np.int64]
    provider: NDArray[np.int32]

    def take(self, keep: Rows) -> Writing:
        """Return it for some of its people, in ascending order."""
        return Writing(
            self.written[keep],
            self.expires[keep],
            self.renewed[keep],
            self.encounter[keep],
            self.provider[keep],
        )


def renewed(
    first: Days,
    rows: Rows,
    as_of: int,
    way: Prescribing,
    times: int,
    visits: PrescribingVisits,
    lasts: Callable[[int], NDArray[np.int32]],
) -> list[Writing]:
    """Return each writing of a standing prescription, first to last.

    It is due when the one before ends. If the person was at a visit in the quarter before that, it
    was written there, and took the place of the one before: only one of them is in force. What was
    dispensed of that is used up first.

    Args:
        first: int32, shape (n,): when it was first written.
        rows: positions of the people in the chunk, shape (n,).
        as_of: first day of the data; there are no visits before it.
        way: how the drug is written.
        times: how often it is written at most.
        visits: where it may be renewed.
        lasts: gives the days, int32, shape (n,), that the writing of a number lasts.
    """
    size = len(rows)
    nothing = np.full(size, NO_NUMBER), np.full(size, -1, dtype=np.int32)
    writings: list[Writing] = []
    written, due = first, first
    early = np.int32(days_early(way))
    for number in range(times):
        encounter, provider = nothing
        if number and len(visits.day):
            at = visits.last_before(rows, due)
            day = visits.day[at]
            seen = (at >= 0) & (day >= due - early) & (day >= as_of)
            written = np.where(seen, day, due).astype(np.int32)
            encounter = np.where(seen, visits.encounter[at], NO_NUMBER)
            provider = np.where(seen, visits.provider[at], -1).astype(np.int32)
        else:
            written = due
        ends = (written + lasts(number)).astype(np.int32)
        if writings:
            early_on = np.where(written < due, written, FOREVER).astype(np.int32)
            writings[-1] = replace(writings[-1], renewed=early_on)
        none = np.full(size, FOREVER, dtype=np.int32)
        writings.append(Writing(written, ends, none, encounter, provider))
        due = ends
    return writings
