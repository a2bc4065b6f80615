"""A run that this process works on: how far it is, how it ended, and how it is stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from healthsim.errors import Cancelled, HealthSimError
from healthsim.operations import ending, runs
from healthsim.operations.runs import RunRecord
from healthsim.persistence.files import remove_in_use
from healthsim.persistence.names import LAKE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from healthsim.operations.home import Home

_BEAT = 5.0  # seconds between heartbeats, well below the 30 after which a lease is stale
_LOOK = 0.1  # seconds between two looks for a wish to cancel
_PATIENCE = 0.4  # seconds that the end of the process waits for a record that is being written
INTERRUPTED = "the process that made it ended; execute_spec starts it again"


class Work:
    """One run under a lease that is ours.

    Whoever writes first how it ended is right: the thread that works on it, or the end of the
    process, which does not wait for that thread.

    Args:
        home: the home folder.
        record: of the run as it was claimed.
        stop: set when the run shall stop; the caller's, or one of its own.
    """

    def __init__(self, home: Home, record: RunRecord, stop: Event | None = None) -> None:
        self.home, self.run_id = home, record.run_id
        self.stop = stop or Event()
        self._record = record
        self._over = False
        self._guard = Lock()

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Keep the lease until the block ends, and pass on the wish to cancel."""
        ended = Event()
        pulse = Thread(target=self._heartbeat, args=(ended,), daemon=True)
        pulse.start()
        try:
            yield
        finally:
            ended.set()
            pulse.join()
            with self._guard:
                if not self._over:
                    runs.release(self.home, self.run_id)

    def report(self, **changes: Any) -> None:
        """Write how far the run is."""
        with self._writing():
            self._record = replace(self._record, **changes)
            runs.write(self.home, self._record)

    def finish(self, publish: Callable[[], None], **changes: Any) -> RunRecord:
        """Publish the file of the run and write that it is done, both or neither."""
        with self._writing():
            publish()
            self._record = replace(
                self._record, status=runs.DONE, phase="", done=self._record.total,
                finished_at=time.time(), **changes,
            )  # fmt: skip
            runs.write(self.home, self._record)
            return self._record

    def fail(self, error: BaseException) -> None:
        """Write how the run ended by an error."""
        with suppress(Cancelled), self._writing():
            self._record = _failed(self._record, error)
            runs.write_failure(self.home, self._record)

    def refuse_stopped(self) -> None:
        """Raise `Cancelled` where the run shall stop."""
        if self.stop.is_set():
            raise Cancelled(
                f"run {self.run_id!r}", "it was cancelled", "execute_spec starts it again"
            )

    def interrupt(self) -> None:
        """End the run since its process ends: its record, its lease and its half-written file.

        Where the record is just being written by another thread for longer than a moment, the
        lease tells other processes that the run was interrupted, for its holder is dead by then.
        """
        self.stop.set()
        if not self._guard.acquire(timeout=_PATIENCE):
            return
        try:
            if self._over or self._record.status != runs.RUNNING:
                return
            self._over = True
            runs.write_failure(
                self.home, replace(self._record, status=runs.INTERRUPTED, phase="",
                                   error=INTERRUPTED, finished_at=time.time()),
            )  # fmt: skip
            for path in self.home.runs.glob(f".{self.run_id}.duckdb.{os.getpid()}-*"):
                with suppress(OSError):  # Windows keeps it; the next run sweeps it
                    path.unlink()
            self._drop_half_lake()
            runs.release(self.home, self.run_id)
        finally:
            self._guard.release()

    def _drop_half_lake(self) -> None:
        """Remove what of a lake is not whole; ranges that are stay, to be resumed."""
        lake = self.home.runs / f"{self.run_id}{LAKE}"
        for half in lake.glob(f"*/.*.{os.getpid()}-*"):
            remove_in_use(half)
        if not any(lake.glob("*/parts/*.json")):
            remove_in_use(lake)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._guard:
            if self._over:
                raise Cancelled(f"run {self.run_id!r}", "its process ends", "start it again")
            yield

    def _heartbeat(self, ended: Event) -> None:
        beaten = time.monotonic()
        while not ended.wait(_LOOK):
            if runs.is_cancelled(self.home, self.run_id):
                self.stop.set()
            if time.monotonic() - beaten >= _BEAT:
                runs.heartbeat(self.home, self.run_id)
                beaten = time.monotonic()


def _failed(record: RunRecord, error: BaseException) -> RunRecord:
    status, text = runs.FAILED, str(error)
    if isinstance(error, Cancelled):
        status = runs.INTERRUPTED if ending.has_begun() else runs.CANCELLED
        text = INTERRUPTED if ending.has_begun() else text
    elif not isinstance(error, HealthSimError):
        text = (
            f"run: HealthSim failed inside ({type(error).__name__}); nothing is half-done; "
            "repeat it, or report the log"
        )
    return replace(record, status=status, phase="", error=text, finished_at=time.time())
