"""The card says where every figure comes from, what plans cost, and on which days things begin."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.building import card, draft, journeying, money, refining, starting, templates
from healthsim.building.draft import Assumption, Draft
from healthsim.building.origins import Origins


def row(page: str, name: str) -> list[str]:
    """Return the cells of the row of this name."""
    line = next(line for line in page.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def of_template(**settled: Any) -> Draft:
    profile = templates.load("medicare-diabetic").fresh()
    return Draft(profile=profile, templates=("medicare-diabetic",), **settled)


def test_a_figure_is_said_of_the_template_or_assumed() -> None:
    new, _ = refining.refine(of_template(), [
        {"op": "set", "path": "clinical.comorbidities[I10].share", "value": 0.5},
        {"op": "set", "path": "attributes.smokes", "value": {"yes": 0.2, "no": 0.8}},
    ])  # fmt: skip
    page = card.page(new, [], [])

    assert row(page, "I10") == ["I10", "50 %, loading 0.656", "said"]
    assert row(page, "E78.5")[2] == "template"
    assert row(page, "smokes")[2] == "said"
    assert row(page, "age")[2] == "template"
    assert row(page, "location")[2] == "template"
    assert row(page, "records")[2] == "assumed"


def test_a_figure_that_was_taken_for_a_vague_word_is_assumed_until_it_is_settled() -> None:
    path = "demographics.location.states"
    vague = Assumption(path, "mostly", {"TX": 0.8, "OK": 0.2}, "Is that right?")
    profile = templates.load("medicare-diabetic").fresh()
    profile["demographics"]["location"] = {"states": {"TX": 0.8, "OK": 0.2}}

    assert Origins(Draft(profile=profile, assumptions=(vague,))).of("demographics.location") == (
        "assumed"
    )
    assert Origins(
        Draft(profile=profile, assumptions=(vague,), settled=(path,))
    ).of("demographics.location") == "said"  # fmt: skip


def test_figures_of_a_request_are_said() -> None:
    new = starting.start_profile("250 Medicare patients with diabetes in Texas").draft
    page = card.page(new, [], [])

    assert row(page, "how many") == ["how many", "250 people", "said '250'"]
    assert row(page, "location")[2] == "said 'Texas'"
    assert row(page, "gender")[2] == "template"
    assert row(page, "plan")[2] == "said 'Medicare', as in the template"


def test_a_name_that_no_path_can_hold_does_not_break_the_card() -> None:
    broken = Draft(profile={"name": "x", "clinical": {"comorbidities": [{"code": "", "share": 1}]}})

    assert "assumed" in card.page(broken, [], [])


def test_the_card_says_what_members_of_every_plan_pay() -> None:
    page = card.page(of_template(), [], [])

    assert row(page, "members of MA-HMO pay") == [
        "members of MA-HMO pay",
        "deductible $0; then 20 % coinsurance; out-of-pocket maximum $4,500; copays: office $0, "
        "specialist $30, telehealth $0, urgent care $40, emergency $110, inpatient $1,500, "
        "outpatient hospital $275; drugs: tiers 1-5 $0, $10, $47, $100, $100, "
        "deductible $225, maximum by law",
        "built in",
    ]
    original = row(page, "members of Original pay")[1]
    assert original.startswith("deductible by law; then 20 % coinsurance; ")
    assert "out-of-pocket maximum none" in original


def test_a_plan_of_ones_own_is_shown_with_what_it_leaves_out() -> None:
    design = {"kind": "commercial", "deductible_usd": 3000, "oop_max_usd": 7000,
              "family_deductible_usd": 6000, "premium_usd": 114.5}  # fmt: skip
    coverage = {"plan": {"PPO-3000": 1}, "plans": {"PPO-3000": design}}
    profile = {"name": "x", "coverage": coverage}
    page = card.page(Draft(profile=profile, settled=("coverage.plans.PPO-3000",)), [], [])

    assert row(page, "members of PPO-3000 pay") == [
        "members of PPO-3000 pay",
        "deductible $3,000 (family $6,000); then 20 % coinsurance; out-of-pocket maximum $7,000; "
        "no copays; drugs: the coinsurance; premium $114.50 a month",
        "said",
    ]


@pytest.mark.parametrize(
    ("plan", "names"),
    [
        ({"MA-HMO": 0.5, "Original": 0.5}, ["MA-HMO", "Original"]),
        ({"MA-HMO": 1, "Original": 0}, ["MA-HMO"]),
        ({"type": "categorical", "weights": {"HDHP": 1}}, ["HDHP"]),
        ({"exactly": {"CHIP": 4}}, ["CHIP"]),
        ({"type": "constant", "value": "HDHP"}, ["HDHP"]),
        ({"type": "conditional", "cases": [{"when": "age > 64", "then": {"Original": 1}}],
          "otherwise": {"HDHP": 0.5, "CHIP": 0.5}}, ["Original", "HDHP", "CHIP"]),
        ({"type": "mixture", "parts": [{"weight": 1, "of": {"HDHP": 1}}]}, ["HDHP"]),
        ({"Uninsured": 1}, []), ({"No such": 1}, []), (3, []), (None, []),
    ],
)  # fmt: skip
def test_plans_are_found_in_every_form_of_a_distribution(plan: Any, names: list[str]) -> None:
    assert [name for name, _, _ in money.plans({"plan": plan})] == names


def test_a_plan_that_is_not_finished_is_shown_as_far_as_it_goes() -> None:
    (said,) = money.plans({"plan": {"A": 1}, "plans": {"A": {"deductible_usd": "x",
                                                             "copays_usd": 3}}})  # fmt: skip

    assert said[1].startswith("deductible x; then 20 % coinsurance; ")


def test_the_card_pictures_ages_and_other_numbers() -> None:
    new, _ = refining.refine(of_template(), [
        {"op": "set", "path": "attributes.bmi", "value": {"type": "normal", "mean": 31, "sd": 4,
         "decimals": 1}},
    ])  # fmt: skip
    page = card.page(new, [], [])

    assert row(page, "age")[1].endswith("65 to 94, half up to 73")
    assert "█" in row(page, "age")[1]
    assert row(page, "bmi")[1].endswith("20.8 to 41.2, half up to 31")


@pytest.mark.parametrize(
    ("begins", "said"),
    [
        ({}, ": everybody begins on 2025-01-01, until 2025-04-01 at the latest"),
        ({"begins": {"earliest": "2025-02-01", "latest": "2025-03-01"}},
         ": begins on a day from 2025-02-01 to 2025-03-01, all equally likely, until 2025-05-30"),
        ({"begins": "birth"}, ", of those born in the run, from birth"),
    ],
)  # fmt: skip
def test_the_card_says_when_people_begin_and_until_when_they_are_in_it(
    begins: dict[str, Any], said: str
) -> None:
    journey = {"kind": "journey", "name": "j", "duration_days": 90, "phases": [], **begins}
    profile = {"name": "x", "as_of": "2025-01-01"}

    assert f"90 days{said}" in card.page(Draft(profile=profile, journeys=(journey,)), [], [])


def test_a_journey_without_people_begins_on_the_day_of_the_people() -> None:
    journey = {"kind": "journey", "name": "j", "duration_days": "?", "phases": []}

    assert "everybody begins on the day as of which the people are described" in card.page(
        Draft(journeys=(journey,)), [], []
    )


def test_steps_with_a_figure_of_ones_own_are_marked() -> None:
    first = journeying.start_journey(of_template(), "", "diabetic-first-year").draft
    new, _ = refining.refine(
        first, [{"op": "set", "path": "journey.steps[quarter].times", "value": 2}]
    )
    lines = card.page(new, [], []).splitlines()

    assert [line for line in lines if line.endswith(" (said)")] == [
        line for line in lines if line.startswith("- quarter: ")
    ]
    assert any("from template diabetic-first-year, changed: " in line for line in lines)
    unchanged = card.page(first, [], [])
    assert "(said)" not in unchanged.replace("marked (said)", "")
    assert "Every figure is the template's." in unchanged


def test_a_journey_too_long_for_the_card_names_the_steps_that_are_not_shown() -> None:
    steps = [{"do": "event", "id": f"s{number}", "type": "encounter"} for number in range(155)]
    journey = {"name": "long", "duration_days": 90, "phases": [{"name": "p", "steps": steps}]}
    page = card.page(Draft(journeys=(journey,)), [], [])

    assert page.splitlines()[-1] == (
        "- … more: get_spec with section journeys[long].steps[s150]; not shown are s150, s151, "
        "s152, s153, s154"
    )


def test_a_journey_whose_parts_are_too_long_names_the_parts() -> None:
    steps = [{"do": "event", "id": f"s{number}", "type": "encounter"} for number in range(155)]
    journey = {"name": "long", "duration_days": 90, "phases": [],
               "parts": {"one": {"steps": steps}}}  # fmt: skip
    page = card.page(Draft(journeys=(journey,)), [], [])

    assert page.splitlines()[-1] == "- … more: get_spec with section journeys[long].parts"


def test_shares_of_plans_that_nobody_gave_are_assumed_beside_the_word() -> None:
    new = starting.start_profile("50 Medicaid members with gout").draft
    usual = starting.start_profile("50 commercial members with gout").draft
    given, _ = refining.refine(usual, [
        {"op": "set", "path": "coverage.plan", "value": {"HDHP": 1}},
    ])  # fmt: skip

    assert row(card.page(new, [], []), "plan")[2].startswith("said 'Medicaid'")
    assert row(card.page(usual, [], []), "plan")[2] == "said 'commercial', shares assumed"
    assert row(card.page(given, [], []), "plan")[2] == "said 'commercial'"


def test_a_vague_word_stands_beside_what_was_assumed_for_it() -> None:
    new = starting.start_profile("200 Medicare patients with diabetes, mostly in Texas").draft

    assert row(card.page(new, [], []), "location")[2] == "assumed for 'mostly … Texas'"


def test_what_is_not_in_the_draft_is_listed_once_on_the_card() -> None:
    new = starting.start_profile("200 Medicare patients with diabetes, left-handed").draft
    page = card.page(new, [], draft.questions(new))

    assert page.count("left-handed") == 1
    assert "- What is not in the draft: change the draft for it, or go on without it?" in page


def test_members_of_a_family_are_said_with_their_words_and_one_family_is_one() -> None:
    new = starting.start_profile("a family of four, father diabetic, daughter born 2015").draft
    page = card.page(new, [], [])

    assert row(page, "how many")[1] == "1 family"
    assert "version 1: 1 family as of" in page
    assert row(page, "self")[2].startswith("said ")
    assert "'father'" in row(page, "self")[2]
    assert "1 person as of" in card.page(Draft(profile={"name": "x", "count": 1}), [], [])
