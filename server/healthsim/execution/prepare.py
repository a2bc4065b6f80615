"""From specifications to a job: checked, laid out, and refused if it could not run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from healthsim.dates import day_of, iso
from healthsim.errors import Problem, SpecError
from healthsim.execution.cohort.cohort import drawing_order
from healthsim.execution.cohort.met_before import as_met
from healthsim.execution.cohort.population_measures import PopulationMeasures
from healthsim.execution.cohort.quotas import quota_levels
from healthsim.execution.job import Job
from healthsim.execution.passes.access import out_of_radius
from healthsim.execution.passes.counting import has_population_steps
from healthsim.execution.passes.eligibility import MOST_DRAWN
from healthsim.execution.passes.rehearsal import counties_of, eligibility_problems
from healthsim.execution.sync.numbering import Numbering
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
from healthsim.specification.profiles.plan_design import PlanDesign
from healthsim.specification.profiles.profile import ProfileSpec

_LAST_DAY = "2199-12-31"  # of the years for which prices and holidays are known
_YEAR = 364  # days after `as_of` that a profile without journeys covers


def prepare(
    profile_document: Mapping[str, object] | str | ProfileSpec,
    journey_documents: Sequence[Mapping[str, object] | str | JourneySpec] = (),
    reference: Reference | None = None,
    *,
    people: bool = True,
) -> Job:
    """Check specifications and make a job of them.

    Args:
        profile_document: who.
        journey_documents: what happens, in the order in which they are listed.
        reference: the figures and the directory that people are drawn from; by default those that
            are built in.
        people: whether people are drawn to see if anybody may enter the journeys, and how far they
            would have to go; a worker need not repeat that.

    Raises:
        SpecError: with everything that is wrong with them.
    """
    profile, journeys = _read(profile_document, journey_documents)
    laid_out = Layouts(journeys)
    _refuse(check_job(profile, journeys, built_in_names(), laid_out))
    reference = reference or built_in()
    measures = PopulationMeasures(profile, reference.population)
    _refuse(measures.problems())
    journeys = in_walking_order(journeys)
    _refuse(_calendar_problems(last_day(profile, journeys)))
    job = _job(profile, journeys, laid_out.in_walking_order(journeys), reference, measures)
    if people:
        _refuse(_population_problems(job))
    return job


def _job(
    profile: ProfileSpec,
    journeys: tuple[JourneySpec, ...],
    layouts: tuple[JourneyLayout, ...],
    reference: Reference,
    measures: PopulationMeasures,
) -> Job:
    through = last_day(profile, journeys)
    tables = tables_of(
        profile.products,
        detail=profile.detail,
        attributes=bool(profile.attributes),
        planted=profile.plants_violations,
    )
    walked = _positions(journeys, layouts)
    return Job(
        profile=profile,
        journeys=journeys,
        layouts=layouts,
        parts=drawing_order(as_met(profile, journeys)),
        quotas=quota_levels(profile),
        counts_journeys=has_population_steps(layouts),
        plan_table=PlanTable.of(plan_designs(profile, journeys), _years(profile, through)),
        numbering=Numbering(profile, layouts, through),
        through=through,
        births=birth_slots(layouts),
        children=slot_count(layouts),
        tables=tables,
        tally=ExpectationTally.of(profile, journeys, walked, tables, through),
        reference=reference,
        measures=measures,
    )


def _population_problems(job: Job) -> list[Problem]:
    """Return what is wrong with the people of a job, by a draw of them."""
    problems = eligibility_problems(job) if job.count <= MOST_DRAWN else []
    radius = job.profile.network.radius_miles
    if problems or radius is None:
        return problems
    return out_of_radius(job.networks, job.journeys, counties_of(job), radius)


def _read(
    profile: Mapping[str, object] | str | ProfileSpec,
    journeys: Sequence[Mapping[str, object] | str | JourneySpec],
) -> tuple[ProfileSpec, tuple[JourneySpec, ...]]:
    """Return the specifications of those that are still documents."""
    if not isinstance(profile, ProfileSpec):
        profile = read(ProfileSpec, profile, "profile")
    return profile, tuple(
        document
        if isinstance(document, JourneySpec)
        else read(JourneySpec, document, f"journeys[{place}]")
        for place, document in enumerate(journeys)
    )


def _calendar_problems(through: int) -> list[Problem]:
    """Return a problem if the data go on after the years for which prices are known."""
    if through <= day_of(_LAST_DAY):
        return []
    found = f"is {iso(through)}, and the calendar ends on {_LAST_DAY}"
    return [Problem("profile.through", found, "set through, or as_of and duration_days, earlier")]


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise SpecError(problems)


def _positions(journeys: Sequence[JourneySpec], layouts: Sequence[JourneyLayout]) -> list[int]:
    """Return the position of each journey among the layouts."""
    return [
        next(place for place, layout in enumerate(layouts) if layout.journey is journey)
        for journey in journeys
    ]


def _years(profile: ProfileSpec, through: int) -> range:
    """Return the calendar years of the data, from the one before if a benefit year needs it."""
    months = [] if profile.coverage is None else [
        design.benefit_year for design in profile.coverage.plans.values()
    ]  # fmt: skip
    first = profile.as_of.year - (max(months, default=1) > profile.as_of.month)
    return range(first, int(iso(through)[:4]) + 1)


def plan_designs(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> dict[str, PlanDesign]:
    """Return the health plans that specifications name, in the order of their first mention."""
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

    The days added after a journey's end do not depend on its steps, so an edit of one step does
    not change the data of people who do not reach it.
    """
    if profile.through is not None:
        return day_of(profile.through.isoformat())
    as_of = day_of(profile.as_of.isoformat())
    ends, last_birth = [as_of + _YEAR] if not journeys else [], as_of
    for journey in sorted(journeys, key=lambda journey: journey.from_birth):
        begins = day_of(journey.window(profile.as_of)[1].isoformat())
        if journey.from_birth:  # its last people are born on the last day of the other journeys
            begins = last_birth
        ends.append(begins + journey.duration_days + ROOM_DAYS)
        last_birth = last_birth if journey.from_birth else max(ends)
    return max(ends)
