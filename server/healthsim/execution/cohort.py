"""A profile becomes people: every part of it drawn in the order in which parts need each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import EXCLUDES, icd10cm, impossible
from healthsim.dates import NO_DAY, Days, add_months, day_of
from healthsim.errors import Problem as Fault
from healthsim.errors import SpecError
from healthsim.execution.coding import Problems
from healthsim.execution.figures import figure
from healthsim.execution.history import Moment
from healthsim.execution.people import (
    Draws,
    Homes,
    Medication,
    People,
    Problem,
    Values,
    roles,
)
from healthsim.execution.quotas import chosen
from healthsim.products.populationsim.reference import geography
from healthsim.specification.correlations import Blend, blends
from healthsim.specification.dependencies import in_order
from healthsim.specification.distributions import Distribution, parse_distribution
from healthsim.specification.profile import Clinical, Comorbidity, Onset, ProfileSpec, Quota
from healthsim.specification.profile import Medication as MedicationSpec
from healthsim.specification.quantiles import of_scores, scores
from healthsim.tables import Coded

Blends = Mapping[str, Blend]

_OLDEST = 125  # years
_EDGE_DECIMALS = 12  # shares are added up, and sums of decimals are not exact
_LONGEST_LIFE = 130 * 366  # days; onsets are held at birth anyway
ALWAYS = np.int32(NO_DAY + 1)
_YEARS_BEFORE = parse_distribution({"type": "gamma", "mean": 6, "sd": 4})
# assumption: chronic conditions of adults were found a few years ago, most within a decade
_ADHERENCE = parse_distribution(
    {
        "type": "quantiles",
        "points": {
            "0": 0.2,
            "0.05": 0.58,
            "0.25": 0.73,
            "0.5": 0.82,
            "0.75": 0.89,
            "0.95": 0.96,
            "1": 1.0,
        },
    }
)
# assumption: a left-skewed spread with mean 0.8; published means of days covered vary by measure
_MARITAL = {"type": "conditional", "cases": [
    {"when": "age < 18", "then": {"S": 1}},
    {"when": "age < 35", "then": {"S": 0.60, "M": 0.36, "D": 0.04}},
    {"when": "age < 65", "then": {"S": 0.22, "M": 0.60, "D": 0.16, "W": 0.02}}],
    "otherwise": {"S": 0.07, "M": 0.57, "D": 0.16, "W": 0.20}}  # fmt: skip
# assumption: rounded from the shape of the American Community Survey's tables
_LANGUAGE = {"type": "conditional", "cases": [
    {"when": "ethnicity == 'hispanic'", "then": {"en": 0.6, "es": 0.4}}],
    "otherwise": {"en": 0.97, "zh": 0.01, "vi": 0.01, "tl": 0.01}}  # fmt: skip
# assumption: shares of people who would rather be served in that language


@dataclass(frozen=True)
class Drawing:
    """How one part of a profile is drawn."""

    name: str
    draw: Callable[[Sketch], None]


class Sketch:
    """People while they are drawn; what conditions see is what has been drawn so far."""

    def __init__(self, profile: ProfileSpec, draws: Draws, plans: tuple[str, ...]) -> None:
        self.profile, self.draws, self.plans = profile, draws, plans
        self.as_of = np.full(draws.count, day_of(profile.as_of.isoformat()), dtype=np.int32)
        self.values: dict[str, Values] = {
            "month": np.full(draws.count, float(profile.as_of.month)),
            "day": np.zeros(draws.count),
        }
        self.columns: dict[str, NDArray[np.int32]] = {}
        self.problems: dict[str, Problem] = {}
        self.medications: dict[str, Medication] = {}

    @property
    def even(self) -> bool:
        """Whether draws are stratified: those of anchors, where the profile asks for it."""
        return self.profile.sampling == "balanced" and self.draws.roll is None

    @property
    def size(self) -> int:
        """How many people there are."""
        return self.draws.count

    def name(self, name: str) -> Values:
        """Return what was drawn under a name."""
        if name == "role":
            return self.role
        return self.values[name]

    @property
    def role(self) -> Coded:
        """What each person is to the household."""
        roll = self.draws.roll
        return Coded.constant("self", self.size) if roll is None else roles(roll.place)

    def call(self, function: str, argument: str) -> NDArray[np.float64] | NDArray[np.bool_]:
        """Answer `has` and `takes`; a profile has no history."""
        if function == "has":
            moment = Moment(np.arange(self.size), self.as_of, self.size)
            return Problems(list(self.problems.values()), self.size).has(argument, moment)
        if function == "takes":
            found = np.zeros(self.size, dtype=np.bool_)
            for one in self.medications.values():
                if one.ingredient == argument:
                    found |= one.takes
            return found
        raise KeyError(function)

    def draw(self, decision: str, distribution: Distribution) -> Values:
        """Draw a value for everyone, stratified where the profile asks for balance."""
        chance = self.chance(decision, even=distribution.unconditional)
        return self.draws.values(decision, distribution, None, self, chance=chance)

    def attribute(self, name: str, distribution: Distribution, blends: Blends) -> Values:
        """Draw an attribute for everyone, by its own chance or mixed with that of others."""
        decision = f"attributes.{name}"
        if name not in blends:
            return self.draw(decision, distribution)
        chance = of_scores(self._score(name, blends))
        return self.draws.values(decision, distribution, None, self, chance=chance)

    def _score(self, name: str, blends: Blends) -> NDArray[np.float64]:
        """Return the normal score of everyone's chance for an attribute."""
        blend = blends.get(name)
        if blend is None:
            even = self.profile.attributes[name].unconditional
            return scores(self.chance(f"attributes.{name}", even=even))
        mixed = blend.own * scores(self.draws.uniform(f"attributes.{name}"))
        for other, weight in blend.weights:
            mixed += weight * self._score(other, blends)
        return mixed

    def chance(self, decision: str, *, even: bool) -> NDArray[np.float64]:
        """Return everyone's uniform: stratified where that is asked for and `even` lets it be."""
        return self.draws.balanced(decision) if self.even and even else self.draws.uniform(decision)

    def numbers(self, decision: str, distribution: Distribution) -> NDArray[np.float64]:
        """Draw a number for everyone."""
        found = self.draw(decision, distribution)
        if isinstance(found, Coded):
            raise TypeError(f"{decision} gives text where a number is needed")
        return found

    def chosen(
        self, decision: str, quota: Quota, can: NDArray[np.bool_] | None = None
    ) -> NDArray[np.bool_]:
        """Return who is in a quota: by share, or the first so many of a keyed order.

        Args:
            decision: address of the quota.
            quota: what is asked.
            can: who can be in it; everybody by default.
        """
        able = np.ones(self.size, dtype=np.bool_) if can is None else can
        if isinstance(quota.exactly, tuple):
            return chosen(self.draws, decision, quota.exactly, self, able)
        if quota.exactly is not None:
            return able & (self.draws.places(decision) < quota.exactly)
        share = resolved(quota.share or parse_distribution(0))
        wanted = self.numbers(f"{decision}.share", share)
        u = self.chance(decision, even=share.unconditional)
        return able & (u < np.nan_to_num(wanted))


def resolved(distribution: Distribution) -> Distribution:
    """Put the published figures in the place of population measures."""
    found: Distribution = distribution.resolved(figure)
    return found


def draw_people(
    profile: ProfileSpec, parts: tuple[Drawing, ...], draws: Draws, plans: tuple[str, ...]
) -> People:
    """Draw the people of one chunk, where every unit is a person.

    Args:
        profile: who they are.
        parts: what `drawing_order` made of the profile.
        draws: numbers for the chunk.
        plans: names of the plan book, by position.
    """
    return people_of(sketched(profile, parts, draws, plans))


def people_of(sketch: Sketch, homes: Homes | None = None) -> People:
    """Return the people whose sketch is finished."""
    profile, draws = sketch.profile, sketch.draws
    return People(
        homes=homes,
        person_id=draws.persons(),
        birth=sketch.columns["birth"],
        state=sketch.columns["state"],
        county=sketch.columns["county"],
        place=sketch.columns["place"],
        plan=sketch.columns.get("plan", np.full(draws.count, -1, dtype=np.int32)),
        attributes={name: sketch.values[name] for name in profile.attributes},
        problems=tuple(sketch.problems.values()),
        medications=tuple(sketch.medications.values()),
        **{name: text(sketch.values[name]) for name in _TEXTS},
    )


def sketched(
    profile: ProfileSpec, parts: Sequence[Drawing], draws: Draws, plans: tuple[str, ...]
) -> Sketch:
    """Draw some parts of the people of one chunk, in order."""
    sketch = Sketch(profile, draws, plans)
    for part in parts:
        part.draw(sketch)
    return sketch


_TEXTS = ("gender", "race", "ethnicity", "language", "marital_status")


def text(values: Values) -> Coded:
    """Return values that must be text as text."""
    if isinstance(values, Coded):
        return values
    raise TypeError("numbers stand where text is needed")


def drawing_order(profile: ProfileSpec) -> tuple[Drawing, ...]:
    """Return how to draw the parts of a profile, each after what it needs.

    Raises:
        SpecError: when parts need each other in a circle, naming it.
    """
    drawings = {drawing.name: drawing for drawing in _drawings(profile)}
    return tuple(drawings[part.name] for part in in_order(profile))


def _drawings(profile: ProfileSpec) -> Iterator[Drawing]:
    people = profile.demographics
    yield _value("age", "demographics.age", people.age, _born)
    for name in ("gender", "ethnicity", "race"):
        yield _value(name, f"demographics.{name}", getattr(people, name))
    yield Drawing("us_state", _located)
    for name, usual in (("language", _LANGUAGE), ("marital_status", _MARITAL)):
        said = getattr(people, name)
        yield _value(name, f"demographics.{name}", said or parse_distribution(usual))
    mixed = blends(profile)
    for name, distribution in profile.attributes.items():
        yield _attribute(name, distribution, mixed)
    yield from _conditions(profile.clinical, profile)
    for medication in profile.clinical.medications:
        yield _medication(medication)
    if profile.coverage is not None:
        yield _value("plan", "coverage.plan", profile.coverage.plan, _insured)


def _value(
    name: str,
    path: str,
    distribution: Distribution,
    then: Callable[[Sketch], None] | None = None,
) -> Drawing:
    drawn = resolved(distribution)

    def draw(sketch: Sketch) -> None:
        sketch.values[name] = sketch.draw(path, drawn)
        if then is not None:
            then(sketch)

    return Drawing(name, draw)


def _attribute(name: str, distribution: Distribution, mixed: Blends) -> Drawing:
    drawn = resolved(distribution)

    def draw(sketch: Sketch) -> None:
        sketch.values[name] = sketch.attribute(name, drawn, mixed)

    return Drawing(name, draw)


def _born(sketch: Sketch) -> None:
    """Place the birthday so that the age on `as_of` is exactly the whole years drawn."""
    age = sketch.values["age"]
    if isinstance(age, Coded):
        raise TypeError("age gives text")
    wrong = ~((age >= 0) & (age <= _OLDEST))
    if wrong.any():
        raise SpecError([Fault(
            "profile.demographics.age",
            f"gives {age[wrong][0]:g} as an age, and {wrong.sum()} such values in one chunk",
            f"keep it between 0 and {_OLDEST}, and let its formula use what everybody has",
        )])  # fmt: skip
    sketch.values["age"] = np.floor(age)
    u = sketch.draws.uniform("demographics.birthday")
    sketch.columns["birth"] = birthday(age, u, sketch.as_of)


def birthday(age: NDArray[np.float64], u: NDArray[np.float64], as_of: Days) -> Days:
    """Return the day of birth of people of an age: its fraction, or `u`, is that of a year."""
    years = np.floor(age)
    part = age - years
    turned = add_months(as_of, (-12 * years).astype(np.int32))
    born: Days = (turned - np.floor(np.where(part > 0, part, u) * 365)).astype(np.int32)
    return born


def _located(sketch: Sketch) -> None:
    here, where = geography(), sketch.profile.demographics.location
    uniform = sketch.draws.uniform
    if where.counties is not None:
        counties = text(sketch.draw("demographics.location.county", resolved(where.counties)))
        known = [here.county_index(fips) for fips in counties.vocabulary]
        county = np.array(known, dtype=np.int32)[counties.codes]
        state = here.county_state[county]
    else:
        if where.states is None:
            state = here.choose_state(uniform("demographics.location.state"))
        else:
            states = text(sketch.draw("demographics.location.state", resolved(where.states)))
            indices = [here.state_index(code) for code in states.vocabulary]
            state = np.array(indices, dtype=np.int32)[states.codes]
        county = here.choose_county(state, uniform("demographics.location.county"))
    place = here.choose_place(county, uniform("demographics.location.zip"))
    sketch.columns |= {"state": state, "county": county, "place": place}
    sketch.values["us_state"] = Coded(state, here.states)


def _insured(sketch: Sketch) -> None:
    plan = text(sketch.values["plan"])
    book = [sketch.plans.index(name) if name in sketch.plans else -1 for name in plan.vocabulary]
    sketch.columns["plan"] = np.array([*book, -1], dtype=np.int32)[plan.codes]


def _primary(profile: ProfileSpec) -> Drawing:
    primary = profile.clinical.primary
    if primary is None:
        raise TypeError("no primary condition")

    def draw(sketch: Sketch) -> None:
        if isinstance(primary.onset, Onset):
            onset = _onset(sketch, "clinical.primary.onset", primary.onset)
            known = onset
        else:
            onset = sketch.as_of.copy()  # the first journey moves it to the day it begins
            known = np.full(sketch.size, ALWAYS, dtype=np.int32)
        nobody = Problem.nobody(primary.code, sketch.size)
        sketch.problems[primary.code] = replace(nobody, onset=onset, known_from=known)

    return Drawing(f"has {primary.code}", draw)


def _conditions(clinical: Clinical, profile: ProfileSpec) -> Iterator[Drawing]:
    """Yield how each condition is drawn: by its own quota, as one of several, or as implied."""
    if clinical.primary is not None:
        yield _primary(profile)
    implied = clinical.implied_by
    for one in clinical.comorbidities:
        yield _condition(one.code, one.onset, partial(_by_quota, one), implied.get(one.code, ()))
    for number, group in enumerate(clinical.alternatives):
        edges = np.round(np.cumsum([0.0, *(one.share for one in group)]), _EDGE_DECIMALS)
        for place, other in enumerate(group):
            between = (float(edges[place]), float(edges[place + 1]))
            chosen_by = partial(_by_edges, f"clinical.one_of[{number}]", between)
            yield _condition(other.code, other.onset, chosen_by)
    stated = {one.code for one in clinical.comorbidities}
    for code in (code for code in implied if code not in stated):
        yield _condition(code, None, lambda _sketch, can: np.zeros_like(can), implied[code])


def _by_quota(one: Comorbidity, sketch: Sketch, can: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return sketch.chosen(f"clinical.{one.code}", one, can)


def _by_edges(
    address: str, edges: tuple[float, float], sketch: Sketch, can: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return whose one chance for all alternatives falls between two edges."""
    u = sketch.chance(address, even=True)
    return can & (edges[0] <= u) & (u < edges[1])


def _condition(
    code: str,
    began: Onset | None,
    draw_it: Callable[[Sketch, NDArray[np.bool_]], NDArray[np.bool_]],
    causes: Sequence[str] = (),
) -> Drawing:
    """Return how a condition is drawn.

    Args:
        code: the condition.
        began: its onset, if the profile says it.
        draw_it: given the sketch and who can have it, returns who has it of their own.
        causes: conditions that imply it.
    """

    def draw(sketch: Sketch) -> None:
        can = possible(code, sketch)
        has = draw_it(sketch, can)
        for cause in causes:
            has |= can & (sketch.problems[cause].onset != NO_DAY)
        onset = _onset(sketch, f"clinical.{code}.onset", began)
        onset = np.where(has, onset, NO_DAY).astype(np.int32)
        nobody = Problem.nobody(code, sketch.size)
        sketch.problems[code] = replace(nobody, onset=onset, known_from=onset.copy())

    return Drawing(f"has {code}", draw)


def possible(code: str, sketch: Sketch) -> NDArray[np.bool_]:
    """Return who can have a condition: by sex, by age, and by what excludes it."""
    row, gender, age = (
        icd10cm().find(code, "clinical"),
        sketch.values["gender"],
        sketch.values["age"],
    )
    found = np.ones(sketch.size, dtype=np.bool_)
    for sex in text(gender).vocabulary:
        if impossible(code, sex):
            found &= ~text(gender).equals(sex)
    if not isinstance(age, Coded):
        found &= (age >= row.age_low) & (age <= row.age_high)
    for first, second in EXCLUDES:
        for mine, other in ((first, second), (second, first)):
            if code.startswith(mine):
                found &= ~_has_other(sketch, code, other)
    return found


def _has_other(sketch: Sketch, code: str, prefix: str) -> NDArray[np.bool_]:
    found = np.zeros(sketch.size, dtype=np.bool_)
    for other, problem in sketch.problems.items():
        if other != code and other.startswith(prefix):
            found |= problem.onset != NO_DAY
    return found


def _onset(sketch: Sketch, decision: str, onset: Onset | None) -> Days:
    """Return the first day of a condition: before `as_of`, not before birth."""
    if onset is not None and onset.days_before is not None:
        days = sketch.numbers(decision, resolved(onset.days_before))
    else:
        spread = _YEARS_BEFORE if onset is None else onset.years_before or _YEARS_BEFORE
        days = sketch.numbers(decision, resolved(spread)) * 365.25
    before = np.rint(np.clip(np.nan_to_num(days), 0, _LONGEST_LIFE)).astype(np.int32)
    onset_day: Days = np.maximum(sketch.as_of - before, sketch.columns["birth"])
    return onset_day.astype(np.int32)


def _medication(one: MedicationSpec) -> Drawing:
    address = f"clinical.medications.{one.drug}"
    adherence = resolved(one.adherence or _ADHERENCE)

    def draw(sketch: Sketch) -> None:
        row = drugs().find(one.drug, "clinical.medications")
        sketch.medications[one.drug] = Medication(
            drug=one.drug,
            ingredient=row.ingredient,
            days_supply=one.days_supply,
            takes=sketch.chosen(address, one),
            adherence=sketch.numbers(f"{address}.adherence", adherence),
        )

    return Drawing(f"takes {one.drug}", draw)
