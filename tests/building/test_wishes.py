"""Reading a wish: what is understood, and that nothing is lost in silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthsim.building.request_parser import read
from healthsim.building.vocabulary import CONDITIONS, STATES


def test_the_reference_wish_is_understood_whole() -> None:
    wish = read(
        "I need 200 Medicare patients with diabetes, mostly in Texas, with a first-year diabetes "
        "journey. Save it as medicare-dm-cohort."
    )

    assert wish.count == 200
    assert wish.payer == "medicare"
    assert wish.conditions == {"E11.9": None}
    assert wish.states == {"TX": 0.8}
    assert wish.journey == "first-year diabetes"
    assert wish.save_as == "medicare-dm-cohort"
    assert wish.left == []


@pytest.mark.parametrize(
    ("request_", "field", "value"),
    [
        ("1,500 people", "count", 1500),
        ("5k members", "count", 5000),
        ("ten thousand seniors", "count", 10_000),
        ("0 people", "count", 0),
        ("women aged 40 to 60", "ages", (40, 60)),
        ("between 25 and 40 years old", "ages", (25, 40)),
        ("patients 65-85", "ages", (65, 85)),
        ("over 65", "ages", (65, 95)),
        ("65 and older", "ages", (65, 95)),
        ("65+", "ages", (65, 95)),
        ("under 18", "ages", (0, 17)),
        ("children", "ages", (0, 17)),
        ("Medicare Advantage", "payer", "medicare advantage"),
        ("traditional Medicare", "payer", "original medicare"),
        ("commercially insured", "payer", "commercial"),
        ("Medicaid kids", "payer", "medicaid"),
        ("80% in TX and 20% in Oklahoma", "states", {"TX": 0.8, "OK": 0.2}),
        ("Florida and Georgia", "states", {"FL": None, "GA": None}),
        ("Texas 80%, Oklahoma 20%", "states", {"TX": 0.8, "OK": 0.2}),
        ("mostly Texas, some Oklahoma", "states", {"TX": 0.8, "OK": None}),
        ("60 percent women", "sexes", {"F": 0.6}),
        ("half male", "sexes", {"M": 0.5}),
        ("type 1 diabetes", "conditions", {"E10.9": None}),
        ("diabetics, hypertension in 40%", "conditions", {"I10": 0.4, "E11.9": None}),
        ("COPD and heart failure", "conditions", {"I50.9": None, "J44.9": None}),
        ("diabetes without hypertension", "without", ["I10"]),
        ("uncontrolled diabetes", "control", "uncontrolled"),
        ("seed 7", "seed", 7),
        ("as of 2024-01-01", "as_of", "2024-01-01"),
    ],
)
def test_plain_words_are_understood(request_: str, field: str, value: object) -> None:
    assert getattr(read(request_), field) == value


@pytest.mark.parametrize("word", ["left-handed", "veterans", "dual eligible", "jazz"])
def test_what_is_not_understood_is_said_back(word: str) -> None:
    wish = read(f"200 Medicare patients, {word}, in Texas")

    assert wish.left == [word]


def test_ordinary_words_are_not_taken_for_states() -> None:
    wish = read("make me some patients, or else, hi, in ok health")

    assert wish.states == {}


def test_every_state_and_condition_is_found_by_its_own_name() -> None:
    names = {code: read(f"people in {name}").states for code, (name, _) in STATES.items()}
    conditions = {code: read(f"people with {name.split(',')[0]}").conditions
                  for code, (_, name) in CONDITIONS.items()}  # fmt: skip

    assert [code for code, found in names.items() if found != {code: None}] == []
    assert [code for code, found in conditions.items() if found != {code: None}] == []


@given(st.text(max_size=300))
def test_any_text_at_all_is_read(text: str) -> None:
    read(text)


@pytest.mark.parametrize(
    ("request_", "ages", "count"),
    [
        ("a diabetic woman of 70", (70, 70), 1),
        ("a 45 year old man with asthma", (45, 45), 1),
        ("200 Medicare patients aged 70", (70, 70), 200),
        ("70 year old women", (70, 70), None),
        ("a patient cohort of 500", None, 500),
    ],
)
def test_one_age_is_an_age_and_not_a_number_of_people(
    request_: str, ages: tuple[int, int] | None, count: int | None
) -> None:
    wish = read(request_)

    assert (wish.ages, wish.count) == (ages, count)
    assert wish.left == []


@pytest.mark.parametrize(
    ("request_", "left", "count"),
    [
        ("200 patients aged 300", "age 300", 200),
        ("15 pregnant women among 300 commercial members", "15 pregnant women among", 300),
        ("100 diabetics, average age 58", "average age 58", 100),
    ],
)
def test_what_would_be_misread_is_said_back(request_: str, left: str, count: int) -> None:
    wish = read(request_)

    assert (wish.left, wish.count) == ([left], count)
    assert wish.sexes == {}
    assert wish.ages is None


def test_the_sex_of_one_person_of_an_age_is_not_lost() -> None:
    assert read("a diabetic woman of 70").sexes == {"F": None}


@pytest.mark.parametrize(
    ("request_", "left", "hint"),
    [
        ("300 adults in a 2:1 trial stratified by sex", ["2:1", "stratified by sex"], "key trial"),
        ("300 adults, placebo", ["placebo"], "key trial"),
        ("500 families with a newborn in mid-year", ["with a newborn in mid-year"], "newborn"),
        ("300 seniors over 10 years", ["over 10 years"], "stages step"),
        ("300 seniors, a 10-year lifecycle", ["10-year", "lifecycle"], "stages step"),
    ],
)
def test_what_belongs_to_a_journey_is_said_back_with_the_way_there(
    request_: str, left: list[str], hint: str
) -> None:
    wish = read(request_)

    assert wish.left == left
    assert hint in " ".join(wish.hints)
    assert wish.count in (300, 500)


def test_exact_counts_by_sex_are_counts_and_their_sum() -> None:
    wish = read("exactly 25 men and 30 women over 40")

    assert (wish.exact, wish.count, wish.ages) == ({"M": 25, "F": 30}, 55, (40, 95))
    assert wish.left == []
