"""The language by part: every key has a meaning, every example is valid and runs."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from healthsim.building import refining, templates
from healthsim.building.draft import Draft, problems
from healthsim.errors import NotFound
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.operations import language
from healthsim.specification.distributions.kinds import KEYS_OF, SHAPES
from healthsim.specification.journeys.journey import DOS, EVENT_TYPES, JourneySpec
from healthsim.specification.language.nodes import BUILT_INS, FUNCTIONS
from healthsim.specification.profiles.profile import ProfileSpec

PARTS = list(language.parts().values())


_PROOF = pytest.mark.proof
CHANGED = [
    pytest.param(part, marks=[] if part.name in ("usual_adverse_events", "hazard") else _PROOF)
    for part in PARTS
    if part.example[0] in ("changes", "trial")
]


def _of(*kinds: str) -> Any:
    chosen = [part for part in PARTS if part.example[0] in kinds]
    return pytest.mark.parametrize("part", chosen, ids=lambda part: part.name)


def _reference() -> Draft:
    return Draft(
        profile=templates.load("medicare-diabetic").fresh(),
        journeys=(templates.load("diabetic-first-year").fresh(),),
    )


def _trial() -> Draft:
    return Draft(
        profile=templates.load("diabetes-trial-candidates").fresh(),
        journeys=(templates.load("phase-3-trial").fresh(),),
    )


def _rows(profile: dict[str, Any], journeys: list[dict[str, Any]], count: int = 12) -> int:
    made = list(chunks(prepare(profile | {"count": count}, journeys)))
    return sum(len(columns) for chunk in made for columns in chunk.tables.values())


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_is_short_and_every_key_of_it_has_a_meaning(part: language.Part) -> None:
    page = language.page(part.name)
    keys = [line for line in page.split("Example (")[0].splitlines() if line.startswith("- ")]
    keys = [line for line in keys if " (" in line.partition(":")[0]]

    assert len(page) <= language.LONGEST
    assert ">>>" not in page
    assert "``" not in page.replace("```", "")
    assert [line for line in keys if ": " not in line] == []


@pytest.mark.slow
def test_all_steps_can_be_appended_to_the_reference_journey_together_and_run() -> None:
    steps = [json.loads(part.example[1]) for part in PARTS if part.example[0] == "step"]
    path = "journey.phases[0].steps"
    changes = [{"op": "append", "path": path, "value": step} for step in steps]
    draft, _ = refining.refine(_reference(), changes)

    assert problems(draft) == []
    assert _rows(dict(draft.profile or {}) | {"detail": "core"}, list(draft.journeys), count=6)


@pytest.mark.proof
@pytest.mark.slow
@_of("step")
def test_a_step_can_be_appended_to_the_reference_journey_and_runs(part: language.Part) -> None:
    step = json.loads(part.example[1])
    change = {"op": "append", "path": "journey.phases[0].steps", "value": step}
    draft, _ = refining.refine(_reference(), [change])

    assert problems(draft) == []
    assert _rows(dict(draft.profile or {}), list(draft.journeys))


def _begun(part: language.Part) -> Draft:
    return _trial() if part.example[0] == "trial" else _reference()


@cache
def _changed(name: str) -> Draft:
    """Return the draft with the changes of a part; a change that makes a problem is refused."""
    part = language.parts()[name]
    return refining.refine(_begun(part), json.loads(part.example[1]))[0]


@pytest.mark.slow
@_of("changes", "trial")
def test_changes_can_be_made_to_a_draft(part: language.Part) -> None:
    assert _changed(part.name) != _begun(part)


def test_the_drafts_that_are_changed_have_no_problems() -> None:
    assert problems(_reference()) == problems(_trial()) == []


@pytest.mark.slow
@pytest.mark.parametrize("part", CHANGED, ids=lambda part: part.name)
def test_a_draft_with_changes_runs(part: language.Part) -> None:
    draft = _changed(part.name)

    assert _rows(dict(draft.profile or {}) | {"detail": "core"}, list(draft.journeys), count=40)


@pytest.mark.slow
@_of("profile", "journey")
def test_a_whole_document_runs(part: language.Part) -> None:
    kind, text = part.example
    document = json.loads(text)
    whose = "commercial-healthy" if part.name == "birth" else "medicare-diabetic"
    profile = document if kind == "profile" else templates.load(whose).fresh()

    assert _rows(profile, [document] if kind == "journey" else [])


@_of("shape")
def test_the_steps_of_a_trial_are_those_of_a_template(part: language.Part) -> None:
    step = json.loads(part.example[1])
    journey = templates.load("phase-3-trial").fresh() | {"duration_days": 300}
    journey["phases"] = [{"name": "all", "steps": [step]}]
    read = JourneySpec.model_validate(journey | {"state": {}})

    assert [part.event] == [one.type for _, one in read.steps()][-1:]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_every_kind_of_step_and_event_and_every_key_of_a_document_has_a_part() -> None:
    names = set(language.parts())
    told = "\n".join(language.page(name) for name in names)

    assert set(EVENT_TYPES) | set(DOS) <= names
    for model in (ProfileSpec, JourneySpec):
        for key in model.model_json_schema(by_alias=True)["properties"]:
            assert f"- {key} (" in told or key == "kind"


@pytest.mark.slow
def test_every_object_that_a_document_may_hold_is_told_in_a_part() -> None:
    told = {model.__name__ for part in PARTS for model in part.models}
    shapes = {shape.__name__ for shape in SHAPES}
    steps = {model.__name__ for model in (*EVENT_TYPES.values(), *DOS.values())}
    held = {
        name for model in (ProfileSpec, JourneySpec)
        for name in model.model_json_schema(by_alias=True)["$defs"]
    }  # fmt: skip

    inner = {"Distribution", "Step", "Band", "Case", "Part"}
    assert held - shapes - steps - inner - told == set()


def test_the_parts_tell_every_distribution_function_and_built_in_name() -> None:
    distributions, conditions = language.page("distribution"), language.page("condition")

    assert [kind for kind in KEYS_OF if f"- {kind} (" not in distributions] == []
    assert [name for name in FUNCTIONS if f"{name}('" not in conditions] == []
    assert [name for name in BUILT_INS if name not in conditions] == []


def test_the_index_lists_every_part_in_one_line() -> None:
    lines = [line for line in language.index().splitlines() if line.startswith("- ")]

    assert [line[2:].split(":")[0] for line in lines] == list(language.parts())
    assert len(language.index()) <= language.LONGEST


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("how do I say a repeat every 3 months", "repeat"),
        ("a drug that lowers A1c while it is taken", "change"),
        ("12 % die within 30 days", "hazard"),
        ("a family with two children", "household"),
        ("visits every 21 days for 8 cycles with windows", "protocol"),
        ("CKD stage 3a to dialysis over years", "stages"),
        ("a $3,000 deductible", "plan"),
        ("people who live in Harris County", "location"),
        ("a flu shot", "immunization"),
        ("either rehab or home", "branch"),
        ("dropout of 10 %", "withdrawal"),
        ("switch to a second drug", "prescription"),
    ],
)
def test_a_question_in_plain_words_finds_its_part(question: str, name: str) -> None:
    assert name in [part.name for part in language.find(question, 3)]


@pytest.mark.parametrize(
    ("asked", "mend"),
    [("denial", "partly built"), ("visits every 3 months", "schema: repeat"), ("labb", "'lab'")],
)
def test_a_part_that_is_not_there_is_refused_with_what_was_probably_meant(
    asked: str, mend: str
) -> None:
    with pytest.raises(NotFound, match=mend):
        language.page(asked)
