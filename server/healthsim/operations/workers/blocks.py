"""The blocks of a lake, made by workers: what a run asks of a runner."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

from healthsim.addresses import BLOCK
from healthsim.errors import HealthSimError, Problem, Refused
from healthsim.operations.job_text import prepared
from healthsim.operations.lake_blocks import BlockRange, BlockTask
from healthsim.operations.lake_making import MOST_RANGES
from healthsim.operations.lake_ranges import make_blocks
from healthsim.operations.workers.census import packed, settle_by, unpacked
from healthsim.persistence.names import is_address

if TYPE_CHECKING:
    from healthsim.execution.job import Job
    from healthsim.execution.people.population_pass import PopulationPass
    from healthsim.operations.workers.runner import Runner

_FOR_EACH = 8  # ranges for each worker: the last of them is then 6 % of the run on average

RangeTask = tuple[BlockTask, bytes]
"""Blocks, and the population steps as far as their people need them, packed."""


class MadeBy:
    """Makes the blocks of a lake by the workers of a runner; workers write them themselves.

    Args:
        runner: who works.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    @property
    def ranges(self) -> int:
        """Into how many ranges a run is cut: enough that all workers end at nearly one time."""
        return max(MOST_RANGES, _FOR_EACH * self._runner.workers)

    def __call__(
        self,
        job: Job,
        tasks: Sequence[BlockTask],
        stop: Event,
        counted: Callable[[], None],
        tell: Callable[[int, int], None],
    ) -> Iterator[BlockRange]:
        """Yield each range as it is made, in any order.

        Args:
            job: what is made.
            tasks: its ranges.
            stop: set it to stop.
            counted: called when everybody is counted who must be before the first row.
            tell: called with the units and rows of each block that is made.

        Raises:
            Cancelled: `stop` was set.
            Refused: a worker would make other rows, or does not see the lake.
            SpecError: people cannot meet an exact count.
        """
        if not tasks:
            counted()
            return
        tasks = self._for_workers(tasks)
        settled = settle_by(self._runner, job, tasks[0].job, stop)
        counted()
        for _, made in self._runner.map(make_range, _ranges(tasks, settled), stop):
            for one in made.made:
                tell(one.units, sum(one.rows.values()))
            yield made

    def _for_workers(self, tasks: Sequence[BlockTask]) -> Sequence[BlockTask]:
        """Return the tasks as workers understand them, after asking those elsewhere.

        Raises:
            Refused: one of them would make other rows, or does not see the lake.
        """
        theirs = replace(tasks[0].job, home="")
        answers = self._runner.everywhere(unfit, replace(tasks[0], job=theirs))
        for address, problem in answers.items():
            if problem is not None:
                raise Refused(f"worker {address}", problem.found, problem.mend)
        return [replace(task, job=theirs) for task in tasks] if answers else tasks


def make_range(task: RangeTask) -> BlockRange:
    """Make blocks in this process, whatever process asks for it; raises as `make_blocks`."""
    blocks, settled = task
    return make_blocks(blocks, unpacked(settled))


def _ranges(tasks: Sequence[BlockTask], settled: PopulationPass) -> Iterator[RangeTask]:
    for task in tasks:
        yield task, packed(settled.of_units(task.first * BLOCK, task.blocks * BLOCK))


def unfit(task: BlockTask) -> Problem | None:
    """Return why this process cannot make blocks of a lake; nothing where it can."""
    try:
        prepared(task.job)
        if is_address(task.lake):
            from healthsim.persistence.object_store import ObjectStore  # noqa: PLC0415  when asked

            ObjectStore.of(task.lake).sizes()
            return None
    except HealthSimError as error:
        return error.problem
    if not os.access(task.lake, os.W_OK | os.X_OK):
        return Problem(
            "worker",
            f"cannot write into {task.lake}",
            "set HEALTHSIM_HOME of the client to a folder that all machines share",
        )
    return None
