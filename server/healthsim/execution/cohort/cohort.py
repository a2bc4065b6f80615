"""From a profile to people: every part is drawn after the parts that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import whole_years
from healthsim.errors import Problem, SpecError
from healthsim.execution.cohort.birthdays import birthday
from healthsim.execution.cohort.conditions import condition_draws, medication_draw
from healthsim.execution.cohort.drawing import Blends, CohortPlan, PartDraw, PartialCohort
from healthsim.execution.cohort.groups import group_draw
from healthsim.execution.cohort.locating import draw_residence
from healthsim.execution.cohort.members import born_within
from healthsim.execution.cohort.spread import after_primaries
from healthsim.execution.cohort.usual import usual_marital_status
from healthsim.execution.people.draws import Draws, require_numbers, require_text
from healthsim.execution.people.people import Households, People
from healthsim.products.populationsim.reference import geography
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.profiles.births import CalendarSpan
from healthsim.specification.profiles.correlations import blends
from healthsim.specification.profiles.dependencies import in_order
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Coded

_OLDEST = 125  # years
_TEXTS = ("gender", "race", "ethnicity", "language", "marital_status")


def people_of(cohort: PartialCohort, households: Households | None = None) -> People:
    """Return the people of a cohort of which every part is drawn."""
    profile, draws = cohort.profile, cohort.draws
    return People(
        households=households,
        person_id=draws.person_ids(),
        birth=cohort.columns["birth"],
        state=cohort.columns["state"],
        county=cohort.columns["county"],
        place=cohort.columns["place"],
        plan=cohort.columns.get("plan", np.full(draws.count, -1, dtype=np.int32)),
        attributes={name: cohort.values[name] for name in profile.attributes},
        conditions=after_primaries(cohort.conditions),
        medications=tuple(cohort.medications.values()),
        due=cohort.columns.get("due"),
        **{name: require_text(cohort.values[name]) for name in _TEXTS},
    )


def draw_parts(plan: CohortPlan, draws: Draws) -> PartialCohort:
    """Draw the people of one chunk, part by part."""
    cohort = PartialCohort(plan, draws)
    for part in plan.parts:
        part.draw(cohort)
    return cohort


def drawing_order(profile: ProfileSpec) -> tuple[PartDraw, ...]:
    """Return how to draw the parts of a profile, each after what it needs.

    Raises:
        SpecError: when parts need each other in a circle, naming it.
    """
    draws = {draw.name: draw for draw in _part_draws(profile)}
    return tuple(draws[part.name] for part in in_order(profile))


def _part_draws(profile: ProfileSpec) -> Iterator[PartDraw]:
    demographics = profile.demographics
    if demographics.born is not None:
        yield _born(demographics.born)
    else:
        yield _age(demographics.age)
    yield _value("gender", "demographics.gender", demographics.gender)
    for name in ("ethnicity", "race", "language"):
        yield group_draw(name, profile)
    yield PartDraw("us_state", _draw_residence)
    marital = demographics.marital_status or usual_marital_status()
    yield _value("marital_status", "demographics.marital_status", marital)
    mixed = blends(profile)
    for name, distribution in profile.attributes.items():
        yield _attribute(name, distribution, mixed)
    yield from condition_draws(profile)
    for medication in profile.clinical.medications:
        yield medication_draw(medication)
    if profile.coverage is not None:
        yield _value("plan", "coverage.plan", profile.coverage.plan, _draw_plan)


def _value(
    name: str,
    path: str,
    distribution: Distribution,
    derive: Callable[[PartialCohort], None] | None = None,
) -> PartDraw:
    """Return how a value is drawn, and what is derived from it afterwards."""

    def draw(cohort: PartialCohort) -> None:
        cohort.values[name] = cohort.draw(path, cohort.measures.resolved(distribution))
        if derive is not None:
            derive(cohort)

    return PartDraw(name, draw)


def _born(span: CalendarSpan) -> PartDraw:
    """Return how birthdays within a span are drawn, and the age that follows from them."""

    def draw(cohort: PartialCohort) -> None:
        birth = born_within(span, cohort.chance("demographics.born", even=True))
        cohort.columns["birth"] = birth
        cohort.values["age"] = whole_years(birth, cohort.as_of).astype(np.float64)

    return PartDraw("age", draw)


def _attribute(name: str, distribution: Distribution, mixed: Blends) -> PartDraw:
    def draw(cohort: PartialCohort) -> None:
        resolved = cohort.measures.resolved(distribution)
        cohort.values[name] = cohort.attribute(name, resolved, mixed)

    return PartDraw(name, draw)


def _age(distribution: Distribution) -> PartDraw:
    """Return how ages are drawn, and days of birth that keep the ages within their windows."""

    def draw(cohort: PartialCohort) -> None:
        resolved, decision = cohort.measures.resolved(distribution), "demographics.age"
        age = require_numbers(cohort.draw(decision, resolved))
        _refuse_impossible(age)
        u = cohort.draws.uniform("demographics.birthday")
        windows = cohort.windows(decision, resolved)
        cohort.values["age"] = np.floor(age)
        cohort.columns["birth"] = birthday(age, u, cohort.as_of, windows)

    return PartDraw("age", draw)


def _refuse_impossible(age: NDArray[np.float64]) -> None:
    """Refuse ages that nobody has.

    Raises:
        SpecError: an age is negative, missing or above the oldest.
    """
    outside = ~((age >= 0) & (age <= _OLDEST))
    if outside.any():
        raise SpecError([Problem(
            "profile.demographics.age",
            f"gives {age[outside][0]:g} as an age, and {outside.sum()} such values in one chunk",
            f"keep it between 0 and {_OLDEST}, and let its formula use what everybody has",
        )])  # fmt: skip


def _draw_residence(cohort: PartialCohort) -> None:
    geo = geography()
    state, county = draw_residence(cohort)
    place = geo.choose_place(county, cohort.draws.uniform("demographics.location.zip"))
    cohort.columns |= {"state": state, "county": county, "place": place}
    cohort.values["us_state"] = Coded(state, geo.states)


def _draw_plan(cohort: PartialCohort) -> None:
    plan = require_text(cohort.values["plan"])
    names = cohort.plan.plan_names
    positions = [names.index(name) if name in names else -1 for name in plan.vocabulary]
    cohort.columns["plan"] = np.array([*positions, -1], dtype=np.int32)[plan.codes]
