"""Makes the rows of a job into a lake: ranges of blocks by any processes, the manifest last."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from healthsim.addresses import BLOCK
from healthsim.errors import Cancelled, WorkerDied
from healthsim.execution.passes.rehearsal import settle_population_steps
from healthsim.execution.run import last_chunk
from healthsim.execution.sync.directory_use import DirectoryUse
from healthsim.execution.timeline.stated import Tallies, add_figures, plain_figures
from healthsim.operations import runs
from healthsim.operations.lake_blocks import BlockRange, BlockTask, MadeBlock, Tell
from healthsim.operations.lake_folder import LakeFolder
from healthsim.operations.lake_ranges import write_range
from healthsim.operations.making import Progress, add_tallies, manifest_of
from healthsim.persistence.arrow import to_arrow
from healthsim.persistence.database import SCHEMA, Writer, discard, storage_errors
from healthsim.persistence.digest import Digest, joined
from healthsim.persistence.files import temporary
from healthsim.persistence.lake import LakeFile, write_listing
from healthsim.persistence.parquet import published, range_writer
from healthsim.persistence.scenario import Manifest, write_manifest

if TYPE_CHECKING:
    from healthsim.execution.job import Job
    from healthsim.operations.destination import Destination
    from healthsim.operations.lake_objects import LakeObjects
    from healthsim.operations.runs import RunRecord
    from healthsim.operations.working import Work
    from healthsim.tables import Columns

MOST_RANGES = 64
"""Ranges that a run is cut into, so that no table has more files than that."""

_LOOK = 0.1  # seconds between two looks for a wish to stop

Counted = Callable[[], None]
"""Called when everybody is counted who must be before the first row."""

BlockMaker = Callable[["Job", Sequence[BlockTask], Event, Counted, Tell], Iterator[BlockRange]]
"""Makes tasks of a job, in any order and in any processes: `in_threads`, or what takes the same.

It settles the population steps of the job, calls `counted` when it has, and `tell` as blocks are
done, yields each range when its files and its record are in the lake, and raises `Cancelled` where
the event is set. What it yielded before an error stays.
"""


def spans(
    units: int, most: int = MOST_RANGES, there: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, int]]:
    """Return the ranges of blocks that a run of so many units is cut into: first and number.

    Args:
        units: of the run.
        most: ranges of the whole run.
        there: ranges that are made already, in order.

    >>> spans(3 * BLOCK), spans(5 * BLOCK, most=2), spans(5 * BLOCK, 2, [(1, 1), (2, 1)])
    ([(0, 1), (1, 1), (2, 1)], [(0, 3), (3, 2)], [(0, 1), (3, 2)])
    """
    blocks = max(1, -(-units // BLOCK))
    size = -(-blocks // most)
    found, begin = [], 0
    for first, number in (*there, (blocks, 0)):
        found += [(one, min(size, first - one)) for one in range(begin, first, size)]
        begin = first + number
    return found


def make_lake(
    job: Job,
    work: Work,
    maker: BlockMaker | None = None,
    progress: Progress | None = None,
    *,
    resume: bool = False,
    destination: Destination | None = None,
) -> RunRecord:
    """Make the blocks of a job into a lake; the small file that lists it appears at the end.

    Ranges that are whole stay where the run is cancelled or a process dies. Where it fails
    everything goes, but what an object store has.

    Args:
        job: what `prepare` returned.
        work: the run under its lease.
        maker: makes the blocks; in threads of this process by default.
        progress: called with the people done and the people in all.
        resume: keep ranges of an earlier attempt that are proven to be what their records say.
        destination: the object store that gets it; a folder beside the run's file by default.

    Raises:
        Cancelled: the run was asked to stop, or its process ends.
        Refused: there is a scenario at the address already.
        StorageError: the home folder cannot be written, or its disk is full; the store likewise.
    """
    lake = _lake(job, work, destination)
    try:
        whole = lake.begin(resume=resume)
        whole += _made(job, work, lake.where, whole, maker or in_threads, progress)
        return _complete(job, work, lake, whole)
    except (Cancelled, WorkerDied):
        raise
    except BaseException as error:
        if isinstance(error, Exception):  # not the end of the process
            lake.drop()
        raise


def _lake(job: Job, work: Work, destination: Destination | None) -> LakeFolder | LakeObjects:
    if destination is None:
        return LakeFolder(job, work.run_id, target_of(work))
    from healthsim.operations.lake_objects import LakeObjects  # noqa: PLC0415  when asked

    return LakeObjects(job, work.home, destination)


def target_of(work: Work) -> Path:
    """Return the file of a run, once it is finished."""
    return work.home.runs / f"{work.run_id}.duckdb"


def _made(
    job: Job,
    work: Work,
    lake: str,
    whole: Sequence[BlockRange],
    maker: BlockMaker,
    progress: Progress | None,
) -> list[BlockRange]:
    """Make the ranges that are missing."""
    there = [(made.first, len(made.made)) for made in whole]
    most = getattr(maker, "ranges", MOST_RANGES)
    tasks = [BlockTask.of(job, work.home, lake, first, blocks)
             for first, blocks in spans(job.count, most, there)]  # fmt: skip
    pulse = _Pulse(job, work, progress)
    pulse.tell(sum(made.units for made in whole),
               sum(sum(one.rows.values()) for made in whole for one in made.made))  # fmt: skip
    work.report(phase=runs.COUNTING)
    found = []
    for made in maker(job, tasks, work.stop, pulse.counted, pulse.tell):
        work.refuse_stopped()
        found.append(made)
    work.refuse_stopped()
    return found


@dataclass
class _Pulse:
    """Says how far a run is."""

    job: Job
    work: Work
    progress: Progress | None
    done: int = 0
    rows: int = 0
    guard: Lock = field(default_factory=Lock)

    def counted(self) -> None:
        self.work.report(phase=runs.MAKING)

    def tell(self, units: int, rows: int) -> None:
        with self.guard:
            self.done += units
            self.rows += rows
            phase = runs.MAKING if self.done < self.job.count else runs.STORING
            self.work.report(done=self.done, rows=self.rows, phase=phase)
            if self.progress is not None:
                self.progress(self.done, self.job.count)


def in_threads(
    job: Job, tasks: Sequence[BlockTask], stop: Event, counted: Counted, tell: Tell
) -> Iterator[BlockRange]:
    """Make tasks in threads of this process, one for each core."""
    settled = settle_population_steps(job, threads=os.cpu_count() or 2, stop=stop)
    counted()
    pool, failed = ThreadPoolExecutor(os.cpu_count() or 2), Event()
    either = _Either(stop, failed)

    def make(task: BlockTask) -> BlockRange:
        return write_range(job, settled, task, either, tell)

    waiting: set[Future[BlockRange]] = {pool.submit(make, task) for task in tasks}
    try:
        while waiting:
            done, waiting = wait(waiting, timeout=_LOOK, return_when=FIRST_COMPLETED)
            if stop.is_set():
                raise Cancelled("run", "was asked to stop", "start it again to have its rows")
            for future in done:
                yield future.result()
    finally:
        failed.set()
        pool.shutdown(wait=not stop.is_set(), cancel_futures=True)


class _Either(Event):
    """Is set where one of two events is."""

    def __init__(self, *events: Event) -> None:
        super().__init__()
        self._events = events

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._events)


def _complete(
    job: Job, work: Work, lake: LakeFolder | LakeObjects, whole: Sequence[BlockRange]
) -> RunRecord:
    """Write what is not about people, and the run's file with manifest, dictionary and list."""
    ordered = sorted(whole, key=lambda made: made.first)
    blocks = [one for made in ordered for one in made.made]
    chunk = last_chunk(job, _use(job, ordered))
    with lake.rest() as folder:
        rest, digest = _write_rest(job, folder, chunk.tables)
        lake.put(folder, rest)
    manifest = manifest_of(job, *_digests(job, blocks, digest))
    totals, figures = list[tuple[int, int]](), Tallies()
    for one in blocks:
        totals, figures = add_tallies(totals, one.tallies), add_figures(figures, one.figures)
    manifest = replace(
        lake.named(manifest),
        expectations=tuple(job.judge(add_tallies(totals, chunk.tallies))),
        figures=tuple(plain_figures(figures)),
        lake=lake.generation,
    )
    files = [*(file for made in ordered for file in made.files), *rest]
    unfinished = _write_list(job, work, manifest, files)
    work.refuse_stopped()
    return work.finish(
        lambda: lake.publish(unfinished, files),
        counts=dict(manifest.rows), digest=manifest.digest, address=lake.address,
    )  # fmt: skip


def _write_list(job: Job, work: Work, manifest: Manifest, files: Sequence[LakeFile]) -> Path:
    """Write the small file, which has no name yet."""
    target = target_of(work)
    unfinished = temporary(target)
    discard(unfinished)
    with Writer(unfinished, (), small=True) as writer:
        writer.flush()
        with storage_errors(target):
            write_manifest(writer.connection, manifest, job.tables)
            write_listing(writer.connection, SCHEMA, files)
    return unfinished


def _use(job: Job, ranges: Sequence[BlockRange]) -> DirectoryUse:
    none = DirectoryUse.none(job.reference.directory)
    used = none
    for made in ranges:
        used |= made.directory_use(none)
    return used


def _write_rest(
    job: Job, lake: Path, tables: dict[str, Columns]
) -> tuple[tuple[LakeFile, ...], Digest]:
    """Write the tables that are not about people."""
    by_name = {table.name: table for table in job.tables}
    digest = Digest(by_name[name] for name in tables)
    with range_writer(lake, 0, 0) as writer:
        for name, columns in tables.items():
            rows = to_arrow(by_name[name], columns)
            digest.update_arrow(name, rows)
            writer.append(by_name[name], rows)
        files = writer.close()
        published(lake, 0, 0, files)
    return files, digest


def _digests(
    job: Job, made: Sequence[MadeBlock], rest: Digest
) -> tuple[dict[str, int], dict[str, str], dict[str, tuple[tuple[int, str], ...]]]:
    """Return rows, digests, and digests of blocks of every table."""
    rows = {table.name: rest.rows.get(table.name, 0) for table in job.tables}
    blocks: dict[str, list[tuple[int, str]]] = {}
    for one in made:
        for name, digest in one.digests.items():
            rows[name] += one.rows[name]
            blocks.setdefault(name, []).append((one.block, digest))
    listed = {name: tuple(pairs) for name, pairs in sorted(blocks.items())}
    return rows, joined(job.tables, rows, listed, rest.tables()), listed
