"""The end of the server's process: at once, whatever its threads are doing."""

from __future__ import annotations

import os
import signal
import sys
import time
from threading import Thread, current_thread, main_thread
from types import FrameType
from typing import NoReturn

from healthsim.operations import ending

GRACE = 0.5
"""Seconds that answers which are just being sent have after the process was told to end."""

_NAMES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")  # of which a platform has some


def end_on_signals() -> None:
    """End in order when told to by a signal: in the main thread only, which alone may say so."""
    if current_thread() is main_thread():
        for name in _NAMES:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), _end_by)


def end_soon(code: int = 0) -> None:
    """Begin to end: runs are interrupted now, the process ends a moment later at the latest."""
    ending.announce()

    def finish() -> None:
        begun = time.monotonic()
        ending.end()
        time.sleep(max(0.0, GRACE - (time.monotonic() - begun)))
        end_now(code)

    Thread(target=finish, name="healthsim-ending", daemon=True).start()


def end_now(code: int = 0) -> NoReturn:
    """End the process: no thread is waited for, since what a thread writes is whole or absent."""
    ending.end()
    sys.stderr.flush()
    os._exit(code)


def _end_by(number: int, frame: FrameType | None) -> None:
    """End as a process does that does not handle the signal, once everything is in order."""
    ending.end()
    sys.stderr.flush()
    if sys.platform == "win32":
        os._exit(1)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
