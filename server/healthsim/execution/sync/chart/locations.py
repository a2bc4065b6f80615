"""Where people are during stays and emergency visits: units, rooms and beds, one after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import whole_years
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    codes_like,
    codes_where,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.wards import ADULT, CLASSES, Path, Step, paths, units
from healthsim.products.patientsim.wards import ENCOUNTER_LOCATIONS
from healthsim.tables import Coded, Columns

_HOUR = 60
_BITS = 27  # of minutes since 1970, in a key for sorting
_NONE = np.iinfo(np.int64).min
_FIRST_CASE, _LAST_CASE = 7.5 * _HOUR, 14 * _HOUR  # operations of a later day begin: assumption
_EARLY = 5 * _HOUR  # who comes from then on waits for the first case of the day: assumption
GETTING_READY = 75
"""Minutes from arrival to an operation, at least: assumption."""
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class _Stays:
    """Encounters with a bed; arrays of shape (n,), in the order of the table.

    Attributes:
        rows: positions of people in the chunk.
        start, end: minutes since 1970.
        kind: classes.
    """

    person: Numbers
    rows: Rows
    encounter: Numbers
    facility: Numbers
    start: Numbers
    end: Numbers
    kind: Coded


def encounter_locations(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `encounter_locations`: rows cover each stay without a gap, by the path that fits."""
    stays = _stays(ctx, tables["encounters"])
    path = _paths_of(stays, tables)
    parts = [
        _along(ctx, stays, np.flatnonzero(path == place), one, tables)
        for place, one in enumerate(paths())
    ]
    stay, step, unit, start, end = (np.concatenate(pair) for pair in zip(*parts, strict=True))
    order = np.lexsort((step, stay))
    stay, unit, start, end = stay[order], unit[order], start[order], end[order]
    first = np.ones(len(stay), dtype=np.bool_)
    first[1:] = stay[1:] != stay[:-1]
    place = np.arange(len(stay))
    sequence = place - np.maximum.accumulate(np.where(first, place, 0)) + 1
    return ENCOUNTER_LOCATIONS.complete({
        "encounter_id": stays.encounter[stay],
        "sequence": sequence.astype(np.int32),
        "person_id": stays.person[stay],
        "facility_id": stays.facility[stay],
        **_beds(ctx, stays.rows[stay], unit, start),
        "start_at": start,
        "end_at": end,
        "reason": _reasons(unit, first),
    })  # fmt: skip


def _stays(ctx: SyncContext, encounters: Columns) -> _Stays:
    kind = texts(encounters, "encounter_class")
    chosen = np.flatnonzero(codes_where(kind, CLASSES.__contains__))
    person = numbers(encounters, "person_id")[chosen]
    return _Stays(
        person, rows_of(ctx, person), numbers(encounters, "encounter_id")[chosen],
        numbers(encounters, "facility_id")[chosen], numbers(encounters, "start_at")[chosen],
        numbers(encounters, "end_at")[chosen], kind.take(chosen),
    )  # fmt: skip


def _paths_of(stays: _Stays, tables: Mapping[str, Columns]) -> Numbers:
    """Return the position of the first path that fits each stay, int64."""
    found = np.full(len(stays.encounter), -1, dtype=np.int64)
    for place, one in enumerate(paths()):
        fits = (found < 0) & codes_where(stays.kind, one.classes.__contains__)
        if fits.any():
            fits &= _fits(stays, one, tables)
        found[fits] = place
    return found


def _fits(stays: _Stays, path: Path, tables: Mapping[str, Columns]) -> Mask:
    """Return which stays have the diagnoses and procedures of a path."""
    diagnoses, procedures = tables["encounter_diagnoses"], tables["procedures"]
    code, encounter = texts(diagnoses, "code"), numbers(diagnoses, "encounter_id")
    fits = np.ones(len(stays.encounter), dtype=np.bool_)
    if path.principal or path.any:
        first = numbers(diagnoses, "sequence") == 1
        by_first = codes_like(code, path.principal or "(?!)") & first
        fits = np.isin(stays.encounter, encounter[by_first])
        for each in path.any:
            among = [np.isin(stays.encounter, encounter[codes_like(code, one)]) for one in each]
            fits |= np.logical_and.reduce(among)
    if path.procedures:
        done = codes_like(texts(procedures, "code"), path.procedures)
        fits &= np.isin(stays.encounter, numbers(procedures, "encounter_id")[done])
    return fits


def _along(
    ctx: SyncContext, stays: _Stays, at: Rows, path: Path, tables: Mapping[str, Columns]
) -> tuple[Numbers, Numbers, Numbers, Numbers, Numbers]:
    """Return stay, step, unit, start and end of the places of a path, for the stays at `at`."""
    names = list(units())
    begin, end = stays.start[at], stays.end[at]
    age = whole_years(ctx.people.birth[stays.rows[at]], (begin // DAY).astype(np.int32))
    event = _events(ctx, stays, at, path, tables) if _needs_event(path) else None
    parts = []
    since = begin
    for turn, step in enumerate(path.steps):
        until = np.minimum(_until(ctx, stays, at, step, turn, since, event), end)
        if step is path.steps[-1]:
            until = end
        here, child = (names.index(one) for one in (step.unit, units()[step.unit].child_unit))
        kept = np.flatnonzero((until > since) | ((turn == 0) & (end == begin)))
        unit = np.where(age < ADULT, child, here)
        parts.append((at[kept], np.full(len(kept), turn), unit[kept], since[kept], until[kept]))
        since = np.maximum(until, since)
    stay, turn_of, unit, start, last = (np.concatenate(pair) for pair in zip(*parts, strict=True))
    return stay, turn_of, unit, start, last


def _needs_event(path: Path) -> bool:
    return any(step.after_event is not None for step in path.steps)


def _until(
    ctx: SyncContext, stays: _Stays, at: Rows, step: Step, turn: int, since: Numbers,
    event: Numbers | None,
) -> Numbers:  # fmt: skip
    """Return until when a step lasts, were the stay long enough; minutes."""
    if step.least is None or step.most is None:
        return stays.end[at]
    draws, rows = ctx.record.draws, stays.rows[at]
    u = draws.at(f"chart/location/{turn}", rows, draws.pairs(rows, stays.start[at]))
    usual = since + np.floor((step.least + u * (step.most - step.least)) * _HOUR).astype(np.int64)
    if step.after_event is None or event is None:
        return usual
    by_event = np.maximum(event + int(step.after_event * _HOUR), since)
    return np.where(event == _NONE, usual, by_event)


def _events(
    ctx: SyncContext, stays: _Stays, at: Rows, path: Path, tables: Mapping[str, Columns]
) -> Numbers:
    """Return when the operation of a stay begins, or the child is born; minutes or `_NONE`."""
    if path.steps[0].unit == "labor and delivery":
        return _births(stays, at, tables)
    procedures = tables["procedures"]
    done = codes_like(texts(procedures, "code"), path.procedures)
    encounter, day = (numbers(procedures, name)[done]
                      for name in ("encounter_id", "performed_date"))  # fmt: skip
    order = np.lexsort((day, encounter))
    place = np.searchsorted(encounter[order], stays.encounter[at])  # each has one: its path says so
    return operation_begins(ctx, stays.rows[at], stays.start[at], day[order][place])


def operation_begins(ctx: SyncContext, rows: Rows, start: Numbers, on_day: Numbers) -> Numbers:
    """Return the minute at which the operation of a stay begins.

    Args:
        ctx: the chunk.
        rows: positions of people in the chunk.
        start: when their stays begin, minutes.
        on_day: days since 1970 of the operations.
    """
    draws = ctx.record.draws
    u = draws.at("chart/location/operation", rows, draws.pairs(rows, start))
    hour = np.floor(_FIRST_CASE + u * (_LAST_CASE - _FIRST_CASE)).astype(np.int64)
    soonest = start + GETTING_READY
    of_day = start % DAY
    early = (of_day >= _EARLY) & (of_day < _FIRST_CASE)
    soonest = np.where(early, np.maximum(soonest, start - of_day + int(_FIRST_CASE)), soonest)
    later = on_day > start // DAY
    return np.where(later, np.maximum(on_day * DAY + hour, soonest), soonest)


def _births(stays: _Stays, at: Rows, tables: Mapping[str, Columns]) -> Numbers:
    """Return when the first child of the mother is born in each stay; minutes or `_NONE`."""
    patients, encounters = tables["patients"], tables["encounters"]
    own = texts(encounters, "admit_type").equals("4")
    child, born = numbers(encounters, "person_id")[own], numbers(encounters, "start_at")[own]
    mother = numbers(patients, "mother_person_id")[
        np.searchsorted(numbers(patients, "person_id"), child)
    ]
    key = np.sort((np.maximum(mother, 0) << _BITS) + born)
    person, begin, end = stays.person[at], stays.start[at], stays.end[at]
    place = np.searchsorted(key, (person << _BITS) + begin)
    found = np.append(key, np.iinfo(np.int64).max)[place]
    return np.where(found <= (person << _BITS) + end, found & (2**_BITS - 1), _NONE)


def _beds(ctx: SyncContext, rows: Rows, unit: Numbers, start: Numbers) -> Columns:
    """Return unit, its role, room and bed of places."""
    kinds, draws = list(units().values()), ctx.record.draws
    size = np.array([one.rooms * len(one.beds) for one in kinds])
    u = draws.at("chart/location/bed", rows, draws.pairs(rows, start * len(kinds) + unit))
    bed = np.floor(u * size[unit]).astype(np.int64)
    begins = np.concatenate([[0], np.cumsum(size)])
    rooms = [f"{one.floor}{room + 1:02d}" for one in kinds for room in range(one.rooms)
             for _ in one.beds]  # fmt: skip
    beds = [letter for one in kinds for _ in range(one.rooms) for letter in one.beds]
    place = begins[unit] + bed
    return {
        "unit": Coded(unit.astype(np.int32), tuple(one.name for one in kinds)),
        "unit_code": Coded(unit.astype(np.int32), tuple(one.role_code for one in kinds)),
        "room": Coded(place.astype(np.int32), tuple(rooms)),
        "bed": Coded(place.astype(np.int32), tuple(beds)),
    }


def _reasons(unit: Numbers, first: Mask) -> Coded:
    """Return why people come to a place: admitted, or what the unit is for."""
    kinds = list(units().values())
    admitted = [f"admission: {one.moved}" for one in kinds]
    names = list(units())
    at_the_door = unit == names.index("emergency")
    place = np.where(first & ~at_the_door, unit + len(kinds), unit)
    return Coded(place.astype(np.int32), (*(one.moved for one in kinds), *admitted))
