"""What ends with this process: background runs, and the processes that it has started."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable
from threading import Event, RLock

_begun, _one_at_a_time = Event(), RLock()
_endings: list[Callable[[], None]] = []
_log = logging.getLogger("healthsim")


def at_end(ending: Callable[[], None]) -> Callable[[], None]:
    """Register what is to be done when this process ends; it must be quick and may come twice."""
    _endings.append(ending)
    return ending


def has_begun() -> bool:
    """Return whether this process is ending: nothing long is begun any more."""
    return _begun.is_set()


def announce() -> None:
    """Say that this process is about to end: what is cancelled from now on is interrupted."""
    _begun.set()


@atexit.register
def end() -> None:
    """End everything that ends with this process, as far as that goes quickly."""
    announce()
    with _one_at_a_time:
        for ending in _endings:
            try:
                ending()
            except Exception:
                _log.exception("%s failed", ending.__name__)
