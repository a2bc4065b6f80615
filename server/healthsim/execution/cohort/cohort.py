"""A profile becomes people: every part of it drawn in the order in which parts need each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days, add_months
from healthsim.errors import Problem as Fault
from healthsim.errors import SpecError
from healthsim.execution.cohort.conditions import conditions, medication
from healthsim.execution.cohort.drawing import (
    Blends,
    CohortPlan,
    PartDraw,
    PartialCohort,
)
from healthsim.execution.cohort.locating import draw_residence
from healthsim.execution.people.draws import Draws, require_text
from healthsim.execution.people.people import Households, People
from healthsim.products.populationsim.reference import geography
from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.profiles.correlations import blends
from healthsim.specification.profiles.dependencies import in_order
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Coded

_OLDEST = 125  # years
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


def people_of(sketch: PartialCohort, homes: Households | None = None) -> People:
    """Return the people whose sketch is finished."""
    profile, draws = sketch.profile, sketch.draws
    return People(
        households=homes,
        person_id=draws.person_ids(),
        birth=sketch.columns["birth"],
        state=sketch.columns["state"],
        county=sketch.columns["county"],
        place=sketch.columns["place"],
        plan=sketch.columns.get("plan", np.full(draws.count, -1, dtype=np.int32)),
        attributes={name: sketch.values[name] for name in profile.attributes},
        conditions=tuple(sketch.problems.values()),
        medications=tuple(sketch.medications.values()),
        **{name: require_text(sketch.values[name]) for name in _TEXTS},
    )


def draw_parts(plan: CohortPlan, draws: Draws) -> PartialCohort:
    """Draw the people of one chunk, part by part."""
    sketch = PartialCohort(plan, draws)
    for part in plan.parts:
        part.draw(sketch)
    return sketch


_TEXTS = ("gender", "race", "ethnicity", "language", "marital_status")


def drawing_order(profile: ProfileSpec) -> tuple[PartDraw, ...]:
    """Return how to draw the parts of a profile, each after what it needs.

    Raises:
        SpecError: when parts need each other in a circle, naming it.
    """
    drawings = {drawing.name: drawing for drawing in _drawings(profile)}
    return tuple(drawings[part.name] for part in in_order(profile))


def _drawings(profile: ProfileSpec) -> Iterator[PartDraw]:
    people = profile.demographics
    yield _value("age", "demographics.age", people.age, _draw_birth_days)
    for name in ("gender", "ethnicity", "race"):
        yield _value(name, f"demographics.{name}", getattr(people, name))
    yield PartDraw("us_state", _draw_residence)
    for name, usual in (("language", _LANGUAGE), ("marital_status", _MARITAL)):
        said = getattr(people, name)
        yield _value(name, f"demographics.{name}", said or parse_distribution(usual))
    mixed = blends(profile)
    for name, distribution in profile.attributes.items():
        yield _attribute(name, distribution, mixed)
    yield from conditions(profile.clinical)
    for one in profile.clinical.medications:
        yield medication(one)
    if profile.coverage is not None:
        yield _value("plan", "coverage.plan", profile.coverage.plan, _draw_plan)


def _value(
    name: str,
    path: str,
    distribution: Distribution,
    then: Callable[[PartialCohort], None] | None = None,
) -> PartDraw:
    def draw(sketch: PartialCohort) -> None:
        sketch.values[name] = sketch.draw(path, sketch.measures.resolved(distribution))
        if then is not None:
            then(sketch)

    return PartDraw(name, draw)


def _attribute(name: str, distribution: Distribution, mixed: Blends) -> PartDraw:
    def draw(sketch: PartialCohort) -> None:
        drawn = sketch.measures.resolved(distribution)
        sketch.values[name] = sketch.attribute(name, drawn, mixed)

    return PartDraw(name, draw)


def _draw_birth_days(sketch: PartialCohort) -> None:
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


def _draw_residence(sketch: PartialCohort) -> None:
    here = geography()
    state, county = draw_residence(sketch)
    place = here.choose_place(county, sketch.draws.uniform("demographics.location.zip"))
    sketch.columns |= {"state": state, "county": county, "place": place}
    sketch.values["us_state"] = Coded(state, here.states)


def _draw_plan(sketch: PartialCohort) -> None:
    plan = require_text(sketch.values["plan"])
    book = [sketch.plans.index(name) if name in sketch.plans else -1 for name in plan.vocabulary]
    sketch.columns["plan"] = np.array([*book, -1], dtype=np.int32)[plan.codes]
