"""Who lives in each family: what was asked for, and who is there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from healthsim.audit.comparison import (
    Comparison,
    compare_within,
    got_only,
    not_judged,
    share,
)
from healthsim.audit.expected import labels_of_each, share_of_each, spread
from healthsim.audit.people import ColumnNotStored, StoredPeople
from healthsim.specification.profiles.household import Children, Household
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Coded

_DRAWN_AGAIN = "ages that cannot be in a family are drawn again"
_NO_PLACE = "it depends on what no table stores"


def household_compared(
    profile: ProfileSpec, anchors: StoredPeople, people: StoredPeople
) -> Iterator[Comparison]:
    """Yield who lives with the anchors, where it is stated as shares."""
    home = profile.household
    if home is None:
        return
    yield from _spouse(home, anchors, people)
    if home.children is not None:
        yield from _children(profile, home.children, anchors, people)
    for _, place, member in home.placed:
        if member.age is not None:
            there = people.person_id % 100 == place
            age = round(float(people.age[there].mean()), 2) if there.any() else None
            yield not_judged(f"members: age of {member.role}, mean", _DRAWN_AGAIN, age)


def _spouse(home: Household, anchors: StoredPeople, people: StoredPeople) -> Iterator[Comparison]:
    if home.spouse is None:
        return
    there = people.person_id % 100 == 2
    has = np.isin(anchors.person_id // 100, people.person_id[there] // 100)
    try:
        yield share("spouse", share_of_each(home.spouse.share, anchors), has)
    except ColumnNotStored:
        yield got_only("spouse", has)
    if home.spouse.age_gap is not None:
        yield not_judged("spouse: age_gap", _DRAWN_AGAIN)
    if home.spouse.gender is not None:
        gender = people.name("gender")
        if isinstance(gender, Coded):
            yield got_only("spouse: gender F", gender.equals("F")[there],
                           "it depends on the anchor")  # fmt: skip


def _children(
    profile: ProfileSpec, asked: Children, anchors: StoredPeople, people: StoredPeople
) -> Iterator[Comparison]:
    child, unit = people.person_id % 100 >= 3, people.person_id // 100
    children = np.bincount(unit[child], minlength=profile.count + 1)
    of_each, number = children[anchors.person_id // 100], asked.number
    try:
        if number.kind == "text":
            for label, each in labels_of_each(number, anchors).items():
                yield share(f"children: {label}", each, of_each == int(label))
        else:
            expected = spread(number, anchors, integers=True)
            mean, error = expected.mean, expected.mean_error
            yield compare_within("children: mean", mean, float(of_each.mean()), error)
    except ColumnNotStored:
        yield not_judged("children: mean", _NO_PLACE, round(float(of_each.mean()), 4))
    if child.any():
        age = round(float(people.age[child].mean()), 2)
        yield not_judged("children: age, mean", _DRAWN_AGAIN, age)
