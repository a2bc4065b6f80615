"""Processes that end with the test that started them, and how long a test waits for anything."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

PATIENCE = 600.0
"""Seconds until a test gives something up as hanging: no measure of speed, so that no load of the
machine makes a test fail."""


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start a process with the options of `subprocess.Popen`; leaving the block ends it."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()  # does nothing to one that has been waited for
