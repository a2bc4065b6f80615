"""Whom people have: spouses, parents of minors, and whom to call in an emergency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, add_months
from healthsim.execution.cohort.identity import draw_parents
from healthsim.execution.cohort.naming import draw_family_names, draw_given_names
from healthsim.execution.people.people import FIRST_BORN
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    codes_where,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.chart.rows import choose, in_order, named_ids
from healthsim.execution.sync.context import SyncContext
from healthsim.medicine.family import Contact, contacts
from healthsim.products.patientsim.history import RELATED_PERSONS
from healthsim.products.populationsim.names import street
from healthsim.tables import NO_NUMBER, Coded, Columns, join

_SLOTS = ("spouse", "parent_1", "parent_2", "contact")
_ROLES = ("HUSB", "WIFE", "SPS", "FTH", "MTH", "PRN", "SONC", "DAUC", "BRO", "SIS", "FRND")
"""HL7 v3 RoleCode; a man, a woman, and anybody else, where there are three."""
_SPOUSE, _PARENT, _FRIEND = 0, 3, 10
_ADULT, _FIRST_CHILD = 18, 3
_YEAR = 365.25
_OTHER_NAME = 0.2  # spouses who keep their own name (Pew 2023: 79 % of wives took the husband's)
_SPOUSE_YEARS = 8  # spouses are up to so many years older or younger: assumption


@dataclass(frozen=True, eq=False)
class _Relatives:
    """Relatives of people; arrays of shape (n,).

    Attributes:
        row: int64, position of the person.
        other: int64, position of the relative; -1 who is not in the data.
        slot: int64, position in `_SLOTS`.
        role: int64, position in `_ROLES`.
        gender: position in M, F; -1 for others.
        birth: int64, day of birth.
        together: whether they live in one household.
        guardian: whether the relative answers for the person, who is a minor.
        given, family: names.
    """

    row: Numbers
    other: Numbers
    slot: Numbers
    role: Numbers
    gender: NDArray[np.int32]
    birth: Numbers
    together: Mask
    guardian: Mask
    given: Coded
    family: Coded


def related_persons(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `related_persons`: spouses, parents, and other emergency contacts."""
    there = np.zeros(len(ctx.people), dtype=np.bool_)
    there[rows_of(ctx, numbers(tables["patients"], "person_id"))] = True
    inside = _inside(ctx, there)
    spouses = _spouses(ctx, tables["observations"], there & ~_has(ctx, inside, _SPOUSE))
    parents = _parents(ctx, there)
    with_spouse = _has(ctx, inside, _SPOUSE) | _has(ctx, spouses, _SPOUSE)
    known = with_spouse | _has(ctx, parents, 1) | _has(ctx, inside, 1)
    parts = [inside, spouses, parents, _contacts(ctx, there & ~known)]
    return _columns(ctx, parts)


def _has(ctx: SyncContext, relatives: _Relatives, slot: int) -> Mask:
    """Return who has a relative of a slot, bool, (people,)."""
    has = np.zeros(len(ctx.people), dtype=np.bool_)
    has[relatives.row[relatives.slot == slot]] = True
    return has


def _adult(ctx: SyncContext) -> Mask:
    """Return who is of age on `as_of`, bool, (people,)."""
    birth = np.where(ctx.people.birth == NO_DAY, ctx.as_of, ctx.people.birth).astype(np.int32)
    adult: Mask = add_months(birth, 12 * _ADULT) <= ctx.as_of
    return adult


def _sex(gender: Coded) -> NDArray[np.int32]:
    """Return 0 for M, 1 for F, 2 for any other."""
    return np.where(gender.equals("M"), 0, np.where(gender.equals("F"), 1, 2)).astype(np.int32)


def parents_of(ctx: SyncContext) -> tuple[Numbers, Numbers]:
    """Return the positions of everyone's parents in the data, int64, (people,); -1 for none."""
    people, homes = ctx.people, ctx.people.households
    nobody = np.full(len(people), -1, dtype=np.int64)
    if homes is None:
        return nobody, nobody.copy()
    second = _second_of_unit(ctx)
    child = (people.number >= _FIRST_CHILD) & (people.number < FIRST_BORN) & homes.families
    first = np.where(homes.mother >= 0, homes.mother, np.where(child, homes.anchor, -1))
    other = np.where(first == homes.anchor, second, np.where(first == second, homes.anchor, -1))
    return first, np.where(first >= 0, other, -1)


def parents_in_data(ctx: SyncContext, sex: str) -> Numbers:
    """Return the position of everyone's mother (F) or father (M); -1 who is not in the data."""
    found = np.full(len(ctx.people), -1, dtype=np.int64)
    of_sex = np.append(ctx.people.gender.equals(sex), False)
    for parent in reversed(parents_of(ctx)):
        found = np.where(of_sex[parent], parent, found)
    return found


def _second_of_unit(ctx: SyncContext) -> Numbers:
    """Return the position of the spouse of everyone's anchor; -1 for none."""
    homes = ctx.people.households
    second = np.full(len(ctx.people), -1, dtype=np.int64)
    if homes is None or not homes.families:
        return second
    spouse = np.flatnonzero((ctx.people.number == 2) & (ctx.people.birth != NO_DAY))
    second[homes.anchor[spouse]] = spouse
    of_unit: Numbers = second[homes.anchor]
    return of_unit


def _inside(ctx: SyncContext, there: Mask) -> _Relatives:
    """Return spouses and parents who are in the data."""
    everybody, place = np.arange(len(ctx.people)), ctx.people.number
    spouse, homes = _second_of_unit(ctx), ctx.people.households
    anchor = everybody if homes is None else homes.anchor
    married = np.where(place == 1, spouse, np.where(place == 2, anchor, -1))
    married = np.where(spouse >= 0, married, -1)
    sex, found = _sex(ctx.people.gender).astype(np.int64), []
    for slot, other in enumerate((married, *parents_of(ctx))):
        rows = np.flatnonzero((other >= 0) & there)
        rows = rows[there[other[rows]]]
        first = _SPOUSE if slot == 0 else _PARENT
        found.append((rows, other[rows], np.full(len(rows), slot), sex[other[rows]] + first))
    rows, others, slots, role = (np.concatenate(one) for one in zip(*found, strict=True))
    return _Relatives(
        rows, others, slots, role, _sex(ctx.people.gender)[others],
        ctx.people.birth[others].astype(np.int64), np.ones(len(rows), dtype=np.bool_),
        (slots > 0) & ~_adult(ctx)[rows], ctx.identity.given_name.take(others),
        ctx.identity.family_name.take(others),
    )  # fmt: skip


def _parents(ctx: SyncContext, there: Mask) -> _Relatives:
    """Return the parent of each anchor who is a minor: who holds the child's coverage, if any."""
    minor = there & ~_adult(ctx) & (ctx.people.number == 1)
    rows = np.flatnonzero(minor)
    parent = draw_parents(ctx.people, ctx.record.draws) if len(rows) else None
    if parent is None:
        return _outside(ctx, rows, 1, rows, rows.astype(np.int32), rows, together=True)
    sex = _sex(parent.gender)[rows]
    return _outside(ctx, rows, 1, _PARENT + sex, sex, parent.birth[rows].astype(np.int64),
                    together=True, given=parent.given_name.take(rows))  # fmt: skip


def _spouses(ctx: SyncContext, observations: Columns, may: Mask) -> _Relatives:
    """Return spouses who are not in the data, of adults who are married."""
    married = may & _adult(ctx) & ctx.people.marital_status.equals("M") & (ctx.people.number == 1)
    rows = np.flatnonzero(married)
    same = np.zeros(len(ctx.people), dtype=np.bool_)
    said = codes_where(texts(observations, "value_text"), lambda text: text == "Homosexual")
    same[rows_of(ctx, numbers(observations, "person_id")[said])] = True
    own = _sex(ctx.people.gender)[rows]
    sex = np.where(same[rows] | (own == 2), own, 1 - own).astype(np.int32)
    u = ctx.record.draws.uniform("chart/spouse/birth", rows)
    years = (2 * u - 1) * _SPOUSE_YEARS
    birth = np.minimum(
        ctx.people.birth[rows] + np.floor(years * _YEAR), ctx.as_of - np.ceil(_ADULT * _YEAR)
    ).astype(np.int64)
    keeps = ctx.record.draws.uniform("chart/spouse/keeps_name", rows) < _OTHER_NAME
    return _outside(ctx, rows, 0, _SPOUSE + sex, sex, birth, together=True, other_name=keeps)


def _contacts(ctx: SyncContext, may: Mask) -> _Relatives:
    """Return whom adults without a spouse name for emergencies, by age."""
    adult, draws = may & _adult(ctx), ctx.record.draws
    parts = []
    age = ((ctx.as_of - ctx.people.birth.astype(np.int64)) / _YEAR).astype(np.int64)
    for low, high, choices in contacts():
        rows = np.flatnonzero(adult & (age >= low) & (age <= high))
        which = choose(draws.uniform("chart/contact", rows), [one.weight for one in choices])
        for place, one in enumerate(choices):
            if one.role:
                parts.append(_contact(ctx, rows[which == place], one))
    return _stacked(parts)


def _contact(ctx: SyncContext, rows: NDArray[np.intp], one: Contact) -> _Relatives:
    draws = ctx.record.draws
    first = _ROLES.index(one.role)
    sex = (draws.uniform("chart/contact/sex", rows) < one.women).astype(np.int32)
    role = np.full(len(rows), first) if one.role == "FRND" else first + sex
    u = draws.uniform("chart/contact/birth", rows)
    years = one.younger_low + u * (one.younger_high - one.younger_low)
    birth = ctx.people.birth[rows] + np.floor(years * _YEAR)
    birth = np.minimum(birth, ctx.as_of - np.ceil(_ADULT * _YEAR)).astype(np.int64)
    other = draws.uniform("chart/contact/keeps_name", rows) < np.where(
        sex == 1, one.women_other_name, one.men_other_name
    )
    return _outside(ctx, rows, 3, role, sex, birth, together=False, other_name=other)


def _outside(
    ctx: SyncContext,
    rows: NDArray[np.intp],
    slot: int,
    role: NDArray[np.integer],
    sex: NDArray[np.int32],
    birth: NDArray[np.int64],
    *,
    together: bool,
    given: Coded | None = None,
    other_name: Mask | None = None,
) -> _Relatives:
    """Return relatives who are not in the data, with names of their own draw."""
    address, size = f"chart/{_SLOTS[slot]}", len(rows)
    gender = Coded(np.where(sex < 2, sex, -1).astype(np.int32), ("M", "F"))
    if given is None:
        given = draw_given_names(ctx.people, ctx.record.draws, f"{address}/given_name", gender,
                                 birth.astype(np.int32), rows)  # fmt: skip
    family = ctx.identity.family_name.take(rows)
    if other_name is not None and other_name.any():
        own = draw_family_names(ctx.people, ctx.record.draws, f"{address}/family_name", rows)
        both = join([family, own])
        family = both.take(np.arange(size) + np.where(other_name, size, 0))
    return _Relatives(
        rows.astype(np.int64), np.full(size, -1, dtype=np.int64), np.full(size, slot),
        np.asarray(role, dtype=np.int64), gender.codes, birth,
        np.full(size, together), np.full(size, slot == 1), given, family,
    )  # fmt: skip


def _stacked(parts: Sequence[_Relatives]) -> _Relatives:
    """Put relatives below each other."""
    numbers_ = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("row", "other", "slot", "role", "gender", "birth", "together", "guardian")
    }
    given, family = (join([getattr(part, name) for part in parts]) for name in ("given", "family"))
    return _Relatives(**numbers_, given=given, family=family)


def _columns(ctx: SyncContext, parts: Sequence[_Relatives]) -> Columns:
    parts = [part for part in parts if len(part.row)]
    if not parts:
        return RELATED_PERSONS.empty()
    of = _stacked(parts)
    person, inside = ctx.person_id[of.row], of.other >= 0
    whose = np.where(inside, of.other, of.row)
    draws, identity = ctx.record.draws, ctx.identity
    elsewhere = ~of.together
    away = street(
        draws.uniform("chart/contact/street_number")[of.row],
        draws.uniform("chart/contact/street_name")[of.row],
    )
    return in_order({
        "related_person_id": named_ids("related_persons", _SLOTS, person, of.slot),
        "person_id": person,
        "relationship": Coded(of.role.astype(np.int32), _ROLES),
        "given_name": of.given,
        "family_name": of.family,
        "gender": Coded(np.where(of.gender < 2, of.gender, -1).astype(np.int32), ("M", "F")),
        "birth_date": of.birth.astype(np.int32),
        "phone": np.where(inside, identity.phone[whose], _phones(ctx, of)),
        "street": np.where(elsewhere, away, identity.street[whose]),
        "city": identity.city.take(whose),
        "state": identity.state.take(whose),
        "zip": identity.zip.take(whose),
        "related_to_person_id": np.where(inside, ctx.person_id[of.other], NO_NUMBER),
        "emergency_contact": of.slot != _SLOTS.index("parent_2"),
        "guardian": of.guardian,
        "start_date": np.maximum(ctx.people.birth[of.row], ctx.as_of).astype(np.int32),
    }, "related_person_id")  # fmt: skip


def _phones(ctx: SyncContext, of: _Relatives) -> NDArray[np.bytes_]:
    """Return telephones of the person's area that are not the person's own."""
    own = ctx.identity.phone[of.row]
    if not len(own):
        return own
    letters = np.ascontiguousarray(own).view(np.uint8).reshape(len(own), -1).copy()
    last = (letters[:, -2].astype(np.int64) - 48) * 10 + letters[:, -1] - 48
    u = ctx.record.draws.uniform("chart/contact/phone")[of.row]
    last = (last + 1 + np.floor(u * 32).astype(np.int64) + 33 * (of.slot % 3)) % 100
    letters[:, -2], letters[:, -1] = last // 10 + 48, last % 10 + 48
    phones: NDArray[np.bytes_] = letters.view(own.dtype).reshape(-1)
    return phones
