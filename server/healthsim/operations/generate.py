"""Runs specifications: generating, digesting and writing overlap, and any process can join."""

from __future__ import annotations

import atexit
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from healthsim import __version__
from healthsim.errors import Cancelled, HealthSimError
from healthsim.operations import runs
from healthsim.operations.home import Home
from healthsim.operations.reference import reference_for
from healthsim.operations.runs import RunRecord
from healthsim.persistence.files import disk_errors, publish_over, temporary

if TYPE_CHECKING:
    from healthsim.execution.job import Job
    from healthsim.execution.run import Chunk
    from healthsim.persistence.digest import Digest
    from healthsim.persistence.scenario import Manifest

_BEAT = 5.0  # seconds between heartbeats, well below the 30 after which a lease is stale
_LOOK = 0.2  # seconds between two looks for a wish to cancel
_FEW = 1000  # people whose rows are kept in small blocks
_GRACE = 5.0  # seconds that a run gets to stop when its process ends
MAKERS = max(1, (os.cpu_count() or 2) // 2)
"""Threads that make rows; the others store them."""
_log = logging.getLogger("healthsim")

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


def start(
    home: Home,
    profile: Mapping[str, Any],
    journeys: Sequence[Mapping[str, Any]],
    engine: Engine | None = None,
) -> RunRecord:
    """Begin to run documents in the background, or join the run that does so already.

    Raises:
        SpecError: the documents ask for something that cannot be generated.
    """
    chosen = engine or default_engine()
    job = chosen.prepare(profile, journeys, reference_for(home, profile, journeys))
    record, claimed = runs.claim(home, job.key, job.count)
    if claimed:
        stop = Event()
        work = Thread(target=_work, args=(home, job, record, chosen, stop), name=record.run_id)
        work.daemon = True  # a server that ends does not wait for a long run
        _WORKING[record.run_id] = (work, stop)
        work.start()
    return record


_WORKING: dict[str, tuple[Thread, Event]] = {}
"""Background runs of this process, so that they can be stopped when it ends."""


@atexit.register
def stop_all() -> None:
    """Stop every background run of this process, as far as that goes quickly."""
    working = list(_WORKING.values())
    for _, stop in working:
        stop.set()
    deadline = time.monotonic() + _GRACE
    for work, _ in working:
        work.join(max(0.0, deadline - time.monotonic()))


def join(home: Home, run_id: str, seconds: float) -> RunRecord:
    """Wait for the end of a run, at most so many seconds, and return how far it is."""
    deadline, pause = time.monotonic() + seconds, 0.01
    while True:
        record = runs.get(home, run_id)
        left = deadline - time.monotonic()
        if record.status != runs.RUNNING or left <= 0:
            return record
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, 0.1)


def run(
    home: Home,
    job: Job,
    progress: Progress | None = None,
    stop: Event | None = None,
    engine: Engine | None = None,
) -> RunRecord:
    """Run a job in this thread, or wait for the process that runs it already.

    Raises:
        Cancelled: `stop` was set, or another process cancelled the run.
        StorageError: the home folder cannot be written, or its disk is full.
    """
    record, claimed = runs.claim(home, job.key, job.count)
    if not claimed:
        return join(home, record.run_id, float("inf"))
    return _run_with_lease(home, job, record, engine or default_engine(), progress, stop or Event())


def default_engine() -> Engine:
    """Return the engine that works in this process."""
    from healthsim.execution.prepare import prepare  # noqa: PLC0415  heavy: numpy, scipy
    from healthsim.execution.run import chunks  # noqa: PLC0415  heavy: numpy, scipy

    return Engine(prepare, chunks)


def _work(home: Home, job: Job, record: RunRecord, engine: Engine, stop: Event) -> None:
    """Run in the background: the record states what went wrong."""
    try:
        _run_with_lease(home, job, record, engine, None, stop)
    except HealthSimError as error:
        _log.info("%s ended: %s", record.run_id, error)
    except BaseException:
        _log.exception("%s failed", record.run_id)
    finally:
        _WORKING.pop(record.run_id, None)


def _run_with_lease(
    home: Home,
    job: Job,
    record: RunRecord,
    engine: Engine,
    progress: Progress | None,
    stop: Event,
) -> RunRecord:
    """Run a job under a lease that is already ours, and write down how it ended."""
    ended = Event()
    pulse = Thread(target=_heartbeat, args=(home, record.run_id, stop, ended), daemon=True)
    pulse.start()

    reached = 0

    def report_done(done: int) -> None:
        nonlocal reached
        reached = done
        runs.write(home, replace(record, done=done))
        if progress is not None:
            progress(done, job.count)

    try:
        manifest = _made(home, job, record.run_id, engine, report_done, stop)
        record = replace(
            record, status=runs.DONE, done=job.count, counts=dict(manifest.rows),
            digest=manifest.digest, finished_at=time.time(),
        )  # fmt: skip
        runs.write(home, record)
    except BaseException as error:
        runs.write_failure(home, _failed(replace(record, done=reached), error))
        raise
    finally:
        ended.set()
        pulse.join()
        runs.release(home, record.run_id)
    return record


def _failed(record: RunRecord, error: BaseException) -> RunRecord:
    status = runs.CANCELLED if isinstance(error, Cancelled) else runs.FAILED
    text = str(error)
    if not isinstance(error, HealthSimError):
        text = (
            f"run: HealthSim failed inside ({type(error).__name__}); nothing is half-done; "
            "repeat it, or report the log"
        )
    return replace(record, status=status, error=text, finished_at=time.time())


def _heartbeat(home: Home, run_id: str, stop: Event, ended: Event) -> None:
    """Keep the lease fresh, and pass on the wish to cancel."""
    beaten = time.monotonic()
    while not ended.wait(_LOOK):
        if runs.is_cancelled(home, run_id):
            stop.set()
        if time.monotonic() - beaten >= _BEAT:
            runs.heartbeat(home, run_id)
            beaten = time.monotonic()


def _made(
    home: Home,
    job: Job,
    run_id: str,
    engine: Engine,
    report_done: Callable[[int], None],
    stop: Event,
) -> Manifest:
    """Generate, digest and write; the run's file appears whole at the end."""
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

    target = home.runs / f"{run_id}.duckdb"
    unfinished = temporary(target)
    discard(unfinished)
    by_name = {table.name: table for table in job.tables}
    digest, done, totals, figures = Digest(job.tables), 0, list[tuple[int, int]](), Tallies()
    with Writer(unfinished, job.tables, small=job.count <= _FEW) as writer:
        for chunk in engine.chunks(job, threads=MAKERS, stop=stop):
            _refuse_stopped(stop, run_id)
            for name, columns in chunk.tables.items():
                rows = to_arrow(by_name[name], columns)
                digest.update_arrow(name, rows)
                writer.append(name, rows)
            done += chunk.count
            totals = add_tallies(totals, chunk.tallies)
            figures = add_figures(figures, chunk.figures)
            report_done(done)
        _refuse_stopped(stop, run_id)
        writer.flush()
        manifest = replace(
            _manifest(job, digest),
            expectations=tuple(job.judge(totals)),
            figures=tuple(plain_figures(figures)),
        )
        with storage_errors(target):
            write_manifest(writer.connection, manifest, job.tables)
    _publish(unfinished, target, run_id)
    return manifest


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


def _refuse_stopped(stop: Event, run_id: str) -> None:
    if stop.is_set():
        raise Cancelled(f"run {run_id!r}", "it was cancelled", "execute_spec starts it again")


def _publish(unfinished: Path, target: Path, run_id: str) -> None:
    with disk_errors(f"run {run_id!r}"):
        publish_over(unfinished, target)


def _manifest(job: Job, digest: Digest) -> Manifest:
    from healthsim.persistence.digest import total  # noqa: PLC0415  pyarrow is heavy
    from healthsim.persistence.scenario import Manifest  # noqa: PLC0415  duckdb is heavy
    from healthsim.specification.checks.codes import unlisted_in  # noqa: PLC0415  see the top

    digests = digest.tables()
    return Manifest(
        profile=job.profile_text,
        journeys=tuple(job.journey_texts),
        seed=job.seed,
        count=job.count,
        engine_version=__version__,
        engine_key=job.key,
        references=dict(job.references),
        rows={table.name: digest.rows[table.name] for table in job.tables},
        digests=digests,
        digest=total(digests),
        created_at=stamp(),
        unlisted_codes=unlisted_in(job.profile_text, job.journey_texts),
    )


def stamp() -> str:
    """Return the time of day for bookkeeping, ISO 8601 in UTC; never an input of a run."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
