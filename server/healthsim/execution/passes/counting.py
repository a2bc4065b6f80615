"""The counting pass: population steps are settled before the first row is made.

A pass processes all people, chunk by chunk, only as far as the first population step that is not
settled. The steps of a profile are settled level by level; those of journeys one at a time, since
who reaches the second may depend on what the first decided. Where some people reach one of two
steps first and some the other, both are counted again until the counts no longer change.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
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

_MOST_COUNTS = 10  # counts of one step before it is refused as a cycle

Count = Callable[[PopulationPass], PopulationPass]
"""Counts everybody who reaches the steps that are not settled yet in a pass."""


def whole_population(
    count_chunk: Callable[[PopulationPass, int, int], PopulationPass],
    count: int,
    size: int,
    threads: int,
    stop: threading.Event | None,
) -> Count:
    """Return the count of the whole population, chunk by chunk in parallel.

    Args:
        count_chunk: given a pass, the first unit and how many, returns who of them comes to the
            steps that are not settled.
        count: units in all.
        size: units of a chunk.
        threads: how many chunks are counted in parallel.
        stop: set it to stop within one chunk; `Cancelled` is raised then.
    """

    def count_all(settled: PopulationPass) -> PopulationPass:
        total = settled.for_chunk()
        for part in map_chunks(partial(count_chunk, settled), count, size, threads, stop):
            total.add(part)
        return total

    return count_all


def is_population_step(step: StepHead) -> bool:
    """Tell whether a step needs everyone who reaches it before it can be executed for anyone."""
    if isinstance(step, Branch):
        return any(option.exactly is not None for option in step.options)
    return isinstance(step, Randomization)


def record_survivors(population_pass: PopulationPass, timeline: Timeline) -> None:
    """Record in a counting pass who of a chunk reached its settled steps alive.

    Nothing dated before a step can depend on what the step decides, so whoever dies before it
    does so in every later count too.
    """
    persons = timeline.record.people.person_id
    alive = {rows.occurrence.address: persons[rows.rows] for rows in timeline.occurrences}
    unsettled = population_pass.unsettled_persons()
    for layout in timeline.record.layouts_walked:
        for occurrence in layout.occurrences:
            if occurrence.address in population_pass.arrivals:
                arrived = alive.get(occurrence.address, persons[:0])
                survivors = np.concatenate([arrived, unsettled])
                population_pass.keep_survivors(occurrence.address, survivors)


def has_population_steps(layouts: Sequence[JourneyLayout]) -> bool:
    """Tell whether journeys need a counting pass."""
    return any(
        is_population_step(occurrence.step)
        for layout in layouts
        for occurrence in layout.occurrences
    )


def settle_level(
    population_pass: PopulationPass, level: Sequence[QuotaStep], count: Count
) -> PopulationPass:
    """Settle quotas of a profile that do not need each other.

    Raises:
        SpecError: groups have fewer people than their exact count.
    """
    arrivals = count(population_pass).arrivals
    counted = {step.name: StratumCounts.of(arrivals.get(step.name, [])) for step in level}
    problems = [problem for step in level for problem in step.problems(counted[step.name])]
    if problems:
        raise SpecError(problems)
    return PopulationPass({**population_pass.settled, **counted}, last_day=population_pass.last_day)


def settle_journeys(
    population_pass: PopulationPass, layouts: Sequence[JourneyLayout], count: Count
) -> PopulationPass:
    """Settle the population steps of journeys, each after those that lead to it.

    Who dies in another journey before the day of a step does not count at it.

    Raises:
        SpecError: fewer people reach a step than its exact counts, or steps depend on each other.
    """
    steps = _steps(layouts)
    order = {name: place for place, name in enumerate(steps)}
    settled = dict(population_pass.settled)
    recounted: Counter[str] = Counter()
    while True:
        arrivals = count(PopulationPass(settled, last_day=population_pass.last_day)).arrivals
        names = sorted(order.keys() & arrivals.keys(), key=order.__getitem__)
        counted = {name: StratumCounts.of(arrivals[name]) for name in names}
        changed = (step for step in names if step in settled
                   and not counted[step].same_as(settled[step]))  # fmt: skip
        new = (step for step in names if step not in settled)
        name = next(changed, None) or next(new, None)
        if name is None:
            break
        settled[name] = counted[name]
        recounted[name] += 1
        _refuse_cycles(name, recounted, steps)
        if len(steps) == len(layouts) == 1:  # no other step or journey can change who reaches it
            break
    problems = list(_too_few(steps, settled))
    if problems:
        raise SpecError(problems)
    return PopulationPass(settled, last_day=population_pass.last_day)


def _steps(layouts: Sequence[JourneyLayout]) -> dict[str, tuple[str, Occurrence]]:
    """Return the population steps in document order: address -> (where, occurrence)."""
    return {
        occurrence.address: (
            f"journeys[{place}]: step {occurrence.address.split('/', 1)[1]!r}",
            occurrence,
        )
        for place, layout in enumerate(layouts)
        for occurrence in layout.occurrences
        if is_population_step(occurrence.step)
    }


def _refuse_cycles(
    name: str, recounted: Counter[str], steps: Mapping[str, tuple[str, Occurrence]]
) -> None:
    if recounted[name] <= _MOST_COUNTS:
        return
    raise SpecError([Problem(
        steps[name][0],
        "who reaches it depends on another step that counts people, and that step on this one",
        "put the two on different days, or remove the count from one of them",
    )])  # fmt: skip


def _too_few(
    steps: Mapping[str, tuple[str, Occurrence]], settled: Mapping[str, StratumCounts]
) -> Iterator[Problem]:
    """Yield branches that fewer people reach than their exact options need.

    Of a repeated branch, only the beats that anybody reaches are checked.
    """
    reached = {_without_beats(name) for name in steps if name in settled}
    for name, (where, occurrence) in steps.items():
        step, unreached_beat = occurrence.step, name not in settled
        if not isinstance(step, Branch) or (unreached_beat and _without_beats(name) in reached):
            continue
        counted = settled.get(name)
        for number, group in enumerate(step.groups()):
            needed = sum(option.exactly or 0 for option in group)
            available = counted.size(str(number)) if counted else 0
            if needed > available:
                first = next(option for option in group if option.exactly)
                whom = f" with {first.when}" if first.when is not None else ""
                yield Problem(
                    f"{where}: options[{step.options.index(first)}].exactly",
                    f"asks for {needed} of those who come{whom}, and {available} do",
                    f"lower it to {available} or let more people come to the branch",
                )


def _without_beats(address: str) -> str:
    """Return the address of a step without the numbers of beats."""
    return sub(r"#\d+", "", address)
