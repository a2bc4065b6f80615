"""The agenda against a heap for each person."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthsim.execution.timeline.agenda import Agenda

PEOPLE = 6
BY_NUMBER = np.arange(200, dtype=np.int32)
TURNS = (BY_NUMBER * 7 % 200).astype(np.int32)  # not the order of the document
DAY = st.integers(-30, 30)


def taken_in_full(agenda: Agenda) -> list[list[tuple[int, int]]]:
    found: list[list[tuple[int, int]]] = [[] for _ in range(PEOPLE)]
    while (turn := agenda.take()) is not None:
        numbers, rows, days = turn
        assert len(rows)
        assert (np.diff(rows) > 0).all()
        for number, row, day in zip(numbers.tolist(), rows.tolist(), days.tolist(), strict=True):
            found[row].append((day, number))
    return found


def put(agenda: Agenda, occurrence: int, days: dict[int, int]) -> None:
    rows = np.array(sorted(days), dtype=np.intp)
    agenda.put(occurrence, rows, np.array([days[row] for row in rows], dtype=np.int32))


@pytest.mark.slow
@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.dictionaries(st.integers(0, 5),
                       st.dictionaries(st.integers(0, PEOPLE - 1), DAY), max_size=6))  # fmt: skip
def test_everybody_has_their_steps_by_day_and_then_by_document_order(
    pending: dict[int, dict[int, int]],
) -> None:
    agenda = Agenda(PEOPLE, TURNS, BY_NUMBER)
    for occurrence, days in pending.items():
        put(agenda, occurrence, days)
    found = taken_in_full(agenda)

    for row in range(PEOPLE):
        mine = [(days[row], one) for one, days in pending.items() if row in days]
        assert found[row] == sorted(mine)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, 4), DAY, st.integers(-8, 8)), min_size=1, max_size=6),
    st.integers(1, 12),
)
def test_steps_that_open_others_are_taken_as_from_a_heap(
    first: list[tuple[int, int, int]], most: int
) -> None:
    agenda = Agenda(PEOPLE, TURNS, BY_NUMBER)
    heaps: list[list[tuple[int, int]]] = [[] for _ in range(PEOPLE)]
    shift = {occurrence: later for occurrence, _, later in first}
    for occurrence, day, _ in first:
        days = {row: day + row * occurrence for row in range(PEOPLE)}
        put(agenda, occurrence, days)
        for row in range(PEOPLE):
            heaps[row] = [one for one in heaps[row] if one[1] != occurrence]
            heaps[row].append((days[row], occurrence))
    found: list[list[tuple[int, int]]] = [[] for _ in range(PEOPLE)]
    while (turn := agenda.take()) is not None:
        numbers, rows, when = turn
        for number, row, day in zip(numbers.tolist(), rows.tolist(), when.tolist(), strict=True):
            found[row].append((day, number))
            if number + 10 <= most * 10:
                put(agenda, number + 10, {row: day + shift[number % 10]})
    for row, heap in enumerate(heaps):
        heapq.heapify(heap)
        expected = []
        while heap:
            day, number = heapq.heappop(heap)
            expected.append((day, number))
            if number + 10 <= most * 10:
                heapq.heappush(heap, (day + shift[number % 10], number + 10))
        assert found[row] == expected


def test_what_is_retired_is_not_taken() -> None:
    agenda = Agenda(PEOPLE, TURNS, BY_NUMBER)
    for occurrence in range(4):
        put(agenda, occurrence, dict.fromkeys(range(PEOPLE), 10 * occurrence))
    agenda.retire(np.array([1, 4], dtype=np.intp), range(1, 3))
    found = taken_in_full(agenda)

    assert found[0] == [(0, 0), (10, 1), (20, 2), (30, 3)]
    assert found[1] == found[4] == [(0, 0), (30, 3)]


def test_a_step_is_done_once_however_different_the_days_of_people_are() -> None:
    agenda = Agenda(PEOPLE, BY_NUMBER, BY_NUMBER)
    for occurrence in range(40):
        put(agenda, occurrence, {row: 100 * row + occurrence for row in range(PEOPLE)})
    turns = []
    while (turn := agenda.take()) is not None:
        turns.append((int(turn[0][0]), len(turn[1])))

    assert turns == [(occurrence, PEOPLE) for occurrence in range(40)]


def test_steps_that_do_not_overlap_are_done_for_everybody_at_once() -> None:
    agenda = Agenda(PEOPLE, BY_NUMBER, BY_NUMBER)
    for occurrence in range(3):
        put(agenda, occurrence, {row: 10 * occurrence + row for row in range(PEOPLE)})
    turns = []
    while (turn := agenda.take()) is not None:
        turns.append((int(turn[0][0]), len(turn[1])))

    assert turns == [(0, PEOPLE), (1, PEOPLE), (2, PEOPLE)]


def test_those_whose_turn_is_first_go_first_and_the_others_wait_for_them() -> None:
    agenda = Agenda(PEOPLE, BY_NUMBER[::-1].copy(), BY_NUMBER)
    put(agenda, 1, dict.fromkeys(range(3), 0))
    put(agenda, 2, dict.fromkeys(range(3, PEOPLE), 0))

    assert agenda.take()[0].tolist() == [2] * 3


def test_occurrences_of_one_family_are_done_at_once_for_people_who_have_different_ones() -> None:
    agenda = Agenda(PEOPLE, BY_NUMBER, (BY_NUMBER // 10 * 10).astype(np.int32))
    own = np.array([10, 12, 10, 13, 19, 11], dtype=np.int32)
    agenda.put(own, np.arange(PEOPLE), np.arange(PEOPLE, dtype=np.int32))
    agenda.put(25, np.arange(2), np.full(2, 3, dtype=np.int32))

    numbers, rows, days = agenda.take()
    assert numbers.tolist() == own.tolist()
    assert rows.tolist() == days.tolist() == list(range(PEOPLE))
    assert agenda.take()[0].tolist() == [25, 25]
    assert agenda.take() is None


def test_two_occurrences_of_one_family_may_wait_for_one_person() -> None:
    agenda = Agenda(PEOPLE, None, np.zeros(200, dtype=np.int32))
    put(agenda, 7, {0: 5, 1: 8})
    put(agenda, 3, {0: 9})
    put(agenda, 7, {0: 6})

    assert agenda.pending(np.array([3, 7], dtype=np.int32), np.array([0, 1])).tolist() == [9, 8]
    assert taken_in_full(agenda)[0] == [(6, 7), (9, 3)]
