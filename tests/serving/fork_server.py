"""A program that forks once for each request that comes over a socket: see `serving.forking`.

A request is a line of Python's arguments, and comes with the ends of pipes. The fork returns from
here and does what Python would do with the arguments.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

PIPES = ("stdin", "stdout", "stderr")
_MOST = 2**16  # bytes of one request


def _serve_forks(asking: socket.socket) -> tuple[list[str], Mapping[str, int]]:
    """Fork for each request; return in the new process alone, with its arguments and pipes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for who waits for the servers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with its socket
    while True:
        sent, ends, _, _ = socket.recv_fds(asking, _MOST, 1 + len(PIPES))
        if not sent:
            os._exit(0)
        if os.fork():
            for end in ends:
                os.close(end)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        asking.close()
        news, *pipes = ends
        arguments, names = json.loads(sent)
        if server := os.fork():
            for end in pipes:
                os.close(end)
            _tell_of(server, news)
        os.close(news)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return arguments, dict(zip(names, pipes, strict=True))


def _tell_of(server: int, news: int) -> None:
    """Write the number of a process, and, once it has ended, its exit code."""
    os.write(news, f"{server}\n".encode())
    _, status = os.waitpid(server, 0)
    os.write(news, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _be(arguments: list[str], pipes: Mapping[str, int]) -> None:
    """Be the process that a command line of Python asks for."""
    for number, name in enumerate(PIPES):
        if name in pipes:
            os.dup2(pipes[name], number)
            os.close(pipes[name])
    option, program, *rest = arguments
    if option == "-c":
        sys.argv = ["-c", *rest]
        exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102
    else:
        from healthsim.cli import main

        sys.argv = [program, *rest]
        main()


def _get_ready() -> None:
    """Do what servers do as they start and at their first run: no thread of it is left."""
    for module in ("duckdb", "healthsim.cli", "healthsim.operations.generate"):
        import_module(module)
    from healthsim.app import build_server
    from healthsim.execution.prepare import prepare

    build_server(Path(os.devnull))
    profile = {
        "kind": "profile", "name": "one", "as_of": "2025-01-01", "count": 1, "detail": "core",
        "demographics": {"age": 50, "location": {"states": {"TX": 1}}}, "products": ["patientsim"],
    }  # fmt: skip
    prepare(profile, [])


if __name__ == "__main__":
    _get_ready()
    _be(*_serve_forks(socket.socket(fileno=int(sys.argv[1]))))
