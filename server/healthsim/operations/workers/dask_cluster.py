"""A Dask cluster that does tasks: its scheduler's address is all that is known of it.

`distributed` is imported here only, when somebody asks for a cluster
(docs/decisions/0059-dask-for-clusters.md).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from socket import create_connection
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid1

from healthsim import __version__
from healthsim.errors import HealthSimError, Refused, WorkerDied
from healthsim.operations.workers.runner import (
    LOOK,
    Attempt,
    Runner,
    next_ones,
    refuse_stopped,
)

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")

_PATIENCE = 20.0  # seconds in which a scheduler must answer
_FIRST_WORKER = 120.0  # seconds in which it must have a worker: they may just be starting
_AHEAD = 2  # tasks for each worker that are sent before it is free
_RECOUNT = 5.0  # seconds between two counts of workers: clusters grow and shrink


class DaskCluster(Runner):
    """The workers of a Dask scheduler.

    Args:
        address: of the scheduler, host and port.

    Raises:
        Refused: Dask is not installed, no scheduler answers, or it has no workers.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = _client(address)
        self._run = uuid1().hex
        self._counted, self._threads = -_RECOUNT, 1
        try:
            self._client.wait_for_workers(1, timeout=_FIRST_WORKER)
        except TimeoutError:
            self.close()
            raise Refused(
                f"dask://{address}", "its scheduler has no worker",
                f"start some: dask worker tcp://{address} --nthreads 1",
            ) from None  # fmt: skip

    @property
    def workers(self) -> int:
        """How many threads its workers have now."""
        now = time.monotonic()
        if now - self._counted >= _RECOUNT:
            self._threads = max(1, sum(self._client.nthreads().values()))
            self._counted = now
        return self._threads

    def everywhere(self, call: Callable[[T], R], task: T) -> dict[str, R]:
        """Return what a function returns on every worker, by the worker's address.

        Raises:
            Refused: HealthSim is not installed there.
        """
        try:
            found: dict[str, R] = self._client.run(call, task)
        except (ImportError, AttributeError) as error:
            raise Refused(
                f"dask://{self._address}", f"its workers have no such HealthSim ({error})",
                f"install the same there: pip install 'healthsim[cluster]=={__version__}'",
            ) from None  # fmt: skip
        return found

    def map(
        self, call: Callable[[T], R], tasks: Iterable[T], stop: Event
    ) -> Iterator[tuple[int, R]]:
        """Do the tasks on the cluster; what is being done when the run stops is done in vain."""
        left: Iterator[Attempt[T]] = (Attempt(*one) for one in enumerate(tasks))
        again: deque[Attempt[T]] = deque()
        busy: dict[Future, Attempt[T]] = {}
        done: SimpleQueue[Future] = SimpleQueue()
        try:
            while True:
                refuse_stopped(stop)
                for one in next_ones(again, left, _AHEAD * self.workers - len(busy)):
                    busy[self._begun(call, one, done)] = one
                if not busy:
                    return
                with suppress(Empty):
                    future = done.get(timeout=LOOK)
                    one = busy.pop(future)
                    error, result = self._answer(future)
                    if error is not None:
                        again.append(one.again(error))
                    else:
                        yield one.index, result
        finally:
            if busy:
                with suppress(Exception):  # a scheduler that is gone cancels nothing
                    self._client.cancel([*busy], force=True)

    def _begun(self, call: Callable[[T], R], one: Attempt[T], done: SimpleQueue[Future]) -> Future:
        key = f"healthsim-{call.__name__}-{self._run}-{one.index}-{one.tries}"
        future = self._client.submit(call, one.task, key=key, pure=False)
        future.add_done_callback(done.put)
        return future

    def _answer(self, future: Future) -> tuple[BaseException | None, Any]:
        """Return what came of a task: an error, or a result."""
        from distributed import KilledWorker  # noqa: PLC0415  see the top
        from distributed.client import FutureCancelledError  # noqa: PLC0415  see the top

        try:
            return None, future.result(timeout=_PATIENCE)
        except HealthSimError as error:
            return error, None
        except (KilledWorker, FutureCancelledError, OSError) as error:
            return self._lost(error), None

    def _lost(self, error: Exception) -> WorkerDied:
        return WorkerDied(
            f"dask://{self._address}",
            f"a worker or the scheduler was lost ({type(error).__name__})",
            "look into their logs; if memory ran out, give workers more; then go on with --resume",
        )

    def close(self) -> None:
        """Leave the cluster; it goes on for others."""
        with suppress(Exception):
            self._client.close(timeout=_PATIENCE)


def _client(address: str) -> Client:
    try:
        import dask  # noqa: PLC0415  see the top
        from distributed import Client  # noqa: PLC0415  see the top
    except ImportError:
        raise Refused(
            f"dask://{address}", "Dask is not installed", "pip install 'healthsim[cluster]'"
        ) from None
    scheme = dask.config.get("distributed.comm.default-scheme", "tcp")
    host, _, port = address.rpartition(":")
    try:
        create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
        return Client(f"{scheme}://{address}", timeout=_PATIENCE, set_as_default=False)
    except (OSError, OverflowError, ValueError) as error:
        raise Refused(
            f"dask://{address}", f"no Dask scheduler answers there ({type(error).__name__})",
            "start it with 'dask scheduler', and give the address that it prints",
        ) from None  # fmt: skip
