"""Families: who lives with an anchor, drawn place by place, and put in among the anchors.

An anchor is drawn as a person of a profile without families is, number for number. Spouses and
children come after it: their age, sex and home follow the anchor's, all else is drawn for them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.cohort.cohort import birthday, draw_parts
from healthsim.execution.cohort.drawing import CohortPlan, PartialCohort
from healthsim.execution.people.draws import Draws, UnitRoster, Values
from healthsim.execution.people.people import ConditionColumn, MedicationColumn
from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.profiles.profile import MOST_CHILDREN, Children, Spouse
from healthsim.tables import Array, Coded, join

_ADULT, _OLDEST_SPOUSE, _OLDEST_CHILD = 18, 100, 25
_YOUNGEST_PARENT, _OLDEST_PARENT = 15, 50  # years at a child's birth: assumption
_APART = 280  # days between siblings who are no twins: a pregnancy
_TRIES = 16  # draws of one age before the window itself is drawn from
_SAME_SEX = 0.015  # of couples who live together: American Community Survey 2019
_OTHER_GROUP = 0.11  # of the married: spouse of another race or ethnicity, Pew 2017
_GAP = parse_distribution({"type": "conditional", "cases": [
    {"when": "gender == 'M'", "then": {"type": "normal", "mean": 2.2, "sd": 4.5}}],
    "otherwise": {"type": "normal", "mean": -2.2, "sd": 4.5}})  # fmt: skip
# mean age difference of married couples near 2.2 years (Pew 2024, for 2022); spread: assumption
_BOY = 0.512  # of live births: CDC, National Vital Statistics Reports, 2022
SEXES = ("M", "F")
_SHARED = ("ethnicity", "race")
S = TypeVar("S", ConditionColumn, MedicationColumn)


@dataclass(frozen=True)
class HouseholdMember:
    """Whoever has one place beside the anchors of a chunk; arrays of shape (units,).

    Attributes:
        age: float64, whole years on the profile's day.
        gender: int32, position in `SEXES`.
    """

    place: int
    there: NDArray[np.bool_]
    age: NDArray[np.float64]
    birth: Days
    gender: NDArray[np.int32]


def draw_families(plan: CohortPlan, draws: Draws) -> PartialCohort:
    """Draw everyone of a chunk of units, by unit, then place.

    Args:
        plan: how people are drawn.
        draws: numbers for the anchors of the chunk.
    """
    anchors = draw_parts(plan, draws)
    found = _dependants(anchors)
    if not found:
        return anchors
    unit = np.concatenate([np.flatnonzero(one.there) for one in found])
    place = np.repeat([one.place for one in found], [int(one.there.sum()) for one in found])
    order = np.lexsort((place, unit))
    roll = UnitRoster(unit[order].astype(np.int64), place[order].astype(np.int64))
    sketch = PartialCohort(plan, draws.for_roster(roll))
    settled = _draw_members(sketch, anchors, found, order)
    for part in plan.parts:
        if part.name not in settled:
            part.draw(sketch)
        if part.name in _SHARED:
            _draw_place(sketch, anchors, roll, part.name)
    return merge_members(anchors, sketch)


def _dependants(anchors: PartialCohort) -> list[HouseholdMember]:
    """Draw who lives with the anchors: the spouse first, then child after child."""
    home, found = anchors.profile.household, list[HouseholdMember]()
    if home is None:
        return found
    youngest = _number(anchors.values["age"])
    if home.spouse is not None:
        spouse = _spouse(anchors, home.spouse)
        youngest = np.where(spouse.there, np.minimum(youngest, spouse.age), youngest)
        found.append(spouse)
        marital = anchors.values["marital_status"]
        if isinstance(marital, Coded):
            anchors.values["marital_status"] = replace_rows(marital, spouse.there, "M")
    if home.children is not None:
        found += _children(anchors, home.children, youngest)
    return [one for one in found if one.there.any()]


def _spouse(anchors: PartialCohort, said: Spouse) -> HouseholdMember:
    draws, share = anchors.draws, anchors.measures.resolved(said.share)
    wanted = np.nan_to_num(anchors.numbers("household.spouse.share", share))
    even = anchors.stratified and share.unconditional
    u = draws.balanced("household.spouse") if even else draws.uniform("household.spouse")
    gap, mine = anchors.measures.resolved(said.age_gap or _GAP), _number(anchors.values["age"])

    def aged(again: str) -> NDArray[np.float64]:
        drawn = draws.values(f"household.spouse.age_gap{again}", gap, None, anchors)
        return np.floor(mine - np.nan_to_num(_number(drawn)) + 0.5)

    age = aged("")
    for again in range(1, _TRIES):
        wrong = (age < _ADULT) | (age > _OLDEST_SPOUSE)
        if not wrong.any():
            break
        age = np.where(wrong, aged(f"/again#{again}"), age)
    age = np.clip(age, _ADULT, _OLDEST_SPOUSE)  # where no value of the gap fits the anchor
    there = (u < wanted) & (mine >= _ADULT)
    birth = birthday(age, draws.uniform("demographics.birthday~2"), anchors.as_of)
    return HouseholdMember(2, there, age, birth, _sex_of_spouse(anchors, said))


def _sex_of_spouse(anchors: PartialCohort, said: Spouse) -> NDArray[np.int32]:
    if said.gender is not None:
        drawn = anchors.draws.values(
            "household.spouse.gender", anchors.measures.resolved(said.gender), None, anchors
        )
        return _sexes(drawn)
    own = _sexes(anchors.values["gender"])
    same = anchors.draws.uniform("household.spouse.gender") < _SAME_SEX
    return np.where(same, own, 1 - own).astype(np.int32)


def _sexes(gender: Values) -> NDArray[np.int32]:
    """Return genders as positions in `SEXES`."""
    if not isinstance(gender, Coded):
        raise TypeError("numbers stand where a gender is needed")
    return np.where(gender.equals("F"), np.int32(1), np.int32(0))


def _children(
    anchors: PartialCohort, said: Children, youngest: NDArray[np.float64]
) -> list[HouseholdMember]:
    """Draw the children one after the other, each apart from those before it."""
    number = to_counts(
        anchors.draws.values(
            "household.children.number", anchors.measures.resolved(said.number), None, anchors
        )
    )
    low = np.maximum(youngest - _OLDEST_PARENT, 0)
    high = np.minimum(youngest - _YOUNGEST_PARENT - 1, _OLDEST_CHILD)
    number = np.where(low <= high, np.minimum(number, MOST_CHILDREN), 0)
    found: list[HouseholdMember] = []
    for place in range(3, 3 + int(number.max(initial=0))):
        there = number >= place - 2
        age, birth = _child(anchors, said.age, place, (low, high, there), found)
        boy = anchors.draws.uniform(f"demographics.gender~{place}") < _BOY
        gender = np.where(boy, np.int32(0), np.int32(1))
        found.append(HouseholdMember(place, there, age, birth, gender))
    return found


def _child(
    anchors: PartialCohort,
    spread: Distribution,
    place: int,
    bounds: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]],
    siblings: list[HouseholdMember],
) -> tuple[NDArray[np.float64], Days]:
    """Draw the age of one child of each unit until it fits its parents and its siblings."""
    low, high, there = bounds
    draws, decision = anchors.draws, f"household.children.age~{place}"
    u = draws.uniform(f"demographics.birthday~{place}")
    spread = anchors.measures.resolved(spread)
    age, wrong = np.zeros(draws.count), there.copy()
    birth = np.full(draws.count, NO_DAY, dtype=np.int32)
    for again in range(_TRIES + 1):
        if not wrong.any():
            break
        if again < _TRIES:
            address = f"{decision}/again#{again}" if again else decision
            drawn = np.nan_to_num(_number(draws.values(address, spread, None, anchors)), nan=-1.0)
        else:  # nothing of the distribution fits: any age that does
            drawn = low + np.floor(draws.uniform(f"{decision}/any") * (high - low + 1))
        age = np.where(wrong, drawn, age)
        birth = np.where(wrong, birthday(np.maximum(age, 0), u, anchors.as_of), birth)
        outside = (np.floor(age) < low) | (np.floor(age) > high)
        wrong = wrong & (outside | (_nearest(birth, siblings)[0] < _APART))
    near, twin = _nearest(birth, siblings)
    twins = wrong & (near < _APART)
    for other, one in enumerate(siblings):
        mine = twins & (twin == other)
        age, birth = np.where(mine, one.age, age), np.where(mine, one.birth, birth)
    return np.floor(age), birth.astype(np.int32)


def _nearest(
    birth: Days, siblings: list[HouseholdMember]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (days apart, position) of the sibling who was born nearest to each birth."""
    apart = np.full(len(birth), np.iinfo(np.int64).max)
    which = np.full(len(birth), -1, dtype=np.int64)
    for other, one in enumerate(siblings):
        days = np.abs(birth.astype(np.int64) - one.birth)
        nearer = one.there & (days < apart) & (days > 0)
        apart = np.where(nearer, days, apart)
        which = np.where(nearer, other, which)
    return apart, which


def to_counts(values: Values) -> NDArray[np.int64]:
    """Return whole numbers, said as numbers or as the texts of weights; missing is 0."""
    if isinstance(values, Coded):
        table = np.array([*(int(word) for word in values.vocabulary), 0], dtype=np.int64)
        return table[values.codes]
    return np.maximum(np.rint(np.nan_to_num(values)), 0).astype(np.int64)


def _draw_members(
    sketch: PartialCohort,
    anchors: PartialCohort,
    found: list[HouseholdMember],
    order: NDArray[np.intp],
) -> set[str]:
    """Give dependants what follows from their anchor; return the parts that this settles."""
    roll = sketch.draws.roster
    if roll is None:
        raise TypeError("dependants without places")

    def laid(arrays: list[NDArray[np.generic]]) -> NDArray[np.generic]:
        each = [array[one.there] for array, one in zip(arrays, found, strict=True)]
        return np.concatenate(each)[order]

    sketch.as_of = anchors.as_of[roll.unit]
    sketch.values["month"], sketch.values["day"] = (
        _number(anchors.values[name])[roll.unit] for name in ("month", "day")
    )
    sketch.values["age"] = laid([one.age for one in found]).astype(np.float64)
    sketch.columns["birth"] = laid([one.birth for one in found]).astype(np.int32)
    sketch.values["gender"] = Coded(laid([one.gender for one in found]).astype(np.int32), SEXES)
    for name in ("state", "county", "place", "plan"):
        if name in anchors.columns:
            sketch.columns[name] = anchors.columns[name][roll.unit]
    for name in ("us_state", "language", "plan"):
        if name in anchors.values:
            sketch.values[name] = take_rows(anchors.values[name], roll.unit)
    spouse = roll.place == 2
    sketch.values["marital_status"] = Coded(np.where(spouse, np.int32(1), np.int32(0)), ("S", "M"))
    settled = {"age", "gender", "us_state", "language", "plan", "marital_status"}
    primary = sketch.profile.clinical.primary
    if primary is not None:
        sketch.problems[primary.code] = ConditionColumn.nobody(primary.code, sketch.size)
        settled.add(f"has {primary.code}")
    return settled


def _draw_place(sketch: PartialCohort, anchors: PartialCohort, roll: UnitRoster, name: str) -> None:
    """Let children, and most spouses, be of the anchor's race and ethnicity: assumption."""
    own = take_rows(anchors.values[name], roll.unit)
    other = sketch.draws.uniform("household.group") < _OTHER_GROUP
    rows = np.arange(sketch.size)
    kept = np.where(other & (roll.place == 2), rows + sketch.size, rows)
    sketch.values[name] = take_rows(join([own, sketch.values[name]]), kept)


def merge_members(anchors: PartialCohort, others: PartialCohort) -> PartialCohort:
    """Put dependants in among their anchors, by unit, then place."""
    roll = others.draws.roster
    if roll is None:
        raise TypeError("dependants without places")
    first = np.arange(anchors.size, dtype=np.int64)
    unit = np.concatenate([first, roll.unit])
    place = np.concatenate([np.ones_like(first), roll.place])
    order = np.lexsort((place, unit))
    whole = PartialCohort(
        anchors.plan, anchors.draws.for_roster(UnitRoster(unit[order], place[order]))
    )
    whole.as_of = np.concatenate([anchors.as_of, others.as_of])[order]
    whole.values = {
        name: take_rows(join([value, others.values[name]]), order)
        for name, value in anchors.values.items()
    }
    whole.columns = {
        name: np.concatenate([value, others.columns[name]])[order]
        for name, value in anchors.columns.items()
    }
    whole.problems = {
        code: _both(one, others.problems[code], order) for code, one in anchors.problems.items()
    }
    whole.medications = {
        drug: _both(one, others.medications[drug], order)
        for drug, one in anchors.medications.items()
    }
    return whole


def take_rows(values: Array, rows: NDArray[np.integer[Any]]) -> Values:
    """Return the values of some rows."""
    found: Values = values.take(rows) if isinstance(values, Coded) else values[rows]
    return found


def _both(one: S, other: S, order: NDArray[np.intp]) -> S:
    """Put what a condition or a drug says of dependants in among what it says of anchors."""
    arrays = {
        each.name: np.concatenate([getattr(one, each.name), getattr(other, each.name)])[order]
        for each in fields(one)
        if isinstance(getattr(one, each.name), np.ndarray)
    }
    return replace(one, **arrays)  # type: ignore[arg-type]


def replace_rows(values: Coded, rows: NDArray[np.bool_], word: str) -> Coded:
    """Return texts of which some rows are replaced by one word."""
    words = values.vocabulary if word in values.vocabulary else (*values.vocabulary, word)
    return Coded(np.where(rows, np.int32(words.index(word)), values.codes), words)


def _number(values: Values) -> NDArray[np.float64]:
    if isinstance(values, Coded):
        raise TypeError("text stands where a number is needed")
    return values
