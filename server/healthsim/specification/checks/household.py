"""What is wrong with the household of a family, and with years of birth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from healthsim.codes.icd10cm import icd10cm, mutually_exclusive
from healthsim.errors import Problem
from healthsim.specification.checks.codes import Codes
from healthsim.specification.checks.names import (
    number_problems,
    share_problems,
    text_problems,
    whole_number_problems,
)
from healthsim.specification.checks.pregnancy import (
    OLDEST,
    Expectant,
    ages_text,
    onset_problems,
    pregnancy_onset_problems,
    pregnancy_problems,
)
from healthsim.specification.distributions.kinds import Distribution, possible_labels
from healthsim.specification.profiles.births import CalendarSpan
from healthsim.specification.profiles.genders import GENDERS, other_sex
from healthsim.specification.profiles.household import (
    CHILD_AGE,
    FIRST_CHILD,
    MOST_CHILDREN,
    Household,
    Member,
)
from healthsim.specification.profiles.profile import ProfileSpec, ages_of

_ADULT, _GROWN, _OLDEST = 18, 26, 100
_PARENT = (15, 50)  # youngest and oldest at a child's birth: see execution.cohort.dependants
_OLDEST_FATHER = 75  # years at a child's birth, where no mother is listed: assumption


def household_problems(profile: ProfileSpec) -> Iterator[Problem]:
    """Yield what is wrong with the people of a family."""
    if profile.unit == "person":
        return
    age, where = profile.ages, "profile.household"
    if any(age.measures()) or age.range()[0] < _ADULT:
        given = "age" if profile.demographics.born is None else "born"
        yield Problem(
            f"profile.demographics.{given}",
            f"can be below {_ADULT}, and it is the age of each family's anchor"
            if given == "age"
            else f"makes the anchor younger than {_ADULT}",
            f"give ages of {_ADULT} and above; children come from household.children or members",
        )
    if profile.household is None:
        return
    spouse, children = profile.household.spouse, profile.household.children
    if spouse is not None:
        yield from share_problems(f"{where}.spouse.share", spouse.share)
        yield from number_problems(f"{where}.spouse.age_gap", spouse.age_gap)
        yield from text_problems(f"{where}.spouse.gender", spouse.gender, GENDERS)
    if children is not None:
        number = f"{where}.children.number"
        yield from whole_number_problems(number, children.number, 0, MOST_CHILDREN)
        yield from number_problems(f"{where}.children.age", children.age, 0, _GROWN)
    yield from _nobody_fits(age, profile.household, where)
    for position, place, member in profile.household.placed:
        yield from _member(profile, member, place, f"{where}.members[{position}]")


def _nobody_fits(age: Distribution, household: Household, where: str) -> Iterator[Problem]:
    """Refuse ages of spouses and children that fit none of the anchors."""
    youngest, oldest = age.range()
    gap = household.spouse.age_gap if household.spouse is not None else None
    if gap is not None and not any(gap.measures()):
        least, most = gap.range()
        if oldest - least < _ADULT or youngest - most > _OLDEST:
            yield Problem(
                f"{where}.spouse.age_gap",
                f"makes every spouse younger than {_ADULT} or older than {_OLDEST}",
                "give the years that a spouse is younger than the anchor",
            )
    if household.children is not None and not any(household.children.age.measures()):
        least, most = household.children.age.range()
        if least > oldest - _PARENT[0] or most < youngest - _PARENT[1]:
            yield Problem(
                f"{where}.children.age",
                f"is {least:g} to {most:g}, and no anchor of {youngest:g} to {oldest:g} years was "
                f"{_PARENT[0]} to {_PARENT[1]} when such a child was born",
                "lower the children's ages, or raise demographics.age",
            )


def born_problems(where: str, born: CalendarSpan | None, as_of: date) -> Iterator[Problem]:
    """Yield that people would be born after `as_of`, or too long before it."""
    if born is None:
        return
    if born.last_day > as_of:
        yield Problem(
            where,
            f"is {born}, and ends after as_of {as_of}: people of a profile are there on as_of",
            f"give days up to {as_of}, or set as_of to {born.last_day}; a child who is born in the "
            "data comes from a pregnancy journey",
        )
    elif ages_of(born, as_of).range()[1] > OLDEST:
        yield Problem(where, f"is {born}, over {OLDEST} years before as_of", "correct the year")


def _member(profile: ProfileSpec, member: Member, place: int, where: str) -> Iterator[Problem]:
    yield from born_problems(f"{where}.born", member.born, profile.as_of)
    low, high = (0, _GROWN) if place >= FIRST_CHILD else (_ADULT, _OLDEST)
    yield from number_problems(f"{where}.age", member.age, low, high)
    ages = _ages(profile, member)
    if member.born is not None and member.born.last_day <= profile.as_of:
        youngest, oldest = ages
        if youngest < low or oldest > high or (place >= FIRST_CHILD and oldest >= high):
            whom = f"a child is below {high}" if low == 0 else f"a spouse is {low} to {high}"
            yield Problem(
                f"{where}.born",
                f"is {member.born}, which is an age of {ages_text(ages)} on as_of "
                f"{profile.as_of}, and {whom}",
                "correct the year or the role",
            )
    if place >= FIRST_CHILD:
        yield from _parents(profile, member, ages, where)
    sexes = _sexes(profile, member)
    for number, one in enumerate(member.conditions):
        here = f"{where}.conditions[{number}]"
        yield from Codes.of_profile(profile).problems(f"{here}.code", "icd10cm", one.code)
        yield from _impossible(one.code, ages, sexes, member.role, f"{here}.code")
        yield from onset_problems(f"{here}.onset", one.onset)
        if member.pregnant is None:
            yield from pregnancy_onset_problems(f"{here}.onset", one.code, one.onset)
    yield from _beside(profile, member, where)
    if member.pregnant is not None:
        expectant = Expectant(_NAMES[member.role], sexes, ages, member.role == "self")
        yield from pregnancy_problems(profile, member.pregnant, expectant, f"{where}.pregnant")


def _ages(profile: ProfileSpec, member: Member) -> tuple[float, float]:
    """Return the youngest and the oldest that a member can be on `as_of`."""
    if member.role == "self":
        return profile.ages.range()
    if member.born is not None:
        return ages_of(member.born, profile.as_of).range()
    if member.age is not None:
        return member.age.range()
    return CHILD_AGE.range() if member.role == "child" else (_ADULT, _OLDEST)


def _sexes(profile: ProfileSpec, member: Member) -> tuple[str, ...]:
    """Return the sexes that a member may have; empty where they are not known."""
    if member.role == "self":
        return possible_labels(profile.demographics.gender)
    return (member.gender,) if member.gender is not None else ("M", "F")


def _parents(
    profile: ProfileSpec, member: Member, ages: tuple[float, float], where: str
) -> Iterator[Problem]:
    """Refuse a child of a stated age of which a parent may be too young or too old."""
    household = profile.household
    if household is None or (member.born is None and member.age is None):
        return
    key = "born" if member.born is not None else "age"
    youngest, oldest = ages
    parents = [("demographics", profile.ages.range())]
    parents += [
        (f"household.members[{position}]", _ages(profile, other))
        for position, _, other in household.placed
        if other.role == "spouse" and (other.born is not None or other.age is not None)
    ]
    for path, (low, _) in parents:
        if low - oldest <= _PARENT[0]:  # whole years: a day of the year is not known
            yield Problem(
                f"{where}.{key}",
                f"makes the child up to {oldest:g} years old, and a parent can be {low:g}: "
                f"{_PARENT[0]} or less at its birth",
                f"give {path} an age of at least {oldest + _PARENT[0] + 1:g}, or a younger child",
            )
            return
    men = all(_sexes(profile, other) == ("M",) for other in _adults(household))
    limit = _OLDEST_FATHER if men else _PARENT[1]
    oldest_parent = min(high for _, (_, high) in parents)
    if oldest_parent - youngest > limit + 1:
        yield Problem(
            f"{where}.{key}",
            f"makes the child {youngest:g} years old, and its younger parent can be "
            f"{oldest_parent:g}: over {limit} at its birth",
            f"give demographics an age of at most {youngest + limit:g}, or an older child",
        )


def _adults(household: Household) -> Iterator[Member]:
    """Yield the anchor, as a member, and the spouse whom a profile lists."""
    yield Member(role="self")
    yield from (member for member in household.members if member.role == "spouse")


def _impossible(
    code: str, ages: tuple[float, float], sexes: tuple[str, ...], role: str, where: str
) -> Iterator[Problem]:
    """Refuse a condition that the member cannot have, by sex or age."""
    if code not in icd10cm():
        return
    row = icd10cm().row(code)
    other = other_sex(row.sex)
    if row.sex and (other in sexes or not sexes):
        found = f"{code} is only for {row.sex}, and the {_NAMES[role]} "
        found += f"is {other}" if sexes == (other,) else f"can be {other}"
        key = "demographics.gender" if role == "self" else "gender"
        yield Problem(where, found, f"set {key} to {row.sex}, or give it to another member")
    if ages[1] < row.age_low or ages[0] >= row.age_high + 1:
        yield Problem(
            where,
            f"{code} is only for ages {row.age_low} to {row.age_high}, and the {_NAMES[role]} is "
            f"{ages_text(ages)}",
            "choose a code for this age, or change the age",
        )


_NAMES = {"self": "anchor", "spouse": "spouse", "child": "child"}


def _beside(profile: ProfileSpec, member: Member, where: str) -> Iterator[Problem]:
    """Refuse two conditions of one member that exclude each other, or one that all anchors have."""
    primary = profile.clinical.primary
    before = [primary.code] if primary is not None and member.role == "self" else []
    for number, one in enumerate(member.conditions):
        here = f"{where}.conditions[{number}].code"
        if one.code in before:
            yield Problem(here, f"{one.code} is clinical.primary already", "remove one of them")
        for other in before:
            if mutually_exclusive(one.code, other):
                yield Problem(here, f"{one.code} excludes {other}: nobody has both", "remove one")
        before.append(one.code)
