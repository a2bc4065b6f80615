"""Makes the range of blocks of a task, in a folder or in an object store."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from healthsim.execution.passes.rehearsal import settle_population_steps
from healthsim.operations.job_text import JobText, prepared
from healthsim.operations.lake_blocks import BlockRange, BlockTask, Tell, write_blocks
from healthsim.persistence.names import is_address

if TYPE_CHECKING:
    from healthsim.execution.job import Job
    from healthsim.execution.people.population_pass import PopulationPass


def make_blocks(task: BlockTask, settled: PopulationPass | None = None) -> BlockRange:
    """Make a range of blocks in this process, whatever process asks for it.

    The job is prepared once in a process for all tasks of a run, and its population steps are
    settled once unless they are given.

    Args:
        task: which blocks, and where they are written.
        settled: the job's population steps.

    Raises:
        Refused: this process would make other rows: another version, or other imported data.
        StorageError: the folder cannot be written, or its disk is full.
    """
    job = prepared(task.job)
    given = _settled(task.job) if settled is None else settled
    return write_range(job, given, task)


@lru_cache(maxsize=1)
def _settled(text: JobText) -> PopulationPass:
    return settle_population_steps(prepared(text))


def write_range(
    job: Job,
    settled: PopulationPass,
    task: BlockTask,
    stop: Event | None = None,
    tell: Tell | None = None,
) -> BlockRange:
    """Make a range of blocks where its task says; raises as `write_blocks` does."""
    if is_address(task.lake):
        from healthsim.operations.lake_objects import put_range  # noqa: PLC0415  when asked

        return put_range(job, settled, task, stop, tell)
    return write_blocks(job, settled, Path(task.lake), task.first, task.blocks, stop, tell)
