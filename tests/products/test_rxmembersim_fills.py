from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.products.rxmembersim.fills import (
    ABANDONED_SHARE,
    FillDates,
    PrescribedCourse,
    fill_dates,
)
from healthsim.streams import Streams

PEOPLE = 20_000
WRITTEN = 20_089
FAR = 40_000


def filled(
    share: float = 0.81, adherence: float = 0.8, days_supply: int = 30, refills: int = 11,
    last: int = FAR, people: int = PEOPLE,
) -> FillDates:  # fmt: skip
    draw = Streams(5).uniform
    course = PrescribedCourse(
        written=np.full(people, WRITTEN, np.int32), last=np.full(people, last, np.int32),
        days_supply=days_supply, refills=refills, first_fill_share=np.full(people, share),
        adherence=np.full(people, adherence),
    )  # fmt: skip
    jitter: Callable[[int], NDArray[np.float64]] = lambda k: draw(f"refill#{k}", 0, people)  # noqa: E731
    return fill_dates(course, draw("first", 0, people), draw("lag", 0, people), jitter)


def near(found: float, asked: float, error: float) -> bool:
    return abs(found - asked) <= 3 * error


def test_the_asked_share_fills_and_of_the_others_the_published_share_abandons() -> None:
    made = filled(share=0.81)
    abandoned = made.reversed != NO_DAY
    ever = (made.dates[0] != NO_DAY) & ~abandoned
    rate = 0.19 * ABANDONED_SHARE

    assert near(ever.mean(), 0.81, (0.81 * 0.19 / PEOPLE) ** 0.5)
    assert near(abandoned.mean(), rate, (rate * (1 - rate) / PEOPLE) ** 0.5)


def test_first_fills_come_within_a_week_and_a_month_as_published() -> None:
    lag = filled(share=1.0).dates[0] - WRITTEN

    assert lag.min() == 0
    assert lag.max() == 30
    assert near((lag == 0).mean(), 0.5, (0.25 / PEOPLE) ** 0.5)
    assert near((lag <= 7).mean(), 0.926, (0.926 * 0.074 / PEOPLE) ** 0.5)


@pytest.mark.parametrize(
    ("adherence", "days_supply", "refills"),
    [(0.8, 30, 11), (0.6, 90, 3), (1.0, 30, 11), (0.9, 7, 20)],
)
def test_days_covered_from_first_to_last_fill_agree_with_the_adherence(
    adherence: float, days_supply: int, refills: int
) -> None:
    made = filled(1.0, adherence, days_supply, refills)
    span = (made.dates[-1] - made.dates[0]).astype(float)

    mean = refills * days_supply / adherence
    assert near(span.mean(), mean, max(span.std() / PEOPLE**0.5, 0.02))


def test_an_adherent_person_comes_up_to_three_days_early_or_late() -> None:
    made = filled(1.0, 1.0)
    off = [date - made.dates[0] - 30 * number for number, date in enumerate(made.dates)]

    assert set(np.concatenate(off[1:]).tolist()) == {-3, -2, -1, 0, 1, 2, 3}


def test_an_abandoned_fill_is_put_back_in_two_weeks_and_nothing_follows_it() -> None:
    made = filled()
    abandoned = made.reversed != NO_DAY
    wait = (made.reversed - made.dates[0])[abandoned]

    assert (wait.min(), wait.max()) == (3, 14)
    assert all(np.all(date[abandoned] == NO_DAY) for date in made.dates[1:])


@settings(deadline=None)
@given(
    st.integers(0, 400), st.floats(0.01, 1), st.floats(0, 1), st.integers(1, 90), st.integers(0, 12)
)
def test_fills_follow_each_other_and_never_pass_the_last_day(
    days: int, adherence: float, share: float, days_supply: int, refills: int
) -> None:
    made = filled(share, adherence, days_supply, refills, WRITTEN + days, people=50)

    assert len(made.dates) == refills + 1
    before = made.dates[0]
    for date in made.dates[1:]:
        has = date != NO_DAY
        assert np.all(before[has] != NO_DAY)
        assert np.all(date[has] > before[has])
        before = date
    seen = [date[date != NO_DAY] for date in (*made.dates, made.reversed)]
    assert all(np.all((date >= WRITTEN) & (date <= WRITTEN + days)) for date in seen)


def test_people_without_the_prescription_have_no_fills() -> None:
    nobody = PrescribedCourse(
        written=np.full(3, NO_DAY), last=np.full(3, FAR, np.int32), days_supply=30, refills=2,
        first_fill_share=np.ones(3), adherence=np.ones(3),
    )  # fmt: skip
    half = np.full(3, 0.5)

    made = fill_dates(nobody, half, half, lambda _: half)

    assert all(np.all(date == NO_DAY) for date in (*made.dates, made.reversed))


def test_people_alone_fill_as_they_do_in_company() -> None:
    many, few = filled(people=100), filled(people=10)

    assert all(np.array_equal(a[:10], b) for a, b in zip(many.dates, few.dates, strict=True))


def test_more_refills_leave_the_earlier_ones_where_they_are() -> None:
    few, many = filled(refills=2), filled(refills=5)

    assert all(np.array_equal(a, b) for a, b in zip(few.dates, many.dates[:3], strict=True))
