"""Who works on a thing: a lease with a heartbeat, which one process of all that try can take."""

from __future__ import annotations

import os
import platform
import re
import time
from contextlib import suppress
from pathlib import Path

from healthsim.persistence.files import alive, disk_errors, publish_new, temporary

_STALE = 30.0  # seconds without a heartbeat
_PID = re.compile(r"[0-9]{1,9}")


def is_held(lease: Path) -> bool:
    """Say whether somebody works on it: a fresh heartbeat, and no dead process of this host."""
    try:
        age = time.time() - lease.stat().st_mtime
        holder = lease.read_text(encoding="utf-8", errors="replace").split()
    except FileNotFoundError:
        return False
    here = len(holder) == 2 and holder[1] == platform.node() and _PID.fullmatch(holder[0])
    if here and not alive(int(holder[0])):
        return False
    return age < _STALE


def take(lease: Path) -> bool:
    """Take a lease that nobody holds; of several that try, one wins."""
    with disk_errors(lease.stem):
        _drop_stale(lease)
        return _write_new(lease, f"{os.getpid()} {platform.node()}")


def refresh(lease: Path) -> None:
    """Say that its holder still works.

    Raises:
        FileNotFoundError: nobody holds it any more.
    """
    os.utime(lease)


def first_word(path: Path, word: str) -> str:
    """Write a word that stands unless another process was first, and return the one that stands.

    Returns:
        The word; empty if the file was there and is gone again.
    """
    with disk_errors(path.stem):
        if not path.exists() and _write_new(path, word):
            return word
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""


def _write_new(path: Path, text: str) -> bool:
    """Write a file that nobody has written yet; of several that try, one wins."""
    unfinished = temporary(path)
    try:
        unfinished.write_text(text, encoding="utf-8")
        publish_new(unfinished, path)
    except FileExistsError:
        return False
    finally:
        unfinished.unlink(missing_ok=True)
    return True


def _drop_stale(lease: Path) -> None:
    aside = temporary(lease)
    try:
        lease.rename(aside)
    except FileNotFoundError:
        return
    if is_held(aside):  # somebody took it on since we looked: give it back
        with suppress(FileExistsError):
            publish_new(aside, lease)
    aside.unlink(missing_ok=True)
