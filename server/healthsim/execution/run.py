"""Running a job: its people chunk by chunk, as columns of every table."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from healthsim.dates import existing_minutes
from healthsim.execution.job import CHUNK, Job
from healthsim.execution.passes.rehearsal import settle_population_steps, walk_chunk
from healthsim.execution.people.population_pass import PopulationPass
from healthsim.execution.people.threads import map_chunks
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.cultures import coded_with_organisms
from healthsim.execution.sync.directory_use import DirectoryUse, directory_tables
from healthsim.execution.sync.sync import synced_tables
from healthsim.execution.sync.trials.trials import trial_arms
from healthsim.execution.tallies import Tally
from healthsim.execution.timeline.stated import FigureKey, FigureTally
from healthsim.execution.timeline.timeline import Timeline
from healthsim.products.catalogue import NOT_PER_PERSON
from healthsim.tables import Columns, Table


@dataclass(frozen=True)
class Chunk:
    """The rows of some units; the last chunk has no units, but the tables that are not per person.

    Attributes:
        tables: complete, each sorted by (person_id, key).
        tallies: what the rows add to each figure of the expectations.
        figures: what its people add to each stated figure that chance decided.
    """

    start: int
    count: int
    tables: dict[str, Columns]
    tallies: tuple[Tally, ...] = ()
    figures: Mapping[FigureKey, FigureTally] = field(default_factory=dict)


def chunks(
    job: Job,
    *,
    size: int = CHUNK,
    threads: int = 2,
    stop: threading.Event | None = None,
    counted: Callable[[], None] | None = None,
    only: Sequence[int] | None = None,
) -> Iterator[Chunk]:
    """Yield the rows of a job, in the order of its people.

    Args:
        job: what `prepare` returned.
        size: units of a chunk.
        threads: how many chunks are run in parallel.
        stop: set it to stop at once.
        counted: called when everybody is counted who must be before the first row.
        only: numbers of the chunks that are wanted, ascending from 0; the tables that are not per
            person are left out then. All where None.

    Raises:
        Cancelled: when `stop` was set.
        SpecError: people cannot meet an exact count; no rows have been made then.
    """
    population_pass = settle_population_steps(job, size=size, threads=threads, stop=stop)
    if counted is not None:
        counted()
    directory_use = DirectoryUse.none(job.reference.directory)

    def run_one(start: int, count: int) -> tuple[Chunk, DirectoryUse]:
        return run_chunk(job, start, count, population_pass)

    for chunk, used in map_chunks(run_one, job.count, size, threads, stop, only):
        directory_use |= used
        yield chunk
    if only is None:
        yield last_chunk(job, directory_use)


def last_chunk(job: Job, used: DirectoryUse) -> Chunk:
    """Return the tables that are not per person, as a chunk without units.

    Args:
        job: what `prepare` returned.
        used: which rows of the directory the rows of all people refer to.
    """
    rows = _not_per_person(job, used)
    return Chunk(job.count, 0, rows, job.tally.tally_rows(rows))


def run_chunk(
    job: Job, start: int, count: int, population_pass: PopulationPass | None = None
) -> tuple[Chunk, DirectoryUse]:
    """Make the rows of one chunk: a pure function of the job and the range of its people.

    Args:
        job: what `prepare` returned.
        start: index of the first unit.
        count: units in the chunk.
        population_pass: the settled population steps; settled here by default.
    """
    settled = settle_population_steps(job) if population_pass is None else population_pass
    timeline = walk_chunk(job, settled, start, count)
    tables = tables_of_chunk(job, context_of(job, timeline))
    used = DirectoryUse.of(job.reference.directory, job.tables, tables)
    tallies = job.tally.tally_chunk(timeline, tables)
    return Chunk(start, count, tables, tallies, timeline.figures), used


def context_of(job: Job, timeline: Timeline) -> SyncContext:
    """Return what the tables of a chunk are made from, by its timeline."""
    made = SyncContext.of(job.profile, timeline, job.networks, job.numbering, job.through)
    return coded_with_organisms(made)


def tables_of_chunk(job: Job, ctx: SyncContext) -> dict[str, Columns]:
    """Make the tables of a chunk that are about people, complete."""
    synced = synced_tables(ctx)
    return {
        table.name: _on_clocks(table, table.complete(synced[table.name]))
        if synced.get(table.name)
        else table.empty()
        for table in job.tables
        if table.name not in NOT_PER_PERSON
    }


def _on_clocks(table: Table, columns: Columns) -> Columns:
    """Return columns of a table whose local times exist."""
    instants = [column.name for column in table.columns if column.type == "TIMESTAMP"]
    moved = {name: existing_minutes(np.asarray(columns[name])) for name in instants}
    return {**columns, **moved}


def _not_per_person(job: Job, used: DirectoryUse) -> dict[str, Columns]:
    """Return the tables that are about plans, trials and the directory."""
    tables = directory_tables(job.networks, used)
    names = {table.name for table in job.tables}
    if "plans" in names:
        tables["plans"] = job.plan_table.rows()
        tables["plan_years"] = job.plan_table.year_rows()
    if "trial_arms" in names:
        tables["trial_arms"] = trial_arms(job.journeys)
    return {name: tables[name] for name in NOT_PER_PERSON if name in names}
