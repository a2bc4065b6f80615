"""Specifications become a job: checked, laid out, and refused where nobody could run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from healthsim.dates import day_of, iso
from healthsim.errors import Problem, SpecError
from healthsim.execution.cohort.cohort import drawing_order
from healthsim.execution.cohort.population_measures import PopulationMeasures
from healthsim.execution.cohort.quotas import quota_levels
from healthsim.execution.job import Job
from healthsim.execution.passes.access import out_of_radius
from healthsim.execution.passes.counting import (
    has_population_steps,
)
from healthsim.execution.passes.eligibility import (
    MOST_DRAWN,
)
from healthsim.execution.passes.rehearsal import counties_of, eligibility_problems
from healthsim.execution.sync.numbering import Numbering
from healthsim.execution.sync.pharmacy import renewals
from healthsim.execution.tallies import ExpectationTally
from healthsim.products.catalogue import tables_of
from healthsim.products.membersim.plans import BUILT_IN, PlanTable, is_uninsured
from healthsim.products.reference import Reference, built_in
from healthsim.products.reference_names import built_in_names
from healthsim.specification.checks.check import check_job
from healthsim.specification.document import read
from healthsim.specification.journeys.events import Enrollment
from healthsim.specification.journeys.journey import JourneySpec, in_walking_order
from healthsim.specification.journeys.layouts import Layouts
from healthsim.specification.journeys.newborns import birth_slots, slot_count
from healthsim.specification.journeys.nominal_days import ROOM_DAYS
from healthsim.specification.journeys.plan import JourneyLayout
from healthsim.specification.profiles.profile import PlanDesign, ProfileSpec

_LAST_YEAR_ENDS = "2199-12-31"


_YEAR = 364  # days after `as_of` that a profile without journeys covers


def prepare(
    profile_document: Mapping[str, object] | str | ProfileSpec,
    journey_documents: Sequence[Mapping[str, object] | str | JourneySpec] = (),
    reference: Reference | None = None,
) -> Job:
    """Check specifications and lay out what they ask for.

    Args:
        profile_document: who.
        journey_documents: what happens, in the order in which they are listed.
        reference: the figures and the directory that people are drawn from; by default those that
            are built in.

    Raises:
        SpecError: with everything that is wrong with them.
    """
    profile = (
        profile_document
        if isinstance(profile_document, ProfileSpec)
        else read(ProfileSpec, profile_document, "profile")
    )
    journeys = tuple(
        one if isinstance(one, JourneySpec) else read(JourneySpec, one, f"journeys[{place}]")
        for place, one in enumerate(journey_documents)
    )
    laid_out = Layouts(journeys)
    _refuse(check_job(profile, journeys, built_in_names(), laid_out))
    reference = reference or built_in()
    figures = PopulationMeasures(profile, reference.population)
    _refuse(figures.problems())
    journeys = in_walking_order(journeys)
    plans = laid_out.in_walking_order(journeys)
    through, tables = last_day(profile, journeys), tables_of(profile.products)
    _refuse(_beyond_the_calendar(through))
    job = Job(
        profile=profile,
        journeys=journeys,
        layouts=plans,
        parts=drawing_order(profile),
        quotas=quota_levels(profile),
        counts_journeys=has_population_steps(plans),
        plan_table=PlanTable.of(plan_designs(profile, journeys)),
        numbering=Numbering(profile, plans, renewals(profile, through)),
        through=through,
        births=birth_slots(plans),
        children=slot_count(plans),
        tables=tables,
        tally=ExpectationTally.of(profile, journeys, _places(journeys, plans), tables, through),
        reference=reference,
        measures=figures,
    )
    if job.count <= MOST_DRAWN:
        _refuse(eligibility_problems(job))
    if profile.network.radius_miles is not None:
        _refuse(
            out_of_radius(job.networks, journeys, counties_of(job), profile.network.radius_miles)
        )
    return job


def _beyond_the_calendar(through: int) -> list[Problem]:
    """Refuse data that go on after the years for which prices and holidays are known."""
    last = day_of(_LAST_YEAR_ENDS)
    if through <= last:
        return []
    found = f"is {iso(through)}, and the calendar ends on {_LAST_YEAR_ENDS}"
    return [Problem("profile.through", found, "set through, or as_of and duration_days, earlier")]


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise SpecError(problems)


def _places(journeys: Sequence[JourneySpec], plans: Sequence[JourneyLayout]) -> list[int]:
    """Return the position of each journey among the plans."""
    return [
        next(place for place, plan in enumerate(plans) if plan.journey is journey)
        for journey in journeys
    ]


def plan_designs(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> dict[str, PlanDesign]:
    """Return the plans that specifications name, in the order in which they name them."""
    if profile.coverage is None:
        return {}
    named = list(profile.coverage.plan.labels)
    for journey in journeys:
        named += [
            step.details.plan
            for _, step in journey.steps()
            if isinstance(step, Enrollment) and step.details.plan is not None
        ]
    known = {**BUILT_IN, **profile.coverage.plans}
    return {name: known[name] for name in dict.fromkeys(named) if not is_uninsured(name)}


def last_day(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> int:
    """Return the last day of the data: `through`, or the end of the longest journey.

    A journey's end leaves the same room whatever its steps are, so that an edit of one step does
    not lengthen the data of people to whom it does not come.
    """
    if profile.through is not None:
        return day_of(profile.through.isoformat())
    as_of = day_of(profile.as_of.isoformat())
    ends, borne = [as_of + _YEAR] if not journeys else [], as_of
    for journey in sorted(journeys, key=lambda one: one.from_birth):
        begins = day_of(journey.window(profile.as_of)[1].isoformat())
        if journey.from_birth:  # whoever begins it last is born on the last day of what bears
            begins = borne
        ends.append(begins + journey.duration_days + ROOM_DAYS)
        borne = borne if journey.from_birth else max(ends)
    return max(ends)
