"""Who has which devices: what procedures implant, what codes say, what conditions ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np

from healthsim.addresses import hash_of, ids
from healthsim.dates import NO_DAY, whole_years
from healthsim.execution.sync.chart.device_labels import label_columns
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    apart,
    codes_like,
    first_of_each,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.context import SyncContext
from healthsim.medicine.devices import SIDES, DeviceCause, device_causes, devices
from healthsim.products.patientsim.wards import DEVICES
from healthsim.tables import NO_NUMBER, Coded, Columns

_LEFT, _RIGHT = r"[A-Z]\d[\dA-Z]\..+2[A-Z]?$", r"[A-Z]\d[\dA-Z]\..+1[A-Z]?$"
_OF_ONE_SIDE = r"(M1[679]|H2[56]|S[4-9]\d|Q6)"
"""Codes whose last digit tells the side, before the letter of the encounter (ICD-10-CM)."""
_UNTOLD = -1
_YEAR = 365.25
_OPERATION, _CODE, _NEED = range(3)
"""By what a device is known, the best first."""


@dataclass(eq=False)
class _Held:
    """Devices of people; int64 arrays of shape (n,).

    Attributes:
        device: position among the kinds.
        start, until: days; `NO_DAY` where it is not taken away.
        side: position in `SIDES`; -1 where it is not told.
        procedure: its id, or `NO_NUMBER`.
        encounter: the encounter of the procedure, or `NO_NUMBER`.
        base: of the device's id.
        known: by what.
    """

    person: Numbers
    device: Numbers
    start: Numbers
    until: Numbers
    side: Numbers
    procedure: Numbers
    encounter: Numbers
    base: Numbers
    known: Numbers

    def take(self, rows: Numbers | Mask) -> _Held:
        return _Held(*(getattr(self, one.name)[rows] for one in fields(self)))

    @classmethod
    def none(cls) -> _Held:
        return cls(*(np.zeros(0, dtype=np.int64) for _ in fields(cls)))

    @classmethod
    def joined(cls, parts: list[_Held]) -> _Held:
        return cls(*(np.concatenate([getattr(part, one.name) for part in parts])
                     for one in fields(cls)))  # fmt: skip


def device_rows(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `devices`: implants of procedures and of before, and what is worn or used."""
    parts = [part for cause in device_causes() if cause.by != "removal"
             if len((part := _held(ctx, cause, _TABLES[cause.by](tables))).person)]  # fmt: skip
    if not parts:
        return DEVICES.empty()
    held = _Held.joined(parts)
    durable = ~np.array([one.implanted for one in devices()])[held.device]
    held = _Held.joined([
        _worn(held.take(durable)), _implants(ctx, held.take(~durable), tables)
    ])  # fmt: skip
    held = _taken_away(held, tables)
    held = _in_life(ctx, held)
    held.base = apart(held.base)
    held = held.take(np.argsort(held.base))
    return _columns(ctx, held)


@dataclass(frozen=True, eq=False)
class _Source:
    """Rows that devices follow from: codes of people with their days."""

    code: Coded
    columns: Columns
    day: str
    key: str
    until: str = ""


_TABLES = {
    "procedure": lambda tables: _Source(
        texts(tables["procedures"], "code"), tables["procedures"], "performed_date",
        "procedure_id"),
    "had": lambda tables: _Source(
        texts(tables["conditions"], "code"), tables["conditions"], "onset_date", "condition_id",
        "abatement_date"),
    "condition": lambda tables: _Source(
        texts(tables["conditions"], "code"), tables["conditions"], "onset_date", "condition_id",
        "abatement_date"),
    "drug": lambda tables: _Source(
        texts(tables["prescriptions"], "ingredient"), tables["prescriptions"], "written_date",
        "prescription_id"),
}  # fmt: skip


def _held(ctx: SyncContext, cause: DeviceCause, source: _Source) -> _Held:
    """Return the devices that people have for one cause."""
    kinds = {one.name: place for place, one in enumerate(devices())}
    kind = devices()[kinds[cause.device]]
    columns = source.columns
    chosen = np.flatnonzero(codes_like(source.code, cause.codes))
    if not len(chosen):
        return _Held.none()
    person = numbers(columns, "person_id")[chosen]
    start = numbers(columns, source.day)[chosen]
    until = numbers(columns, source.until)[chosen] if source.until and not kind.implanted \
        else np.full(len(chosen), NO_DAY, dtype=np.int64)  # fmt: skip
    by_operation = cause.by == "procedure"
    none = np.full(len(chosen), NO_NUMBER)
    key = numbers(columns, source.key)[chosen]
    known = {"procedure": _OPERATION, "had": _CODE}.get(cause.by, _NEED)
    held = _Held(
        person=person, device=np.full(len(chosen), kinds[cause.device]), start=start, until=until,
        side=np.full(len(chosen), SIDES.index(cause.side) if cause.side else _UNTOLD),
        procedure=key if by_operation else none,
        encounter=numbers(columns, "encounter_id")[chosen] if by_operation else none,
        base=key if kind.implanted else ids(person, hash_of(f"chart/device/{cause.device}")),
        known=np.full(len(chosen), known),
    )  # fmt: skip
    return held if kind.implanted else _who_need(ctx, held, cause, kind.life_years)


def _who_need(ctx: SyncContext, held: _Held, cause: DeviceCause, life_years: int) -> _Held:
    """Return those of the people with a cause who get the device, from when on."""
    rows = rows_of(ctx, held.person)
    address = f"chart/device/{cause.device}"
    draws = ctx.record.draws
    lag = np.floor(draws.uniform(f"{address}/lag", rows) * (cause.lag_days + 1)).astype(np.int64)
    held.start = held.start + lag
    age = whole_years(ctx.people.birth[rows], held.start.astype(np.int32))
    gets = (draws.uniform(address, rows) < cause.share) & (age >= cause.least_age)
    gets &= (age < cause.below_age) & ((held.until == NO_DAY) | (held.until > held.start))
    years = np.maximum(np.floor((ctx.as_of - held.start) / (life_years * _YEAR)), 0)
    held.start += np.floor(years * life_years * _YEAR).astype(np.int64)
    gets &= (held.until == NO_DAY) | (held.until > held.start)
    held.until = np.where(held.until == NO_DAY, NO_DAY, held.until + cause.kept_days)
    return held.take(gets)


def _worn(held: _Held) -> _Held:
    """Return everyone's first device of each kind that is worn or used, for its last cause."""
    held = held.take(np.lexsort((held.known, held.start, held.device, held.person)))
    first = first_of_each(held.person, held.device)
    if len(first):
        for_good = np.iinfo(np.int64).max
        until = np.maximum.reduceat(np.where(held.until == NO_DAY, for_good, held.until), first)
        held = held.take(first)
        held.until = np.where(until == for_good, NO_DAY, until)
    return held


def _implants(ctx: SyncContext, held: _Held, tables: Mapping[str, Columns]) -> _Held:
    """Return implants, each once: one operation may have several codes, and a code may follow."""
    held = held.take(np.lexsort((held.base, held.known, held.start, held.device, held.person)))
    sided = np.array([one.sided for one in devices()])[held.device]
    told = (held.side != _UNTOLD) & (held.known == _OPERATION)
    same_day = _day_keys(held)
    again = sided & (held.side == _UNTOLD) & np.isin(same_day, same_day[told])
    held, sided = held.take(~again), sided[~again]
    held.side = np.where(sided, _sides(ctx, held, tables["encounter_diagnoses"]), _UNTOLD)
    operated = held.known == _OPERATION
    first = np.zeros(len(held.person), dtype=np.bool_)
    first[np.flatnonzero(operated)[_once(held.take(operated), held.start[operated])]] = True
    coded = np.flatnonzero(~operated)
    first[coded[_once(held.take(coded), np.zeros(len(coded), dtype=np.int64))]] = True
    begun = _first_operation(held, operated)
    return held.take(first & (operated | (held.start < begun)))


def _day_keys(held: _Held) -> Numbers:
    """Return one number for each person, kind of device and day."""
    return ((held.person << 20) + held.start) * len(devices()) + held.device


def _once(held: _Held, day: Numbers) -> Numbers:
    return first_of_each(held.person, held.device, held.side, day)


def _first_operation(held: _Held, operated: Mask) -> Numbers:
    """Return for each row the day of the person's first operation for the device and side."""
    _, group = np.unique(_groups(held), return_inverse=True)
    first = np.full(group.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, group[operated], held.start[operated])
    return first[group]


def _groups(held: _Held) -> Numbers:
    """Return one number for each person, device and side."""
    return (held.person * len(devices()) + held.device) * (len(SIDES) + 1) + held.side + 1


def _sides(ctx: SyncContext, held: _Held, diagnoses: Columns) -> Numbers:
    """Return the side of each: told, else by a code of its day, its visit's diagnoses, or drawn."""
    rows = rows_of(ctx, held.person)
    draws = ctx.record.draws
    u = draws.at("chart/device/side", rows, draws.pairs(rows, held.start))
    side = np.where(held.side != _UNTOLD, held.side, np.floor(u * len(SIDES)).astype(np.int64))
    encounter, code = numbers(diagnoses, "encounter_id"), texts(diagnoses, "code")
    for place, pattern in ((SIDES.index("left"), _LEFT), (SIDES.index("right"), _RIGHT)):
        theirs = encounter[codes_like(code, f"(?={_OF_ONE_SIDE}){pattern}")]
        found = np.isin(held.encounter, theirs) & (held.encounter != NO_NUMBER)
        side = np.where((held.side == _UNTOLD) & found, place, side)
    day = _day_keys(held)
    for place in range(len(SIDES)):
        found = np.isin(day, day[held.side == place])
        side = np.where((held.side == _UNTOLD) & found, place, side)
    return side


def _taken_away(held: _Held, tables: Mapping[str, Columns]) -> _Held:
    """Return devices that end where a procedure removes them, or a new one takes their place."""
    for device, removed in _removals(tables["procedures"]):
        after = np.searchsorted(removed, (held.person << 20) + held.start, side="right")
        found = np.append(removed, -1)[after]
        theirs = (held.device == device) & (found >> 20 == held.person)
        held.until = np.where(theirs, found & (2**20 - 1), held.until)
    order = np.lexsort((held.start, _groups(held)))
    following = np.full(len(order), NO_DAY, dtype=np.int64)
    group = _groups(held)[order]
    takes_its_place = np.array([one.one for one in devices()])[held.device[order]][1:]
    same = (group[1:] == group[:-1]) & takes_its_place
    following[order[:-1][same]] = held.start[order][1:][same]
    sooner = (following != NO_DAY) & ((held.until == NO_DAY) | (following < held.until))
    held.until = np.where(sooner, following, held.until)
    return held


def _removals(procedures: Columns) -> Iterator[tuple[int, Numbers]]:
    """Yield devices with the (person, day) of procedures that take them out, as sorted numbers."""
    names = [one.name for one in devices()]
    for cause in device_causes():
        if cause.by == "removal":
            chosen = codes_like(texts(procedures, "code"), cause.codes)
            person = numbers(procedures, "person_id")[chosen]
            day = numbers(procedures, "performed_date")[chosen]
            yield names.index(cause.device), np.sort((person << 20) + day)


def _in_life(ctx: SyncContext, held: _Held) -> _Held:
    """Return devices of the living, within the data; ends that lie outside are none."""
    rows = rows_of(ctx, held.person)
    birth = ctx.people.birth[rows]
    end = np.minimum(ctx.record.death[rows], ctx.through).astype(np.int64)
    held.until = np.where(held.until > end, NO_DAY, held.until)
    return held.take((held.start >= birth) & (held.start <= end))


def _columns(ctx: SyncContext, held: _Held) -> Columns:
    kinds = devices()
    rows = rows_of(ctx, held.person)
    implanted = np.array([one.implanted for one in kinds])[held.device]
    dead = ctx.record.death[rows] <= ctx.through
    places = [*(one.site for one in kinds), *(f"{side} {one.site}" for side in SIDES
                                              for one in kinds)]  # fmt: skip
    site = np.where(np.array([one.site == "" for one in kinds])[held.device], -1,
                    (held.side + 1) * len(kinds) + held.device)  # fmt: skip
    gone = (held.until != NO_DAY) | dead
    return {
        "device_id": held.base,
        "person_id": held.person,
        "type_code": Coded(held.device.astype(np.int32), tuple(one.type_code for one in kinds)),
        "type_system": Coded.constant("FDA product code", len(held.person)),
        "type": Coded(held.device.astype(np.int32), tuple(one.type for one in kinds)),
        **label_columns(ctx, rows, held.device, held.side, held.start),
        "start_date": held.start.astype(np.int32),
        "implanted_date": np.where(implanted, held.start, NO_DAY).astype(np.int32),
        "removed_date": held.until.astype(np.int32),
        "status": Coded(gone.astype(np.int32), ("active", "inactive")),
        "body_site": Coded(site.astype(np.int32), tuple(places)),
        "procedure_id": held.procedure,
    }
