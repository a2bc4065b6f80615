"""Who lives with an anchor: the spouse and the children, drawn by shares or as members stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, whole_years
from healthsim.execution.cohort.birthdays import birthday
from healthsim.execution.cohort.drawing import PartialCohort
from healthsim.execution.cohort.members import born_within
from healthsim.execution.cohort.usual import usual_unmarried
from healthsim.execution.people.draws import Values, require_numbers, require_text
from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.profiles.births import CalendarSpan
from healthsim.specification.profiles.genders import GENDERS
from healthsim.specification.profiles.household import (
    CHILD_AGE,
    FIRST_CHILD,
    MOST_CHILDREN,
    SPOUSE,
    Children,
    Member,
    Spouse,
)
from healthsim.tables import Coded

_ADULT, _OLDEST_SPOUSE, _OLDEST_CHILD = 18, 100, 25
_YOUNGEST_PARENT, _OLDEST_PARENT = 15, 50  # years at a child's birth: assumption
_APART = 280  # days between the births of siblings who are not twins: a pregnancy
_TRIES = 16  # draws of an age from its distribution; after them any age that fits
_SAME_SEX = 0.015  # of couples who live together: American Community Survey 2019
_GAP = parse_distribution({"type": "conditional", "cases": [
    {"when": "gender == 'M'", "then": {"type": "normal", "mean": 2.2, "sd": 4.5}}],
                           "otherwise": {"type": "normal", "mean": -2.2, "sd": 4.5}})  # fmt: skip
# mean age difference of married couples near 2.2 years (Pew 2024, for 2022); spread: assumption
_BOY = 0.512  # of live births: CDC, National Vital Statistics Reports, 2022
_MARRIED = Spouse(share=parse_distribution(1))
_MAN, _WOMAN = GENDERS.index("M"), GENDERS.index("F")


@dataclass(frozen=True)
class HouseholdMember:
    """The spouses, or the n-th children, of the anchors of a chunk; arrays of shape (units,).

    Attributes:
        place: in the unit: 2 for the spouse, from 3 on for children.
        present: bool, which units have this member.
        age: float64, whole years on the profile's day.
        gender: int32, position in `GENDERS`.
    """

    place: int
    present: NDArray[np.bool_]
    age: NDArray[np.float64]
    birth: Days
    gender: NDArray[np.int32]


def draw_members(anchors: PartialCohort) -> list[HouseholdMember]:
    """Draw who lives with the anchors: the spouse first, then child after child."""
    household, members = anchors.profile.household, list[HouseholdMember]()
    if household is None:
        return members
    youngest = require_numbers(anchors.values["age"])
    stated = {place: member for _, place, member in household.placed}
    if household.spouse is not None or SPOUSE in stated:
        spouse = _spouse(anchors, household.spouse or _MARRIED)
        if SPOUSE in stated:
            spouse = _stated_spouse(anchors, stated[SPOUSE], spouse)
        youngest = np.where(spouse.present, np.minimum(youngest, spouse.age), youngest)
        members.append(spouse)
        _marry(anchors, spouse.present)
    else:
        _marry(anchors, np.zeros(anchors.size, dtype=np.bool_))
    if household.children is not None:
        members += _children(anchors, household.children, youngest)
    elif stated:
        members += _stated_children(anchors, stated, youngest)
    return [member for member in members if member.present.any()]


def _marry(anchors: PartialCohort, with_spouse: NDArray[np.bool_]) -> None:
    """Have anchors with a spouse be married, and none of the others where no profile says it."""
    marital = require_text(anchors.values["marital_status"])
    if anchors.profile.demographics.marital_status is None:
        decision = "demographics.marital_status/unmarried"
        other = require_text(anchors.draws.values(decision, usual_unmarried(), None, anchors))
        alone = marital.equals("M") & ~with_spouse
        labels = tuple(dict.fromkeys((*marital.vocabulary, *other.vocabulary)))
        codes = np.array([labels.index(label) for label in other.vocabulary], dtype=np.int32)
        marital = Coded(np.where(alone, codes[other.codes], marital.codes), labels)
    anchors.values["marital_status"] = replace_rows(marital, with_spouse, "M")


def _spouse(anchors: PartialCohort, spec: Spouse) -> HouseholdMember:
    draws, share = anchors.draws, anchors.measures.resolved(spec.share)
    target = np.nan_to_num(anchors.numbers("household.spouse.share", share))
    u = anchors.chance("household.spouse", even=share.unconditional)
    gap, own_age = (
        anchors.measures.resolved(spec.age_gap or _GAP),
        require_numbers(anchors.values["age"]),
    )

    def draw_age(suffix: str) -> NDArray[np.float64]:
        years = draws.values(f"household.spouse.age_gap{suffix}", gap, None, anchors)
        return np.floor(own_age - np.nan_to_num(require_numbers(years)) + 0.5)

    age = draw_age("")
    for again in range(1, _TRIES):
        outside = (age < _ADULT) | (age > _OLDEST_SPOUSE)
        if not outside.any():
            break
        age = np.where(outside, draw_age(f"/again#{again}"), age)
    age = np.clip(age, _ADULT, _OLDEST_SPOUSE)  # where no value of the gap fits the anchor
    present = (u < target) & (own_age >= _ADULT)
    birth = birthday(age, draws.uniform("demographics.birthday~2"), anchors.as_of)
    return HouseholdMember(2, present, age, birth, _sex_of_spouse(anchors, spec))


def _sex_of_spouse(anchors: PartialCohort, spec: Spouse) -> NDArray[np.int32]:
    if spec.gender is not None:
        gender = anchors.measures.resolved(spec.gender)
        return genders_of(anchors.draws.values("household.spouse.gender", gender, None, anchors))
    own, u = genders_of(anchors.values["gender"]), anchors.draws.uniform("household.spouse.gender")
    other = np.where(own == _MAN, _WOMAN, _MAN)
    neither = (own != _MAN) & (own != _WOMAN)  # their spouses are men and women alike
    own, other = np.where(neither, _WOMAN, own), np.where(neither, _MAN, other)
    return np.where(u < np.where(neither, 0.5, _SAME_SEX), own, other).astype(np.int32)


def genders_of(gender: Values) -> NDArray[np.int32]:
    """Return genders as positions in `GENDERS`, int32, shape (n,); -1 where there is none."""
    text = require_text(gender)
    codes = [GENDERS.index(label) for label in text.vocabulary]
    return np.array([*codes, -1], dtype=np.int32)[text.codes]


def _children(
    anchors: PartialCohort, spec: Children, youngest: NDArray[np.float64]
) -> list[HouseholdMember]:
    """Draw the children one after the other, each apart from those before it.

    Args:
        anchors: one parent of each child.
        spec: how many children there are, and of which age.
        youngest: age of the younger parent, shape (units,).
    """
    spread = anchors.measures.resolved(spec.number)
    number = to_counts(anchors.draws.values("household.children.number", spread, None, anchors))
    low, high = _ages_of_children(youngest)
    number = np.where(low <= high, np.minimum(number, MOST_CHILDREN), 0)
    children: list[HouseholdMember] = []
    for place in range(3, 3 + int(number.max(initial=0))):
        present = number >= place - 2
        age, birth = _child(anchors, spec.age, place, (low, high, present), children)
        gender = _sex_of_child(anchors, place)
        children.append(HouseholdMember(place, present, age, birth, gender))
    return children


def _ages_of_children(
    youngest: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest age of a child of parents, the younger of this age."""
    low = np.maximum(youngest - _OLDEST_PARENT, 0)
    return low, np.minimum(youngest - _YOUNGEST_PARENT - 1, _OLDEST_CHILD)


def _sex_of_child(anchors: PartialCohort, place: int) -> NDArray[np.int32]:
    boy = anchors.draws.uniform(f"demographics.gender~{place}") < _BOY
    return np.where(boy, np.int32(_MAN), np.int32(_WOMAN))


def _stated_spouse(
    anchors: PartialCohort, member: Member, usual: HouseholdMember
) -> HouseholdMember:
    """Return the spouse that a profile states, with the usual age and sex where it states none."""
    age, birth = usual.age, usual.birth
    if member.born is not None:
        birth = born_within(member.born, anchors.draws.uniform("demographics.birthday~2"))
        age = whole_years(birth, anchors.as_of).astype(np.float64)
    elif member.age is not None:
        spread = anchors.measures.resolved(member.age)
        drawn = anchors.draws.numbers("household.members.age~2", spread, scope=anchors)
        exact = np.clip(np.nan_to_num(drawn), _ADULT, _OLDEST_SPOUSE)
        windows = anchors.draws.windows("household.members.age~2", spread, anchors)
        u = anchors.draws.uniform("demographics.birthday~2")
        age, birth = np.floor(exact), birthday(exact, u, anchors.as_of, windows)
    gender = _stated_sex(member, usual.gender)
    return HouseholdMember(SPOUSE, np.ones(anchors.size, np.bool_), age, birth, gender)


def _stated_children(
    anchors: PartialCohort, stated: Mapping[int, Member], youngest: NDArray[np.float64]
) -> list[HouseholdMember]:
    """Draw the children that a profile lists, each apart from those before it."""
    low, high = _ages_of_children(youngest)
    everywhere = np.ones(anchors.size, dtype=np.bool_)
    children: list[HouseholdMember] = []
    for place, member in sorted(stated.items()):
        if place < FIRST_CHILD:
            continue
        spread = member.born or member.age
        least = low if spread is None else np.zeros_like(low)  # what is stated was checked
        bounds = (least, high, everywhere)
        age, birth = _child(anchors, spread or CHILD_AGE, place, bounds, children)
        gender = _stated_sex(member, _sex_of_child(anchors, place))
        children.append(HouseholdMember(place, everywhere, age, birth, gender))
    return children


def _stated_sex(member: Member, usual: NDArray[np.int32]) -> NDArray[np.int32]:
    if member.gender is None:
        return usual
    return np.full(len(usual), GENDERS.index(member.gender), dtype=np.int32)


def _child(
    anchors: PartialCohort,
    spread: Distribution | CalendarSpan,
    place: int,
    bounds: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]],
    siblings: list[HouseholdMember],
) -> tuple[NDArray[np.float64], Days]:
    """Draw the age of one child of each unit until it fits its parents and its siblings.

    Args:
        anchors: one parent of each child.
        spread: of the age in years, or the days within which it was born.
        place: of the child in its unit.
        bounds: lowest and highest age by the parents' ages, and which units have the child.
        siblings: the children before it.

    Returns:
        Age in whole years, and day of birth, shape (units,).
    """
    low, high, present = bounds
    draws, decision = anchors.draws, f"household.children.age~{place}"
    u = draws.uniform(f"demographics.birthday~{place}")
    born = spread if isinstance(spread, CalendarSpan) else None
    ages = None if isinstance(spread, CalendarSpan) else anchors.measures.resolved(spread)
    age, misfit = np.zeros(draws.count), present.copy()
    birth = np.full(draws.count, NO_DAY, dtype=np.int32)
    for again in range(_TRIES + 1):
        if not misfit.any():
            break
        address = f"{decision}/again#{again}" if again else decision
        if born is not None:
            days = born_within(born, draws.uniform(address))
            drawn = whole_years(days, anchors.as_of).astype(np.float64)
        elif ages is not None and again < _TRIES:
            drawn = np.nan_to_num(draws.numbers(address, ages, scope=anchors), nan=-1.0)
            windows = draws.windows(address, ages, anchors)
            days = birthday(np.maximum(drawn, 0), u, anchors.as_of, windows)
        else:  # the distribution gave no age that fits: any age that does
            drawn = low + np.floor(draws.uniform(f"{decision}/any") * (high - low + 1))
            days = birthday(np.maximum(drawn, 0), u, anchors.as_of)
        age, birth = np.where(misfit, drawn, age), np.where(misfit, days, birth)
        outside = (np.floor(age) < low) | (np.floor(age) > high)
        misfit = misfit & (outside | (_nearest_sibling(birth, siblings)[0] < _APART))
    apart, nearest = _nearest_sibling(birth, siblings)
    twins = misfit & (apart < _APART)
    for number, sibling in enumerate(siblings):
        twin = twins & (nearest == number)
        age, birth = np.where(twin, sibling.age, age), np.where(twin, sibling.birth, birth)
    return np.floor(age), birth.astype(np.int32)


def _nearest_sibling(
    birth: Days, siblings: list[HouseholdMember]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (days apart, position) of the sibling who was born nearest to each birth."""
    apart = np.full(len(birth), np.iinfo(np.int64).max)
    nearest = np.full(len(birth), -1, dtype=np.int64)
    for number, sibling in enumerate(siblings):
        days = np.abs(birth.astype(np.int64) - sibling.birth)
        nearer = sibling.present & (days < apart) & (days > 0)
        apart = np.where(nearer, days, apart)
        nearest = np.where(nearer, number, nearest)
    return apart, nearest


def to_counts(values: Values) -> NDArray[np.int64]:
    """Return whole numbers, drawn as numbers or as labels: int64, shape (n,); missing is 0."""
    if isinstance(values, Coded):
        numbers = np.array([*(int(label) for label in values.vocabulary), 0], dtype=np.int64)
        return numbers[values.codes]
    return np.maximum(np.rint(np.nan_to_num(values)), 0).astype(np.int64)


def replace_rows(values: Coded, rows: NDArray[np.bool_], label: str) -> Coded:
    """Return the values with one label where `rows`, bool of shape (n,), is true."""
    labels = values.vocabulary if label in values.vocabulary else (*values.vocabulary, label)
    return Coded(np.where(rows, np.int32(labels.index(label)), values.codes), labels)
