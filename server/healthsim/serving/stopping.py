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


def end_soon(by: signal.Signals | None = None) -> None:
    """Begin to end: runs are interrupted now, the process ends a moment later at the latest."""
    ending.announce()

    def finish() -> None:
        begun = time.monotonic()
        ending.end()
        time.sleep(max(0.0, GRACE - (time.monotonic() - begun)))
        end_now(by)

    Thread(target=finish, name="healthsim-ending", daemon=True).start()


def end_now(by: signal.Signals | None = None) -> NoReturn:
    """End the process: no thread is waited for, since what a thread writes is whole or absent.

    Args:
        by: the signal that told it to, by which it ends as a process does that handles none.
    """
    ending.end()
    sys.stderr.flush()
    if by is not None and sys.platform != "win32":
        if current_thread() is main_thread():
            signal.signal(by, signal.SIG_DFL)
            os.kill(os.getpid(), by)
        os._exit(128 + by)
    os._exit(0 if by is None else 1)


def _end_by(number: int, frame: FrameType | None) -> None:
    end_now(signal.Signals(number))
