"""What is drawn and counted before the first row: quotas, eligibility, counties of residence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.errors import Problem, SpecError
from healthsim.execution.cohort.cohort import draw_parts, people_of
from healthsim.execution.cohort.household import draw_families
from healthsim.execution.cohort.newborn_slots import reserve_newborn_rows
from healthsim.execution.job import CHUNK, Job
from healthsim.execution.passes.counting import (
    Count,
    record_survivors,
    settle_journeys,
    settle_level,
    whole_population,
)
from healthsim.execution.passes.eligibility import (
    MOST_DRAWN,
    decided_by_profile,
    journeys_without_entrants,
    without_steps,
)
from healthsim.execution.people.draws import Draws
from healthsim.execution.people.people import Households, People
from healthsim.execution.people.population_pass import PopulationPass
from healthsim.execution.timeline.timeline import (
    RunContext,
    Timeline,
    WalkMaker,
    walk_journeys,
)
from healthsim.execution.timeline.walk import Walk
from healthsim.products.populationsim.reference import geography
from healthsim.specification.journeys.plan import JourneyLayout

_DRAWN_AT_ONCE = 1_000_000  # units a chunk, where only their residence is drawn


def counties_of(job: Job) -> NDArray[np.int32]:
    """Return the counties in which people of a job live, int32, ascending."""
    names = [part.name for part in job.parts]
    plan = job.cohort.only(names[: names.index("us_state") + 1])
    population_pass = _settle_quotas(job, in_threads(job))
    counties = np.zeros(0, dtype=np.int32)
    for start in range(0, job.count, _DRAWN_AT_ONCE):
        size = min(_DRAWN_AT_ONCE, job.count - start)
        draws = Draws(job.seed, start, size, job.count, population_pass)
        counties = np.union1d(counties, draw_parts(plan, draws).columns["county"])
    return counties.astype(np.int32)


def eligibility_problems(job: Job) -> list[Problem]:
    """Return the journeys that none of the first `MOST_DRAWN` units may enter.

    Only journeys whose `eligible` the profile alone decides are checked.
    """
    entered = entrants(job, MOST_DRAWN)
    count = min(job.count, MOST_DRAWN)
    units = "people" if job.profile.unit == "person" else "units"
    drawn = f"the first {count:,} {units}" if count < job.count else f"all {count:,} {units}"
    return list(journeys_without_entrants(job.journeys, entered, drawn))


def entrants(job: Job, most: int) -> dict[int, NDArray[np.bool_]]:
    """Return who of the people of the first units may enter each journey.

    Args:
        job: what `prepare` returned.
        most: units that are drawn.

    Returns:
        Position of each journey whose `eligible` the profile alone decides -> bool, shape
        (people,).
    """
    places = decided_by_profile(job.journeys)
    if not places:
        return {}
    try:
        population_pass = _settle_quotas(job, in_threads(job))
        count = min(job.count, most)
        timeline = walk_chunk(job, population_pass, 0, count, without_steps(job.journeys))
    except SpecError:
        return {}  # the run itself reports what is wrong with the people
    return {place: timeline.start_days[place] != NO_DAY for place in places}


JOURNEYS = -1
"""The level of the population steps of journeys."""

Census = Callable[[int], Count]
"""Returns how everybody is counted who comes to the steps of a level; see `count_units`."""


def settle_population_steps(
    job: Job,
    *,
    size: int = CHUNK,
    threads: int = 2,
    stop: threading.Event | None = None,
    census: Census | None = None,
) -> PopulationPass:
    """Settle the population steps of a job, pass by pass.

    Args:
        job: what `prepare` returned.
        size: units of a chunk; the result does not depend on it.
        threads: how many chunks are counted in parallel.
        stop: set it to stop within one chunk.
        census: who counts instead of threads of this process.

    Raises:
        Cancelled: when `stop` was set.
        SpecError: people cannot meet an exact count.
    """
    census = census or in_threads(job, size, threads, stop)
    population_pass = _settle_quotas(job, census)
    if job.counts_journeys:
        population_pass = settle_journeys(population_pass, job.layouts, census(JOURNEYS))
    return population_pass


def in_threads(
    job: Job, size: int = CHUNK, threads: int = 1, stop: threading.Event | None = None
) -> Census:
    """Return a count of everybody by threads of this process; see `settle_population_steps`."""

    def census(level: int) -> Count:
        def chunk(settled: PopulationPass, start: int, count: int) -> PopulationPass:
            return count_units(job, level, settled, start, count)

        return whole_population(chunk, job.count, size, threads, stop)

    return census


def _settle_quotas(job: Job, census: Census) -> PopulationPass:
    population_pass = PopulationPass(last_day=job.through)
    for number, level in enumerate(job.quotas):
        population_pass = settle_level(population_pass, level, census(number))
    return population_pass


def count_units(
    job: Job, level: int, settled: PopulationPass, start: int, count: int
) -> PopulationPass:
    """Count who of some units comes to the population steps of a level.

    Args:
        job: what `prepare` returned.
        level: position in the job's quotas; of these, only the parts of people are drawn that
            decide who is in them. `JOURNEYS` for the steps of journeys.
        settled: the steps that are settled, at least as far as these units are concerned.
        start: the first unit, counted from 0.
        count: how many units.
    """
    counted = settled.for_chunk()
    if level == JOURNEYS:
        record_survivors(counted, walk_chunk(job, counted, start, count))
        return counted
    draws = Draws(job.seed, start, count, job.count, counted)
    if job.profile.household is not None:  # who lives with an anchor depends on all its parts
        draw_families(job.cohort, draws)
        return counted
    names = {name for step in job.quotas[level] for name in step.needs}
    draw_parts(job.cohort.only(names), draws)
    return counted


def walk_chunk(
    job: Job,
    population_pass: PopulationPass,
    start: int,
    count: int,
    layouts: Sequence[JourneyLayout] | None = None,
) -> Timeline:
    """Draw the people of a chunk and walk them through every journey, or through `layouts`."""
    draws = Draws(job.seed, start, count, job.count, population_pass)
    return walk_people(job, draws, job.layouts if layouts is None else layouts)


def walk_people(
    job: Job, draws: Draws, layouts: Sequence[JourneyLayout], walk_of: WalkMaker = Walk
) -> Timeline:
    """Draw the people of a chunk with the numbers of `draws`, and walk them through `layouts`."""
    people, draws = _people(job, draws)
    context = RunContext(
        names=job.plan_table.names,
        first_months=tuple(job.plan_table.first_month.tolist()),
        covers_dependants=tuple(design.kind == "commercial" for design in job.plan_table.designs),
        coverage_dates=job.plan_table.coverage_dates,
        states=geography().states,
        through=job.through,
    )
    return walk_journeys(job.profile, layouts, people, draws, context, walk_of)


def _people(job: Job, draws: Draws) -> tuple[People, Draws]:
    """Return the people of a chunk of units, and the draws for all of them."""
    cohort = draw_families(job.cohort, draws)
    if job.children:
        cohort, households = reserve_newborn_rows(cohort, job.births, job.children, job.through)
        return people_of(cohort, households), cohort.draws
    roster = cohort.draws.roster
    return people_of(cohort, None if roster is None else Households.of(roster)), cohort.draws
