"""The counting pass: population steps are settled before the first row is made.

A pass looks at all people, chunk by chunk, only as far as the first population step that is not
settled. The steps of a profile are settled level by level; those of journeys one at a time, since
who comes to the second may rest on what the first decided. Where some people come to one of two
steps first and some to the other, both are counted again until those come who were counted.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from re import sub

import numpy as np

from healthsim.errors import Problem, SpecError
from healthsim.execution.cohort.quotas import QuotaStep
from healthsim.execution.people.population_pass import PopulationPass, StratumCounts
from healthsim.execution.people.threads import map_chunks
from healthsim.execution.timeline.timeline import Timeline
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.events import Randomization
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence
from healthsim.specification.journeys.step import StepHead

_MOST_COUNTS = 10  # counts of one step, until it is clear that they do not settle

Look = Callable[[PopulationPass], PopulationPass]
"""Looks at everybody with a census, and returns who came to what is not settled in it."""


def whole_population(
    look: Callable[[PopulationPass, int, int], object],
    count: int,
    size: int,
    threads: int,
    stop: threading.Event | None,
) -> Look:
    """Turn a look at one chunk into a look at everybody, chunks side by side.

    Args:
        look: given a census, start and count, walks one chunk; the census notes who came.
        count: people in all.
        size: people looked at at once.
        threads: how many chunks are looked at side by side.
        stop: set it to stop within one chunk; `Cancelled` is raised then.
    """

    def looked(known: PopulationPass) -> PopulationPass:
        def chunk(start: int, some: int) -> PopulationPass:
            here = known.for_chunk()
            look(here, start, some)
            return here

        whole = known.for_chunk()
        for part in map_chunks(chunk, count, size, threads, stop):
            whole.add(part)
        return whole

    return looked


def is_population_step(step: StepHead) -> bool:
    """Tell whether a step must see everyone who comes to it before it is worked on anyone."""
    if isinstance(step, Branch):
        return any(option.exactly is not None for option in step.options)
    return isinstance(step, Randomization)


def record_survivors(census: PopulationPass, timeline: Timeline) -> None:
    """Tell a census who of a chunk came to its settled steps alive.

    Nothing dated before a step can rest on what the step decides, so those who are gone before
    stay gone when it is counted again.
    """
    persons = timeline.record.people.person_id
    alive = {one.occurrence.address: persons[one.rows] for one in timeline.occurrences}
    halted = census.unsettled_persons()
    for plan in timeline.record.layouts_walked:
        for one in plan.occurrences:
            if one.address in census.arrivals:
                came = alive.get(one.address, persons[:0])
                census.keep_survivors(one.address, np.concatenate([came, halted]))


def has_population_steps(plans: Sequence[JourneyLayout]) -> bool:
    """Tell whether journeys need a counting pass."""
    return any(is_population_step(one.step) for plan in plans for one in plan.occurrences)


def settle_level(census: PopulationPass, level: Sequence[QuotaStep], look: Look) -> PopulationPass:
    """Settle quotas of a profile that do not need each other.

    Raises:
        SpecError: for every group that is smaller than what is asked of it.
    """
    came = look(census).arrivals
    counted = {step.name: StratumCounts.of(came.get(step.name, [])) for step in level}
    problems = [one for step in level for one in step.problems(counted[step.name])]
    if problems:
        raise SpecError(problems)
    return PopulationPass({**census.settled, **counted}, last_day=census.last_day)


def settle_journeys(
    census: PopulationPass, plans: Sequence[JourneyLayout], look: Look
) -> PopulationPass:
    """Settle the population steps of journeys, each after those that lead to it.

    Those do not count whose life another journey ends before the day on which they come.

    Raises:
        SpecError: fewer come to a step than it asks for, or the steps lead to each other.
    """
    steps = _steps(plans)
    order = {name: place for place, name in enumerate(steps)}
    settled = dict(census.settled)
    recounted: Counter[str] = Counter()
    while True:
        came = look(PopulationPass(settled, last_day=census.last_day)).arrivals
        names = sorted(order.keys() & came.keys(), key=order.__getitem__)
        found = {name: StratumCounts.of(came[name]) for name in names}
        moved = next((name for name, new in found.items()
                      if name in settled and not new.same_as(settled[name])), None)  # fmt: skip
        new = moved or next((name for name in found if name not in settled), None)
        if new is None:
            break
        settled[new] = found[new]
        recounted[new] += 1
        _refuse_cycles(new, recounted, steps)
        if len(steps) == len(plans) == 1:  # nothing else could bring, or take, people
            break
    problems = list(_too_few(steps, settled))
    if problems:
        raise SpecError(problems)
    return PopulationPass(settled, last_day=census.last_day)


def _steps(plans: Sequence[JourneyLayout]) -> dict[str, tuple[str, Occurrence]]:
    """Return the population steps in document order: address -> where, occurrence."""
    return {
        one.address: (f"journeys[{place}]: step {one.address.split('/', 1)[1]!r}", one)
        for place, plan in enumerate(plans)
        for one in plan.occurrences
        if is_population_step(one.step)
    }


def _refuse_cycles(
    name: str, recounted: Counter[str], steps: Mapping[str, tuple[str, Occurrence]]
) -> None:
    if recounted[name] <= _MOST_COUNTS:
        return
    raise SpecError([Problem(
        steps[name][0],
        "who comes to it rests on another step that counts everybody, and that on this one",
        "date the two apart, or take the count out of one of them",
    )])  # fmt: skip


def _too_few(
    steps: Mapping[str, tuple[str, Occurrence]], settled: Mapping[str, StratumCounts]
) -> Iterator[Problem]:
    """Yield branches that fewer people reach than their exact options ask for.

    Of a branch that comes again and again, only those times count that anybody comes.
    """
    reached = {_head(name) for name in steps if name in settled}
    for name, (where, one) in steps.items():
        again = _head(name) in reached and name not in settled
        if not isinstance(one.step, Branch) or again:
            continue
        counted = settled.get(name)
        for number, group in enumerate(one.step.groups()):
            asked = sum(option.exactly or 0 for option in group)
            there = counted.size(str(number)) if counted else 0
            if asked > there:
                first = next(option for option in group if option.exactly)
                whom = f" with {first.when}" if first.when is not None else ""
                yield Problem(
                    f"{where}: options[{one.step.options.index(first)}].exactly",
                    f"asks for {asked} of those who come{whom}, and {there} do",
                    f"lower it to {there} or let more people come to the branch",
                )


def _head(address: str) -> str:
    """Name a step whichever time it comes: its address without the numbers of beats."""
    return sub(r"#\d+", "", address)
