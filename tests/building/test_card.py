"""The card says every kind of step, in a line that a person can confirm."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.building import card, draft, paths, templates
from healthsim.building.draft import Draft
from healthsim.errors import Problem
from healthsim.specification.profiles.profile import ProfileSpec
from storing import spec

BOTH = Draft(profile=spec("every-household"), journeys=(spec("every-step"),))
TRIAL = Draft(journeys=(spec("trial"),))


def test_the_draft_of_every_kind_has_no_problems() -> None:
    assert draft.problems(BOTH) == []


def test_loadings_are_said_with_how_often_their_conditions_meet() -> None:
    clinical = {"comorbidities": [
        {"code": "I10", "share": 0.821, "loading": 0.656},
        {"code": "E78.5", "share": 0.772, "loading": 0.679},
        {"code": "N18.30", "share": {"type": "conditional"}, "loading": 0.5}, "unfinished",
    ]}  # fmt: skip
    said = card.page(Draft(profile={"name": "together", "clinical": clinical}), [], [])

    assert "| I10 | 82.1 %, loading 0.656 |" in said
    assert "| I10 and E78.5 | together 67.5 % |" in said
    assert "N18.30 and" not in said


SETTINGS: dict[str, Any] = {
    "physiology": "none", "mortality": {"ratio": 1.3}, "one_bed": "none", "problem_list": "none",
    "safety": {"allow_violations": 0.02}, "vaccine_intervals": "none",
    "vital_signs": {"inpatient_hours": 4}, "charge_capture": "none", "pharmacy": "none",
}  # fmt: skip


def test_every_switch_of_a_profile_that_is_not_as_usual_is_said() -> None:
    switches = {name for name, field in ProfileSpec.model_fields.items()
                if field.default in ("usual", "postpone")}  # fmt: skip
    usual = card.page(Draft(profile={"name": "p"}), [], [])
    said = card.page(Draft(profile={"name": "p", **SETTINGS}), [], [])

    assert switches == SETTINGS.keys()
    assert [name for name in SETTINGS if f"| {name} |" in usual] == []
    assert "| mortality | ratio 1.3 |" in said
    assert "| vital_signs | inpatient_hours 4 |" in said
    assert "| safety | allow_violations 0.02 |" in said
    assert [name for name in SETTINGS if f"| {name} | " not in said] == []


@pytest.mark.parametrize("name", SETTINGS)
def test_a_template_whose_switch_is_changed_is_not_described_as_the_template(name: str) -> None:
    changed = templates.load("medicare-diabetic").fresh() | {name: SETTINGS[name]}
    said = card.page(Draft(profile=changed, templates=("medicare-diabetic",)), [], [])

    assert "from template medicare-diabetic, changed" in said


def _visits(name: str, steps: int) -> dict[str, Any]:
    step = {"do": "event", "type": "encounter", "at": 1, "details": {"encounter_class": "office"}}
    listed = [step | {"id": f"visit-{number}"} for number in range(steps)]
    return {"name": name, "duration_days": 30, "phases": [{"name": "all", "steps": listed}]}


@pytest.mark.slow
def test_a_card_of_many_journeys_shows_what_fits_and_names_the_others() -> None:
    journeys = tuple(_visits(f"journey-{number}", 5) for number in range(300))
    said = card.page(Draft(journeys=journeys), [], [])
    shown = said.count("visit-4:")

    assert 10 < shown < 100
    assert len(said) < card.MOST_CHARACTERS + 3_000
    assert f"## {300 - shown} more journeys\njourney-{shown}, journey-{shown + 1}, " in said
    assert f'get_spec(section="journeys[journey-{shown}]") shows one.' in said


@pytest.mark.slow
def test_a_journey_that_there_is_little_room_for_is_cut_and_says_where_the_rest_is() -> None:
    journeys = tuple(_visits(name, 2_000) for name in ("first", "second", "third"))
    said = card.page(Draft(journeys=journeys), [], [])

    assert len(said) < card.MOST_CHARACTERS + 2_000
    assert "`third` version 1" in said
    assert 'The rest is cut: get_spec(section="journeys[third].steps") shows' in said


def test_a_card_lists_the_first_of_many_problems_and_how_many_more_there_are() -> None:
    wrong = [Problem(f"place-{number}", "is wrong", "mend it") for number in range(31)]

    assert "place-29: is wrong; mend it\n- 1 more" in card.page(BOTH, wrong, [])
    assert "more" not in card.page(Draft(profile=spec("diabetic")), wrong[:30], [])


@pytest.mark.slow
@pytest.mark.parametrize(
    "said",
    [
        "- parameter shot_month is 10",
        "- flu: include part flu-shot with month <shot_month>",
        "- falls: change egfr by normal: mean -3, sd 1 a year",
        "- wobble: change egfr up and down: sd 2.0 every 30 days, keeps 0.8",
        "- helps: change egfr by 2 while metformin is taken, gone 30 days after",
        "- infarct: diagnosis (I21.9), 0.02 a year, in January ×1.6",
        "- mild: diagnosis (J06.9), 30 % within 90 days",
        "  - age 0 to 17 and gender F: a 20 %, b 80 %",
        "  - everybody else: a 50 %, b 50 %",
        "- race: branch: heals 2 a year; none if otherwise, within 90 days, day 10",
        "- treatment: protocol of 12 cycles of 14 days, counted from the one before, "
        "until count('treatment') > 10, put off 7 days while egfr < 20 (at most 2 times), day 0",
        "  - visit dosing (CnD1), day 1 (-0 to +2 days), missed 2 %, outside the window 3 %",
        "  - visit imaging, day 10, in cycles 4, 8, 12",
        "  - unscheduled extra: 0.5 a year, at most 3",
        "- ckd: stages from 3a 70 %, 3b 30 %, day 400",
        "  - stage 3a, stays years gamma: mean 4, sd 2: to 3b 90 %; to dead 10 %",
        "  - stage 3b: to dialysis 0.2 a year; to dead 0.05 a year; to 3a as soon as egfr > 50",
        "    - session: repeat every mon, wed, fri, 100 times",
        "  - stage dead, final",
        "- recovered: wait until egfr > 40, at most 90 days, asked every 7 days, day 20",
        "  - when the limit passes:",
        "- off: stop what rx started (kidneys), day 200",
        "- four: encounter (office, visit), at the age of 70 years ±10 days",
        "  - to the newborn:",
        "- part flu-shot (month 9):",
        "  - shot: immunization (140), from the next <month>",
        "20 families as of 2025-01-01",
        "| spouse | 60 %; years younger: normal: mean 2, sd 3 | assumed |",
        "| children | 0 40 %, 1 30 %, 2 30 % | assumed |",
        ", precedence 2",
    ],
)
def test_every_kind_of_step_is_said(said: str) -> None:
    lines = card.page(BOTH, [], []).splitlines()

    assert any(one == said or (said[0] not in "- |" and said in one) for one in lines)


def test_every_step_of_a_draft_has_a_line() -> None:
    page = card.page(BOTH, [], [])
    ids = [step["id"] for _, step in paths.steps(BOTH.journeys[0], [])]

    assert [name for name in ids if f"- {name}:" not in page and f" {name}" not in page] == []


def test_a_trial_says_its_arms_blocks_strata_and_criteria() -> None:
    trial = TRIAL.journeys[0]["trial"]
    page = card.page(TRIAL, [], [])

    assert f"- trial {trial['id']}" in page
    assert " : ".join(map(str, trial["arms"].values())) in page
    for criterion in (*trial["inclusion"], *trial["exclusion"]):
        assert f"{criterion['name']}: {criterion['when']}" in page


def test_members_and_years_of_birth_are_said() -> None:
    profile = {
        "kind": "profile", "name": "family", "unit": "family", "demographics": {"born": "1980"},
        "household": {"members": [
            {"role": "self", "conditions": [{"code": "E11.9"}, {"code": "I10", "share": 0.5}]},
            {"role": "spouse", "gender": "F", "age": 38, "pregnant": {"due": "2025-08"}},
            {"role": "child", "born": {"from": "2014", "to": "2015"}},
            {"role": "child"}, {"role": "child", "pregnant": {"weeks": 20}}]},
    }  # fmt: skip
    lines = card.page(Draft(profile=profile), [], []).splitlines()

    for said in (
        "| born | 1980 | assumed |",
        "| self | has E11.9; has I10 in 50 % of families | assumed |",
        "| spouse | F; age 38; pregnant, due 2025-08 | assumed |",
        "| child | born 2014 to 2015 | assumed |",
        "| child | as usual | assumed |",
        "| child | 20 weeks pregnant | assumed |",
    ):
        assert said in lines, lines
