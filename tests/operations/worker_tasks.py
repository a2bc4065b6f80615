"""What workers are asked to do in tests; other processes find it by its name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from healthsim.errors import Refused, StorageError


def squared(number: int) -> int:
    return number * number


def own_process(_: int) -> int:
    return os.getpid()


def killed_once(task: tuple[str, int]) -> int:
    """Die by SIGKILL at the first try of a task."""
    folder, number = task
    mark = Path(folder) / str(number)
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def killed_always(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def failing_once(task: tuple[str, int]) -> int:
    """Find the storage busy at the first try of a task."""
    folder, number = task
    mark = Path(folder) / str(number)
    if not mark.exists():
        mark.touch()
        raise StorageError("lake", "answers 503", "try again")
    return number


def refusing(number: int) -> int:
    raise Refused("worker", f"does not like {number}", "give another number")


def faulty(number: int) -> int:
    raise ZeroDivisionError(f"of {number}")


def endless(folder: str) -> int:
    """Write down who works on it, and never end."""
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)
    return 0
