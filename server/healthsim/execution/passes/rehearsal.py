"""Who is counted before the first row: quotas, eligibility, the counties of a location."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import Problem, SpecError
from healthsim.execution.cohort.cohort import people_of, sketched
from healthsim.execution.cohort.household import families
from healthsim.execution.cohort.quotas import QuotaStep
from healthsim.execution.cohort.unborn import expecting
from healthsim.execution.job import CHUNK, Job
from healthsim.execution.passes.counting import (
    everybody,
    note_outlived,
    settle_journeys,
    settle_level,
)
from healthsim.execution.passes.eligibility import (
    MOST_DRAWN,
    decided,
    nobody_enters,
    without_steps,
)
from healthsim.execution.people.census import Census
from healthsim.execution.people.draws import Draws
from healthsim.execution.people.people import Homes, People
from healthsim.execution.timeline.timeline import Book, Timeline, live
from healthsim.products.populationsim.reference import geography
from healthsim.specification.journeys.plan import Plan

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
        sketch = sketched(plan, draws)
        found = np.union1d(found, sketch.columns["county"])
    return found.astype(np.int32)


def nobody_eligible(job: Job) -> list[Problem]:
    """Return the journeys that none of the first people may enter, of up to `MOST_DRAWN` units.

    Only where the profile alone decides it. Of a population as small as that it is everybody.
    """
    places, count = decided(job.journeys), min(job.count, MOST_DRAWN)
    if not places:
        return []
    try:
        census = _quotas_settled(job, CHUNK, 1, None)
        timeline = lived(job, census, 0, count, without_steps(job.journeys))
    except SpecError:
        return []  # a fault of the people themselves is told when they are made
    whole = f"the first {count:,} units" if count < job.count else f"all {count:,} units"
    whole = whole.replace("units", "people") if job.profile.unit == "person" else whole
    return list(nobody_enters(job.journeys, places, timeline.begun, whole))


def take_census(
    job: Job, *, size: int = CHUNK, threads: int = 2, stop: threading.Event | None = None
) -> Census:
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
        lived = everybody(partial(_looked_at, job), job.count, size, threads, stop)
        census = settle_journeys(census, job.plans, lived)
    return census


def _quotas_settled(job: Job, size: int, threads: int, stop: threading.Event | None) -> Census:
    census = Census(last_day=job.through)
    for level in job.quotas:
        drawn = everybody(_drawn(job, level), job.count, size, threads, stop)
        census = settle_level(census, level, drawn)
    return census


def _drawn(job: Job, level: Sequence[QuotaStep]) -> Callable[[Census, int, int], object]:
    """Return what draws as much of people as decides who is in some quotas."""
    wanted = {name for step in level for name in step.needs}
    plan = job.cohort.only(wanted)

    def drawn(census: Census, start: int, count: int) -> None:
        draws = Draws(job.seed, start, count, job.count, census)
        if job.profile.household is None:
            sketched(plan, draws)
        else:  # who lives with an anchor rests on all of it
            families(job.cohort, draws)

    return drawn


def _looked_at(job: Job, census: Census, start: int, count: int) -> None:
    """Note in a census who of a chunk comes to the steps of journeys that see everybody."""
    note_outlived(census, lived(job, census, start, count))


def lived(
    job: Job, census: Census, start: int, count: int, plans: Sequence[Plan] | None = None
) -> Timeline:
    """Draw the people of a chunk and let them walk through every journey, or through `plans`."""
    people, draws = _people(job, Draws(job.seed, start, count, job.count, census))
    book = Book(
        names=job.book.names,
        first_months=tuple(job.book.first_month.tolist()),
        states=geography().states,
        through=job.through,
    )
    return live(job.profile, job.plans if plans is None else plans, people, draws, book)


def _people(job: Job, draws: Draws) -> tuple[People, Draws]:
    """Return the people of a chunk of units, and the numbers of them all."""
    sketch = families(job.cohort, draws)
    if job.children:
        sketch, homes = expecting(sketch, job.births, job.children, job.through)
        return people_of(sketch, homes), sketch.draws
    roll = sketch.draws.roll
    return people_of(sketch, None if roll is None else Homes.of(roll)), sketch.draws
