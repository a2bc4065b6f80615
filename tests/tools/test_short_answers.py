"""What tools say once, in short, or with a name that is free."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from mcp import Client

from healthsim.app import build_server
from healthsim.building import templates
from stand_ins import ask_few_rules
from talking import Open, text_of

pytestmark = pytest.mark.anyio

REQUEST = "I need 20 Medicare patients with diabetes, mostly in Texas"
CORE = {"op": "set", "path": "detail", "value": "core"}
"""The change that leaves out the tables of a full chart."""


async def _called(client: Any, tool: str, **asked: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, asked)
    assert not result.is_error, text_of(result)
    answer: dict[str, Any] = result.structured_content
    return answer


def _set(path: str, value: object) -> list[dict[str, object]]:
    return [{"op": "set", "path": path, "value": value}]


async def test_a_question_is_asked_in_full_once_and_then_only_named(open_client: Open) -> None:
    async with open_client() as client:
        begun = await _called(client, "start_profile_builder", request=REQUEST)
        spec = begun["spec_id"]
        again = await _called(client, "refine_spec", spec_id=spec, changes=_set("count", 30))
        card = (await _called(client, "get_spec", spec_id=spec))["card"]

    asked = next(item for item in begun["open"] if item["path"].endswith("states"))
    named = next(item for item in again["open"] if item["path"].endswith("states"))
    assert asked["suggestions"]
    assert named["ask"].startswith(asked["ask"][:40])
    assert named["ask"].endswith("… (as asked; get_spec)")
    assert "suggestions" not in named
    assert asked["ask"] in card


async def test_a_question_that_is_new_is_asked_in_full(open_client: Open) -> None:
    profile = json.loads(templates.load("medicare-copd").document)
    async with open_client() as client:
        begun = await _called(
            client, "start_profile_builder", request="50 people", template=profile["name"]
        )
        more = await _called(
            client, "start_journey_builder", request="", spec_id=begun["spec_id"],
            template="new-member-onboarding",
        )  # fmt: skip

    begins = next(item for item in more["open"] if item["path"] == "journeys[0].begins")
    assert len(begins["suggestions"]) == 2
    others = [item for item in more["open"] if item["path"] in {q["path"] for q in begun["open"]}]
    assert all("suggestions" not in item for item in others)


async def test_a_changed_drug_is_answered_with_what_still_names_the_old_one(
    open_client: Open,
) -> None:
    async with open_client() as client:
        begun = await _called(client, "start_profile_builder", request=REQUEST)
        spec = begun["spec_id"]
        await _called(
            client, "start_journey_builder", request="", spec_id=spec,
            template="diabetic-first-year",
        )  # fmt: skip
        changed = await _called(
            client, "refine_spec", spec_id=spec,
            changes=_set("journey.steps[second_glipizide].details.drug",
                         "semaglutide 1 mg pen injector"),
        )  # fmt: skip

    left = [item for item in changed["open"] if "still names 'glipizide'" in item["ask"]]
    assert left
    assert len({item["path"] for item in left}) == len(left)
    assert all("semaglutide" in item["suggestions"][0]["value"] for item in left)


@pytest.mark.slow
async def test_a_section_that_is_too_long_names_its_parts_with_their_sizes(
    open_client: Open,
) -> None:
    async with open_client() as client:
        begun = await _called(client, "start_journey_builder", request="", template="ckd-lifecycle")
        spec = begun["spec_id"]
        result = await client.call_tool("get_spec", {"spec_id": spec, "section": "journey"})
        if result.is_error:
            part = text_of(result).partition("ask for a part of it: ")[2].split(" (")[0]
            shown = await _called(client, "get_spec", spec_id=spec, section=part)
            assert shown["section"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return the answers about one small run: previews before and after it, and its audit."""
    answers: dict[str, dict[str, Any]] = {}

    async def talk() -> None:
        async with Client(build_server(tmp_path_factory.mktemp("home"))) as client:
            request = f"{REQUEST}, save it as dm"
            begun = await _called(client, "start_profile_builder", request=request)
            spec = {"spec_id": begun["spec_id"]}
            await _called(client, "refine_spec", **spec, changes=[CORE])
            answers["before"] = await _called(client, "preview_spec", **spec)
            answers["ran"] = await _called(client, "execute_spec", **spec, save_as="dm")
            answers["after"] = await _called(client, "preview_spec", **spec)
            answers["audit"] = await _called(client, "audit_scenario", name="dm")

    with pytest.MonkeyPatch.context() as patch:
        ask_few_rules(patch)
        anyio.run(talk)
    return answers


@pytest.mark.slow
def test_the_faces_of_a_run_hold_no_number_that_is_somebodys_own(told: dict[str, Any]) -> None:
    columns, rows = told["ran"]["sample"]["columns"], told["ran"]["sample"]["rows"]
    assert columns == ["person_id", "name", "birth_year", "gender", "place", "plan"]
    assert len(rows) == 2
    for _, name, year, gender, place, plan in rows:
        assert " " in name
        assert 1900 < year < 1961
        assert gender in "MF"
        assert place[-4:-2] == ", "
        assert plan in {"MA-HMO", "MA-PPO", "Original"}


@pytest.mark.slow
def test_preview_suggests_a_name_that_is_free(told: dict[str, Any]) -> None:
    assert "save_as='dm')" in told["before"]["next"]
    assert "save_as='dm-2')" in told["after"]["next"]
    assert "'dm' is taken" in told["after"]["next"]


@pytest.mark.slow
async def test_preview_says_who_walks_a_journey_and_how_many_may_not(open_client: Open) -> None:
    async with open_client() as client:
        begun = await _called(
            client, "start_profile_builder", template="medicare-general", request="40 people",
        )  # fmt: skip
        spec = begun["spec_id"]
        await _called(
            client, "start_journey_builder", request="", spec_id=spec,
            template="diabetic-annual",
        )  # fmt: skip
        await _called(client, "refine_spec", spec_id=spec, changes=[CORE])
        seen = await _called(client, "preview_spec", spec_id=spec, sample=5)

    assert seen["people"]["columns"][-1] == "journeys"
    assert {row[-1] for row in seen["people"]["rows"]} <= {"none", "diabetic-annual"}
    (said,) = [text for text in seen["warnings"] if ".eligible: " in text]
    assert said.startswith("journeys[diabetic-annual].eligible: has('E11') and age >= 18 is true ")
    assert "of all 40 people, and nothing of the journey happens to the others" in said


async def test_a_search_that_nothing_fits_says_where_its_words_stand(open_client: Open) -> None:
    async with open_client() as client:
        found = await _called(client, "find_templates", query="GLP-1 semaglutide")

    assert found["templates"]["rows"] == []
    assert found["next"].startswith(
        "No template fits 'GLP-1 semaglutide': none meets half of its words. 'glp' is part of "
        "phase-3-trial. 'semaglutide' is part of bariatric-candidates, commercial-diabetic."
    )


async def test_what_is_not_built_is_answered_in_place_of_codes_that_fit_a_part(
    open_client: Open,
) -> None:
    async with open_client() as client:
        files = await _called(client, "look_up", query="X12 837")
        codes = await _called(client, "look_up", query="837")
        one_book = await _called(client, "look_up", query="X12 837", kind="drg")

    assert files["found"]["columns"] == ["what", "answer"]
    assert files["found"]["rows"][0][1].startswith("not built; nearest: ")
    for shown in (codes, one_book):
        assert shown["found"]["columns"][1] == "code"


async def test_quick_people_name_the_columns_of_what_they_have_alone(open_client: Open) -> None:
    async with open_client() as client:
        seen = await _called(client, "quick_generate", traits="a diabetic woman of 70")

    has = set().union(*(person.keys() for person in seen["people"]))
    assert seen["columns"]
    assert set(seen["columns"]) <= has
    assert "trial_visits" not in seen["columns"]


@pytest.mark.slow
def test_an_audit_lists_the_published_figures_that_are_not_met_and_counts_the_others(
    told: dict[str, Any],
) -> None:
    audit = told["audit"]
    status = [row[7] for row in audit["scorecard"]["rows"]]
    assert "met" not in status
    assert " published figures are met" in audit["next"] or "can be judged" in audit["next"]
    assert all(not row[0].endswith((": youngest", ": oldest")) or row[-1] is False
               for row in audit["asked_against_got"]["rows"])  # fmt: skip
    assert "spreads that fit are not listed" in audit["note"]
