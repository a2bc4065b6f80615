"""What appointments were made for: what was known on the day of the booking.

What a test of the day decides is not booked before: who comes for a treatment that is then put off
was booked for the treatment, and whose illness is found at a visit for what the visits before were
for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.dates import NO_DAY
from healthsim.execution.sync.chart.lookups import places, text_column
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY, Minutes
from healthsim.medicine.appointments import PLANNED, is_soon
from healthsim.specification.journeys.details import CodedDiagnosis, EncounterDetails
from healthsim.specification.journeys.events import Encounter
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence
from healthsim.tables import Coded, Columns

Ints = NDArray[np.int64]
_NO_JOURNEY = -1
_STEPS = 2**24  # steps of a run at most: a number of journey and step


def with_booked_reasons(
    ctx: SyncContext, conditions: Columns, visits: Columns, rows: Columns, of: Ints
) -> Columns:
    """Return appointments with the reasons that were known when they were booked.

    Args:
        ctx: the chunk.
        conditions: the chunk's table of conditions.
        visits: planned visits, rows of `encounters`.
        rows: appointments, with `booked_at` and the reasons of their visits.
        of: encounter_id of the visit that each appointment was for or led to.
    """
    journey, put_off = _steps(ctx, np.asarray(visits["encounter_id"], dtype=np.int64))
    at = places(visits["encounter_id"], of)
    rows = dict(rows)
    code = text_column(visits, "reason_code")
    known = _known_code(ctx, conditions, visits, journey, at, np.asarray(rows["booked_at"]))
    treated = put_off[0].take(at)
    rows["reason_code"] = _first(treated, code.take(known))
    rows["reason"] = _first(put_off[1].take(at), text_column(rows, "reason"))
    return rows


def _first(text: Coded, other: Coded) -> Coded:
    """Return texts, and others where there is none."""
    size = len(text.vocabulary)
    codes = np.where(text.codes >= 0, text.codes,
                     np.where(other.codes >= 0, other.codes + size, -1))  # fmt: skip
    both = Coded.of([*text.vocabulary, *other.vocabulary, None])
    return Coded(both.codes[codes], both.vocabulary)


def _steps(ctx: SyncContext, wanted: Ints) -> tuple[Ints, tuple[Coded, Coded]]:
    """Return the journeys of encounters, and the code and words of what is put off at them."""
    parts: list[tuple[Ints, Ints]] = []
    stated: list[tuple[str | None, str | None]] = []
    for key, visit in ctx.visits.items():
        if not visit.is_encounter or visit.details.encounter_class not in PLANNED:
            continue
        encounter = ids(ctx.person_id[visit.rows], ctx.encounter_number(visit))
        parts.append((encounter, np.full(len(encounter), key[0] * _STEPS + len(stated))))
        stated.append(_treatment(ctx.record.layouts_walked[key[0]], visit.occurrence))
    nothing = np.zeros(0, dtype=np.int64)
    parts.append((nothing, nothing))
    encounter, step = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(encounter, kind="stable")
    place = places(encounter[order], wanted)
    found = np.append(step[order], _NO_JOURNEY)[place]
    codes, words = (Coded.of([*column, None]) for column in
                    zip(*stated, (None, None), strict=True))  # fmt: skip
    which = np.where(found >= 0, found % _STEPS, len(stated))
    return np.where(found >= 0, found // _STEPS, _NO_JOURNEY), (
        codes.take(which), words.take(which),
    )  # fmt: skip


def _treatment(layout: JourneyLayout, occurrence: Occurrence) -> tuple[str | None, str | None]:
    """Return the code and words of the visit in whose place people come to have it put off."""
    tick = _put_off(layout, occurrence)
    for one in layout.occurrences[tick + 1 : occurrence.number] if tick >= 0 else ():
        if not isinstance(one.step, Encounter) or _put_off(layout, one) >= 0:
            continue
        details = one.step.details
        if isinstance(details, EncounterDetails) and details.encounter_class in PLANNED:
            return next(_codes(details), None), details.reason or None
    return None, None


def _codes(details: EncounterDetails) -> Iterator[str]:
    for one in details.diagnoses:
        yield one.code if isinstance(one, CodedDiagnosis) else one


def _put_off(layout: JourneyLayout, occurrence: Occurrence) -> int:
    """Return the beat whose delay an occurrence is a part of; -1 where it is of none."""
    number = occurrence.scope
    while number >= 0:
        scope = layout.scopes[number]
        if scope.opener >= 0 and scope.option >= 0 and layout.occurrences[scope.opener].tick:
            return scope.opener
        number = scope.outer
    return -1


def _known_code(
    ctx: SyncContext, conditions: Columns, visits: Columns, journey: Ints, at: Ints, booked: Minutes
) -> Ints:
    """Return whose code each appointment has: of its own visit, or the last one that was known.

    An illness that brings people the same day is why they book, whenever it is said to begin.
    """
    code = text_column(visits, "reason_code")
    soon = np.array([*map(is_soon, code.vocabulary), False], dtype=np.bool_)[code.codes]
    since = _since(ctx, conditions, visits)
    before = _visit_before(visits, journey)
    day, found = np.asarray(booked, dtype=np.int64) // DAY, at.copy()
    unknown = np.flatnonzero((at >= 0) & ~soon[at] & (since[at] > day))
    while len(unknown):
        found[unknown] = before[found[unknown]]
        unknown = unknown[found[unknown] >= 0]
        late = (since[found[unknown]] > day[unknown]) | soon[found[unknown]]
        unknown = unknown[late]
    return np.where(found >= 0, found, at)


def _visit_before(visits: Columns, journey: Ints) -> Ints:
    """Return the visit before each in its journey, positions; -1 where there is none."""
    person, start = (np.asarray(visits[name], dtype=np.int64) for name in ("person_id", "start_at"))
    order = np.lexsort((start, journey, person))
    same = (np.diff(person[order]) == 0) & (np.diff(journey[order]) == 0)
    before = np.full(len(order), -1, dtype=np.int64)
    before[order[1:]] = np.where(same & (journey[order[1:]] >= 0), order[:-1], -1)
    return before


def _since(ctx: SyncContext, conditions: Columns, visits: Columns) -> Ints:
    """Return since when people have what they come for, days; long ago for what is no condition."""
    mine, theirs = text_column(visits, "reason_code"), text_column(conditions, "code")
    number: Mapping[str, int] = {word: one for one, word in enumerate(mine.vocabulary)}
    same = np.array([*(number.get(word, -1) for word in theirs.vocabulary), -1])[theirs.codes]
    first = np.full((len(ctx.person_id), len(mine.vocabulary) + 1), np.iinfo(np.int64).max)
    rows = np.searchsorted(ctx.person_id, np.asarray(conditions["person_id"], dtype=np.int64))
    onset = np.asarray(conditions["onset_date"], dtype=np.int64)
    here = (same >= 0) & (onset != NO_DAY)
    np.minimum.at(first, (rows[here], same[here]), onset[here])
    who = np.searchsorted(ctx.person_id, np.asarray(visits["person_id"], dtype=np.int64))
    since = first[who, mine.codes]
    return np.where(since == np.iinfo(np.int64).max, np.iinfo(np.int64).min, since)
