"""Processes of this machine that do tasks. One that dies costs the task that it worked on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from threading import Event, Thread
from typing import Any, TypeVar
from weakref import WeakSet

from healthsim.errors import HealthSimError, WorkerDied
from healthsim.operations import ending
from healthsim.operations.workers.runner import (
    LOOK,
    Attempt,
    Runner,
    next_ones,
    refuse_stopped,
)

T = TypeVar("T")
R = TypeVar("R")

_CONTEXT = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
_EXIT = 10.0  # seconds that a process has to end by itself


class _Worker:
    """One process, and the pipe to it."""

    def __init__(self) -> None:
        self.pipe, theirs = _CONTEXT.Pipe()
        self.process = _CONTEXT.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        _ALIVE.add(self)

    def end(self) -> None:
        """End it at once, whatever it does; what it writes is whole or absent."""
        self.process.kill()
        self.process.join()
        self.pipe.close()
        _ALIVE.discard(self)

    def death(self) -> WorkerDied:
        """Return how it has died."""
        self.process.join(_EXIT)
        code = self.process.exitcode
        number = self.process.pid
        self.end()
        how = f"was ended by signal {-code}" if code is not None and code < 0 else (
            f"ended with code {code}")  # fmt: skip
        return WorkerDied(
            "worker",
            f"process {number} {how} while it made rows",
            "if its memory ran out, use fewer workers: --on local[N]; then go on with --resume",
        )


_ALIVE: WeakSet[_Worker] = WeakSet()


@ending.at_end
def end_all() -> None:
    """End every worker of this process."""
    for worker in list(_ALIVE):
        worker.process.kill()


class Processes(Runner):
    """Processes of this machine; they begin with the first tasks.

    Args:
        workers: how many.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._idle: list[_Worker] = []

    @property
    def workers(self) -> int:
        """How many processes there are."""
        return self._workers

    def map(
        self, call: Callable[[T], R], tasks: Iterable[T], stop: Event
    ) -> Iterator[tuple[int, R]]:
        """Do the tasks in processes; those that work are ended when the run stops or fails."""
        left: Iterator[Attempt[T]] = (Attempt(*one) for one in enumerate(tasks))
        again: deque[Attempt[T]] = deque()
        busy: dict[Connection, tuple[_Worker, Attempt[T]]] = {}
        try:
            while True:
                refuse_stopped(stop)
                for one in next_ones(again, left, self._workers - len(busy)):
                    worker = self._idle.pop() if self._idle else _Worker()
                    busy[worker.pipe] = worker, one
                    _give(worker, (call, one.task))
                if not busy:
                    return
                for pipe in _ready([*busy]):
                    worker, one = busy.pop(pipe)
                    error, result = self._answer(worker)
                    if error is not None:
                        again.append(one.again(error))
                    else:
                        yield one.index, result
        finally:
            for worker, _ in busy.values():
                worker.end()

    def _answer(self, worker: _Worker) -> tuple[BaseException | None, Any]:
        """Return what a worker has answered: an error, or a result."""
        try:
            error, result = worker.pipe.recv()
        except (EOFError, OSError):
            return worker.death(), None
        self._idle.append(worker)
        return error, result

    def close(self) -> None:
        """End the processes."""
        for worker in self._idle:
            worker.end()
        self._idle.clear()


def _ready(pipes: list[Connection]) -> list[Connection]:
    """Wait a moment for pipes; return those through which something has come, or the end."""
    come = {id(one) for one in wait(pipes, timeout=LOOK)}
    return [pipe for pipe in pipes if id(pipe) in come]


def _give(worker: _Worker, task: object) -> None:
    try:
        worker.pipe.send(task)
    except OSError:  # it is dead: `wait` says so, and its task comes to another
        return


def _serve(pipe: Connection) -> None:
    """Do tasks until the process that asks for them has no more, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it
    Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            call, task = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(_done(call, task))


def _done(call: Callable[[Any], Any], task: object) -> tuple[BaseException | None, Any]:
    try:
        return None, call(task)
    except HealthSimError as error:
        return error, None
    except BaseException:
        return RuntimeError(traceback.format_exc()), None


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
