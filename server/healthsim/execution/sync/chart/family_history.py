"""What relatives of people had: those in the data as their charts say, the others by share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from healthsim.execution.sync.chart.asked import Asked, asked_before, who_has
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    codes_where,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.chart.relatives import parents_in_data
from healthsim.execution.sync.chart.rows import in_order, named_ids
from healthsim.execution.sync.context import SyncContext
from healthsim.medicine.family import FamilyCondition, family_conditions
from healthsim.products.patientsim.history import FAMILY_HISTORY
from healthsim.tables import Coded, Columns, stack

_RELATIVES = ("MTH", "FTH", "BRO", "SIS")
_TAKEN = 0.7  # share of people whose family history is written down: assumption
_SIBLING = 0.6  # share of them with a brother or sister in it: assumption
_YEAR = 365.25
_MODE, _SCALE = 87.0, 10.0
"""Years of a Gompertz curve of the age at death that is near the life table: assumption."""
_YOUNGEST, _OLDEST = 20, 38  # years of parents at the birth: assumption
_SAID = ("Z80", "Z81", "Z82", "Z83", "Z84")
"""Beginnings of codes that say that a relative had something."""
_NONE = np.int64(-(2**31))


@dataclass(frozen=True, eq=False)
class _Relative:
    """One kind of relative of people; arrays of shape (n,).

    Attributes:
        asked: of whom, and when.
        other: int64, the relative's position in the chunk; -1 for those who are not in the data.
        which: int64, position in `_RELATIVES`.
        age: float64, years that the relative has lived, until the day or until death.
        died: int64, age at death; `_NONE` while alive.
        address: of the draws.
    """

    asked: Asked
    other: Numbers
    which: Numbers
    age: NDArray[np.float64]
    died: Numbers
    address: str


def family_history(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `family_history`: one row for each person, relative and condition of the relative."""
    asked = asked_before(ctx, tables["patients"])
    taken = ctx.record.draws.uniform("chart/family_history")[asked.row] < _TAKEN
    taken |= who_has(ctx, tables["conditions"], _SAID)[asked.row]
    asked = asked.at(taken)
    relatives = [*(_parent(ctx, tables, asked, place) for place in (0, 1)),
                 _sibling(ctx, tables, asked)]  # fmt: skip
    parts = [
        part
        for relative in relatives
        for condition in family_conditions()
        if len((part := _rows(ctx, tables, relative, condition))["person_id"])
    ]
    return in_order(stack(parts), "family_history_id") if parts else FAMILY_HISTORY.empty()


def _parent(ctx: SyncContext, tables: Mapping[str, Columns], asked: Asked, place: int) -> _Relative:
    """Return the mother (0) or father (1): who is in the data, or an older stranger."""
    address = f"chart/family_history/{_RELATIVES[place]}"
    other = parents_in_data(ctx, "FM"[place])[asked.row]
    u = ctx.record.draws.uniform(f"{address}/age")[asked.row]
    at_birth = _YOUNGEST + u * (_OLDEST - _YOUNGEST)
    drawn = _lived(ctx, asked, asked.age + at_birth, at_birth + 1, address)
    born = ctx.people.birth[other].astype(np.int64)
    age, died = (asked.day - born) / _YEAR, np.full(len(other), _NONE)
    inside = other >= 0
    called = _births_of_called(ctx, tables["related_persons"], _RELATIVES[place])[asked.row]
    alive = called != _NONE  # who is called in an emergency is alive
    drawn = (np.where(alive, (asked.day - called) / _YEAR, drawn[0]),
             np.where(alive, _NONE, drawn[1]))  # fmt: skip
    return _Relative(
        asked, other, np.full(len(other), place), np.where(inside, age, drawn[0]),
        np.where(inside, died, drawn[1]), address,
    )  # fmt: skip


def _births_of_called(ctx: SyncContext, related: Columns, role: str) -> Numbers:
    """Return the day of birth of a relative of everyone who is called; `_NONE` for no such."""
    mine = codes_where(texts(related, "relationship"), lambda word: word == role)
    births = np.full(len(ctx.people), _NONE)
    births[rows_of(ctx, numbers(related, "person_id")[mine])] = numbers(related, "birth_date")[mine]
    return births


def _sibling(ctx: SyncContext, tables: Mapping[str, Columns], asked: Asked) -> _Relative:
    """Return a brother or sister of some, near in age, of whom no other table tells."""
    draws, address = ctx.record.draws, "chart/family_history/sibling"
    told = np.zeros(len(asked.row), dtype=np.bool_)
    for role in _RELATIVES[2:]:
        told |= _births_of_called(ctx, tables["related_persons"], role)[asked.row] != _NONE
    some = asked.at((draws.uniform(address)[asked.row] < _SIBLING) & ~told)
    sister = draws.uniform(f"{address}/sex")[some.row] < 0.5
    years = (2 * draws.uniform(f"{address}/age")[some.row] - 1) * 8  # up to so many: assumption
    age, died = _lived(ctx, some, np.maximum(some.age + years, 1), np.ones(len(years)), address)
    none = np.full(len(some.row), -1, dtype=np.int64)
    return _Relative(some, none, np.where(sister, 3, 2), age, died, address)


def _lived(
    ctx: SyncContext, asked: Asked, age: NDArray[np.float64], least: NDArray[np.float64],
    address: str,
) -> tuple[NDArray[np.float64], Numbers]:  # fmt: skip
    """Return how long relatives of an age, if alive, have lived, and at what age they died."""
    u = ctx.record.draws.uniform(f"{address}/death")[asked.row]
    ends = np.maximum(_MODE + _SCALE * np.log(-np.log(u)), least)
    dead = ends < age
    return np.where(dead, ends, age), np.where(dead, np.floor(ends), _NONE).astype(np.int64)


def _rows(
    ctx: SyncContext, tables: Mapping[str, Columns], of: _Relative, condition: FamilyCondition
) -> Columns:
    """Return which relatives had a condition, and from what age on."""
    onset, inside = _drawn(ctx, tables["conditions"], of, condition), of.other >= 0
    if inside.any():
        onset = np.where(inside, _own(ctx, tables["conditions"], of, condition), onset)
    has = np.flatnonzero(onset >= 0)
    if not len(has):
        return FAMILY_HISTORY.empty()
    names = [f"{one}/{each.code}" for one in _RELATIVES for each in family_conditions()]
    listed = [each.code for each in family_conditions()]
    which, size = of.which[has], len(has)
    person = ctx.person_id[of.asked.row[has]]
    died = of.died[has]
    return {
        "family_history_id": named_ids(
            "family_history", tuple(names), person, which * len(listed)
            + listed.index(condition.code),
        ),
        "person_id": person,
        "relationship": Coded(which.astype(np.int32), _RELATIVES),
        "sex": Coded(np.isin(which, (1, 2)).astype(np.int32), ("F", "M")),
        "code": Coded.constant(condition.code, size),
        "display": Coded.constant(condition.display, size),
        "onset_age": onset[has].astype(np.int32),
        "deceased": died != _NONE,
        "died_age": died.astype(np.int32),
        "recorded_date": of.asked.day[has].astype(np.int32),
    }  # fmt: skip


def _drawn(
    ctx: SyncContext, conditions: Columns, of: _Relative, condition: FamilyCondition
) -> NDArray[np.float64]:
    """Return the age at which relatives who are not in the data got a condition; -1 for none."""
    draws, row = ctx.record.draws, of.asked.row
    u, v = (draws.uniform(f"{of.address}/{condition.code}/{word}")[row] for word in ("has", "age"))
    share = np.array([condition.women, condition.men, condition.men, condition.women])[of.which]
    runs = who_has(ctx, conditions, condition.linked)[row]
    share = np.where(runs, np.minimum(share * condition.times, 0.95), share)
    onset = np.floor(np.maximum(condition.mean + condition.sd * ndtri(v), 1))
    drawn = np.where((u < share) & (onset <= of.age), onset, -1.0)
    if not condition.said:
        return drawn
    parent = of.which == (0 if condition.women >= condition.men else 1)
    said = who_has(ctx, conditions, (condition.said,))[row] & parent
    return np.where(said, np.minimum(onset, np.floor(of.age)), drawn)


def _own(
    ctx: SyncContext, conditions: Columns, of: _Relative, condition: FamilyCondition
) -> NDArray[np.float64]:
    """Return the age at which relatives in the data got a condition, by their charts."""
    mine = codes_where(texts(conditions, "code"), lambda code: code.startswith(condition.linked))
    since = np.full(len(ctx.people), np.iinfo(np.int64).max)
    row = rows_of(ctx, numbers(conditions, "person_id")[mine])
    np.minimum.at(since, row, numbers(conditions, "onset_date")[mine])
    onset = since[of.other]
    known: Mask = onset <= of.asked.day
    born = ctx.people.birth[of.other].astype(np.int64)
    return np.where(known, np.floor((np.where(known, onset, born) - born) / _YEAR), -1.0)
