"""Journeys: short forms, branches, and the walk over their steps."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from execution.running import event, first_year, journey, visit
from healthsim.errors import SpecError
from healthsim.specification.document import read
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.events import Encounter
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.timing import Every, Length


def journey_of(*steps: dict[str, Any], **changes: Any) -> JourneySpec:
    return read(JourneySpec, journey(*steps, **changes))


def test_a_number_is_a_day_from_the_start() -> None:
    (_, step), = journey_of(visit("v", 30)).steps()  # fmt: skip

    assert step.at.day is not None
    assert step.at.day.range() == (30, 30)


def test_a_step_without_do_is_an_event() -> None:
    document = visit("v")
    del document["do"]
    (_, step), = journey_of(document).steps()  # fmt: skip

    assert isinstance(step, Encounter)


def test_steps_are_walked_in_document_order_with_their_paths() -> None:
    found = read(JourneySpec, first_year())

    assert [(path, step.id) for path, step in found.steps()] == [
        ("phases[0].steps[0]", "initial_visit"),
        ("phases[0].steps[0].with[0]", "a1c_first"),
        ("phases[0].steps[0].with[1]", "weight_first"),
        ("phases[0].steps[0].with[2]", "start_metformin"),
        ("phases[0].steps[1]", "metformin_works"),
        ("phases[1].steps[0]", "quarter"),
        ("phases[1].steps[0].steps[0]", "visit"),
        ("phases[1].steps[0].steps[0].with[0]", "a1c"),
        ("phases[1].steps[1]", "intensify"),
        ("phases[1].steps[1].options[0].steps[0]", "second"),
        ("phases[1].steps[1].options[0].steps[1]", "second_works"),
        ("phases[1].steps[2]", "eyes"),
    ]


def branch(*options: dict[str, Any]) -> Branch:
    (_, step), = journey_of({"do": "branch", "id": "b",
     "options": list(options)}).steps()  # fmt: skip
    assert isinstance(step, Branch)
    return step


def test_options_of_one_condition_form_a_group_and_otherwise_comes_last() -> None:
    found = branch(
        {"name": "rest", "otherwise": True},
        {"name": "a", "when": "age > 70", "weight": 0.25},
        {"name": "b", "when": "age > 60"},
        {"name": "c", "when": "age > 70", "weight": 0.75},
    )

    assert [[option.name for option in group] for group in found.groups()] == [
        ["a", "c"], ["b"], ["rest"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("every", "days"),
    [({"days": 3}, 3), ({"weeks": 2}, 14), ({"months": 12}, 365.25), ({"years": 1}, 365.25),
     ({"years": 1.5}, 547.875)],
)  # fmt: skip
def test_a_beat_has_a_nominal_length(every: dict[str, float], days: float) -> None:
    assert Every(**every).nominal_days == days


def test_years_may_be_parts_and_are_kept_as_written() -> None:
    kept = [Length(years=years).model_dump(mode="json")["years"] for years in (1, 2.0, 1.5)]

    assert [repr(years) for years in kept] == ["1", "2", "1.5"]
    for years in (0, 0.001, 100.5, "1.5", True):
        with pytest.raises(ValidationError, match="years"):
            Length(years=years)


@pytest.mark.parametrize(
    "step",
    [
        event("a", "lab", loinc="4548-4"), event("a", "vital", loinc="29463-7"),
        event("a", "diagnosis", code="I10"), event("a", "procedure", code="45378"),
        event("a", "immunization", cvx="140"), event("a", "prescription", drug="x"),
        event("a", "referral", specialty="x"), event("a", "claim", procedures=["99213"]),
        event("a", "enrollment"), event("a", "disenrollment"), event("a", "death"),
        event("a", "encounter"), {"do": "end", "id": "a"},
        {"do": "change", "id": "a", "state": "x", "by": 1},
        {"do": "repeat", "id": "a", "every": {"days": 1}, "times": 1, "steps": [visit("b")]},
    ],
    ids=lambda step: step.get("type") or step["do"],
)  # fmt: skip
def test_every_kind_of_step_survives_its_own_text(step: dict[str, Any]) -> None:
    once = journey_of(step)

    assert read(JourneySpec, once.text()) == once


def test_what_happens_during_a_visit_is_written_with_with() -> None:
    once = journey_of(visit("v") | {"with": [visit("w")]})

    assert '"with":[{' in once.text()
    with pytest.raises(SpecError, match="unknown key 'with_'"):
        journey_of(visit("v") | {"with_": [visit("w")]})
