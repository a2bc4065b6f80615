"""A journey that nobody of a small population may enter is refused, whoever could in principle."""

from __future__ import annotations

import pytest

from execution.running import diabetic, event, journey, run, visit
from healthsim.errors import SpecError
from healthsim.execution.passes.eligibility import MOST_DRAWN
from healthsim.execution.passes.rehearsal import eligibility_problems
from healthsim.execution.prepare import prepare

RARE = "age > 94 and a1c > 12 and gender == 'M'"


def test_a_journey_that_none_of_a_small_population_may_enter_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        prepare(diabetic(count=30), [journey(visit("v"), eligible=RARE)])

    assert f"journeys[short].eligible: {RARE} is true for none of all 30 people" in str(
        caught.value
    )
    assert "raise count" in str(caught.value)


def test_of_a_large_population_only_the_first_are_looked_at_and_nothing_is_refused() -> None:
    job = prepare(diabetic(count=MOST_DRAWN + 1), [journey(visit("v"), eligible=RARE)])

    assert "none of the first 2,000 people" in str(eligibility_problems(job)[0])


def test_one_person_who_may_enter_is_enough() -> None:
    profile, walked = diabetic(count=60), journey(visit("v"), eligible="age > 85")

    assert prepare(profile, [walked]).count == 60
    assert len(run(profile, walked)["encounters"]["person_id"]) < 30


def test_what_an_earlier_journey_causes_is_not_judged_before_it_is_walked() -> None:
    first = journey(event("copd", "diagnosis", 3, code="J44.9"), name="first", duration_days=30)
    begins = {"earliest": "2025-03-01", "latest": "2025-03-01"}
    second = journey(visit("w"), name="second", eligible="has('J44')", begins=begins)

    assert prepare(diabetic(count=20, through="2026-12-31"), [first, second]).count == 20


def test_what_the_profile_alone_decides_is_judged_beside_other_journeys_too() -> None:
    other = journey(visit("w"), name="second")

    with pytest.raises(SpecError, match="true for none of all 30 people"):
        prepare(diabetic(count=30), [journey(visit("v"), eligible=RARE), other])
