"""What is said in vain is told before anything runs: unreachable, endless, idle."""

from __future__ import annotations

from typing import Any

import pytest

from execution.running import Document, diabetic, event, first_year, journey, visit
from healthsim.building import templates
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.products.reference_names import built_in_names
from healthsim.specification.checks.check import check_job, check_journey, job_warnings
from healthsim.specification.document import read
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec

STATE = {"a1c": {"start": "attribute", "low": 4, "high": 14, "decimals": 1}}


def found(*steps: Document, profile: Document | None = None, **changes: Any) -> list[str]:
    """What is refused of a journey of these steps, for these people or anybody's."""
    walked = read(JourneySpec, journey(*steps, **{"state": STATE, **changes}), "journey")
    if profile is None:
        return [str(problem) for problem in check_journey(walked, built_in_names())]
    people = read(ProfileSpec, profile, "profile")
    return [str(problem) for problem in check_job(people, [walked], built_in_names())]


def warned(*steps: Document, profile: Document | None = None, **changes: Any) -> list[str]:
    walked = read(JourneySpec, journey(*steps, **{"state": STATE, **changes}), "journey")
    people = read(ProfileSpec, profile or diabetic(), "profile")
    return [str(problem) for problem in job_warnings(people, [walked], built_in_names())]


def lower(**more: Any) -> Document:
    return {"do": "change", "id": "lower", "at": 1, "state": "a1c", "by": -1, **more}


def measured() -> Document:
    return event("a1c", "lab", 0, loinc="4548-4", result={"from": "a1c"})


def repeat(until: str, *steps: Document, **more: Any) -> Document:
    return {"do": "repeat", "id": "again", "at": 0, "every": {"days": 30}, "until": until,
            "steps": list(steps) or [visit("inner")], **more}  # fmt: skip


def branch(*options: Document) -> Document:
    return {"do": "branch", "id": "split", "at": 5, "options": list(options)}


IN_VAIN: tuple[tuple[str, list[Document], tuple[str, ...]], ...] = (
    # what, steps, words of the one problem
    ("a step of nobody", [measured(), visit("v", 2) | {"when": "age >= 65 and age < 60"}],
     ("phases[0].steps[1].when", "can never be true", "step 'v' never happens", "change")),
    ("a month that is none", [measured(), visit("v", 2) | {"when": "month == 13"}],
     ("steps[1].when", "month is 1 to 12")),
    ("beyond the bounds of a state", [measured(), lower(), visit("v", 2) | {"when": "a1c > 14"}],
     ("steps[2].when", "a1c is 4 to 14")),
    ("beyond what is measured", [measured(), visit("v", 2) | {"when": "last('4548-4') < 3"}],
     ("steps[1].when", "last('4548-4') is 4 to 14")),
    ("what waits for a step that never comes",
     [measured(), visit("v", 2) | {"when": "a1c < 0"}, visit("w", 3) | {"when": "happened('v')"}],
     ("steps[2].when", "happened('v') is never true")),
    ("inside of a way that excludes it",
     [measured(), branch({"name": "old", "when": "age >= 80",
                          "steps": [visit("v") | {"when": "age < 75"}]},
                         {"name": "else", "otherwise": True, "steps": []})],
     ("options[0].steps[0].when", "step 'v' never happens")),
    ("an option of nobody",
     [measured(), branch({"name": "none", "when": "a1c > 20", "steps": [visit("v")]},
                         {"name": "else", "otherwise": True, "steps": []})],
     ("options[0].when", "option 'none' is never taken")),
    ("an option behind one that always holds",
     [measured(), branch({"name": "all", "when": "age >= 0", "steps": []},
                         {"name": "some", "when": "a1c > 9", "steps": []},
                         {"name": "else", "otherwise": True, "steps": []})],
     ("options[1]", "option 'some' is never taken: age >= 0 is always true")),
    ("a loop whose end never comes", [measured(), repeat("a1c > 20")],
     ("steps[1].until", "a1c > 20 can never be true", "never ends")),
    ("a loop about what does not change", [measured(), repeat("gender == 'F'")],
     ("steps[1].until", "uses nothing that changes", "times")),
    ("a loop about a state that nothing moves", [measured(), repeat("a1c < 7")],
     ("steps[1].until", "uses nothing that changes")),
    ("a loop that waits for a step of nobody",
     [measured(), visit("v", 2) | {"when": "a1c > 99"}, repeat("happened('v')")],
     ("steps[2].until", "happened('v') is never true")),
    ("a wait for what does not change",
     [measured(), {"do": "wait", "id": "w", "until": "a1c < 7", "limit": {"days": 90}}],
     ("steps[1].until", "uses nothing that changes")),
    ("a stage to which nothing leads",
     [measured(), {"do": "stages", "id": "s", "start": "a", "stages": [
         {"name": "a", "final": True}, {"name": "b", "final": True, "steps": [visit("v")]}]}],
     ("stages[1]", "stage 'b'")),
    ("a stage to which only an impossible move leads",
     [measured(), {"do": "stages", "id": "s", "start": "a", "stages": [
         {"name": "a", "moves": [{"to": "b", "until": "a1c > 20"},
                                 {"to": "c", "hazard": {"per_year": 0.1}}]},
         {"name": "b", "final": True}, {"name": "c", "final": True}]}],
     ("stages[1]", "stage 'b'")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "words"), [case[1:] for case in IN_VAIN], ids=[case[0] for case in IN_VAIN]
)
def test_what_no_profile_could_reach_is_refused(
    steps: list[Document], words: tuple[str, ...]
) -> None:
    alone, together = found(*steps), found(*steps, profile=diabetic())

    assert any(all(word in problem for word in words) for problem in alone), alone
    assert any(all(word in problem for word in words) for problem in together), together


REACHED: tuple[tuple[str, list[Document]], ...] = (
    ("a state that something moves", [measured(), lower(), repeat("a1c < 5")]),
    ("a result of a moved state", [measured(), lower(), repeat("last('4548-4') < 5")]),
    ("an age that comes", [measured(), repeat("age >= 99")]),
    ("a loop with times", [measured(), repeat("gender == 'F'", times=3)]),
    ("a counter", [measured(), repeat("count('inner') >= 3")]),
    ("a drug that is begun", [
        measured(), event("rx", "prescription", 1, drug="metformin 500 mg tablet",
                          days_supply=30), repeat("takes('metformin')")]),
    ("a diagnosis by combination", [
        measured(), event("ckd", "diagnosis", 9, code="N18.30"), repeat("has('E11.22')")]),
    ("an attribute of any profile", [measured(), visit("v", 1) | {"when": "frailty > 3"}]),
    ("a combination of what holds", [measured(), visit("v", 1) | {"when": "has('I12')"}]),
    ("a weight of 0", [measured(), branch(
        {"name": "never", "weight": 0.0, "steps": [visit("v")]},
        {"name": "always", "weight": 1.0, "steps": []}),
        visit("w", 9) | {"when": "happened('v')"}]),
)  # fmt: skip


@pytest.mark.parametrize("steps", [case[1] for case in REACHED], ids=[case[0] for case in REACHED])
def test_what_could_be_reached_is_let_through(steps: list[Document]) -> None:
    assert found(*steps) == []


def test_everything_is_told_at_once() -> None:
    said = found(
        measured(),
        visit("v", 2) | {"when": "a1c > 20"},
        repeat("gender == 'F'"),
        branch({"name": "x", "when": "age < 0", "steps": []},
               {"name": "y", "otherwise": True, "steps": []}),
        state={**STATE, "idle": {"start": 3}},
    )  # fmt: skip

    assert len(said) == 4
    assert [word for word in ("steps[1]", "steps[2]", "steps[3]", "state.idle")
            if not any(word in problem for problem in said)] == []  # fmt: skip


def test_a_state_without_any_use_is_refused_and_one_that_is_only_moved_is_warned_of() -> None:
    idle = {**STATE, "idle": {"start": 3}}
    moved = {"do": "change", "id": "move", "at": 3, "state": "idle", "by": 1}

    assert "state.idle: is never changed and no condition reads it" in str(
        found(measured(), state=idle)
    )
    assert found(measured(), moved, state=idle, profile=diabetic()) == []
    assert "state.idle: is changed, but nothing reads it" in str(
        warned(measured(), moved, state=idle)
    )


def test_a_state_that_only_an_expectation_asks_about_has_a_use() -> None:
    kept = {**STATE, "kept": {"start": 3}}

    assert found(measured(), state=kept, expectations=["share(kept == 3) == 1"]) == []


def test_a_step_that_only_these_people_never_reach_is_a_warning() -> None:
    young = visit("v", 2) | {"when": "age < 40"}
    pregnant = visit("w", 3) | {"when": "has('O09')"}
    steps = (measured(), young, pregnant)
    said = warned(*steps)

    assert found(*steps, profile=diabetic()) == []
    assert any("steps[1].when" in one and "age is 65 to 9" in one for one in said), said
    assert any("steps[2].when" in one and "has('O09') is never true" in one for one in said), said


def test_attributes_that_nothing_asks_about_are_a_warning() -> None:
    idle = diabetic()["attributes"] | {"shoe_size": 42}

    assert "nothing uses" in str(warned(measured(), profile=diabetic(attributes=idle)))
    assert "shoe_size" in str(warned(measured(), profile=diabetic(attributes=idle)))


@pytest.mark.parametrize(
    ("eligible", "words"),
    [
        ("age < 40", "age is 65 to 95"),
        ("has('O09')", "has('O09') is never true"),
        ("takes('warfarin')", "takes('warfarin') is never true"),
        ("gender == 'F' and age > 70 and us_state == 'HI'", "us_state is"),
        ("day > 3", "day is 0"),
    ],
)
def test_a_journey_that_nobody_of_the_profile_can_enter_is_refused(
    eligible: str, words: str
) -> None:
    where = {"demographics": {**diabetic()["demographics"], "location": {"states": {"TX": 1}}}}
    with pytest.raises(SpecError) as caught:
        prepare(diabetic(**where), [journey(visit("v"), eligible=eligible)])

    assert "journeys[0].eligible" in str(caught.value)
    assert "true for nobody in the profile" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [one.name for one in templates.load_library() if one.kind == "journey"]
)
def test_no_template_says_anything_in_vain(name: str) -> None:
    walked = read(JourneySpec, templates.load(name, "journey").fresh(), "journey")

    assert [
        str(one) for one in check_journey(walked, built_in_names()) if "never" in str(one)
    ] == []


def test_the_first_year_of_a_diabetic_has_nothing_in_vain() -> None:
    people = read(ProfileSpec, diabetic(), "profile")
    year = read(JourneySpec, first_year(), "journey")

    assert check_job(people, [year], built_in_names()) == []


def planned(day: int, before: int, **more: Any) -> Document:
    visits = [{"id": "seen", "day": day, "window": {"before": before}, "steps": [], **more}]
    return {"do": "protocol", "id": "plan", "cycles": 3, "cycle_days": 21, "visits": visits}


def test_a_window_that_opens_before_its_protocol_begins_is_refused_with_what_to_do() -> None:
    told = [text for text in found(measured(), planned(2, 3)) if "window" in text]

    assert told == [
        "journey.phases[0].steps[1].visits[0].window: opens 3 days before day 2 of the first "
        "cycle, but the protocol begins on day 0, and nothing of it comes before that; let the "
        'protocol begin on "day": 2 or later, or give its first cycle a window of its own: '
        '"first_window": {"before": 1, "after": 0}'
    ]


@pytest.mark.parametrize("plan", [
    planned(4, 3), planned(2, 1), planned(1, 3) | {"at": 3}, planned(2, 5) | {"at": 4},
    planned(1, 3) | {"at": {"after": "measured", "day": {"type": "uniform", "low": 4, "high": 9},
                            "variance_days": 1}},
])  # fmt: skip
def test_a_window_that_is_whole_in_every_cycle_is_accepted(plan: Document) -> None:
    assert [text for text in found(measured(), plan) if "window" in text] == []
