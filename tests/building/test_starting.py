"""From a wish to a draft: what is put where, what is assumed, what is asked."""

from __future__ import annotations

import pytest

from healthsim.building import draft, refining, starting
from healthsim.building.draft import Draft
from healthsim.errors import NotFound, Refused

WISH = "I need 200 Medicare patients with diabetes, mostly in Texas"


def _profile(wish: str) -> dict[str, object]:
    new, _ = starting.start_profile(wish)
    assert new.profile is not None
    return new.profile


def _clinical(wish: str) -> list[dict[str, object]]:
    clinical = _profile(wish)["clinical"]
    assert isinstance(clinical, dict)
    found: list[dict[str, object]] = clinical["comorbidities"]
    return found


def test_the_reference_wish_takes_its_template_and_asks_about_the_rest_of_texas() -> None:
    new, story = starting.start_profile(WISH)

    assert new.templates == ("medicare-diabetic",)
    assert new.profile is not None
    assert new.profile["count"] == 200
    assert new.profile["demographics"]["location"]["states"]["TX"] == 0.8
    assert story.not_understood == []
    asked = draft.questions(new)
    assert [question.path for question in asked] == ["demographics.location.states"]
    assert asked[0].assumed
    assert draft.phase([], asked) == "refine"


@pytest.mark.parametrize(
    ("wish", "template"),
    [
        (WISH, "medicare-diabetic"),
        ("100 healthy commercial members", "commercial-healthy"),
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
        ("a general Medicare population for wellness visits", "medicare-general"),
        ("pregnant women", "commercial-maternity"),
        ("300 pregnant women on Medicaid", "commercial-maternity"),
        ("200 newborns", "newborn"),
        ("CHIP kids", "chip-children"),
        ("commercial children", "commercial-pediatric"),
        ("500 commercial families", "commercial-family"),
        ("500 commercial families with a newborn", "commercial-family"),
        ("500 families on a high-deductible plan", "commercial-family"),
        ("high-cost commercial members", "commercial-high-cost"),
        ("oncology trial candidates", "oncology-trial-candidates"),
        ("trial candidates with type 2 diabetes", "diabetes-trial-candidates"),
        ("bariatric surgery candidates", "bariatric-candidates"),
        ("patients before coronary bypass surgery", "cardiac-surgery-candidates"),
        ("people with diabetes", ""),
        ("people in Ohio", ""),
    ],
)
def test_a_template_is_taken_only_where_payer_condition_and_ages_fit(
    wish: str, template: str
) -> None:
    new, _ = starting.start_profile(wish)

    assert "".join(new.templates) == template


@pytest.mark.parametrize(
    "wish",
    [
        WISH,
        "100 healthy commercial members in Ohio, 60% women",
        "Medicaid kids with asthma in Florida and Georgia",
        "500 commercial members aged 30-50 with type 2 diabetes, hypertension in 40%",
        "Medicare Advantage seniors with COPD and heart failure in NY",
        "people over 40 with depression",
        "250 women with an HDHP, 80% in TX and 20% in OK",
        "men with an enlarged prostate, Original Medicare, without hypertension",
    ],
)
def test_every_wish_that_names_people_becomes_a_specification_without_problems(wish: str) -> None:
    new, _ = starting.start_profile(wish)

    assert draft.problems(new) == []


@pytest.mark.parametrize(
    "wish",
    [
        "300 pregnant women on Medicaid in Ohio",
        "200 newborns in Texas",
        "100 Medicare patients with heart failure, 60% women",
        "Medicare patients with chronic kidney disease aged 70 to 80",
        "newly diagnosed commercial diabetics",
        "frail Medicare Advantage members with COPD in 40%",
    ],
)
def test_a_template_taken_by_its_topic_becomes_a_specification_without_problems(wish: str) -> None:
    new, story = starting.start_profile(wish)

    assert new.templates
    assert story.not_understood == []
    assert draft.problems(new) == []


def test_what_everybody_in_a_template_has_is_not_put_in_again() -> None:
    codes = [one["code"] for one in _clinical("Medicare patients with heart failure")]

    assert {"I50.22", "I50.32"} <= set(codes)
    assert "I50.9" not in codes


def test_a_template_s_expectations_stay_with_its_own_people() -> None:
    assert "expectations" in _profile("1000 Medicare patients with heart failure")
    for changed in ("50 Medicare patients with heart failure",
                    "1000 Medicare patients with heart failure, 60% women"):  # fmt: skip
        new, story = starting.start_profile(changed)
        assert new.profile is not None
        assert "expectations" not in new.profile
        assert any("left out" in hint for hint in story.hints)


def test_newly_diagnosed_people_have_it_from_the_first_day_of_their_journey() -> None:
    profile = _profile("newly diagnosed commercial diabetics")

    assert profile["clinical"]["primary"] == {"code": "E11.9", "onset": "journey"}  # type: ignore[index]


def test_shares_that_do_not_add_up_are_said_back_and_not_used() -> None:
    new, story = starting.start_profile("Medicare patients, 80% in TX and 30% in OK")

    assert new.profile is not None
    assert "location" not in new.profile["demographics"]
    assert any("110%" in piece or "110 %" in piece for piece in story.not_understood)


def test_a_figure_beats_the_template_and_an_argument_beats_the_figure() -> None:
    assert _profile("30 Medicare patients with diabetes")["count"] == 30
    new, _ = starting.start_profile("30 Medicare patients with diabetes", count=40)
    assert new.profile is not None
    assert new.profile["count"] == 40


def test_a_journey_joins_the_people_of_a_draft() -> None:
    people, _ = starting.start_profile(WISH)
    both, story = starting.start_journey(people, "a first-year diabetes journey")

    assert [journey["name"] for journey in both.journeys] == ["diabetic-first-year"]
    assert story.not_understood == []
    assert draft.problems(both) == []


def test_the_same_journey_does_not_join_twice() -> None:
    once, _ = starting.start_journey(None, "surgical episode")
    with pytest.raises(Refused, match="op remove"):
        starting.start_journey(once, "surgical episode")


def test_a_journey_that_no_template_fits_begins_empty_and_asks() -> None:
    new, story = starting.start_journey(None, "something about jazz lessons")

    assert story.not_understood == ["something about jazz lessons"]
    assert draft.phase([], draft.questions(new)) in {"intent", "scope"}


def test_an_unknown_template_is_answered_with_near_names() -> None:
    with pytest.raises(NotFound, match="did you mean 'medicare-diabetic'"):
        starting.start_profile(WISH, template="medicare-diabetc")
    with pytest.raises(NotFound, match="is a journey"):
        starting.start_profile(WISH, template="surgical-episode")


def test_a_draft_survives_being_written_and_read() -> None:
    new, _ = starting.start_profile(WISH)
    both, _ = starting.start_journey(new, "first-year diabetes")

    assert Draft.of(both.document()) == both


@pytest.mark.parametrize("template", ["commercial-healthy", "medicaid-pediatric"])
@pytest.mark.parametrize("sex", ["men", "women"])
def test_one_sex_leaves_the_conditions_of_a_template_that_name_the_other(
    template: str, sex: str
) -> None:
    new, _ = starting.start_profile(f"200 {sex}", template)

    assert draft.problems(new) == []
    assert new.profile is not None
    weights = new.profile["demographics"]["gender"]
    assert weights[sex[0].upper().replace("W", "F")] == 1


@pytest.mark.parametrize(
    ("wish", "journey"),
    [
        ("first year of diabetes", "diabetic-first-year"),
        ("the first 90 days of new members", "new-member-onboarding"),
        ("knee replacement for men over 60", "surgical-episode"),
        ("monthly telehealth visits for asthma and inhaler refills", ""),
        ("first year after a heart attack", ""),
        ("heart bypass surgery", "cardiac-surgery-episode"),
        ("pregnancy from first visit to delivery", ""),
    ],
)
def test_a_journey_template_is_taken_only_where_it_is_about_the_wish(
    wish: str, journey: str
) -> None:
    new, story = starting.start_journey(None, wish)

    assert "".join(new.templates) == journey
    assert bool(journey) or story.not_understood == [wish]


def test_a_second_journey_is_said_to_be_one() -> None:
    once, _ = starting.start_journey(None, "surgical episode")
    _, story = starting.start_journey(once, "first year of diabetes")

    assert "2 journeys" in " ".join(story.hints)


def test_the_step_that_is_suggested_for_an_empty_journey_is_valid() -> None:
    empty, _ = starting.start_journey(None, "jazz lessons")
    step = next(item for item in draft.questions(empty) if item.path.endswith("steps"))
    new, _ = refining.refine(empty, [dict(step.suggestions[0])])

    assert draft.problems(new) == []


def test_what_was_not_understood_keeps_a_draft_from_being_confirmed() -> None:
    new, _ = starting.start_profile("200 Medicare patients with diabetes, veterans, in Texas")
    asked = draft.questions(new)

    assert draft.phase([], asked) == "refine"
    assert any("veterans" in item.ask for item in asked)
    again, _ = refining.refine(new, [{"op": "remove", "path": "not_understood"}])
    assert draft.phase([], draft.questions(again)) == "confirm"


def test_people_with_a_condition_have_had_it_for_years_unless_they_are_new() -> None:
    new, story = starting.start_profile("200 commercial members with hypertension")
    assert new.profile is not None
    assert new.profile["clinical"]["primary"]["onset"]["years_before"]["mean"] == 5
    assert any("assumed" in line for line in story.understood)

    fresh = _profile("200 commercial members newly diagnosed with hypertension")
    assert fresh["clinical"]["primary"] == {"code": "I10"}  # type: ignore[index]


def test_exact_counts_by_sex_are_put_into_the_profile_or_said_back() -> None:
    new, _ = starting.start_profile("exactly 25 men and 25 women with an HDHP")
    assert new.profile is not None
    assert new.profile["demographics"]["gender"]["exactly"] == {"M": 25, "F": 25}
    assert draft.problems(new) == []

    _, story = starting.start_profile("exactly 25 men and 25 women", count=60)
    assert story.not_understood == ["exactly 25 men and 25 women"]


def test_families_on_a_plan_get_the_design_for_families() -> None:
    profile = _profile("200 commercial families on a high-deductible plan")

    assert profile["coverage"]["plan"] == {"Family-HDHP": 1.0}  # type: ignore[index]


def test_a_share_that_is_said_keeps_how_the_condition_goes_with_others() -> None:
    found = {one["code"]: one for one in _clinical(f"{WISH}, 60 % with hypertension")}

    assert found["I10"] == {"code": "I10", "share": 0.6, "loading": 0.656}
    assert found["E78.5"]["loading"] == 0.679


@pytest.mark.parametrize(
    ("said", "asked"),
    [("30 % with obesity", [0.3]), ("without obesity", []), ("with obesity", [1.0])],
)
def test_a_condition_is_changed_where_it_is_one_of_several_too(
    said: str, asked: list[float]
) -> None:
    new, story = starting.start_profile(f"{WISH}, {said}")
    assert new.profile is not None
    clinical = new.profile["clinical"]
    assert isinstance(clinical, dict)
    shares = [one["share"] for one in clinical["comorbidities"] if one["code"] == "E66.9"]

    assert draft.problems(new) == []
    assert story.not_understood == []
    assert "one_of" not in clinical
    assert shares == asked


@pytest.mark.parametrize(
    ("wish", "location"),
    [
        ("300 Medicare patients in Harris County, Texas", {"counties": {"Harris County, TX": 1.0}}),
        ("300 adults with copd in Harris County in TX", {"counties": {"Harris County, TX": 1.0}}),
        ("300 adults in Chittenden County", {"counties": {"Chittenden County, VT": 1.0}}),
        ("300 Medicare patients in rural Vermont", {"states": {"VT": 1.0}, "area": "rural"}),
        (
            "300 adults in Harris County, TX and Orleans County, Vermont",
            {"counties": {"Harris County, TX": 0.5, "Orleans County, VT": 0.5}},
        ),
    ],
)
def test_a_county_or_a_rural_state_is_where_people_live(
    wish: str, location: dict[str, object]
) -> None:
    new, story = starting.start_profile(wish)

    assert new.profile is not None
    assert new.profile["demographics"]["location"] == location
    assert story.not_understood == []
    assert draft.problems(new) == []


def test_a_county_of_several_states_is_asked_for() -> None:
    _, story = starting.start_profile("300 adults in Orleans County")

    (told,) = story.not_understood
    assert "Orleans County, NY or Orleans County, VT" in told


DIAGNOSED = {"code": "E11.9", "share": {"type": "population", "measure": "diagnosed_diabetes"}}
HYPERTENSION = {"code": "I10", "share": {"type": "population", "measure": "hypertension"}}


@pytest.mark.parametrize(
    ("wish", "comorbidities"),
    [
        ("500 people in Harris County, Texas with diabetes as common as there", [DIAGNOSED]),
        ("500 people in Vermont with the local diabetes prevalence", [DIAGNOSED]),
        (
            "500 people in Vermont, population prevalence of diabetes and hypertension",
            [DIAGNOSED, HYPERTENSION],
        ),
        ("500 people in Vermont with high blood pressure at local rates", [HYPERTENSION]),
    ],
)
def test_a_condition_as_common_as_in_the_population_is_not_everybody_s(
    wish: str, comorbidities: list[dict[str, object]]
) -> None:
    new, story = starting.start_profile(wish)

    assert new.profile is not None
    assert new.profile["clinical"] == {"comorbidities": comorbidities}
    assert story.not_understood == []
    assert draft.problems(new) == []


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ("500 people in Vermont with heart failure as common as there", "heart failure"),
        ("local prevalence of diabetes of 12 %, 100 people in Ohio", "local prevalence"),
    ],
)
def test_a_prevalence_that_is_not_known_or_is_said_in_figures_is_said_back(
    wish: str, told: str
) -> None:
    new, story = starting.start_profile(wish)

    assert any(told in piece for piece in story.not_understood)
    assert "population" not in str((new.profile or {})["clinical"])


def test_what_was_not_understood_stays_open_after_another_change() -> None:
    new, _ = starting.start_profile("200 Medicare patients with diabetes, veterans, in Texas")
    again, _ = refining.refine(new, [{"op": "set", "path": "seed", "value": 9}])

    assert any("veterans" in item.ask for item in draft.questions(again))


def test_a_word_for_ages_does_not_widen_those_of_a_template_or_a_payer() -> None:
    new, story = starting.start_profile("1000 Medicaid adults in Texas")
    assert new.profile is not None
    age = new.profile["demographics"]["age"]
    assert (age["type"], age["low"], age["high"]) == ("normal", 19, 64)
    assert "adults -> demographics.age 19 to 64, as drafted" in story.understood

    ill = _profile("Medicaid adults with heart failure")["demographics"]
    assert ill["age"] == {"type": "uniform", "low": 18, "high": 64}  # type: ignore[index]
    said = _profile("1000 Medicaid members aged 18 to 70 in Texas")["demographics"]
    assert (said["age"]["low"], said["age"]["high"]) == (18, 70)  # type: ignore[index]


@pytest.mark.parametrize(
    ("wish", "title"),
    [
        ("500 people around Houston", "Houston-The Woodlands-Sugar Land, TX"),
        ("500 people in the Houston metro area", "Houston-The Woodlands-Sugar Land, TX"),
        ("500 people in Texas, around Houston", "Houston-The Woodlands-Sugar Land, TX"),
        ("500 people around Portland, Maine", "Portland-South Portland, ME"),
    ],
)
def test_a_city_s_surroundings_are_its_metropolitan_area(wish: str, title: str) -> None:
    new, story = starting.start_profile(wish)

    assert new.profile is not None
    assert new.profile["demographics"]["location"] == {"metros": {title: 1.0}}
    assert story.not_understood == []
    assert draft.problems(new) == []


def test_a_city_of_several_areas_is_asked_for_and_a_state_stays_one() -> None:
    _, story = starting.start_profile("500 people around Portland")
    (told,) = story.not_understood
    assert "Portland-South Portland, ME or Portland-Vancouver-Hillsboro, OR-WA" in told

    state = _profile("500 people around New York")["demographics"]
    assert state == {"location": {"states": {"NY": 1.0}}}
