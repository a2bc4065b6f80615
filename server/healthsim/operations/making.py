"""Makes the rows of a job into a file: generating, digesting and writing overlap."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from healthsim import ENGINE
from healthsim.operations import runs
from healthsim.operations.memory import give_back
from healthsim.persistence.files import disk_errors, publish_over, temporary
from healthsim.persistence.judgement import trust

if TYPE_CHECKING:
    from healthsim.execution.job import Job
    from healthsim.execution.run import Chunk
    from healthsim.operations.runs import RunRecord
    from healthsim.operations.working import Work
    from healthsim.persistence.digest import Blocks
    from healthsim.persistence.scenario import Manifest

_FEW = 1000  # people at most whose rows are kept in small blocks,
_FEW_ROWS = 300_000  # and rows: a million took more memory than there is (measured)
MAKERS = max(1, (os.cpu_count() or 2) // 2)
"""Threads that make rows; the others store them."""

Progress = Callable[[int, int], None]
"""Called after each chunk with the people done and the people in all."""


@dataclass(frozen=True)
class Engine:
    """How specifications become rows. The default works in this process.

    Attributes:
        prepare: `execution.prepare.prepare`, or what takes the same arguments.
        chunks: `execution.run.chunks`, or what takes the same arguments.
    """

    prepare: Callable[..., Job]
    chunks: Callable[..., Iterator[Chunk]]


def default_engine() -> Engine:
    """Return the engine that works in this process."""
    from healthsim.execution.prepare import prepare  # noqa: PLC0415  heavy: numpy, scipy
    from healthsim.execution.run import chunks  # noqa: PLC0415  heavy: numpy, scipy

    return Engine(prepare, chunks)


def make(job: Job, work: Work, engine: Engine, progress: Progress | None = None) -> RunRecord:
    """Generate, digest and write; the run's file appears whole at the end.

    Raises:
        Cancelled: the run was asked to stop, or its process ends.
        StorageError: the home folder cannot be written, or its disk is full.
    """
    from healthsim.addresses import BLOCK  # noqa: PLC0415  numpy is heavy
    from healthsim.execution.timeline.stated import (  # noqa: PLC0415  numpy is heavy
        Tallies,
        add_figures,
        plain_figures,
    )
    from healthsim.persistence.arrow import to_arrow  # noqa: PLC0415  pyarrow is heavy
    from healthsim.persistence.database import (  # noqa: PLC0415  duckdb is heavy
        Writer,
        discard,
        storage_errors,
    )
    from healthsim.persistence.digest import Digest  # noqa: PLC0415  pyarrow is heavy
    from healthsim.persistence.scenario import write_manifest  # noqa: PLC0415  duckdb is heavy

    target = work.home.runs / f"{work.run_id}.duckdb"
    unfinished = temporary(target)
    discard(unfinished)
    by_name = {table.name: table for table in job.tables}
    digest, done, totals, figures = Digest(job.tables), 0, list[tuple[int, int]](), Tallies()
    work.report(phase=runs.COUNTING)
    made = engine.chunks(
        job, threads=MAKERS, stop=work.stop, counted=lambda: work.report(phase=runs.MAKING)
    )
    first = list(islice(made, 1))
    small = job.count <= _FEW and _are_few(first)
    with Writer(unfinished, job.tables, small=small) as writer:
        for chunk in chain(first, made):
            work.refuse_stopped()
            for name, columns in chunk.tables.items():
                rows = to_arrow(by_name[name], columns)
                digest.update_arrow(name, rows)
                writer.append(name, rows)
            if (done + chunk.count) // BLOCK > done // BLOCK and done + chunk.count < job.count:
                give_back()
            done += chunk.count
            totals = add_tallies(totals, chunk.tallies)
            figures = add_figures(figures, chunk.figures)
            work.report(done=done, rows=sum(digest.rows.values()),
                        phase=runs.MAKING if done < job.count else runs.STORING)  # fmt: skip
            if progress is not None:
                progress(done, job.count)
        work.refuse_stopped()
        writer.flush()
        manifest = replace(
            manifest_of(job, digest.rows, digest.tables(), digest.blocks()),
            expectations=tuple(job.judge(totals)),
            figures=tuple(plain_figures(figures)),
        )
        with storage_errors(target):
            write_manifest(writer.connection, manifest, job.tables)
    return work.finish(
        lambda: publish(unfinished, target, work.run_id),
        counts=dict(manifest.rows), digest=manifest.digest,
    )  # fmt: skip


def _are_few(chunks: Iterable[Chunk]) -> bool:
    """Tell whether the rows of some chunks are few."""
    from healthsim.tables import length  # noqa: PLC0415  numpy is heavy

    rows = (length(columns) for chunk in chunks for columns in chunk.tables.values())
    return sum(rows) <= _FEW_ROWS


def add_tallies(
    totals: Sequence[tuple[int, int]], more: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Add the tallies of one more chunk.

    >>> add_tallies([], [(1, 2)]), add_tallies([(1, 2)], [(3, 4)])
    ([(1, 2)], [(4, 6)])
    """
    if not totals:
        return list(more)
    return [(one + two, of + by) for (one, of), (two, by) in zip(totals, more, strict=True)]


def publish(unfinished: Path, target: Path, run_id: str) -> None:
    """Give the finished file of a run its name."""
    with disk_errors(f"run {run_id!r}"):
        publish_over(unfinished, target)
    trust(target)


def manifest_of(
    job: Job,
    rows: Mapping[str, int],
    digests: Mapping[str, str],
    blocks: Blocks,
) -> Manifest:
    """Return what a run's file says of itself, without what came of expectations and figures.

    Args:
        job: what was run.
        rows: of each table.
        digests: of each table; `blocks` those of its blocks.
        blocks: digests of the blocks of each table about people that has rows.
    """
    from healthsim.addresses import BLOCK  # noqa: PLC0415  numpy is heavy
    from healthsim.persistence.digest import total  # noqa: PLC0415  pyarrow is heavy
    from healthsim.persistence.scenario import Manifest  # noqa: PLC0415  duckdb is heavy
    from healthsim.specification.checks.codes import unlisted_in  # noqa: PLC0415  see the top

    return Manifest(
        profile=job.profile_text,
        journeys=tuple(job.journey_texts),
        seed=job.seed,
        count=job.count,
        engine_version=ENGINE,
        engine_key=job.key,
        references=dict(job.references),
        rows={table.name: rows[table.name] for table in job.tables},
        digests=digests,
        blocks=blocks if job.count > BLOCK else {},
        digest=total(digests),
        created_at=stamp(),
        unlisted_codes=unlisted_in(job.profile_text, job.journey_texts),
    )


def stamp() -> str:
    """Return the time of day for bookkeeping, ISO 8601 in UTC; never an input of a run."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
