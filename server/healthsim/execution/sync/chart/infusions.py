"""Doses that run for a time: in which parts, one after another, and when each ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import existing_minutes
from healthsim.execution.sync.chart.places import Numbers, codes_where, numbers, rows_of, texts
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.infusions import Part, ends, parts_of, pumps
from healthsim.tables import NO_NUMBER, Coded, Columns

_LATEST = 2**26  # more than the minutes since 1970 of any day here


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts of doses, those of a dose one after another; arrays of shape (parts,).

    Attributes:
        dose: int64, the position of the dose that each is of.
        place: int64, its place among the parts of its dose, from 0.
        share: float64, of the dose.
        minutes: int64, that it runs; 0 of what is given at once.
        leaves: bool, whether it runs on at home.
    """

    dose: Numbers
    place: Numbers
    share: NDArray[np.float64]
    minutes: Numbers
    leaves: NDArray[np.bool_]

    @property
    def inside(self) -> Numbers:
        """Minutes that each takes of its visit, int64."""
        return np.where(self.leaves, 0, self.minutes)

    def faster(self, share: NDArray[np.float64]) -> Parts:
        """Return the parts where those that run inside a visit take a share of their time."""
        short = np.ceil(self.minutes * share).astype(np.int64)
        return replace(self, minutes=np.where(self.leaves, self.minutes, short))

    @classmethod
    def of(cls, which: Numbers, ways: Sequence[tuple[Part, ...]]) -> Parts:
        """Return the parts of doses.

        Args:
            which: position in `ways` of each dose, int64, shape (n,).
            ways: in which parts a dose can be given.
        """
        count = np.array([*map(len, ways), 0])
        first = np.cumsum(count) - count
        every = [part for way in ways for part in way]
        dose = np.repeat(np.arange(len(which)), count[which])
        place = np.arange(len(dose)) - np.repeat(
            np.cumsum(count[which]) - count[which], count[which]
        )
        at = first[which[dose]] + place
        minutes = np.array([part.minutes for part in every], dtype=np.int64)
        return cls(
            dose, place,
            np.array([part.share for part in every], dtype=np.float64)[at],
            minutes[at],
            np.array([bool(part.until) for part in every], dtype=np.bool_)[at],
        )  # fmt: skip


def in_parts(
    procedures: Columns, at: Numbers, which: Numbers, drugs: Sequence[tuple[str, str]]
) -> Parts:
    """Return the parts of doses that procedures give.

    Args:
        procedures: the table.
        at: its rows that give a dose, int64, shape (n,).
        which: position in `drugs` of each, int64, shape (n,).
        drugs: ingredient and route of each drug.
    """
    encounter, day = (numbers(procedures, name) for name in ("encounter_id", "performed_date"))
    pumped = codes_where(texts(procedures, "code"), pumps().__contains__)
    place = np.unique(np.stack([encounter, day]), axis=1, return_inverse=True)[1].ravel()
    pump = np.isin(place[at], place[pumped])
    ways = [parts_of(*drug, pump=way) for drug in drugs for way in (False, True)]
    return Parts.of(which * 2 + pump, ways)


def ends_of_stays(given: Numbers, ingredient: Coded, route: Coded, last: Numbers) -> Numbers:
    """Return when doses of stays end, minutes; `NO_NUMBER` of those that are given at once.

    Args:
        given: when they begin.
        ingredient: of each.
        route: of each.
        last: when each stay ends.
    """
    minutes = np.array(
        [[parts_of(one, way)[0].minutes for way in (*route.vocabulary, "")]
         for one in (*ingredient.vocabulary, "")], dtype=np.int64,
    )  # fmt: skip
    return _ended(given, minutes[ingredient.codes, route.codes], last)


def ends_of_procedures(
    ctx: SyncContext,
    tables: Mapping[str, Columns],
    person: Numbers,
    given: Numbers,
    parts: Parts,
    last: Numbers,
) -> Numbers:
    """Return when doses of procedures end, minutes; `NO_NUMBER` of those that are given at once.

    What runs at home ends when it is empty, when somebody takes it off, or with the person's life;
    what runs on after the data has no end.

    Args:
        ctx: the chunk.
        tables: its finished tables.
        person: person_id of each part, shape (parts,).
        given: when each begins.
        parts: of the doses.
        last: when the visit of each ends.
    """
    alive = (ctx.record.death[rows_of(ctx, person)].astype(np.int64) + 1) * DAY - 1
    off = np.minimum(_taken_off(tables, person, given), alive)
    until = _ended(given, parts.minutes, np.where(parts.leaves, off, last))
    return np.where(parts.leaves & (until // DAY > ctx.through), NO_NUMBER, until)


def _ended(given: Numbers, minutes: Numbers, last: Numbers) -> Numbers:
    until = np.minimum(existing_minutes(given + minutes), last)
    return np.where((minutes > 0) & (until > given), until, NO_NUMBER)


def _taken_off(tables: Mapping[str, Columns], person: Numbers, given: Numbers) -> Numbers:
    """Return when the next visit begins in which somebody takes off a pump; or very late."""
    procedures, encounters = tables["procedures"], tables["encounters"]
    rows = np.flatnonzero(codes_where(texts(procedures, "code"), ends().__contains__))
    visit = numbers(procedures, "encounter_id")[rows]
    order = np.argsort(numbers(encounters, "encounter_id"))
    known = numbers(encounters, "encounter_id")[order]
    place = np.searchsorted(known, visit)
    there = np.append(known, NO_NUMBER)[place] == visit
    start = numbers(encounters, "start_at")[order[place[there]]]
    key = np.sort(numbers(procedures, "person_id")[rows[there]] * _LATEST + start)
    following = np.append(key, np.iinfo(np.int64).max)[
        np.searchsorted(key, person * _LATEST + given, side="right")
    ]
    same = following // _LATEST == person
    return np.where(same, following % _LATEST, _LATEST)
