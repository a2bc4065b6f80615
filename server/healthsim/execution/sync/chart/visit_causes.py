"""Since when there is a reason for a planned visit: the end of what its step comes after.

What prepares an operation, or is done in a hospital, is decided at the first visit of its journey;
and children go home before anybody books for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.execution.sync.chart.lookups import numbers_at, places, text_column
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY, Minutes, VisitKey, VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.medicine.appointments import DONE_IN, PLANNED, PREPARES, is_after
from healthsim.medicine.occupancy import STAYS
from healthsim.specification.journeys.details import CodedDiagnosis
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence
from healthsim.specification.journeys.timing import At
from healthsim.tables import Columns

NEVER = np.iinfo(np.int64).min
_ACUTE = (*STAYS, "emergency")
_CANCER = "C"
_MINUTE_BITS = 33  # of a key; the person's row is above them
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class VisitCauses:
    """Why people come; arrays of shape (n,), one entry for each visit.

    Attributes:
        since: int64, minutes since 1970 from which the visit has a reason; `NEVER` where always.
        soon: bool, whether what happens without a plan brings people the same day.
    """

    since: Minutes
    soon: NDArray[np.bool_]

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> VisitCauses:
        """Return the causes of some of the visits."""
        return VisitCauses(self.since[rows], self.soon[rows])


def visit_causes(ctx: SyncContext, tables: Mapping[str, Columns], own: Columns) -> VisitCauses:
    """Return why people come to visits.

    A visit has a reason since the end of what its step or the steps around it come after, one
    after treatment since the last stay or emergency visit, one for a cancer since its onset, and
    any of a child since the end of the stay in which it was born.

    Args:
        ctx: the chunk.
        tables: the chunk's tables of encounters and conditions.
        own: the rows of encounters that are asked.
    """
    encounters, conditions = tables["encounters"], tables["conditions"]
    rows, start = _rows_of(ctx, own), np.asarray(own["start_at"], dtype=np.int64)
    since, soon = _of_steps(ctx, np.asarray(own["encounter_id"], dtype=np.int64))
    code = text_column(own, "reason_code")
    after = np.array([*map(is_after, code.vocabulary), False], dtype=np.bool_)[code.codes]
    treated = _last_treated(encounters, _rows_of(ctx, encounters), rows, start)
    cancer = np.array([*(one.startswith(_CANCER) for one in code.vocabulary), False])[code.codes]
    onset = _cancer_since(conditions, _rows_of(ctx, conditions), rows, start)
    since = np.maximum(since, np.where(after, treated, NEVER))
    since = np.maximum(since, _home_since(tables, own))
    return VisitCauses(np.maximum(since, np.where(cancer, onset, NEVER)), soon)


def _rows_of(ctx: SyncContext, columns: Columns) -> Ints:
    """Return the positions in the chunk of the people of rows, int64."""
    return np.searchsorted(ctx.person_id, np.asarray(columns["person_id"], dtype=np.int64))


def _of_steps(ctx: SyncContext, wanted: Ints) -> tuple[Minutes, NDArray[np.bool_]]:
    """Return since when the steps of encounters have a reason, and who comes at once."""
    happened = {(one.journey, one.occurrence.number): one for one in ctx.timeline.occurrences}
    parts: list[tuple[Ints, Minutes, NDArray[np.bool_]]] = []
    for key, visit in ctx.visits.items():
        if not visit.is_encounter or visit.details.encounter_class not in PLANNED:
            continue
        layout = ctx.record.layouts_walked[key[0]]
        causes = [happened[one] for number in _causes(layout, visit.occurrence)
                  if (one := (key[0], number)) in happened]  # fmt: skip
        since = _since(ctx, visit, causes)
        if _is_decided(visit):
            since = np.maximum(since, _decided(ctx, visit))
        parts.append((
            ids(ctx.person_id[visit.rows], ctx.encounter_number(visit)),
            since,
            np.full(len(visit.rows), _at_once(layout, visit.occurrence)),
        ))  # fmt: skip
    nothing = np.zeros(0, dtype=np.int64)
    parts.append((nothing, nothing, nothing.astype(np.bool_)))
    encounter, since, soon = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(encounter, kind="stable")
    place = places(encounter[order], wanted)
    return np.append(since[order], NEVER)[place], np.append(soon[order], False)[place]


def _around(layout: JourneyLayout, occurrence: Occurrence) -> Iterator[Occurrence]:
    """Yield an occurrence and those that open the scopes around it, from the inside."""
    number = occurrence.number
    while number >= 0:
        one = layout.occurrences[number]
        yield one
        number = one.opener if one.tick else layout.scopes[one.scope].opener


def _causes(layout: JourneyLayout, occurrence: Occurrence) -> list[int]:
    """Return what a visit and the steps around it come after."""
    return [one.anchor for one in _around(layout, occurrence) if one.anchor >= 0]


def _at_once(layout: JourneyLayout, occurrence: Occurrence) -> bool:
    """Tell whether a hazard brings people to a visit on its day."""
    for one in _around(layout, occurrence):
        every = getattr(one.step, "every", None)
        hazard = one.step.hazard or (every is not None and every.hazard)
        if hazard:
            return True
        if one.step.at != At() and not one.tick:
            return False
    return False


def _since(ctx: SyncContext, visit: VisitRows, causes: list[OccurrenceRows]) -> Minutes:
    """Return the end of the last cause before each visit of a step, minutes."""
    since = np.full(len(visit.rows), NEVER)
    for cause in causes:
        if not len(cause.rows):
            continue
        place = np.minimum(np.searchsorted(cause.rows, visit.rows), len(cause.rows) - 1)
        key: VisitKey = (cause.journey, cause.occurrence.number)
        ended = ctx.visits[key].end_at if key in ctx.visits else cause.days.astype(np.int64) * DAY
        before = (cause.rows[place] == visit.rows) & (ended[place] < visit.start_at)
        since = np.where(before, np.maximum(since, ended[place]), since)
    return since


def _is_decided(visit: VisitRows) -> bool:
    """Tell whether a visit before decides a visit: it prepares an operation, or is one."""
    if visit.details.encounter_class in DONE_IN:
        return True
    codes = (one.code if isinstance(one, CodedDiagnosis) else one
             for one in visit.details.diagnoses)  # fmt: skip
    return any(code.startswith(PREPARES) for code in codes)


def _decided(ctx: SyncContext, visit: VisitRows) -> Minutes:
    """Return when the first visit of a visit's journey ended, minutes; `NEVER` if not before it."""
    first = np.full(len(ctx.person_id), np.iinfo(np.int64).max)
    for key, one in ctx.visits.items():
        if key[0] == visit.source.journey and one.is_encounter:
            first[one.rows] = np.minimum(first[one.rows], one.end_at)
    ended = first[visit.rows]
    return np.where(ended < visit.start_at, ended, NEVER)


def _home_since(tables: Mapping[str, Columns], own: Columns) -> Minutes:
    """Return when people went home from the stay in which they were born; `NEVER` elsewhere."""
    encounters, patients = tables["encounters"], tables["patients"]
    seen = text_column(encounters, "encounter_class")
    stay = np.array([*(word in STAYS for word in seen.vocabulary), False])[seen.codes]
    who, start, end = (np.asarray(encounters[name], dtype=np.int64)[stay]
                       for name in ("person_id", "start_at", "end_at"))  # fmt: skip
    born = numbers_at(patients["birth_date"], places(patients["person_id"], who))
    first = np.flatnonzero(start // DAY == born)
    order = first[np.argsort(who[first], kind="stable")]
    place = places(who[order], np.asarray(own["person_id"], dtype=np.int64))
    return np.append(end[order], NEVER)[place]


def _last_treated(encounters: Columns, of: Ints, rows: Ints, start: Minutes) -> Minutes:
    """Return when the last stay or emergency visit before some visits ended, minutes."""
    seen = text_column(encounters, "encounter_class")
    acute = np.array([*(word in _ACUTE for word in seen.vocabulary), False])[seen.codes]
    end = np.asarray(encounters["end_at"], np.int64)[acute]
    return _latest_before(of[acute], end, rows, start)


def _cancer_since(conditions: Columns, of: Ints, rows: Ints, start: Minutes) -> Minutes:
    """Return the onset of the first cancer of people before some visits, minutes."""
    code = text_column(conditions, "code")
    cancer = np.array([*(one.startswith(_CANCER) for one in code.vocabulary), False])[code.codes]
    who, onset = of[cancer], np.asarray(conditions["onset_date"], np.int64)[cancer] * DAY
    order = np.lexsort((onset, who))
    who, onset = who[order], onset[order]
    at = np.minimum(np.searchsorted(who, rows), max(len(who) - 1, 0))
    if not len(who):
        return np.full(len(rows), NEVER)
    return np.where((who[at] == rows) & (onset[at] // DAY < start // DAY), onset[at], NEVER)


def _latest_before(who: Ints, minute: Minutes, rows: Ints, start: Minutes) -> Minutes:
    """Return the latest of people's minutes at or before others; `NEVER` where there is none."""
    if not len(who):
        return np.full(len(rows), NEVER)
    order = np.lexsort((minute, who))
    who, minute = who[order], minute[order]
    keys, wanted = (who << _MINUTE_BITS) + minute, (rows << _MINUTE_BITS) + start
    place = np.searchsorted(keys, wanted, side="right") - 1
    return np.where((place >= 0) & (who[place] == rows), minute[place], NEVER)
