"""Runs specifications in the background or at once; any process can join, check or stop a run."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from healthsim.errors import Cancelled, HealthSimError
from healthsim.operations import ending, runs
from healthsim.operations.home import Home
from healthsim.operations.making import Engine, Progress, default_engine
from healthsim.operations.reference import reference_for
from healthsim.operations.runs import RunRecord
from healthsim.operations.store import USUAL, Store
from healthsim.operations.working import Work

if TYPE_CHECKING:
    from healthsim.execution.job import Job

_GRACE = 5.0  # seconds that a thread gets to stop when its process ends
_log = logging.getLogger("healthsim")


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
    return begin(home, profile, journeys, engine)[0]


def begin(
    home: Home,
    profile: Mapping[str, Any],
    journeys: Sequence[Mapping[str, Any]],
    engine: Engine | None = None,
    store: Store = USUAL,
) -> tuple[RunRecord, bool]:
    """Do as `start`, and say whether this call has begun the run, and so may abandon it.

    Args:
        home: where runs are kept.
        profile: who.
        journeys: what happens.
        engine: makes the rows; this process by default.
        store: how the rows are kept.

    Raises:
        Cancelled: this process is ending.
        SpecError: the documents ask for something that cannot be generated.
    """
    chosen = engine or default_engine()
    job = chosen.prepare(profile, journeys, reference_for(home, profile, journeys))
    if ending.has_begun():
        raise Cancelled("run", "this process is ending", "start it in another")
    record, claimed = runs.claim(home, store.key(job), job.count)
    if claimed:
        work = Work(home, record)
        thread = Thread(target=_work, args=(job, work, chosen, store), name=record.run_id)
        thread.daemon = True  # a server that ends does not wait for a long run
        _WORKING[work] = thread
        thread.start()
    return record, claimed


_WORKING: dict[Work, Thread] = {}
"""Background runs of this process, so that they can be stopped when it ends."""


@ending.at_end
def interrupt_all() -> None:
    """Write down of every background run of this process that it was interrupted."""
    for work in list(_WORKING):
        work.interrupt()


def stop_all() -> None:
    """Interrupt every background run of this process, and wait a while for their threads."""
    threads = list(_WORKING.values())
    interrupt_all()
    deadline = time.monotonic() + _GRACE
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


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
    store: Store = USUAL,
) -> RunRecord:
    """Run a job in this thread, or wait for the process that runs it already.

    Raises:
        Cancelled: `stop` was set, or another process cancelled the run.
        StorageError: the home folder cannot be written, or its disk is full.
    """
    record, claimed = runs.claim(home, store.key(job), job.count)
    while not claimed:
        record = join(home, record.run_id, float("inf"))
        if record.status != runs.INTERRUPTED:
            return record
        record, claimed = runs.claim(home, store.key(job), job.count)  # its process has ended
    work = Work(home, record, stop)
    return _make_under_lease(job, work, engine or default_engine(), store, progress)


def _work(job: Job, work: Work, engine: Engine, store: Store) -> None:
    """Run in the background: the record states what went wrong."""
    try:
        _make_under_lease(job, work, engine, store)
    except HealthSimError as error:
        _log.info("%s ended: %s", work.run_id, error)
    except BaseException:
        if not ending.has_begun():  # the interpreter is taken down under it then
            _log.exception("%s failed", work.run_id)
    finally:
        _WORKING.pop(work, None)


def _make_under_lease(
    job: Job, work: Work, engine: Engine, store: Store, progress: Progress | None = None
) -> RunRecord:
    """Make a run whose lease is ours, and write down how it ended."""
    with work.lease():
        try:
            return store.make(job, work, engine, progress)
        except BaseException as error:
            work.fail(error)
            raise
