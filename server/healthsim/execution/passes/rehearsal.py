"""Who is counted before the first row: quotas, eligibility, the counties of a location."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import Problem, SpecError
from healthsim.execution.cohort.cohort import draw_parts, people_of
from healthsim.execution.cohort.household import draw_families
from healthsim.execution.cohort.newborn_slots import reserve_newborn_rows
from healthsim.execution.cohort.quotas import QuotaStep
from healthsim.execution.job import CHUNK, Job
from healthsim.execution.passes.counting import (
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
from healthsim.execution.timeline.timeline import RunContext, Timeline, walk_journeys
from healthsim.products.populationsim.reference import geography
from healthsim.specification.journeys.plan import JourneyLayout

_DRAWN_AT_ONCE = 1_000_000  # places of people, where only they are asked for


def counties_of(job: Job) -> NDArray[np.int32]:
    """Return the counties in which people of a job live, int32, rising."""
    names = [part.name for part in job.parts]
    plan = job.cohort.only(names[: names.index("us_state") + 1])
    census = _quotas_settled(job, CHUNK, 1, None)
    found = np.zeros(0, dtype=np.int32)
    for start in range(0, job.count, _DRAWN_AT_ONCE):
        size = min(_DRAWN_AT_ONCE, job.count - start)
        draws = Draws(job.seed, start, size, job.count, census)
        sketch = draw_parts(plan, draws)
        found = np.union1d(found, sketch.columns["county"])
    return found.astype(np.int32)


def eligibility_problems(job: Job) -> list[Problem]:
    """Return the journeys that none of the first people may enter, of up to `MOST_DRAWN` units.

    Only where the profile alone decides it. Of a population as small as that it is everybody.
    """
    places, count = decided_by_profile(job.journeys), min(job.count, MOST_DRAWN)
    if not places:
        return []
    try:
        census = _quotas_settled(job, CHUNK, 1, None)
        timeline = walk_chunk(job, census, 0, count, without_steps(job.journeys))
    except SpecError:
        return []  # a fault of the people themselves is told when they are made
    whole = f"the first {count:,} units" if count < job.count else f"all {count:,} units"
    whole = whole.replace("units", "people") if job.profile.unit == "person" else whole
    return list(journeys_without_entrants(job.journeys, places, timeline.start_days, whole))


def settle_population_steps(
    job: Job, *, size: int = CHUNK, threads: int = 2, stop: threading.Event | None = None
) -> PopulationPass:
    """Settle the population steps of a job, pass by pass; nothing to do where it has none.

    Args:
        job: what `prepare` returned.
        size: units looked at at once; the census does not depend on it.
        threads: how many chunks are looked at side by side.
        stop: set it to stop within one chunk.

    Raises:
        Cancelled: when `stop` was set.
        SpecError: people cannot meet an exact count.
    """
    census = _quotas_settled(job, size, threads, stop)
    if job.counts_journeys:
        lived = whole_population(partial(_counted_chunk, job), job.count, size, threads, stop)
        census = settle_journeys(census, job.layouts, lived)
    return census


def _quotas_settled(
    job: Job, size: int, threads: int, stop: threading.Event | None
) -> PopulationPass:
    census = PopulationPass(last_day=job.through)
    for level in job.quotas:
        drawn = whole_population(_drawn(job, level), job.count, size, threads, stop)
        census = settle_level(census, level, drawn)
    return census


def _drawn(job: Job, level: Sequence[QuotaStep]) -> Callable[[PopulationPass, int, int], object]:
    """Return what draws as much of people as decides who is in some quotas."""
    wanted = {name for step in level for name in step.needs}
    plan = job.cohort.only(wanted)

    def drawn(census: PopulationPass, start: int, count: int) -> None:
        draws = Draws(job.seed, start, count, job.count, census)
        if job.profile.household is None:
            draw_parts(plan, draws)
        else:  # who lives with an anchor rests on all of it
            draw_families(job.cohort, draws)

    return drawn


def _counted_chunk(job: Job, census: PopulationPass, start: int, count: int) -> None:
    """Note in a census who of a chunk comes to the steps of journeys that see everybody."""
    record_survivors(census, walk_chunk(job, census, start, count))


def walk_chunk(
    job: Job,
    census: PopulationPass,
    start: int,
    count: int,
    plans: Sequence[JourneyLayout] | None = None,
) -> Timeline:
    """Draw the people of a chunk and let them walk through every journey, or through `plans`."""
    people, draws = _people(job, Draws(job.seed, start, count, job.count, census))
    book = RunContext(
        names=job.plan_table.names,
        first_months=tuple(job.plan_table.first_month.tolist()),
        states=geography().states,
        through=job.through,
    )
    return walk_journeys(job.profile, job.layouts if plans is None else plans, people, draws, book)


def _people(job: Job, draws: Draws) -> tuple[People, Draws]:
    """Return the people of a chunk of units, and the numbers of them all."""
    sketch = draw_families(job.cohort, draws)
    if job.children:
        sketch, homes = reserve_newborn_rows(sketch, job.births, job.children, job.through)
        return people_of(sketch, homes), sketch.draws
    roll = sketch.draws.roster
    return people_of(sketch, None if roll is None else Households.of(roll)), sketch.draws
