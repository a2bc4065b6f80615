"""Dated logs: a read on a day sees what is dated on or before it, whenever it was written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from healthsim.billing.benefits.coverage_dates import CoverageDates
from healthsim.dates import NO_DAY
from healthsim.execution.people.courses import Course
from healthsim.execution.people.logs import FOREVER, CoverageLog, Log, LogEntry, Moment, Span
from healthsim.execution.timeline.state import StateChange, StateVariable

TWO = np.array([0, 1], dtype=np.intp)


def days(*given: int) -> np.ndarray:
    return np.array(given, dtype=np.int32)


def moment(*given: int) -> Moment:
    return Moment(TWO, days(*given), 2)


def test_a_log_shows_the_latest_entry_that_is_not_later() -> None:
    log = Log()
    log.add(TWO, days(10, 20), np.array([1.0, 2.0]))
    log.add(TWO, days(15, 5), np.array([3.0, 4.0]))  # written later, dated earlier for the second

    assert log.latest(moment(12, 12))[1].tolist() == [1.0, 4.0]
    assert log.latest(moment(30, 30))[1].tolist() == [3.0, 2.0]
    assert log.count(moment(12, 4)).tolist() == [1.0, 0.0]


def test_a_log_has_nothing_before_the_first_entry() -> None:
    log = Log()
    log.add(TWO, days(10, 10))
    found, values = log.latest(moment(9, 10))

    assert found.tolist() == [NO_DAY, 10]
    assert np.isnan(values).all()


def test_of_one_day_the_entry_that_was_written_last_counts() -> None:
    log = Log()
    log.add(TWO, days(10, 10), np.array([1.0, 1.0]))
    log.add(TWO, days(10, 10), np.array([2.0, 2.0]))

    assert log.latest(moment(10, 11))[1].tolist() == [2.0, 2.0]


def variable(*moves: StateChange, low: float = -np.inf, high: float = np.inf) -> StateVariable:
    return StateVariable(np.array([8.0, 6.0]), low, high, 1, list(moves))


def move(on: int, amount: float, *, sets: bool = False, over: int = 0) -> StateChange:
    return StateChange(LogEntry(TWO, days(on, on), np.array([amount, amount])), sets, over)


@pytest.mark.parametrize(("day", "expected"), [(9, [8.0, 6.0]), (10, [9.0, 7.0]), (11, [9.0, 7.0])])
def test_a_change_counts_from_its_day(day: int, expected: list[float]) -> None:
    assert variable(move(10, 1.0)).at(moment(day, day)).tolist() == expected


@pytest.mark.parametrize(("day", "expected"), [(10, 8.0), (15, 8.5), (20, 9.0), (99, 9.0)])
def test_a_change_over_days_goes_in_a_straight_line(day: int, expected: float) -> None:
    assert variable(move(10, 1.0, over=10)).at(moment(day, day))[0] == expected


def test_a_change_over_days_to_a_value_arrives_there() -> None:
    found = variable(move(10, 4.0, sets=True, over=10))

    assert found.at(moment(15, 20)).tolist() == [6.0, 4.0]


def test_a_value_stays_in_its_bounds_after_every_change() -> None:
    found = variable(move(1, -9.0), move(2, 1.0), low=5.0, high=9.0)

    assert found.at(moment(1, 1)).tolist() == [5.0, 5.0]
    assert found.at(moment(2, 2)).tolist() == [6.0, 6.0]


def test_every_change_is_rounded() -> None:
    found = variable(move(1, 0.04), move(2, 0.04))

    assert found.at(moment(5, 5)).tolist() == [8.0, 6.0]


@pytest.mark.parametrize("day", range(0, 130, 9))
def test_after_many_changes_every_day_has_the_value_that_it_had_before_them(day: int) -> None:
    """A read depends neither on which changes came later nor on how many there are."""
    moves = [move(5 * place, (-1) ** place * 0.7, sets=place == 9, over=3 * (place % 4))
             for place in range(25)]  # fmt: skip
    found = variable(*moves, low=5.0, high=9.0)
    found.at(moment(200, 200))  # the first changes are settled by now

    assert found.at(moment(day, 60)).tolist() == [_replayed(found, 0, day), _replayed(found, 1, 60)]


def _replayed(found: StateVariable, person: int, day: int) -> float:
    """Return a person's value on a day, change by change."""
    value = float(found.start[person])
    for change in found.changes:
        begun = int(change.entry.days[person])
        if begun <= day:
            amount = change.entry.values[person] - (value if change.sets else 0.0)
            share = min((day - begun) / change.over_days, 1.0) if change.over_days else 1.0
            value = min(max(float(np.round(value + amount * share, 1)), found.low), found.high)
    return value


def test_who_is_born_has_the_value_of_birth_after_many_changes_of_others() -> None:
    others = [StateChange(LogEntry(TWO[:1], days(day), np.array([1.0]))) for day in range(20)]
    before = variable(*others)
    before.at(moment(50, 50))
    after = replace(before, start=np.array([8.0, 3.0]))

    assert after.at(moment(50, 50)).tolist() == [28.0, 3.0]


def test_a_change_before_an_earlier_one_counts_from_its_day_whenever_it_was_added() -> None:
    found = variable()
    for one in (move(10, 1.0), move(10, 2.0), move(20, 4.0, sets=True), move(15, 1.0)):
        found.add_change(one)

    assert found.at(moment(15, 25)).tolist() == [12.0, 4.0]


def test_a_drug_is_taken_until_the_day_before_it_stops() -> None:
    course = Course("x", TWO, days(10, 10), days(40, 40), np.zeros(2, dtype=np.bool_))
    taken = [len(course.taking(moment(day, day))) for day in (9, 10, 39, 40)]
    course.end(moment(20, 5))

    assert taken == [0, 2, 2, 0]
    assert course.stop.tolist() == [20, 40]
    assert course.cut.tolist() == [True, False]


def test_closing_ends_what_covers_on_the_day_and_nothing_else() -> None:
    first, second = Span.nobody("a", 2), Span.nobody("b", 2)
    for span, plan, begin in ((first, 0, 0), (second, 1, 100)):
        span.plan[:], span.begin[:] = plan, begin
    coverage = CoverageLog([first, second], CoverageDates.by_days(2))
    coverage.close(TWO[:1], days(50), "moved")

    assert coverage.plan(TWO, days(50, 51)).tolist() == [0, 0]
    assert coverage.plan(TWO, days(51, 100)).tolist() == [-1, 1]
    assert first.last.tolist() == [50, FOREVER]
    assert coverage.reasons == ["moved"]
