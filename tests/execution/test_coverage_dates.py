"""Coverage begins and ends by its payer's calendar, and the payer enters that on a day of its own.

Days are those of 2025; the journey begins on 1 January.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.births import pregnancy, women
from execution.running import (
    Columns,
    diabetic,
    event,
    journey,
    listed,
    run,
    visit,
    within_three_errors,
)
from healthsim.dates import NO_DAY, day_of, iso

FEBRUARY_10 = 40
APRIL_20 = 109


def covered(plan: str, count: int = 20, **design: Any) -> dict[str, Any]:
    """Return people on a plan, built in or of this design; "Uninsured" until a journey says so."""
    return diabetic(count=count) | {
        "mortality": "none", "clinical": {}, "attributes": {}, "through": "2025-12-31",
        "coverage": {"plan": {plan: 1}, **({"plans": {plan: design}} if design else {})},
        "products": ["patientsim", "membersim"],
    }  # fmt: skip


def spans(tables: dict[str, Columns], person: int | None = None) -> set[tuple[str | None, ...]]:
    """Return (plan, first day, last day) of everyone, or of one person."""
    rows = listed(
        tables["enrollments"], "person_id", "plan_id", "effective_date", "term_date"
    )  # fmt: skip
    return {
        (plan, iso(first), None if last == NO_DAY else iso(last))
        for who, plan, first, last in rows
        if person in (None, who)
    }


@pytest.mark.parametrize("plan", ["Commercial-PPO", "MA-HMO", "Original"])
def test_a_plan_begins_on_the_first_after_enrollment_and_ends_with_a_month(plan: str) -> None:
    tables = run(covered("Uninsured"), journey(
        event("in", "enrollment", FEBRUARY_10, plan=plan),
        event("out", "disenrollment", APRIL_20)))  # fmt: skip

    assert spans(tables) == {(plan, "2025-03-01", "2025-04-30")}


def test_enrollment_on_the_first_begins_that_day() -> None:
    tables = run(covered("Uninsured"), journey(event("in", "enrollment", 31, plan="HDHP")))

    assert spans(tables) == {("HDHP", "2025-02-01", None)}


def test_medicaid_begins_with_the_month_of_enrollment_and_pays_its_earlier_visits() -> None:
    tables = run(covered("Uninsured"), journey(
        visit("before", 25, diagnoses=["R05.9"]), visit("same_month", 35, diagnoses=["R05.9"]),
        event("in", "enrollment", FEBRUARY_10, plan="Medicaid-MCO")))  # fmt: skip
    days = {iso(day) for (day,) in listed(tables["claims"], "from_date")}

    assert spans(tables) == {("Medicaid-MCO", "2025-02-01", None)}
    assert days == {"2025-02-05"}


def test_medicaid_begins_after_coverage_that_ended_in_the_month() -> None:
    tables = run(covered("Ours", kind="commercial", coverage_dates="day"), journey(
        event("out", "disenrollment", 34), event("in", "enrollment", FEBRUARY_10,
                                                 plan="Medicaid-MCO")))  # fmt: skip

    assert spans(tables) == {
        ("Ours", "2025-01-01", "2025-02-04"), ("Medicaid-MCO", "2025-02-05", None)
    }  # fmt: skip


def test_medicaid_follows_another_plan_with_the_next_month() -> None:
    tables = run(covered("HDHP"), journey(
        event("in", "enrollment", FEBRUARY_10, plan="Medicaid-MCO")))  # fmt: skip

    assert spans(tables) == {
        ("HDHP", "2025-01-01", "2025-02-28"), ("Medicaid-MCO", "2025-03-01", None)
    }  # fmt: skip


def test_a_plan_may_keep_to_stated_days() -> None:
    tables = run(covered("Ours", kind="commercial", coverage_dates="day"), journey(
        event("out", "disenrollment", FEBRUARY_10),
        event("back", "enrollment", APRIL_20)))  # fmt: skip

    assert spans(tables) == {
        ("Ours", "2025-01-01", "2025-02-10"), ("Ours", "2025-04-20", None)
    }  # fmt: skip


def test_own_coverage_that_a_journey_begins_begins_with_a_month() -> None:
    tables = run(covered("HDHP"), journey(event("in", "enrollment", FEBRUARY_10)))

    assert spans(tables) == {("HDHP", "2025-03-01", None)}


def test_what_was_chosen_and_is_left_before_it_begins_never_begins() -> None:
    tables = run(covered("HDHP"), journey(
        event("in", "enrollment", FEBRUARY_10, plan="Commercial-PPO"),
        event("out", "disenrollment", FEBRUARY_10 + 5)))  # fmt: skip

    assert spans(tables) == {("HDHP", "2025-01-01", "2025-02-28")}


def test_an_end_leaves_what_is_chosen_after_it() -> None:
    tables = run(covered("HDHP"), journey(
        event("out", "disenrollment", FEBRUARY_10),
        event("in", "enrollment", FEBRUARY_10 + 5, plan="Commercial-PPO")))  # fmt: skip

    assert spans(tables) == {
        ("HDHP", "2025-01-01", "2025-02-28"), ("Commercial-PPO", "2025-03-01", None)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("grace", "unpaid", "entered"),
    [(3, True, "2025-05-01"), (1, True, "2025-03-01"), (0, True, None), (3, False, None)],
)
def test_a_premium_not_paid_ends_coverage_in_retrospect(
    grace: int, unpaid: bool, entered: str | None
) -> None:
    tables = run(covered("Market", count=200, kind="commercial", grace_months=grace), journey(
        event("stops_paying", "disenrollment", FEBRUARY_10, reason="premium not paid",
              unpaid=unpaid)))  # fmt: skip
    ended = min(day for (day,) in listed(tables["enrollments"], "ended_date"))

    assert spans(tables) == {("Market", "2025-01-01", "2025-02-28")}
    assert iso(ended) == (entered or "2025-02-10")


def test_a_stated_share_of_changes_is_entered_late() -> None:
    tables = run(covered("Uninsured", count=2000), journey(
        event("in", "enrollment", FEBRUARY_10, plan="Commercial-PPO"),
        event("out", "disenrollment", APRIL_20)))  # fmt: skip
    rows = listed(tables["enrollments"], "added_date", "ended_date")
    added, ended = (np.array(column) for column in zip(*rows, strict=True))

    late = added > day_of("2025-02-10") + 7
    assert within_three_errors(int(late.sum()), len(rows), 0.06)
    assert added[~late].min() == day_of("2025-02-10")
    assert added.max() <= day_of("2025-02-10") + 60
    late = ended > day_of("2025-04-20") + 7
    assert within_three_errors(int(late.sum()), len(rows), 0.20)
    assert ended.max() <= day_of("2025-04-20") + 90
    assert (ended > day_of("2025-04-30")).mean() > 0.1


def test_coverage_of_the_profile_was_entered_before_it_began() -> None:
    tables = run(covered("HDHP", count=300), journey(visit("v", 5, diagnoses=["R05.9"])))
    days = [day for (day,) in listed(tables["enrollments"], "added_date")]

    assert max(days) == day_of("2024-12-31")
    assert min(days) >= day_of("2025-01-01") - 45
    assert listed(tables["enrollments"], "ended_date") == [(NO_DAY,)] * 300


def test_what_a_payer_enters_after_the_data_is_not_in_them() -> None:
    profile = covered("HDHP", count=300) | {"through": "2025-02-03"}
    tables = run(profile, journey(event("out", "disenrollment", 30)))
    ended = [day for (day,) in listed(tables["enrollments"], "ended_date")]

    assert max(ended) == day_of("2025-02-03")
    assert 120 < sum(day == NO_DAY for day in ended) < 240
    assert spans(tables) == {("HDHP", "2025-01-01", "2025-01-31")}


def test_payers_learn_of_a_death_after_it() -> None:
    tables = run(covered("HDHP", count=300), journey(event("die", "death", 30)))
    ended = [day - day_of("2025-01-31") for (day,) in listed(tables["enrollments"], "ended_date")]

    assert (min(ended), max(ended)) == (1, 45)


@pytest.mark.slow
def test_newborns_are_covered_for_31_days_and_on_where_they_are_enrolled() -> None:
    profile = women(count=1500)
    profile["coverage"] = {"plan": {"Commercial-PPO": 1}}
    tables = run(profile, pregnancy())
    born = dict(listed(tables["patients"], "person_id", "birth_date"))
    rows = [(end - born[who], why, added - born[who]) for who, end, why, added in listed(
        tables["enrollments"], "person_id", "term_date", "reason", "added_date")
        if who % 100 >= 50]  # fmt: skip
    left = [one for one in rows if one[1] == "newborn not enrolled"]

    assert len(rows) > 1000
    assert within_three_errors(len(left), len(rows), 0.03)
    assert {days for days, *_ in left} == {30}
    assert {why for _, why, _ in rows} == {"birth", "newborn not enrolled"}
    assert all(1 <= days <= 30 for *_, days in rows if days > -(10**6))


def test_newborns_of_a_plan_of_single_people_stay_covered() -> None:
    profile = women(count=300)
    profile["coverage"] = {"plan": {"Medicaid-MCO": 1}}
    tables = run(profile, pregnancy())

    assert {why for who, why in listed(tables["enrollments"], "person_id", "reason")
            if who % 100 >= 50} == {"birth"}  # fmt: skip
