"""A journey laid out: addresses, scopes, anchors and nominal days."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from execution.journeys import journeys
from execution.layout import Layout
from execution.running import first_year, journey, lab, visit
from healthsim.errors import SpecError
from healthsim.specification.document import read
from healthsim.specification.journeys import plan as plans
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.nominal_days import nominal_days
from healthsim.specification.journeys.plan import JourneyLayout, lay_out


def plan_of(*steps: dict[str, Any], **changes: Any) -> JourneyLayout:
    return lay_out(read(JourneySpec, journey(*steps, **changes)))


def rounds(id: str, *steps: dict[str, Any], at: Any = 0, times: int = 3) -> dict[str, Any]:
    return {"do": "repeat", "id": id, "at": at, "every": {"days": 30}, "times": times,
            "steps": list(steps)}  # fmt: skip


def fork(*options: list[dict[str, Any]]) -> dict[str, Any]:
    share = 1 / len(options)
    return {"do": "branch", "id": "fork", "options": [
        {"name": f"way {place}", "weight": share, "steps": steps} for place,
            steps in enumerate(options)
    ]}  # fmt: skip


def test_an_address_is_the_journey_its_repeats_and_the_step() -> None:
    plan = lay_out(read(JourneySpec, first_year()))
    found = [one.address for one in plan.occurrences if not one.tick]

    assert found[:7] == [
        "first-year/initial_visit", "first-year/a1c_first", "first-year/weight_first",
        "first-year/start_metformin", "first-year/metformin_works", "first-year/quarter",
        "first-year/quarter#1/visit",
    ]  # fmt: skip
    assert "first-year/quarter#3/a1c" in found
    assert "first-year/second" in found  # neither phases nor options are part of it


def test_addresses_are_all_different() -> None:
    plan = plan_of(rounds("r", rounds("q", visit("v"), times=2)), fork([visit("w")], [visit("x")]))
    found = [one.address for one in plan.occurrences]

    assert len(set(found)) == len(found)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, derandomize=True,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(documents=journeys())
def test_numbers_follow_the_document(documents: list[dict[str, Any]]) -> None:
    spec = read(JourneySpec, documents[0])
    try:
        plan = lay_out(spec)
    except SpecError:
        assume(False)
    layout = Layout(spec)

    stated = [one.address for one in plan.occurrences if "~" not in one.address]
    assert stated == [layout.nodes[key].address for key in sorted(layout.nodes)]
    assert [one.number for one in plan.occurrences] == list(range(len(plan.occurrences)))


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("v", ["short/r#1/v", "short/r#2/v", "short/r#3/v"]),
        ("v#2", ["short/r#2/v"]),
        ("r/v#2", ["short/r#2/v"]),
        ("r/v", ["short/r#1/v", "short/r#2/v", "short/r#3/v"]),
        ("q/v#2", []),
        ("v#4", []),
        ("r", ["short/r"]),
        ("r#2", ["short/r#2"]),
        ("r#1", ["short/r#1"]),
        ("w", ["short/w"]),
    ],
)
def test_a_name_means_the_occurrences_it_says(name: str, addresses: list[str]) -> None:
    plan = plan_of(rounds("r", visit("v")), visit("w", 5))

    assert [
        plan.occurrences[number].address for number in plan.occurrences_named(name)
    ] == addresses


def test_of_a_repeat_its_beats_are_counted() -> None:
    plan = plan_of(rounds("r", visit("v")))
    found = [plan.occurrences[number] for number in plan.counted("r")]

    assert [one.tick for one in found] == [1, 2, 3]


def anchored(plan: JourneyLayout, step: str) -> list[str]:
    return [plan.occurrences[one.anchor].address for one in plan.occurrences
            if one.step.id == step and one.anchor >= 0]  # fmt: skip


def test_after_means_the_step_of_the_same_beat() -> None:
    plan = plan_of(rounds("r", visit("v"), lab("l", {"after": "v"})))

    assert anchored(plan, "l") == ["short/r#1/v", "short/r#2/v", "short/r#3/v"]


def test_after_may_name_the_one_step_of_another_scope() -> None:
    plan = plan_of(fork([visit("v")], []), lab("l", {"after": "v"}))

    assert anchored(plan, "l") == ["short/v"]


def test_after_must_say_which_of_several() -> None:
    with pytest.raises(SpecError, match="means 3 occurrences; say which, such as 'r#1/v'"):
        plan_of(rounds("r", visit("v")), lab("l", {"after": "v"}))


def test_the_way_that_an_error_names_is_understood() -> None:
    plan = plan_of(rounds("r", visit("v")), lab("l", {"after": "r#1/v"}))

    assert anchored(plan, "l") == ["short/r#1/v"]


def test_the_way_that_an_error_names_is_understood_in_nested_repeats() -> None:
    nested = rounds("r", rounds("q", visit("v"), times=2))
    with pytest.raises(SpecError) as caught:
        plan_of(nested, lab("l", {"after": "v", "day": 1}))
    named = str(caught.value).rsplit("such as '", 1)[1].rstrip("'")

    assert anchored(plan_of(nested, lab("l", {"after": named})), "l") == [f"short/{named}"]


@pytest.mark.parametrize(
    "steps",
    [
        [visit("v", {"after": "v"})],
        [visit("v", {"after": "w"}), visit("w", {"after": "v"})],
        [fork([visit("v")], []) | {"at": {"after": "v"}}],
        [rounds("r", visit("v"), at={"after": "r/v#2"})],
        [visit("v", {"after": "l"}) | {"with": [lab("l")]}],
    ],
)
def test_steps_that_wait_for_each_other_are_refused(steps: list[dict[str, Any]]) -> None:
    with pytest.raises(SpecError, match="waits for itself"):
        plan_of(*steps)


def test_nominal_days_add_up() -> None:
    plan = plan_of(
        visit("a", 10), visit("b", {"after": "a", "day": 5}),
        rounds("r", visit("v", 2), at={"after": "b", "day": 1}),
        visit("w", {"after": "r/v#3", "day": -7}),
    )  # fmt: skip
    named = {plan.occurrences[number].address: day for number, day in nominal_days(plan).items()}

    assert named["short/b"] == 15
    assert named["short/r#3/v"] == 16 + 60 + 2
    assert named["short/w"] == 71


@pytest.mark.slow
def test_a_journey_of_too_many_occurrences_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plans.MOST_OCCURRENCES == 50_000
    monkeypatch.setattr(plans, "MOST_OCCURRENCES", 5_000)

    with pytest.raises(SpecError, match="over 5,000 occurrences"):
        plan_of(rounds("r", rounds("q", visit("v"), times=1000), times=1000), duration_days=40_000)


def test_a_repeat_until_lasts_as_long_as_the_journey() -> None:
    step = rounds("r", visit("v")) | {"until": "age > 200"}
    del step["times"]
    plan = plan_of(step, duration_days=100)

    assert sum(one.step.id == "v" for one in plan.occurrences) == 4  # days 0, 30, 60 and 90
