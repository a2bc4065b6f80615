"""Does tasks in threads of this process: begun or joined, watched, stopped, ended with it."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from healthsim.errors import HealthSimError, StorageError
from healthsim.operations import ending, tasks
from healthsim.operations.home import Home
from healthsim.operations.tasks import TaskKind, TaskRecord
from healthsim.watching import Watch, watched_by

_LOOK = 0.1  # seconds between two looks for a wish to cancel
_WRITE = 0.5  # seconds between two records of how far a task is
_BEAT = 5.0  # seconds between heartbeats
_GRACE = 0.4  # seconds that tasks get to clean up when their process ends
_log = logging.getLogger("healthsim")


def shelf_of(home: Home, *, kept: bool = True) -> Path:
    """Return the folder of tasks: in the home, or this process's own where that may not be written.

    Args:
        home: the home folder.
        kept: whether anything may be kept in the home at all.
    """
    if kept and home not in _PRIVATE:
        with suppress(StorageError):
            return home.ensure(home.tasks)
    return _private(home)


def _private(home: Home) -> Path:
    if home not in _PRIVATE:
        _PRIVATE[home] = tempfile.TemporaryDirectory(prefix="healthsim-")
    return Path(_PRIVATE[home].name)


_PRIVATE: dict[Home, tempfile.TemporaryDirectory[str]] = {}
"""Folders of tasks for homes that take no file: they may not be written, or their disk is full."""


def begin(
    home: Home, shelf: Path, kind: TaskKind, asked: Mapping[str, Any]
) -> tuple[TaskRecord, bool]:
    """Begin a task, or join the one that does the same, and say whether this call has begun it.

    Where the shelf takes no file, the task is kept on this process's own (see `shelf_of`).

    Raises:
        Cancelled: this process is ending, or the call is given up.
        NotFound: a name is of no scenario; the error suggests near names.
        StorageError: a file cannot be read.
    """
    planned = tasks.plan(home, kind, asked)
    try:
        record, claimed = tasks.claim(shelf, kind, planned)
    except StorageError:
        if home in _PRIVATE:
            raise
        shelf = _private(home)
        record, claimed = tasks.claim(shelf, kind, planned)
    if claimed:
        task = _Task(home, shelf, kind, record)
        _WORKING.append(task)
        task.thread.start()
    return record, claimed


def join(shelf: Path, kind: TaskKind, task_id: str, seconds: float) -> TaskRecord:
    """Wait for the end of a task, at most so many seconds, and return how far it is."""
    deadline, pause = time.monotonic() + seconds, 0.01
    while True:
        record = tasks.get(shelf, kind, task_id)
        left = deadline - time.monotonic()
        if record.status != tasks.RUNNING or left <= 0:
            return record
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, 0.1)


class _Task:
    """A task that this process works on.

    Whoever writes first how it ended is right: its thread, or the end of the process.
    """

    def __init__(self, home: Home, shelf: Path, kind: TaskKind, record: TaskRecord) -> None:
        self._home, self._shelf, self._kind, self._record = home, shelf, kind, record
        self._watch = Watch(f"{kind.name} {record.task_id!r}", f"{record.again} starts it again")
        self._guard = Lock()
        self.thread = Thread(target=self._work, name=record.task_id, daemon=True)

    def _work(self) -> None:
        ended = Event()
        pulse = Thread(target=self._beat, args=(ended,), name=f"{self.thread.name} pulse")
        pulse.daemon = True
        pulse.start()
        try:
            changes = self._done()
        finally:
            ended.set()
            pulse.join()
            _WORKING.remove(self)
        self.end(**changes)

    def _done(self) -> dict[str, Any]:
        """Do the task, and return how it ended."""
        try:
            with watched_by(self._watch):
                result = self._kind.do(self._home, self._record.asked)
            tasks.refuse_changed(self._home, self._kind, self._record)
        except Exception as error:
            return self._failed(error)
        total = self._watch.step.total
        return {"status": tasks.DONE, "result": result, "says": "done", "done": total,
                "total": total}  # fmt: skip

    def _failed(self, error: Exception) -> dict[str, Any]:
        if self._watch.stopped:  # whatever that has raised
            return {"status": tasks.CANCELLED, "error": str(self._watch.cancelled())}
        told = str(error)
        if not isinstance(error, HealthSimError):
            _log.error("%s failed", self._record.task_id, exc_info=error)
            told = (
                f"{self._kind.tool}: HealthSim failed inside ({type(error).__name__}); nothing is "
                "half-done; repeat it, or report the log"
            )
        return {"status": tasks.FAILED, "error": told}

    def _beat(self, ended: Event) -> None:
        """Write how far it is, keep the lease, and pass on the wish to cancel, again and again."""
        written = beaten = time.monotonic()
        while not ended.wait(_LOOK):
            if tasks.is_cancelled(self._shelf, self._record.task_id):
                self._watch.stop()
            now = time.monotonic()
            if now - written >= _WRITE:
                self._write_step()
                written = now
            if now - beaten >= _BEAT:
                tasks.heartbeat(self._shelf, self._record.task_id)
                beaten = now

    def _write_step(self) -> None:
        step = self._watch.step
        with self._guard:
            if self._record.status != tasks.RUNNING:
                return
            told: dict[str, Any] = {"says": step.says, "done": step.done, "total": step.total}
            if any(getattr(self._record, key) != value for key, value in told.items()):
                self._record = replace(self._record, **told)
                with suppress(StorageError):
                    tasks.write(self._shelf, self._record)

    def end(self, **changes: Any) -> None:
        """Write how it ended, unless that is written already."""
        with self._guard:
            if self._record.status != tasks.RUNNING:
                return
            self._record = replace(self._record, finished_at=time.time(), **changes)
            self._write_end()

    def interrupt(self) -> None:
        """End it since the process ends."""
        self._watch.stop()
        if not self._guard.acquire(timeout=_GRACE):
            return
        try:
            if self._record.status == tasks.RUNNING:
                self._record = tasks.interrupted(self._record)
                self._write_end()
        finally:
            self._guard.release()

    def _write_end(self) -> None:
        try:
            tasks.write(self._shelf, self._record)
        except StorageError as error:
            _log.warning("%s: %s", self._record.task_id, error)
        finally:
            tasks.release(self._shelf, self._record.task_id)


_WORKING: list[_Task] = []
"""Tasks that this process works on, so that they can be stopped when it ends."""


@ending.at_end
def interrupt_all(grace: float = _GRACE) -> None:
    """Interrupt every task of this process, and wait a moment until they have cleaned up."""
    working = list(_WORKING)
    for task in working:
        task.interrupt()
    deadline = time.monotonic() + grace
    for task in working:
        task.thread.join(max(0.0, deadline - time.monotonic()))
    while _PRIVATE:
        _PRIVATE.popitem()[1].cleanup()
