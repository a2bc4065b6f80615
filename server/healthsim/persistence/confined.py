"""Starts the process that runs a person's SQL (`sandbox.py`), and ends it at its deadline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Timer
from typing import Any

from healthsim.persistence.judgement import Lake, judge, lake_seen
from healthsim.persistence.lake_views import statements
from healthsim.watching import stoppable

_NAMES = ("scenario", "other")  # under which `sandbox.py` attaches files
_SANDBOX = Path(__file__).with_name("sandbox.py")
_LATE = 4  # the exit code of `sandbox.py` at its own deadline
_CONSOLE = 0x08000000 if sys.platform == "win32" else 0  # CREATE_NO_WINDOW


def asked_of(files: Sequence[Path]) -> dict[str, Any]:
    """Judge the files of a request, and return what the process must know of them.

    Args:
        files: the file, and the second one if there is one.

    Raises:
        StorageError: a file cannot be read, or should not be; NotFound likewise.
    """
    seen = [judge(file) for file in files]
    lakes = [lake_seen(one) for one in seen]
    if not any(lakes):
        return {"seen": seen}
    base = Path(os.path.commonpath([file.absolute().parent for file in files]))
    shown = [lake and _shown(lake, name, base)
             for lake, name in zip(lakes, _NAMES, strict=False)]  # fmt: skip
    return {"seen": seen, "lakes": shown, "base": str(base)}


def _shown(lake: Lake, name: str, base: Path) -> dict[str, Any]:
    """Return how a lake is shown, without the folders above."""
    lake = replace(lake, folder=lake.folder.absolute())
    files = [file for files in lake.files.values() for file in files]
    within = lake.folder.relative_to(base)
    return {
        "statements": list(statements(lake, name, base)),
        "paths": [(within / file).as_posix() for file in files],
        "seen": [lake.seen[file] for file in files],
    }


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
    if expired.is_set() or process.returncode == _LATE:
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
