"""Servers as processes that begin at once: each is a fork of one that has imported the server.

It is a process of its own with its own pipes, signals, children and end. What it leaves out is the
start of Python, which takes longer than most of what is asked of a server here; that a server
starts from nothing is held by `test_long_work.py` and, over HTTP, by `test_http.py`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from atexit import register
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from select import select
from threading import Lock
from typing import Any

from processes import started
from serving import fork_server


class Forked:
    """A forked process, as much of `subprocess.Popen` as tests of servers use."""

    def __init__(self, arguments: Sequence[str], pipes: Sequence[str]) -> None:
        inner, outer = dict[str, int](), dict[str, int]()
        for name in pipes:
            read, write = os.pipe()
            inner[name], outer[name] = (read, write) if name == "stdin" else (write, read)
        read, write = os.pipe()
        _ask([list(arguments), list(inner)], [write, *inner.values()])
        for end in (write, *inner.values()):
            os.close(end)
        files = {name: os.fdopen(end, "w" if name == "stdin" else "r", encoding="utf-8")
                 for name, end in outer.items()}  # fmt: skip
        self.stdin, self.stdout, self.stderr = map(files.get, fork_server.PIPES)
        self._files, self._news = list(files.values()), os.fdopen(read, encoding="utf-8")
        self.pid, self._status = int(self._news.readline()), ""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return its exit code, below zero where a signal ended it."""
        waits = timeout is not None and not self._status
        if waits and not select([self._news], (), (), timeout)[0]:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        self._status = self._status or self._news.readline()
        return int(self._status)

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has been waited for."""
        if not self._status:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it, whatever it does."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """End it, and let go of its pipes."""
        self.kill()
        self.wait()
        for file in (*self._files, self._news):
            with suppress(BrokenPipeError):
                file.close()


@contextmanager
def begun(arguments: Sequence[str], *pipes: str, anew: bool = False) -> Iterator[Any]:
    """Begin a process of Python with arguments as on its command line; leaving the block ends it.

    Args:
        arguments: `-c`, a program and what that is given; or `-m`, `healthsim` and so.
        pipes: which of stdin, stdout and stderr are pipes of this test.
        anew: Python is started for it; else it is a fork, where there are any.
    """
    if anew or sys.platform != "linux":
        ends: dict[str, Any] = dict.fromkeys(pipes, subprocess.PIPE)
        with started([sys.executable, *arguments], text=True, **ends) as process:
            yield process
        return
    fork = Forked(arguments, pipes)
    try:
        yield fork
    finally:
        fork.close()


def _ask(asked: Any, ends: Sequence[int]) -> None:
    with _one_at_a_time:
        socket.send_fds(_forking(), [json.dumps(asked).encode()], ends)


_one_at_a_time = Lock()


@cache
def _forking() -> socket.socket:
    """Start the process that forks; it ends with this one, whose socket closes then."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, fork_server.__file__, str(its.fileno())], pass_fds=[its.fileno()],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    its.close()
    register(_end, ours, process)
    return ours


def _end(ours: socket.socket, process: subprocess.Popen[bytes]) -> None:
    ours.close()
    process.wait()
