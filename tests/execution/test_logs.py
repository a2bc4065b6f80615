"""Logs, courses and spells answer as a search through all that was ever added does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.execution.body.spells import EpisodeTable
from healthsim.execution.people.courses import Course, Courses
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.episodes import Episode, Episodes
from healthsim.execution.people.logs import Log, Moment
from healthsim.streams import Streams

PEOPLE, DAYS = 6, 40


class _Numbers:
    """Whole numbers of a seed, one after the other."""

    def __init__(self, seed: int) -> None:
        self._left = iter(Streams(seed).uniform("test", 0, 10_000).tolist())

    def below(self, limit: int) -> int:
        return int(next(self._left) * limit)


def _some(rng: _Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Return some people of the chunk, ascending, and a day of each."""
    rows = np.unique(_numbers(rng, 3, PEOPLE))
    return rows, _numbers(rng, len(rows), DAYS)


def _numbers(rng: _Numbers, count: int, below: int) -> np.ndarray:
    return np.array([rng.below(below) for _ in range(count)], dtype=np.int32)


def _moments(rng: _Numbers, count: int) -> Iterator[Moment]:
    for _ in range(count):
        yield Moment(*_some(rng), PEOPLE)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_log_counts_and_finds_the_latest_entry_in_whatever_order_they_were_added(
    seed: int,
) -> None:
    rng, log = _Numbers(seed), Log()
    added: list[tuple[int, int, float]] = []
    for number in range(30):
        rows, days = _some(rng)
        log.add(rows, days, np.full(len(rows), float(number)))
        added += [(row, day, float(number)) for row, day in zip(rows, days, strict=True)]
        for moment in _moments(rng, 5):
            day, value = log.latest(moment)
            for at, (row, until) in enumerate(zip(moment.rows, moment.days, strict=True)):
                seen = [one for one in added if one[0] == row and one[1] <= until]
                last = max(seen, key=lambda one: (one[1], one[2]), default=(row, NO_DAY, np.nan))
                assert (day[at], log.count(moment)[at]) == (last[1], len(seen))
                assert np.array_equal(value[at], last[2], equal_nan=True)


@pytest.mark.slow
@pytest.mark.parametrize("overlapping", [False, True])
def test_who_takes_a_drug_is_found_among_the_latest_courses(overlapping: bool) -> None:
    for seed in range(10):
        rng, courses = _Numbers(seed), Courses()
        for number in range(20):
            rows, days = _some(rng)
            days = days if overlapping else 2 * number + rows % 2
            begins = Moment(rows, days.astype(np.int32), PEOPLE)
            for course in () if overlapping else courses.going_on("metformin", begins):
                course.end(begins)
            stop = (begins.days + 1 + _numbers(rng, len(rows), 30)).astype(np.int32)
            cut = np.zeros(len(rows), dtype=np.bool_)
            drug = ("short", "long")[number % 2]
            courses.append(Course("metformin", rows, begins.days, stop, cut, drug=drug))
            courses.append(Course("other", rows, begins.days, stop + 9, cut, drug="third"))
            for moment in _moments(rng, 2):
                found = courses.going_on("metformin", moment)
                assert _taking(found, moment) == _taking(
                    [one for one in courses if one.ingredient == "metformin"], moment
                )
                assert _taking(courses.of_drug_going_on("long", moment), moment) == _taking(
                    [one for one in courses if one.drug == "long"], moment
                )


def _taking(courses: object, moment: Moment) -> set[int]:
    return {int(at) for course in courses for at in course.taking(moment)}  # type: ignore[attr-defined]


def test_few_courses_are_asked_of_people_who_take_one_at_a_time() -> None:
    courses = Courses()
    for number in range(50):
        rows, day = np.arange(PEOPLE), np.full(PEOPLE, 10 * number, dtype=np.int32)
        cut = np.zeros(PEOPLE, dtype=np.bool_)
        courses.append(Course("metformin", rows, day, (day + np.int32(10)), cut))
    moment = Moment(np.array([2]), np.array([495], dtype=np.int32), PEOPLE)

    assert list(courses.going_on("metformin", moment)) == [courses[-1]]


def _source(rows: Rows, number: int) -> NDArray[np.int32]:
    return np.full(len(rows), number, dtype=np.int32)


@pytest.mark.parametrize("seed", range(5))
def test_the_latest_of_many_episodes_and_relapses_is_found(seed: int) -> None:
    rng = _Numbers(seed)
    episodes: list[Episode] = []
    for number in range(12):
        rows, days = _some(rng)
        one = Episode.begin("J06.9", {number: str(number)}, rows, days, _source(rows, number))
        one.until = days + _numbers(rng, len(rows), 9)
        one.real = _numbers(rng, len(rows), 5) < 4
        back = _numbers(rng, len(rows), 2) < 1
        one.relapses.append((np.flatnonzero(back), (days[back] + 2).astype(np.int32)))
        episodes.append(one)
    table = EpisodeTable.of(episodes, PEOPLE)
    begun = [one for number, episode in enumerate(episodes) for one in _spells(number, episode)]
    first = {row: (number, kind) for number, kind, row, _, _ in reversed(begun) if not kind}
    for moment in _moments(rng, 20):
        spell = table.latest(moment.rows, moment.days)
        found = zip(spell.at, spell.since, spell.until, strict=True)
        got = {int(moment.rows[at]): (since, until) for at, since, until in found}
        wanted = {}
        for row, day in zip(moment.rows.tolist(), moment.days.tolist(), strict=True):
            seen = [one for one in begun if one[2] == row and one[3] <= day]
            if seen:  # of one day: the first episode of the person, then as they were added
                best = max(seen, key=lambda one: (one[3], one[:2] == first.get(row),
                                                  -one[0], -one[1]))  # fmt: skip
                wanted[row] = best[3], best[4]
        assert got == wanted


def _spells(number: int, episode: Episode) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield (episode, whether a relapse, person, first day, first day after)."""
    until = dict(zip(episode.rows.tolist(), episode.until.tolist(), strict=True))
    real = dict(zip(episode.rows.tolist(), episode.holds.tolist(), strict=True))
    for row, since in zip(episode.rows.tolist(), episode.since.tolist(), strict=True):
        if real[row] and since < until[row]:
            yield number, 0, row, since, until[row]
    for times, days in episode.relapses:
        for row, day in zip(episode.rows[times].tolist(), days.tolist(), strict=True):
            if real[row] and day < until[row]:
                yield number, 1, row, day, until[row]


def test_only_episodes_of_the_people_of_a_moment_are_asked_in_their_order() -> None:
    episodes = Episodes()
    for number in range(20):
        rows = np.array([number % PEOPLE])
        day = np.array([number], np.int32)
        episodes.append(Episode.begin("J06.9", {number: ""}, rows, day, _source(rows, number)))
    episodes.settled = True
    moment = Moment(np.array([1, 4]), np.array([3, 3], dtype=np.int32), PEOPLE)

    assert [one.source for one in episodes.of(moment)] == [1, 4, 7, 10, 13, 16, 19]


def test_an_episode_that_grew_comes_apart_into_the_times_of_each_event() -> None:
    grown, nobody = Episodes(), np.zeros(0, dtype=np.int64)
    for rows, sources in (([0, 3], [7, 8]), ([], []), ([1, 2, 3], [7, 9, 7])):
        own, of = np.array(rows, dtype=np.int64), np.array(sources, dtype=np.int32)
        days = (own + 10).astype(np.int32) if len(own) else nobody.astype(np.int32)
        addresses = {source: f"at {source}" for source in sources}
        grown.grow(Episode.begin("J06.9", addresses, own, days, of))
    (episode,) = grown
    episode.relapses.append((np.array([1, 4]), np.array([20, 21], dtype=np.int32)))
    following = episode.followed_by("Z87.09")
    parts = episode.parts()

    assert [(one.source, one.address, one.rows.tolist()) for _, one in parts] == [
        (7, "at 7", [0, 1, 3]), (8, "at 8", [3]), (9, "at 9", [2])]  # fmt: skip
    assert [[(times.tolist(), days.tolist()) for times, days in one.relapses]
            for _, one in parts] == [[([2], [21])], [([0], [20])], [([], [])]]  # fmt: skip
    after = [following.part_after(at, part) for at, part in parts]
    assert [one.address for one in after] == ["at 7>Z87.09", "at 8>Z87.09", "at 9>Z87.09"]
    assert all(one.after is part for one, (_, part) in zip(after, parts, strict=True))
