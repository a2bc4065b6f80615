"""Members of families and years of birth, as asked and as they are in the tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from healthsim.audit.comparison import Comparison, compare_exact, share
from healthsim.audit.people import Mask, StoredPeople
from healthsim.codes.icd10cm import mutually_exclusive
from healthsim.codes.pregnancy import SUPERVISION
from healthsim.dates import day_of
from healthsim.specification.profiles.births import CalendarSpan
from healthsim.specification.profiles.household import FIRST_CHILD, Member
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Coded


def places_decided(profile: ProfileSpec, code: str) -> list[int]:
    """Return the places in a household of those who are stated to have a code or what excludes it.

    The share of the code among everybody is not of them.
    """
    places = {
        one.place
        for other, members in profile.held.items()
        for one in members
        if other == code or mutually_exclusive(other, code)
    }
    return sorted(places)


def born_compared(what: str, span: CalendarSpan, people: StoredPeople) -> Iterator[Comparison]:
    """Compare how many people were born within a span: all of them are to be."""
    yield _born(what, span, people, np.ones(people.size, dtype=np.bool_))


def members_compared(profile: ProfileSpec, people: StoredPeople) -> Iterator[Comparison]:
    """Yield the members whom a profile lists: that they are there, and what they have."""
    household = profile.household
    if profile.clinical.pregnant is not None and "conditions" in people.stored:
        yield _pregnant("people", people, np.ones(people.size, dtype=np.bool_))
    for _, place, member in () if household is None else household.placed:
        name = _NAMES.get(place, f"child {place - FIRST_CHILD + 1}")
        of = people.person_id % 100 == place
        yield compare_exact(f"members: {name}", profile.count, int(of.sum()))
        yield from _member(member, name, people, of)
    if "conditions" not in people.stored:
        return
    for code, held in profile.held.items():
        for one in held:
            of = people.person_id % 100 == one.place
            name = _NAMES.get(one.place, f"child {one.place - FIRST_CHILD + 1}")
            if one.of_pregnancy or not of.any():
                continue  # which code a pregnancy has depends on the age: see `_member`
            chances, has = np.full(int(of.sum()), one.share), people.has(code)[of]
            if one.share == 1:
                yield compare_exact(f"{name} with {code}", int(of.sum()), int(has.sum()))
            else:
                yield share(f"{name} with {code}", chances, has)


_NAMES = {1: "anchor", 2: "spouse"}


def _born(what: str, span: CalendarSpan, people: StoredPeople, of: Mask) -> Comparison:
    first, last = (day_of(day.isoformat()) for day in (span.first_day, span.last_day))
    within = (first <= people.birth) & (people.birth <= last)
    return compare_exact(f"{what} born {span}", int(of.sum()), int((within & of).sum()))


def _member(member: Member, name: str, people: StoredPeople, of: Mask) -> Iterator[Comparison]:
    if member.born is not None:
        yield _born(name, member.born, people, of)
    gender = people.name("gender")
    if member.gender is not None and isinstance(gender, Coded):
        has = gender.equals(member.gender) & of
        yield compare_exact(f"{name} {member.gender}", int(of.sum()), int(has.sum()))
    if member.pregnant is not None and "conditions" in people.stored:
        yield _pregnant(name, people, of)


def _pregnant(name: str, people: StoredPeople, of: Mask) -> Comparison:
    pregnant = np.logical_or.reduce([people.has(prefix) for prefix in SUPERVISION])
    return compare_exact(f"{name} pregnant", int(of.sum()), int((pregnant & of).sum()))
