"""One unit made again, with every draw and every reason written down.

A chunk of one unit has the rows that the unit has in any other chunk, so this is what happened in
the run. Runs themselves write nothing down and lose no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from healthsim.execution.job import Job
from healthsim.execution.passes.rehearsal import walk_people
from healthsim.execution.people.population_pass import PopulationPass
from healthsim.execution.run import context_of, tables_of_chunk
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.trace.draws import DrawLog, TracedDraws
from healthsim.execution.trace.walk import TracedWalk, WalkLog
from healthsim.tables import Columns


@dataclass(frozen=True)
class UnitTrace:
    """One unit, as it comes out of a job.

    Attributes:
        ctx: what its tables are made from: timeline, visits, coverage.
        tables: its rows, of every table that has people.
        draws: every number that was drawn for its people.
        walk: why its steps happened.
    """

    job: Job
    ctx: SyncContext
    tables: dict[str, Columns]
    draws: DrawLog
    walk: WalkLog


def trace_unit(job: Job, unit: int, population_pass: PopulationPass) -> UnitTrace:
    """Make one unit again.

    Args:
        job: what `prepare` returned.
        unit: its number, from 1.
        population_pass: the settled population steps.
    """
    draws, walk = DrawLog(), WalkLog()
    numbers = TracedDraws(job.seed, unit - 1, 1, job.count, population_pass, draws)
    timeline = walk_people(job, numbers, job.layouts, partial(TracedWalk, walk))
    ctx = context_of(job, timeline)
    return UnitTrace(job, ctx, tables_of_chunk(job, ctx), draws, walk)
