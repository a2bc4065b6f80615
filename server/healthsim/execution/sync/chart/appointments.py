"""When people had appointments: kept ones, those missed before, and those booked for later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import BITS, ids
from healthsim.dates import NO_DAY, existing_minutes, last_business_day, next_business_day
from healthsim.execution.sync.chart.booked_reasons import with_booked_reasons
from healthsim.execution.sync.chart.lookups import by_vocabulary, numbers_at, places, text_column
from healthsim.execution.sync.chart.rows import in_order
from healthsim.execution.sync.chart.visit_causes import VisitCauses, visit_causes
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY, Minutes
from healthsim.medicine.appointments import PLANNED, appointment_type, figures, is_soon
from healthsim.tables import NO_NUMBER, Coded, Columns, stack, take

_SMALL = ("office", "telehealth")
_STATUSES = ("fulfilled", "noshow", "cancelled", "booked")
_REASONS = ("pat", "prov", "other")
_EVERY = 5  # minutes: appointments begin at full steps of them
_AT_LEAST = 30  # minutes from booking to the appointment: assumption
_SLOT = 10  # minutes by which appointments differ in length
_OPENS, _OPEN_MINUTES = 8 * 60, 8 * 60  # when appointments are made by telephone: assumption
_WEEK, _MOST_WEEKS = 7, 2  # between a missed appointment and the visit in its place: assumption
_MISSED, _NEXT = 0, 1
_LAST_NUMBER = 2**BITS - 1
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Visits:
    """Planned visits, in the order of `encounters`, and what is drawn for them.

    Attributes:
        own: their columns of `encounters`.
        person: person_id.
        start: minutes since 1970.
        beside: ids of the missed and of the next appointment, shape (n, 2).
        u: uniforms: who missed one, for which reason, when each was booked; shape (n, 4).
        causes: since when there is a reason for each.
    """

    own: Columns
    person: Ints
    start: Minutes
    beside: Ints
    u: NDArray[np.float64]
    causes: VisitCauses

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> _Visits:
        return _Visits(take(self.own, rows), self.person[rows], self.start[rows],
                       self.beside[rows], self.u[rows], self.causes.take(rows))  # fmt: skip

    def __len__(self) -> int:
        return len(self.person)


def appointments(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `appointments`: one row for each planned visit, and for some that came to nothing."""
    visits = _planned(ctx, tables)
    born = _born(tables, visits.person)
    missed, day = _missed(ctx, tables, visits, born)
    booked = _booked(visits, born)
    again = missed & (booked <= day)
    since = next_business_day((day // DAY + 1).astype(np.int32)).astype(np.int64) * DAY
    since += booked % DAY  # who missed one books again on a day after it
    booked = np.where(again, np.minimum(since, visits.start - _AT_LEAST), booked)
    kept = _columns(visits, visits.start, booked, 0)
    kept["appointment_id"] = visits.own["encounter_id"]
    kept["encounter_id"] = visits.own["encounter_id"]
    rows = in_order(
        stack([kept, _of_missed(visits, born, missed, day), _of_next(ctx, tables, visits)]),
        "appointment_id",
    )
    begins = existing_minutes(np.asarray(rows["start_at"], dtype=np.int64))
    rows["booked_at"] = np.minimum(existing_minutes(np.asarray(rows["booked_at"])), begins)
    rows["end_at"] = np.maximum(existing_minutes(np.asarray(rows["end_at"])), begins + _EVERY)
    of = np.asarray(rows.pop("of"), dtype=np.int64)
    return with_booked_reasons(ctx, tables["conditions"], visits.own, rows, of)


def _planned(ctx: SyncContext, tables: Mapping[str, Columns]) -> _Visits:
    encounters = tables["encounters"]
    seen = text_column(encounters, "encounter_class")
    is_planned = np.array([*(word in PLANNED for word in seen.vocabulary), False])[seen.codes]
    own = take(encounters, np.flatnonzero(is_planned))
    person, encounter, start = (
        np.asarray(own[name], dtype=np.int64) for name in ("person_id", "encounter_id", "start_at")
    )
    known, beside = ctx.numbering.appointments
    number = encounter & _LAST_NUMBER
    at = np.searchsorted(known, number)
    draws = ctx.record.draws
    rows = np.searchsorted(ctx.person_id, person)
    pairs = draws.pairs(rows, number)
    words = ("missed", "reason", "booked", "before")
    u = [draws.at(f"chart/appointment/{word}", rows, pairs) for word in words]
    return _Visits(
        own, person, start - start % _EVERY,
        np.stack([ids(person, beside[at, one]) for one in (_MISSED, _NEXT)], axis=1),
        np.stack(u, axis=1), visit_causes(ctx, tables, own),
    )  # fmt: skip


def _born(tables: Mapping[str, Columns], person: Ints) -> Ints:
    patients = tables["patients"]
    return numbers_at(patients["birth_date"], places(patients["person_id"], person)) * DAY


def _soon(visits: _Visits) -> NDArray[np.bool_]:
    """Return which visits are booked as soon as people fall ill, bool."""
    code = text_column(visits.own, "reason_code")
    ill = np.array([is_soon(word) for word in code.vocabulary] + [False], dtype=np.bool_)
    return ill[code.codes] | visits.causes.soon


def _booked(visits: _Visits, born: Ints, place: int = 2) -> Minutes:
    """Return when appointments were booked, minutes: days before, or of an illness on its day.

    People call in the hours of an office, or book on a portal in the day. Nobody calls on the day
    of a visit that begins before offices open.
    """
    soon = _soon(visits)
    most = np.where(soon, figures()["soon_days"], figures()["planned_days"])
    u = visits.u[:, place]
    days = np.floor(u * (most + 1)).astype(np.int64)
    rest = u * (most + 1) - days
    start_day, latest = visits.start // DAY, visits.start - _AT_LEAST
    day = np.where(soon | (days > 0), start_day - days, start_day - 1)
    booked = _made_at(day, rest)
    same = (booked > latest) & (latest % DAY >= _OPENS)
    before = (booked > latest) & ~same
    booked = np.where(same, latest, np.where(before, _made_at(start_day - 1, rest), booked))
    booked = np.maximum(booked, np.minimum(born + _OPENS, latest))
    return _with_reason(visits, booked, latest, u)


def _with_reason(
    visits: _Visits, booked: Minutes, latest: Minutes, u: NDArray[np.float64]
) -> Minutes:
    """Return bookings, with those before there is a reason for the visit after it.

    They are spread over the days from the reason to the visit, within the hours of an office.
    """
    since = visits.causes.since
    early = np.flatnonzero((booked < since) & (since < latest))
    opens, latest, u = _next_opening(since[early]), latest[early], u[early]
    days = np.maximum(latest // DAY - opens // DAY, 0)
    later = np.floor(u * (days + 1))
    at = _made_at(opens // DAY + later.astype(np.int64), u * (days + 1) - later)
    booked = booked.copy()
    booked[early] = np.minimum(np.maximum(at, opens), latest)
    return booked


def _next_opening(since: Minutes) -> Minutes:
    """Return the first minute in the day at or after some minutes."""
    closes = _OPENS + _OPEN_MINUTES
    hour = since % DAY
    morning = (since // DAY + (hour >= closes)) * DAY + _OPENS
    return np.where((hour < _OPENS) | (hour >= closes), morning, since)


def _made_at(day: Ints, u: NDArray[np.float64]) -> Minutes:
    """Return minutes at which bookings of some days are made: by telephone, or on a portal."""
    share = figures()
    online = u < share["online"]
    within = np.where(online, u / share["online"], (u - share["online"]) / (1 - share["online"]))
    opens, closes = (60 * share[f"portal_{word}"] for word in ("opens", "closes"))
    minute = np.where(online, opens + within * (closes - opens), _OPENS + within * _OPEN_MINUTES)
    called = last_business_day(day.astype(np.int32)).astype(np.int64)
    return np.where(online, day, called) * DAY + np.floor(minute).astype(np.int64)


def _missed(
    ctx: SyncContext, tables: Mapping[str, Columns], visits: _Visits, born: Ints
) -> tuple[NDArray[np.bool_], Minutes]:
    """Return before which visits an appointment came to nothing, and when it was to begin.

    It was one or two weeks before, at the same hour: on a day of the data and of the life, on
    which the person saw nobody, and nothing but an office visit lies between it and the visit. Who
    has fallen ill since then had no appointment before.
    """
    weeks = 1 + np.floor(visits.u[:, 3] * _MOST_WEEKS).astype(np.int64)
    start = visits.start - weeks * _WEEK * DAY
    day = (start // DAY).astype(np.int32)
    chance = figures()["noshow"] + figures()["cancelled"]
    missed = (visits.u[:, 0] < chance) & (start >= np.maximum(born, ctx.as_of * DAY))
    missed &= ~_soon(visits) & (next_business_day(day) == day)
    missed &= _next_opening(np.maximum(visits.causes.since, 0)) < start - _AT_LEAST
    missed &= ~_seen(tables["encounters"], visits, start)
    return missed, start


def _seen(encounters: Columns, visits: _Visits, at: Minutes) -> NDArray[np.bool_]:
    """Return who saw somebody on the day of a time, or was treated between it and the visit, bool.

    Treated is who was in a hospital or had something done in one: a visit after it has its reason
    there.
    """
    who, start, end = (
        np.asarray(encounters[name], dtype=np.int64) for name in ("person_id", "start_at", "end_at")
    )
    seen = text_column(encounters, "encounter_class")
    small = np.array([*(word in _SMALL for word in seen.vocabulary), False])[seen.codes]
    begin = np.searchsorted(who, visits.person)
    count = np.searchsorted(who, visits.person, side="right") - begin
    owner = np.repeat(np.arange(len(begin)), count)
    row = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count - begin, count)
    day = at[owner] // DAY
    hit = (start[row] // DAY <= day) & (end[row] // DAY >= day)
    hit |= ~small[row] & (start[row] // DAY >= day) & (start[row] < visits.start[owner])
    return np.bincount(owner[hit], minlength=len(begin)).astype(np.bool_)


def _columns(visits: _Visits, start: Minutes, booked: Minutes, status: int) -> Columns:
    own, size = visits.own, len(visits)
    lasts = np.asarray(own["end_at"], dtype=np.int64) - np.asarray(own["start_at"], dtype=np.int64)
    code = text_column(own, "reason_code")
    return {
        "person_id": visits.person,
        "status": Coded(np.full(size, status, dtype=np.int32), _STATUSES),
        "type": by_vocabulary(code, [appointment_type(word) for word in code.vocabulary]),
        "encounter_class": own["encounter_class"],
        "booked_at": booked,
        "start_at": start,
        "end_at": start + np.maximum(lasts // _SLOT + 1, 1) * _SLOT,
        "practitioner_npi": own["attending_npi"],
        "facility_id": own["facility_id"],
        "reason_code": code,
        "reason": own["reason"],
        "cancel_reason": Coded.constant(None, size),
        "encounter_id": np.full(size, NO_NUMBER),
        "of": own["encounter_id"],
    }


def _of_missed(visits: _Visits, born: Ints, missed: NDArray[np.bool_], start: Minutes) -> Columns:
    """Return the appointments that were missed or cancelled."""
    of, begins = visits.take(missed), start[missed]
    earlier = replace(of, start=begins)
    columns = _columns(earlier, begins, _booked(earlier, born[missed], 1), 0)
    share = figures()
    cancelled = of.u[:, 0] >= share["noshow"]
    of_patient = (of.u[:, 0] - share["noshow"]) / share["cancelled"]
    reason = np.searchsorted(
        [share["by_patient"], share["by_patient"] + share["by_provider"]], of_patient, "right"
    )
    columns["appointment_id"] = of.beside[:, _MISSED]
    columns["status"] = Coded(np.where(cancelled, 2, 1).astype(np.int32), _STATUSES)
    columns["cancel_reason"] = Coded(np.where(cancelled, reason, -1).astype(np.int32), _REASONS)
    return columns


def _of_next(ctx: SyncContext, tables: Mapping[str, Columns], visits: _Visits) -> Columns:
    """Return the appointments after the data of the living whom a clinician sees regularly."""
    patients = tables["patients"]
    died = np.asarray(patients["death_date"], dtype=np.int64)
    alive = died[places(patients["person_id"], visits.person)] == NO_DAY
    npi = np.asarray(visits.own["attending_npi"], dtype=np.int64)
    order = np.lexsort((visits.start, npi, visits.person))
    same = np.zeros(len(order) + 1, dtype=np.bool_)
    same[1:-1] = (visits.person[order][1:] == visits.person[order][:-1]) & (
        npi[order][1:] == npi[order][:-1]
    )
    last = np.flatnonzero(same[:-1] & ~same[1:])  # of two or more with the same clinician
    latest, before = order[last], order[last - 1]
    gap = visits.start[latest] // DAY - visits.start[before] // DAY
    day = next_business_day((visits.start[latest] // DAY + gap).astype(np.int32)).astype(np.int64)
    comes = alive[latest] & (gap >= _WEEK) & (gap <= figures()["longest_gap"])
    comes &= (day > ctx.through) & (visits.u[latest, 1] < figures()["next_share"])
    of, day = visits.take(latest[comes]), day[comes]
    left = np.asarray(of.own["end_at"], dtype=np.int64)
    columns = _columns(of, day * DAY + of.start % DAY, left, _STATUSES.index("booked"))
    columns["appointment_id"] = of.beside[:, _NEXT]
    return columns
