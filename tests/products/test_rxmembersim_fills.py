from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.products.rxmembersim.fills import (
    ABANDONED_SHARE,
    RETURNED_SHARE,
    Fills,
    PrescribedCourses,
    dispense,
    refill_attempts,
)
from healthsim.streams import Streams

PEOPLE = 20_000
WRITTEN = 20_089
FAR = 40_000


def courses(
    share: float = 0.81, adherence: float = 0.8, days_supply: int = 30, refills: int = 11,
    last: int = FAR, people: int = PEOPLE, **changes: Any,
) -> PrescribedCourses:  # fmt: skip
    draw, attempts = Streams(5).uniform, refill_attempts(refills)
    refill_u = np.stack([draw(f"refill#{k}", 0, people) for k in range(attempts)] or
                        [np.zeros(0)], axis=-1).reshape(-1)  # fmt: skip
    given = PrescribedCourses(
        therapy=np.arange(people), fill_from=np.full(people, WRITTEN, np.int32),
        last=np.full(people, last, np.int32), days_supply=np.full(people, days_supply, np.int32),
        refills=np.full(people, refills, np.int32), continues=np.zeros(people, np.bool_),
        prompt=np.zeros(people, np.bool_), first_fill_share=np.full(people, share),
        adherence=np.full(people, adherence), used_share=np.zeros(people),
        returned_share=np.zeros(people), first_u=draw("first", 0, people),
        lag_u=draw("lag", 0, people), refill_u=refill_u,
    )  # fmt: skip
    return replace(given, **changes)


def by_attempt(fills: Fills, people: int, attempts: int) -> NDArray[np.int32]:
    """Return the days of fills that were taken, one row for each person."""
    days = np.full((people, attempts), NO_DAY, dtype=np.int32)
    kept = fills.reversed == NO_DAY
    days[fills.prescription[kept], fills.number[kept]] = fills.day[kept]
    return days


def filled(*args: Any, **changes: Any) -> NDArray[np.int32]:
    given = courses(*args, **changes)
    return by_attempt(dispense(given), len(given.therapy), int(given.refills[0]) + 1)


def near(found: float, asked: float, error: float) -> bool:
    return abs(found - asked) <= 3 * error


def test_the_asked_share_fills_and_of_the_others_the_published_share_abandons() -> None:
    made = dispense(courses(share=0.81))
    first = made.attempt == 0
    abandoned = (first & (made.reversed != NO_DAY)).sum() / PEOPLE
    ever = (first & (made.reversed == NO_DAY)).sum() / PEOPLE
    rate = 0.19 * ABANDONED_SHARE

    assert near(ever, 0.81, (0.81 * 0.19 / PEOPLE) ** 0.5)
    assert near(abandoned, rate, (rate * (1 - rate) / PEOPLE) ** 0.5)


def test_first_fills_come_within_a_week_and_a_month_as_published() -> None:
    lag = filled(1.0, refills=0)[:, 0] - WRITTEN

    assert lag.min() == 0
    assert lag.max() == 30
    assert near((lag == 0).mean(), 0.5, (0.25 / PEOPLE) ** 0.5)
    assert near((lag <= 7).mean(), 0.926, (0.926 * 0.074 / PEOPLE) ** 0.5)


def test_what_is_needed_now_is_filled_on_the_day_or_the_next() -> None:
    lag = filled(1.0, refills=0, prompt=np.ones(PEOPLE, np.bool_))[:, 0] - WRITTEN

    assert set(lag.tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("adherence", "days_supply", "refills"),
    [(0.8, 30, 11), (0.6, 90, 3), (1.0, 30, 11), (0.9, 7, 20)],
)
def test_days_covered_from_first_to_last_fill_agree_with_the_adherence(
    adherence: float, days_supply: int, refills: int
) -> None:
    days = filled(1.0, adherence, days_supply, refills)
    span = (days[:, -1] - days[:, 0]).astype(float)

    mean = refills * days_supply / adherence
    assert near(span.mean(), mean, max(span.std() / PEOPLE**0.5, 0.02))


def test_an_adherent_person_comes_up_to_three_days_early_or_late() -> None:
    days = filled(1.0, 1.0)
    off = days[:, 1:] - days[:, :1] - 30 * np.arange(1, 12)

    assert set(off.reshape(-1).tolist()) == {-3, -2, -1, 0, 1, 2, 3}


def test_nobody_is_filled_again_before_the_stated_share_of_all_supplies_is_used() -> None:
    given = courses(1.0, 1.0, people=500, used_share=np.full(500, 0.95))
    days = by_attempt(dispense(given), 500, 12)
    runs_out = days[:, 0] + 30
    for number in range(1, 12):
        assert np.all(days[:, number] >= runs_out - 30 * (1 - 0.95))
        runs_out = np.maximum(runs_out, days[:, number]) + 30


def test_a_renewal_goes_on_from_the_supply_on_hand() -> None:
    old, new = courses(1.0, 1.0, 90, 3, people=200), courses(1.0, 1.0, 90, 3, people=200)
    both = PrescribedCourses(**{
        name: np.stack([getattr(old, name).reshape(200, -1), getattr(new, name).reshape(200, -1)],
                       axis=1).reshape(-1)
        for name in vars(old)
    })  # fmt: skip
    second = np.tile([False, True], 200)
    both = replace(
        both, fill_from=both.fill_from + np.where(second, 300, 0).astype(np.int32),
        last=np.where(second, FAR, WRITTEN + 330).astype(np.int32), continues=second,
        used_share=np.full(400, 0.75),
    )  # fmt: skip
    made = dispense(both)
    order = np.lexsort((made.day, made.prescription // 2))
    person, day = made.prescription[order] // 2, made.day[order]
    gaps = np.diff(day)[np.diff(person) == 0]

    assert gaps.min() >= 84
    assert gaps.max() <= 96


def test_an_abandoned_fill_is_put_back_in_two_weeks_and_nothing_follows_it() -> None:
    made = dispense(courses())
    abandoned = made.reversed != NO_DAY
    wait = (made.reversed - made.day)[abandoned]
    who = np.isin(made.prescription, made.prescription[abandoned])

    assert (wait.min(), wait.max()) == (3, 14)
    assert who.sum() == abandoned.sum()


@pytest.mark.slow
def test_a_refill_that_nobody_fetches_is_put_back_and_made_again_under_its_number() -> None:
    made = dispense(courses(1.0, returned_share=np.full(PEOPLE, RETURNED_SHARE)))
    back = made.reversed != NO_DAY
    refills = made.attempt > 0
    share = back.sum() / refills.sum()
    again = {(p, n): d for p, n, d in zip(made.prescription[~back], made.number[~back],
                                          made.day[~back], strict=True)}  # fmt: skip

    assert 0.02 < share < 0.03  # each prescription has one attempt to spare
    assert np.all(made.attempt[back] > 0)
    for p, n, d in zip(made.prescription[back], made.number[back], made.reversed[back],
                       strict=True):  # fmt: skip
        assert again[p, n] > d


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.integers(0, 400), st.floats(0.01, 1), st.floats(0, 1), st.integers(1, 90),
    st.integers(0, 12), st.floats(0, 0.9), st.floats(0, 0.5),
)  # fmt: skip
def test_fills_follow_each_other_and_never_pass_the_last_day(
    days: int, adherence: float, share: float, days_supply: int, refills: int, used: float,
    returned: float,
) -> None:  # fmt: skip
    made = dispense(courses(
        share, adherence, days_supply, refills, WRITTEN + days, people=50,
        used_share=np.full(50, used), returned_share=np.full(50, returned),
    ))  # fmt: skip
    order = np.lexsort((made.attempt, made.prescription))
    person, day, number = made.prescription[order], made.day[order], made.number[order]
    same = np.diff(person) == 0

    assert np.all(np.diff(day)[same] > 0)
    assert np.all(np.diff(number)[same] >= 0)
    assert number.max(initial=0) <= refills
    assert np.all((day >= WRITTEN) & (day <= WRITTEN + days))
    seen = made.reversed[made.reversed != NO_DAY]
    assert np.all(seen <= WRITTEN + days)


def test_without_prescriptions_there_are_no_fills() -> None:
    assert len(dispense(courses(people=0)).day) == 0


def test_people_alone_fill_as_they_do_in_company() -> None:
    assert np.array_equal(filled(people=100)[:10], filled(people=10))


def test_more_refills_leave_the_earlier_ones_where_they_are() -> None:
    assert np.array_equal(filled(refills=2), filled(refills=5)[:, :3])


def test_a_day_on_which_nobody_can_come_is_moved() -> None:
    given = courses(1.0, 1.0, people=50)
    made = dispense(given, lambda _, days: (days + days % 2).astype(np.int32))

    assert np.all(made.day % 2 == 0)
