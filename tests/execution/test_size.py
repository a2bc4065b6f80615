"""Size of the people of a chunk: the same in any chunk, by sex, and as born."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from healthsim.dates import NO_DAY
from healthsim.execution.body.persons import PersonalDraws
from healthsim.execution.body.size import Size
from healthsim.execution.people.draws import Draws, UnitRoster
from healthsim.execution.people.people import Households, People
from healthsim.tables import Coded

_YEAR = 365.25


def _people(count: int, age: float, **more: object) -> People:
    none, words = np.zeros(count, dtype=np.int32), Coded.constant("x", count)
    return People(
        person_id=(np.arange(count, dtype=np.int64) + 1) * 100 + 1,
        birth=np.full(count, round(-age * _YEAR), dtype=np.int32),
        gender=Coded.of([["F", "M", None, "other"][number % 4] for number in range(count)]),
        race=words, ethnicity=words, language=words, marital_status=words,
        state=none, county=none, place=none, plan=none, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _ranks(draws: Draws) -> Callable[[str], np.ndarray]:
    return PersonalDraws(draws).rank


def _today(count: int) -> np.ndarray:
    return np.zeros(count, dtype=np.int32)


def test_a_chunk_has_the_sizes_of_the_whole() -> None:
    whole = Size(_people(40, 30), _ranks(Draws(5, 0, 40, 40)))
    part = Size(_people(16, 30), _ranks(Draws(5, 24, 16, 40)))
    for measure in (Size.height, Size.bmi, Size.head):
        every = measure(whole, np.arange(40), _today(40))
        assert (measure(part, np.arange(16), _today(16)) == every[24:]).all()


def test_one_person_measured_twice_on_a_day_has_one_size() -> None:
    size = Size(_people(8, 7), _ranks(Draws(5, 0, 8, 8)))
    rows = np.repeat(np.arange(8), 2)
    height = size.height(rows, _today(16))
    assert (height[::2] == height[1::2]).all()


def test_girls_boys_and_others_have_their_own_charts() -> None:
    size = Size(_people(4, 25), _ranks(Draws(5, 0, 4, 4)))
    assert size.female(np.arange(4)).tolist() == [1.0, 0.0, 0.5, 0.5]


def test_a_stated_weight_at_birth_is_that_of_the_first_day() -> None:
    attributes = {
        "birth_weight_g": np.array([3500.0, 1200.0, 980.0, 2600.0]),
        "gestation_weeks": np.array([40.0, 29.5, 27.0, 37.0]),
    }
    size = Size(_people(4, 0, attributes=attributes), _ranks(Draws(5, 0, 4, 4)))
    rows, today = np.arange(4), _today(4)
    weight = size.bmi(rows, today) * (size.height(rows, today) / 100) ** 2
    assert (1000 * weight) == pytest.approx(attributes["birth_weight_g"], rel=1e-3)
    assert size.chart_months(rows, today)[1] == pytest.approx(-73.5 / 30.4375)


def test_a_child_born_in_the_run_has_the_gestation_of_its_mothers_due_date() -> None:
    roster = UnitRoster(np.array([0, 0, 1, 1]), np.array([1, 50, 1, 50]))
    households = Households(
        roster, np.array([0, 0, 2, 2]), np.array([-1, 0, -1, 2]), np.zeros((0, 4), dtype=np.int64)
    )
    due = np.array([10, NO_DAY, 45, NO_DAY], dtype=np.int32)
    draws = Draws(5, 0, 2, 2).for_roster(roster)
    people = _people(4, 0, households=households, due=due)
    weeks = Size(people, _ranks(draws)).gestation_weeks(np.arange(4))
    assert weeks[[1, 3]] == pytest.approx([270 / 7, 235 / 7])
    assert np.isnan(weeks[[0, 2]]).all()
