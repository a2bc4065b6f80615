"""Tries whether an entry starts the server, as a host would start it: with few variables."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Event, Timer
from typing import IO

PATIENCE = 120.0
"""Seconds until a start is given up; the first one of uvx fetches packages."""

_INHERITED = (
    ("APPDATA", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATH", "PATHEXT",
     "PROCESSOR_ARCHITECTURE", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "USERNAME", "USERPROFILE")
    if sys.platform == "win32" else ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER")
)  # fmt: skip
"""What hosts hand on; those of proxies and certificates are not among them."""

_LONGEST = 300  # characters of what it said
_HELLO = {
    "jsonrpc": "2.0", "id": 0, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {},
               "clientInfo": {"name": "healthsim-install", "version": "1"}},
}  # fmt: skip


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a host gives a server: a few of its own, and the entry's."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | dict(given)


def why_not(
    words: Sequence[str], given: Mapping[str, str] | None = None, patience: float = PATIENCE
) -> str:
    """Start a server, greet it, end it, and say why that did not work; empty where it did.

    Args:
        words: command and arguments.
        given: the variables that the entry gives.
        patience: seconds until it is given up.
    """
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                list(words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
                env=environment(given or {}), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return f"{words[0]}: {error.strerror or error}"
        late = Event()
        timer = Timer(patience, _give_up, [process, late])
        timer.start()
        try:
            answer = _greeted(process)
            process.wait()
        finally:
            timer.cancel()
            _kill(process)
            process.wait()
        if answer:
            return ""
        last = _last_line(said)
    if late.is_set():
        return f"no answer within {patience:g} seconds{f'; its last words: {last}' if last else ''}"
    return last or f"it ended with exit code {process.returncode} and said nothing"


def _greeted(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a server answers the first message of the protocol; its stdin is closed."""
    assert process.stdin
    assert process.stdout
    with process.stdout, suppress(OSError, ValueError):
        with process.stdin:
            process.stdin.write(json.dumps(_HELLO).encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline() or b"null")
        return isinstance(answer, dict) and "result" in answer
    return False


def _give_up(process: subprocess.Popen[bytes], late: Event) -> None:
    late.set()
    _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process that has not ended, with those that it started."""
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _last_line(said: IO[bytes]) -> str:
    """Return the last line with a word in it that was written to stderr."""
    said.seek(0)
    text = said.read().decode("utf-8", "replace")
    lines = [line.strip(" \t\r│|") for line in text.splitlines() if re.search(r"\w", line)]
    return lines[-1][:_LONGEST] if lines else ""
