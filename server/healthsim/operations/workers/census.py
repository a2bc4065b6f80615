"""The counting pass on workers: each counts blocks of people, and what they found is joined here.

A task has the ranks of its own people alone, so what is sent grows with a block, not with the run.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from healthsim.addresses import BLOCK
from healthsim.execution.passes.rehearsal import Census, count_units, settle_population_steps
from healthsim.operations.job_text import JobText, prepared

if TYPE_CHECKING:
    from healthsim.execution.job import Job
    from healthsim.execution.people.population_pass import PopulationPass
    from healthsim.operations.workers.runner import Runner

_LEVEL = 1  # of zlib: arrays of ranks become a quarter


@dataclass(frozen=True)
class CountTask:
    """Units that are to be counted.

    Attributes:
        level: which population steps; see `count_units`.
        settled: the steps that are settled, of these units, from `packed`.
    """

    job: JobText
    level: int
    settled: bytes
    start: int
    count: int


def packed(steps: PopulationPass) -> bytes:
    """Return a pass as bytes, for another process of HealthSim."""
    return zlib.compress(pickle.dumps(steps), _LEVEL)


def unpacked(steps: bytes) -> PopulationPass:
    """Return the pass of `packed`."""
    found: PopulationPass = pickle.loads(zlib.decompress(steps))
    return found


def count_task(task: CountTask) -> bytes:
    """Count the units of a task in this process; return the pass, packed."""
    counted = count_units(
        prepared(task.job), task.level, unpacked(task.settled), task.start, task.count
    )
    return packed(counted.arrivals_only())


def settle_by(
    runner: Runner,
    job: Job,
    text: JobText,
    stop: Event,
    size: int = BLOCK,
) -> PopulationPass:
    """Settle the population steps of a job by workers.

    Args:
        runner: who counts.
        job: what is settled.
        text: the same for workers.
        stop: set it to stop.
        size: units that are counted together; the result does not depend on it.

    Raises:
        Cancelled: `stop` was set.
        SpecError: people cannot meet an exact count.
    """
    return settle_population_steps(job, census=_census(runner, text, job.count, stop, size))


def _census(runner: Runner, text: JobText, units: int, stop: Event, size: int) -> Census:
    def census(level: int) -> Callable[[PopulationPass], PopulationPass]:
        def count(settled: PopulationPass) -> PopulationPass:
            total = settled.for_chunk()
            tasks = (
                CountTask(text, level, packed(settled.of_units(start, size)), start,
                          min(size, units - start))
                for start in range(0, units, size)
            )  # fmt: skip
            for _, part in runner.map(count_task, tasks, stop):
                total.add(unpacked(part))
            return total

        return count

    return census
