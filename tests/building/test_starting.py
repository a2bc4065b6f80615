"""From a request to a draft: what is put where, what is assumed, what is asked, what is open."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.building import draft, journeying, ledger, refining, starting
from healthsim.building.draft import Draft
from healthsim.building.typed import Typed
from healthsim.errors import NotFound, Refused

REQUEST = "I need 200 Medicare patients with diabetes, mostly in Texas"


def _start(request: str, template: str = "", **given: Any) -> Draft:
    return starting.start_profile(request, template, Typed(**given)).draft


def _profile(request: str) -> dict[str, Any]:
    profile = _start(request).profile
    assert profile is not None
    return profile


def _open(spec: Draft) -> list[str]:
    return [wish.words for wish in ledger.unsettled(spec.wishes)]


def _notes(spec: Draft) -> str:
    return "; ".join(wish.line() for wish in spec.wishes)


def _clinical(request: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = _profile(request)["clinical"]["comorbidities"]
    return listed


def test_the_reference_request_takes_its_template_and_asks_about_the_rest_of_texas() -> None:
    new = _start(REQUEST)

    assert new.templates == ("medicare-diabetic",)
    assert new.profile is not None
    assert new.profile["count"] == 200
    assert new.profile["demographics"]["location"]["states"]["TX"] == 0.8
    assert _open(new) == []
    asked = draft.questions(new)
    assert [question.path for question in asked] == ["demographics.location.states"]
    assert asked[0].assumed
    assert draft.phase([], asked) == "refine"


@pytest.mark.parametrize(
    ("request_", "template"),
    [
        (REQUEST, "medicare-diabetic"),
        ("100 healthy commercial members", "commercial-healthy"),
        ("100 commercial members", ""),
        ("Medicaid children with asthma", "medicaid-pediatric"),
        ("Medicare patients", ""),
        ("commercial members with heart failure", ""),
        ("Medicaid adults", "medicaid-adult"),
        ("Medicaid adults with type 2 diabetes", "medicaid-diabetic"),
        ("500 commercial members with diabetes", "commercial-diabetic"),
        ("Medicare patients with heart failure", "medicare-heart-failure"),
        ("Medicare patients with COPD", "medicare-copd"),
        ("Medicare patients with chronic kidney disease", "medicare-ckd"),
        ("frail Medicare Advantage members", "medicare-advantage-complex"),
        ("a general Medicare population", "medicare-general"),
        ("pregnant women", "commercial-maternity"),
        ("300 pregnant women on Medicaid", "commercial-maternity"),
        ("200 newborns", "newborn"),
        ("CHIP kids", "chip-children"),
        ("commercial children", "commercial-pediatric"),
        ("500 commercial families", "commercial-family"),
        ("500 commercial families with a newborn", "commercial-family"),
        ("500 families on a high-deductible plan", "commercial-family"),
        ("high-cost commercial members", "commercial-high-cost"),
        ("people with diabetes", ""),
        ("people in Ohio", ""),
        ("500 women, 32 % cesarean, babies linked", ""),
        ("Use the medicare-diabetic template for 100 patients", "medicare-diabetic"),
    ],
)
def test_a_template_is_taken_only_where_it_alone_fits(request_: str, template: str) -> None:
    assert "".join(_start(request_).templates) == template


def test_a_template_that_may_be_meant_is_suggested_beside_its_words() -> None:
    new = _start("Maternity cohort, 500 women, 32 % cesarean")

    assert new.templates == ()
    assert "'Maternity'" not in _notes(new)
    assert "template commercial-maternity is about this" in _notes(new)


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST,
        "100 healthy commercial members in Ohio, 60% women",
        "Medicaid kids with asthma in Florida and Georgia",
        "500 commercial members aged 30-50 with type 2 diabetes, hypertension in 40%",
        "Medicare Advantage seniors with COPD and heart failure in NY",
        "people over 40 with depression",
        "250 women with an HDHP, 80% in TX and 20% in OK",
        "men with an enlarged prostate, Original Medicare, without hypertension",
        "300 pregnant women on Medicaid in Ohio",
        "200 newborns in Texas",
        "100 Medicare patients with heart failure, 60% women",
        "Medicare patients with chronic kidney disease aged 70 to 80",
        "newly diagnosed commercial diabetics",
        "frail Medicare Advantage members with COPD",
    ],
)
def test_a_plain_request_becomes_a_specification_without_problems_and_nothing_is_open(
    request_: str,
) -> None:
    new = _start(request_)

    assert draft.problems(new) == []
    assert _open(new) == []
    assert ledger.lost(new.requests, new.wishes) == []


def test_what_everybody_in_a_template_has_is_not_put_in_again() -> None:
    codes = [item["code"] for item in _clinical("Medicare patients with heart failure")]

    assert {"I50.22", "I50.32"} <= set(codes)
    assert "I50.9" not in codes


def test_a_template_s_expectations_stay_with_its_own_people() -> None:
    assert "expectations" in _profile("1000 Medicare patients with heart failure")
    for changed in (
        "50 Medicare patients with heart failure",
        "1000 Medicare patients with heart failure, 60% women",
    ):
        started = starting.start_profile(changed)
        assert started.draft.profile is not None
        assert "expectations" not in started.draft.profile
        assert any("left out" in hint for hint in started.hints)


def test_newly_diagnosed_people_have_it_from_the_first_day_of_their_journey() -> None:
    profile = _profile("newly diagnosed commercial diabetics")

    assert profile["clinical"]["primary"] == {"code": "E11.9", "onset": "journey"}


def test_shares_that_do_not_add_up_are_open_and_not_used() -> None:
    new = _start("Medicare patients, 80% in TX and 30% in OK")

    assert new.profile is not None
    assert "location" not in new.profile["demographics"]
    assert "110 %" in _notes(new)


def test_a_figure_beats_the_template_and_an_argument_beats_the_figure_and_is_asked_about() -> None:
    assert _profile("30 Medicare patients with diabetes")["count"] == 30
    new = _start("30 Medicare patients with diabetes", count=40)
    assert new.profile is not None
    assert new.profile["count"] == 40
    (question,) = [item for item in draft.questions(new) if item.path == "count"]
    assert "'30'" in question.ask
    assert "40" in question.ask


def test_a_journey_joins_the_people_of_a_draft() -> None:
    both = journeying.start_journey(_start(REQUEST), "a first-year diabetes journey").draft

    assert [journey["name"] for journey in both.journeys] == ["diabetic-first-year"]
    assert _open(both) == []
    assert draft.problems(both) == []


def test_a_journey_in_the_request_stays_open_until_its_words_are_passed_on() -> None:
    people = _start(f"{REQUEST}, with a first-year diabetes journey")
    assert _open(people) == ["first-year diabetes journey"]

    both = journeying.start_journey(people, "first-year diabetes journey").draft
    assert _open(both) == []
    assert ledger.lost(both.requests, both.wishes) == []


def test_a_journey_that_is_named_by_its_template_joins_at_once() -> None:
    new = _start("Use commercial-healthy with new-member-onboarding journey")

    assert new.templates == ("commercial-healthy", "new-member-onboarding")
    assert [journey["name"] for journey in new.journeys] == ["new-member-onboarding"]
    assert _open(new) == []


def test_the_same_journey_does_not_join_twice() -> None:
    once = journeying.start_journey(None, "", "surgical-episode").draft
    with pytest.raises(Refused, match="op remove"):
        journeying.start_journey(once, "", "surgical-episode")


def test_a_journey_that_no_template_fits_begins_empty_and_asks() -> None:
    new = journeying.start_journey(None, "something about jazz lessons").draft

    assert _open(new) == ["something about jazz lessons"]
    assert draft.phase([], draft.questions(new)) in {"intent", "scope"}


def test_an_unknown_template_is_answered_with_near_names() -> None:
    with pytest.raises(NotFound, match="did you mean 'medicare-diabetic'"):
        _start(REQUEST, template="medicare-diabetc")
    with pytest.raises(NotFound, match="is a journey"):
        _start(REQUEST, template="surgical-episode")


def test_a_draft_survives_being_written_and_read() -> None:
    both = journeying.start_journey(_start(f"{REQUEST}, veterans"), "first-year diabetes").draft

    assert Draft.of(both.document()) == both


def test_a_draft_that_is_older_than_the_ledger_keeps_what_was_not_understood() -> None:
    stored = _start(REQUEST).document()
    del stored["wishes"]
    stored["not_understood"] = ["veterans"]

    assert _open(Draft.of(stored)) == ["veterans"]


@pytest.mark.parametrize("template", ["commercial-healthy", "medicaid-pediatric"])
@pytest.mark.parametrize("sex", ["men", "women"])
def test_one_sex_leaves_the_conditions_of_a_template_that_name_the_other(
    template: str, sex: str
) -> None:
    new = _start(f"200 {sex}", template)

    assert draft.problems(new) == []
    assert new.profile is not None
    weights = new.profile["demographics"]["gender"]
    assert weights[sex[0].upper().replace("W", "F")] == 1


@pytest.mark.parametrize(
    ("request_", "journey"),
    [
        ("first year of diabetes", "diabetic-first-year"),
        ("the first 90 days of new members", "new-member-onboarding"),
        ("Use the new-member-onboarding journey", "new-member-onboarding"),
        ("monthly telehealth visits for asthma and inhaler refills", ""),
        ("first year after a heart attack", ""),
        ("heart failure admissions with jazz", ""),
        ("journey", ""),
    ],
)
def test_a_journey_template_is_taken_only_where_it_alone_has_every_word(
    request_: str, journey: str
) -> None:
    assert "".join(journeying.start_journey(None, request_).draft.templates) == journey


def test_a_second_journey_is_said_to_be_one() -> None:
    once = journeying.start_journey(None, "", "surgical-episode").draft
    started = journeying.start_journey(once, "first year of diabetes")

    assert "2 journeys" in " ".join(started.hints)


def test_the_step_that_is_suggested_for_an_empty_journey_is_valid() -> None:
    empty = journeying.start_journey(None, "jazz lessons").draft
    step = next(item for item in draft.questions(empty) if item.path.endswith("steps"))
    new, _ = refining.refine(empty, [dict(step.suggestions[0])])

    assert draft.problems(new) == []


def test_open_words_keep_a_draft_from_being_confirmed_until_they_are_left_out() -> None:
    new = _start("200 Medicare patients with diabetes, veterans, in Texas")
    asked = draft.questions(new)

    assert draft.phase([], asked) == "refine"
    assert any("veterans" in item.ask for item in asked)
    same, _ = refining.refine(new, [{"op": "set", "path": "seed", "value": 9}])
    assert any("veterans" in item.ask for item in draft.questions(same))
    again, _ = refining.refine(new, [{"op": "remove", "path": "not_understood"}])
    assert draft.phase([], draft.questions(again)) == "confirm"
    (left_out,) = [wish for wish in again.wishes if wish.words == "veterans"]
    assert left_out.fate == "ignored"
    assert ledger.lost(again.requests, again.wishes) == []


def test_people_with_a_condition_have_had_it_for_years_unless_they_are_new() -> None:
    new = _start("200 commercial members with hypertension")
    assert new.profile is not None
    assert new.profile["clinical"]["primary"]["onset"]["years_before"]["mean"] == 5
    assert "assumed" in _notes(new)

    fresh = _profile("200 commercial members newly diagnosed with hypertension")
    assert fresh["clinical"]["primary"] == {"code": "I10"}


def test_a_code_in_brackets_is_everybody_s_with_its_name() -> None:
    new = _start("300 patients with sepsis (A41.9) in Ohio")

    assert new.profile is not None
    assert new.profile["clinical"]["primary"] == {"code": "A41.9"}
    assert _open(new) == []


def test_exact_counts_by_sex_are_put_into_the_profile_or_are_open() -> None:
    new = _start("exactly 25 men and 25 women with an HDHP")
    assert new.profile is not None
    assert new.profile["demographics"]["gender"]["exactly"] == {"M": 25, "F": 25}
    assert draft.problems(new) == []

    other = _start("exactly 25 men and 25 women", count=60)
    assert "50 people" in _notes(other)


def test_families_on_a_plan_get_the_design_for_families() -> None:
    profile = _profile("200 commercial families on a high-deductible plan")

    assert profile["coverage"]["plan"] == {"Family-HDHP": 1.0}


def test_a_share_that_is_said_keeps_how_the_condition_goes_with_others() -> None:
    listed = {item["code"]: item for item in _clinical(f"{REQUEST}, 60 % with hypertension")}

    assert listed["I10"] == {"code": "I10", "share": 0.6, "loading": 0.656}
    assert listed["E78.5"]["loading"] == 0.679


@pytest.mark.parametrize(
    ("said", "asked"),
    [("30 % with obesity", [0.3]), ("without obesity", []), ("obesity 25 %", [0.25])],
)
def test_a_condition_is_changed_where_it_is_one_of_several_too(
    said: str, asked: list[float]
) -> None:
    new = _start(f"{REQUEST}, {said}")
    assert new.profile is not None
    clinical = new.profile["clinical"]
    shares = [item["share"] for item in clinical["comorbidities"] if item["code"] == "E66.9"]

    assert draft.problems(new) == []
    assert _open(new) == []
    assert "one_of" not in clinical
    assert shares == asked


@pytest.mark.parametrize(
    ("request_", "location"),
    [
        ("300 Medicare patients in Puerto Rico", {"states": {"PR": 1.0}}),
        ("300 Medicare patients in Harris County, Texas", {"counties": {"Harris County, TX": 1.0}}),
        ("300 adults with copd in Harris County in TX", {"counties": {"Harris County, TX": 1.0}}),
        ("300 adults in Chittenden County", {"counties": {"Chittenden County, VT": 1.0}}),
        ("300 adults in county 48201", {"counties": {"48201": 1.0}}),
        ("300 Medicare patients in rural Vermont", {"states": {"VT": 1.0}, "area": "rural"}),
        (
            "300 adults in Harris County, TX and Orleans County, Vermont",
            {"counties": {"Harris County, TX": 0.5, "Orleans County, VT": 0.5}},
        ),
        ("500 people around Houston", {"metros": {"Houston-The Woodlands-Sugar Land, TX": 1.0}}),
        (
            "500 people in the Houston metro area",
            {"metros": {"Houston-The Woodlands-Sugar Land, TX": 1.0}},
        ),
        (
            "500 people in Texas, around Houston",
            {"metros": {"Houston-The Woodlands-Sugar Land, TX": 1.0}},
        ),
        (
            "500 people around Portland, Maine",
            {"metros": {"Portland-South Portland, ME": 1.0}},
        ),
    ],
)
def test_a_place_is_where_people_live(request_: str, location: dict[str, object]) -> None:
    new = _start(request_)

    assert new.profile is not None
    assert new.profile["demographics"]["location"] == location
    assert _open(new) == []
    assert draft.problems(new) == []


@pytest.mark.parametrize(
    ("request_", "titles"),
    [
        ("300 adults in Orleans County", ["Orleans County, NY", "Orleans County, VT"]),
        (
            "500 people around Portland",
            ["Portland-South Portland, ME", "Portland-Vancouver-Hillsboro, OR-WA"],
        ),
    ],
)
def test_a_place_of_several_states_is_open_with_a_change_for_each(
    request_: str, titles: list[str]
) -> None:
    new = _start(request_)
    (wish,) = ledger.unsettled(new.wishes)
    assert [next(iter(change["value"])) for change in wish.suggestions] == titles

    settled, _ = refining.refine(new, [wish.suggestions[0]])
    assert _open(settled) == []
    assert draft.problems(settled) == []


DIAGNOSED = {"code": "E11.9", "share": {"type": "population", "measure": "diagnosed_diabetes"}}
HYPERTENSION = {"code": "I10", "share": {"type": "population", "measure": "hypertension"}}


@pytest.mark.parametrize(
    ("request_", "comorbidities"),
    [
        ("500 people in Harris County, Texas with diabetes as common as there", [DIAGNOSED]),
        (
            "500 people in Vermont, population prevalence of diabetes and hypertension",
            [DIAGNOSED, HYPERTENSION],
        ),
        ("500 people in Vermont with high blood pressure at local rates", [HYPERTENSION]),
    ],
)
def test_a_condition_as_common_as_in_the_population_is_not_everybody_s(
    request_: str, comorbidities: list[dict[str, object]]
) -> None:
    new = _start(request_)

    assert new.profile is not None
    assert new.profile["clinical"] == {"comorbidities": comorbidities}
    assert _open(new) == []
    assert draft.problems(new) == []


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ("500 people in Vermont with heart failure as common as there", "heart failure"),
        ("local prevalence of diabetes of 12 %, 100 people in Ohio", "local prevalence"),
    ],
)
def test_a_prevalence_that_is_not_known_or_is_said_in_figures_is_open(
    request_: str, words: str
) -> None:
    new = _start(request_)

    assert any(words in piece for piece in _open(new))
    assert "population" not in str((new.profile or {})["clinical"])


def test_a_word_for_ages_does_not_widen_those_of_a_template_or_a_payer() -> None:
    new = _start("1000 Medicaid adults in Texas")
    assert new.profile is not None
    age = new.profile["demographics"]["age"]
    assert (age["type"], age["low"], age["high"]) == ("normal", 19, 64)
    assert "'adults' -> demographics.age: 19 to 64, as drafted" in _notes(new)

    ill = _profile("Medicaid adults with heart failure")["demographics"]["age"]
    assert (ill["type"], ill["low"], ill["high"]) == ("uniform", 18, 64.999)
    said = _profile("1000 Medicaid members aged 18 to 70 in Texas")["demographics"]["age"]
    assert (said["low"], said["high"]) == (18, 70.999)


def test_a_state_around_which_people_live_stays_a_state() -> None:
    state = _profile("500 people in New York")["demographics"]
    assert state == {"location": {"states": {"NY": 1.0}}}


SEPSIS = "300 patients with sepsis (A41.9), lactate, ICU 35 %, mortality 18 % in 30 days"


def test_words_that_an_earlier_request_has_too_are_accounted_for_there_alone() -> None:
    both = journeying.start_journey(_start(SEPSIS), SEPSIS).draft

    assert _open(both) == ["lactate", "ICU 35 %", "mortality 18 % in 30 days"]
    assert ledger.lost(both.requests, both.wishes) == []
    for words in ("lactate", "ICU 35 %", "mortality 18 % in 30 days"):
        both, _ = refining.refine(both, [{"op": "set", "path": "seed", "value": 9, "for": words}])
    assert _open(both) == []


def test_going_on_without_the_rest_leaves_out_what_is_not_built_too() -> None:
    new, _ = refining.refine(_start(SEPSIS), [{"op": "remove", "path": "not_understood"}])

    assert _open(new) == []
    assert "ICU 35 % (left out on purpose" in _notes(new)


def test_a_typed_condition_leaves_the_name_of_a_journey_whole() -> None:
    new = _start("200 people, diabetics, first-year diabetes journey", conditions={"diabetes": 1})

    assert _open(new) == ["first-year diabetes journey"]
