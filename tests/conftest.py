"""What holds for every test: what it began has ended when the next one begins."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from healthsim.operations import generate
from processes import PATIENCE


@pytest.fixture(autouse=True)
def _no_thread_outlives_its_test() -> Iterator[None]:
    """Stop runs that a test left in the background, and wait until their threads have ended.

    Their open files and connections would otherwise be reported in a later test, or at exit.
    """
    before = set(threading.enumerate())
    yield
    if not (left := set(threading.enumerate()) - before):
        return
    generate.stop_all()
    for thread in left:
        thread.join(PATIENCE)
    assert [thread.name for thread in left if thread.is_alive()] == []
