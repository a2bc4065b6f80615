"""When visits and stays begin and end: by class, by what is done in them, by why people come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Draws
from healthsim.execution.sync.numbering import analytes
from healthsim.execution.sync.visits.visit_coding import VisitCodes
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.medicine.arrivals import (
    PLANNED,
    admission_kind,
    arrival_kind,
    arrivals_of,
    is_operation,
)
from healthsim.medicine.visit_lengths import (
    VisitLength,
    lasts_as_a_whole,
    time_of,
    visit_length,
)
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import ClaimDetails, EncounterDetails

DAY = 24 * 60
Minutes: TypeAlias = NDArray[np.int64]
"""Minutes since 1970, int64."""

VisitKey: TypeAlias = tuple[int, int]
"""(Position of the journey in the run, number of the occurrence in the journey)."""

_ADMITTED = frozenset({"inpatient", "observation"})
_LEAVES = (10 * 60, 16 * 60)  # assumption: the hours in which stays end
_LEAST_SHARE = 0.75  # of the time until midnight, that late visits last at least: assumption
_SOON = 1  # days after an admission on which the operation is done that it was planned for


@dataclass(frozen=True, eq=False)
class Done:
    """Something that is done during a visit to some of its people."""

    code: str
    units: int
    source: OccurrenceRows


@dataclass(frozen=True, eq=False)
class ToTime:
    """Visits of one occurrence whose hours are asked.

    Attributes:
        source: the occurrence.
        last: their last days, int32.
        diagnoses: their codes.
        during: what is done during them, besides what they list.
    """

    source: OccurrenceRows
    details: EncounterDetails | ClaimDetails
    last: Days
    diagnoses: VisitCodes
    during: Sequence[Done] = ()

    @property
    def listed(self) -> list[str]:
        """Codes that the visit lists, each as often as it has units."""
        listed = self.details.procedures or ()
        each = ([one] if isinstance(one, str) else [one.code] * one.billed_units for one in listed)
        return [code for codes in each for code in codes]


@dataclass(frozen=True, eq=False)
class Hours:
    """When visits are; arrays of shape (n,).

    Attributes:
        start_at, end_at: int64, minutes since 1970.
        planned: bool, whether it is a stay that was planned.
    """

    start_at: Minutes
    end_at: Minutes
    planned: NDArray[np.bool_]


def done_during(occurrences: Iterable[OccurrenceRows]) -> Mapping[VisitKey, list[Done]]:
    """Return what is done during visits and matters for their hours, by the visit's key."""
    found: dict[VisitKey, list[Done]] = defaultdict(list)
    for source in occurrences:
        occurrence, step = source.occurrence, source.occurrence.step
        if occurrence.encounter < 0 or not len(source.rows):
            continue
        codes: Iterable[tuple[str, int]] = ()
        if isinstance(step, events.Procedure):
            codes = ((step.details.code, step.details.billed_units),)
        elif isinstance(step, events.Lab):
            codes = ((loinc, 1) for loinc in analytes(step.details))
        found[source.journey, occurrence.encounter] += [
            Done(code, units, source) for code, units in codes
            if any(time_of(code)) or is_operation(code)
        ]  # fmt: skip
    return found


def visit_hours(of: ToTime, draws: Draws) -> Hours:
    """Return arrival and departure; one draw gives the hour, its remainder the length.

    What takes longer than visits of its class begins so much earlier in the day. What would go on
    after midnight ends before it, at different times: a visit is over on its day.
    """
    source, last = of.source, of.last
    u = draws.uniform(f"{source.occurrence.address}/hour", source.rows)
    shortest, longest = _lengths(of)
    at, rest, planned = _arrivals(of, u, longest)
    longest = np.minimum(longest, DAY - 1 - at)
    shortest = np.minimum(shortest, np.floor(longest * _LEAST_SHARE).astype(np.int64))
    arrival = source.days.astype(np.int64) * DAY + at
    leaves = arrival + shortest + np.floor(rest * (longest - shortest + 1)).astype(np.int64)
    earliest, latest = _LEAVES
    discharge = last.astype(np.int64) * DAY + earliest + np.floor(rest * (latest - earliest))
    stays = last > source.days
    end_at = np.where(stays, discharge.astype(np.int64), leaves)
    return Hours(arrival, end_at, planned)


def _arrivals(
    of: ToTime, u: NDArray[np.float64], longest: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return minutes of the day, what is left of the draws, and which stays were planned."""
    encounter_class, size = of.details.encounter_class, len(u)
    planned = np.zeros(size, dtype=np.bool_)
    if encounter_class not in _ADMITTED:
        during = [one.code for one in of.during]
        curve = arrivals_of(arrival_kind(encounter_class, [*of.listed, *during]))
        shortest, usual = visit_length(encounter_class)
        late = curve.closes - np.maximum(longest - usual, 0)
        late = np.minimum(late, DAY - shortest)
        return *curve.minutes(u, late), planned
    kinds, which = _admissions(of)
    at, rest = np.zeros(size, dtype=np.int64), np.zeros(size)
    for place, kind in enumerate(kinds):
        some = np.flatnonzero(which == place)
        if len(some):
            curve = arrivals_of(arrival_kind(encounter_class, (), kind))
            at[some], rest[some] = curve.minutes(u[some])
            planned[some] = kind == PLANNED
    return at, rest, planned


def _admissions(of: ToTime) -> tuple[list[str], NDArray[np.intp]]:
    """Return kinds of admission, and the position of everyone's among them."""
    details, rows, size = of.details, of.source.rows, len(of.source.rows)
    stated = (*of.listed, *getattr(details, "icd10pcs", ()))
    operated = np.full(size, any(map(is_operation, stated)))
    for one in of.during:
        if is_operation(one.code):
            at = np.searchsorted(rows, one.source.rows)
            operated[at] |= one.source.days - of.source.days[at] <= _SOON
    principal = [codes[0] if codes else "" for codes in of.diagnoses.lists]
    kinds = [admission_kind(details.specialty or "", code, done)
             for code in principal for done in (False, True)]  # fmt: skip
    return kinds, of.diagnoses.chosen * 2 + operated


def _lengths(of: ToTime) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the shortest and longest minutes of everyone's visit, int64."""
    encounter_class, rows, size = of.details.encounter_class, of.source.rows, len(of.source.rows)
    during = [one for one in of.during if any(time_of(one.code))]
    if not during or lasts_as_a_whole(encounter_class):
        usual = visit_length(encounter_class, of.listed, of.details.specialty or "")
        return np.full(size, usual.shortest), np.full(size, usual.longest)
    longest_of = max((one for code in of.listed if (one := time_of(code).taken)),
                     key=lambda length: length.longest, default=VisitLength(0, 0))  # fmt: skip
    shortest, longest = (np.full(size, minutes, dtype=np.int64) for minutes in longest_of)
    added = [(np.arange(size), one, 1) for code in of.listed if (one := time_of(code).added)]
    for done in during:
        at, time = np.searchsorted(rows, done.source.rows), time_of(done.code)
        if time.taken:
            at = at[time.taken.longest > longest[at]]
            shortest[at], longest[at] = time.taken
        elif time.added:
            added.append((at, time.added, done.units))
    usual = visit_length(encounter_class, (), of.details.specialty or "")
    none = longest == 0
    shortest[none], longest[none] = usual
    for at, one, units in added:
        shortest[at] += units * one.shortest
        longest[at] += units * one.longest
    return shortest, longest
