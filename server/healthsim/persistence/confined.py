"""Starts the process that runs a person's SQL (`sandbox.py`), and ends it at its deadline."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Timer
from typing import Any

from healthsim.watching import stoppable

_SANDBOX = Path(__file__).with_name("sandbox.py")
_CONSOLE = 0x08000000 if sys.platform == "win32" else 0  # CREATE_NO_WINDOW


def answer_of(request: Mapping[str, Any], seconds: float, most_bytes: int) -> dict[str, Any]:
    """Return what the process answers to a request.

    Args:
        request: as `sandbox.answer` reads it.
        seconds: after which the process is ended.
        most_bytes: that are read of its answer; its own cap is below.

    Returns:
        Its answer; or, where it was ended, `stopped`, what was found, and `mend`.
    """
    expired = Event()
    with subprocess.Popen(
        [sys.executable, "-P", str(_SANDBOX)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=_CONSOLE,
    ) as process:

        def end() -> None:
            expired.set()
            process.kill()

        timer = Timer(seconds, end)
        timer.start()
        try:
            with stoppable(process.kill):
                reply = _exchange(process, json.dumps({**request, "seconds": seconds}), most_bytes)
        finally:
            timer.cancel()
            process.kill()
    if reply.endswith(b"}"):
        answer: dict[str, Any] = json.loads(reply)
        return answer
    if expired.is_set():
        return {
            "stopped": f"it ran for more than {seconds:g} seconds and was stopped",
            "mend": "filter or aggregate earlier, join on keys, and repeat",
        }
    return {
        "stopped": "it needs more memory than a query may use, and was stopped",
        "mend": "select fewer columns, filter or aggregate earlier, and repeat",
    }


def _exchange(process: subprocess.Popen[bytes], request: str, most_bytes: int) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(request.encode())
        process.stdin.close()
    except BrokenPipeError:
        return b""  # it was ended before it had read the request
    return process.stdout.read(most_bytes)
