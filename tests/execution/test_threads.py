"""Chunks in parallel threads: their order, and a stop that waits for none of them."""

from __future__ import annotations

from threading import Event

import pytest

from healthsim.errors import Cancelled
from healthsim.execution.people.threads import map_chunks
from processes import PATIENCE


def test_chunks_come_in_the_order_of_people_whoever_is_first() -> None:
    first = Event()

    def work(start: int, count: int) -> tuple[int, int]:
        if start == 0:
            assert first.wait(PATIENCE)
        else:
            first.set()
        return start, count

    assert list(map_chunks(work, 10, 4, 2)) == [(0, 4), (4, 4), (8, 2)]


def test_a_stop_does_not_wait_for_the_chunk_that_is_being_computed() -> None:
    stop, leave = Event(), Event()

    def work(start: int, count: int) -> None:
        stop.set()
        leave.wait(PATIENCE)

    with pytest.raises(Cancelled):
        next(map_chunks(work, 10, 5, 1, stop))
    leave.set()


def test_a_chunk_that_fails_is_the_error_of_the_whole() -> None:
    def work(start: int, count: int) -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        list(map_chunks(work, 10, 5, 2, Event()))
