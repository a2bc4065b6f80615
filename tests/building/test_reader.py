"""Reading a request: what is certain is read, and nothing is read that is not certain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthsim.building import ledger, starting
from healthsim.building.ledger import tokens
from healthsim.building.reader import read
from healthsim.building.vocabulary import CONDITIONS, STATES


def test_the_reference_request_is_read_whole_but_for_its_journey() -> None:
    parsed = read(
        "I need 200 Medicare patients with diabetes, mostly in Texas, with a first-year diabetes "
        "journey. Save it as medicare-dm-cohort."
    )

    assert parsed.count == 200
    assert parsed.payer == "medicare"
    assert parsed.conditions == {"E11.9": None}
    assert parsed.states == {"TX": 0.8}
    assert parsed.save_as == "medicare-dm-cohort"


@pytest.mark.parametrize(
    ("request_", "field", "value"),
    [
        ("1,500 people", "count", 1500),
        ("10000 people", "count", 10_000),
        ("5k members", "count", 5000),
        ("2 million members", "count", 2_000_000),
        ("ten thousand seniors", "count", 10_000),
        ("0 people", "count", 0),
        ("a cohort of 500", "count", 500),
        ("a diabetic woman", "count", 1),
        ("women aged 40 to 60", "ages", (40, 60)),
        ("between 25 and 40 years old", "ages", (25, 40)),
        ("patients 65-85", "ages", (65, 85)),
        ("people over 65", "ages", (65, 95)),
        ("65 and older", "ages", (65, 95)),
        ("adults 65+", "ages", (65, 95)),
        ("people under 18", "ages", (0, 17)),
        ("70 year old women", "ages", (70, 70)),
        ("200 Medicare patients aged 70", "ages", (70, 70)),
        ("a woman of 70", "ages", (70, 70)),
        ("children", "ages", (0, 17)),
        ("Medicare Advantage", "payer", "medicare advantage"),
        ("traditional Medicare", "payer", "original medicare"),
        ("commercially insured", "payer", "commercial"),
        ("Medicaid kids", "payer", "medicaid"),
        ("80% in TX and 20% in Oklahoma", "states", {"TX": 0.8, "OK": 0.2}),
        ("people in Florida and Georgia", "states", {"FL": None, "GA": None}),
        ("Texas 80%, Oklahoma 20%", "states", {"TX": 0.8, "OK": 0.2}),
        ("mostly Texas, some Oklahoma", "states", {"TX": 0.8, "OK": None}),
        ("60 percent women", "sexes", {"F": 0.6}),
        ("52 % of them are women", "sexes", {"F": 0.52}),
        ("half male", "sexes", {"M": 0.5}),
        ("gender M 48% F 52%", "sexes", {"M": 0.48, "F": 0.52}),
        ("type 1 diabetics", "conditions", {"E10.9": None}),
        ("100 diabetics, hypertension in 40%", "conditions", {"I10": 0.4, "E11.9": None}),
        ("100 people, 40 % of patients have hypertension", "conditions", {"I10": 0.4}),
        ("people with COPD and heart failure", "conditions", {"I50.9": None, "J44.9": None}),
        ("people with I10 hypertension", "conditions", {"I10": None}),
        ("adults with E11.9", "conditions", {"E11.9": None}),
        ("I10 HTN 78%", "conditions", {"I10": 0.78}),
        ("diabetics without hypertension", "without", ["I10"]),
        ("uncontrolled diabetics", "control", "uncontrolled"),
        ("MA-HMO 35% MA-PPO 65%", "plans", {"MA-HMO": 0.35, "MA-PPO": 0.65}),
        ("35% MA-HMO 65% MA-PPO", "plans", {"MA-HMO": 0.35, "MA-PPO": 0.65}),
        ("Medicare 60 %, Medicaid 40 %", "payers", {"medicare": 0.6, "medicaid": 0.4}),
        ("counties 48453, 48201", "counties", {("48453", ""): None, ("48201", ""): None}),
        ("seed 7", "seed", 7),
        ("as of 2024-01-01", "as_of", "2024-01-01"),
        ("use medicare-diabetic", "template", "medicare-diabetic"),
        ("exactly 25 men and 30 women", "exact", {"M": 25, "F": 30}),
    ],
)
def test_what_is_certain_is_read(request_: str, field: str, value: object) -> None:
    assert getattr(read(request_), field) == value


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ("a daughter born 2015", "count"),
        ("A1c above 8", "ages"),
        ("grade 3+ neutropenia", "ages"),
        ("patients weighing 65-85 kg", "ages"),
        ("patients over 40 mmHg", "ages"),
        ("average age 58", "ages"),
        ("200 patients aged 300", "ages"),
        ("ages 3 to 5, ages 7 to 9", "ages"),
        ("SDTM datasets (DM, AE, EX)", "conditions"),
        ("gestational diabetes 8 %", "conditions"),
        ("family history of diabetes", "conditions"),
        ("screening for depression in 40 %", "conditions"),
        ("60 % of women have diabetes", "conditions"),
        ("60 % of women have diabetes", "sexes"),
        ("a family: father diabetic, daughter with asthma", "conditions"),
        ("people with diabetes or hypertension", "conditions"),
        ("asthma that is worse in autumn", "conditions"),
        ("people with E11.99", "conditions"),
        ("20 % more patients", "count"),
        ("200 people, actually 300", "count"),
        ("200, no, 300 people", "count"),
        ("50 women and 50 men", "count"),
        ("50 women and 50 men", "sexes"),
        ("1.234,5 people", "count"),
        ("1e5 people", "count"),
        ("week 6 patients", "count"),
        ("visits every 21 days", "count"),
        ("at least 200 patients", "count"),
        ("80 patients per day", "count"),
        ("2 of 10 patients", "count"),
        ("How many patients over 65 have diabetes?", "ages"),
        ("Medicaid or commercial", "payer"),
        ("employer group primary and Medicare secondary", "payer"),
        ("Medicare Part D", "payer"),
        ("not on Medicaid", "payer"),
        ("people not in Texas", "states"),
        ("Texas Children's Hospital", "states"),
        ("people in Kansas City", "states"),
        ("an original population", "plans"),
        ("a PPO plan", "payer"),
        ("make me some patients, or else, hi, in ok health", "states"),
        ("200 PATIENTS IN OK HEALTH OR SO", "states"),
        ("babies linked", "aged"),
        ("members across CA, AZ and NV; 50/30/20", "states"),
        ("members in Harris County TX and Dallas County TX, 60/40", "counties"),
        ("members: MA-HMO: 40, MA-PPO: 35, Original: 25", "plans"),
        ("people, ages: 0-17 25%, 18-64 60%", "ages"),
        ("30-day-old infants", "count"),
        ("no more than 50 patients", "count"),
        ("seventy-five percent of 400 women on Medicaid", "payer"),
        ("no hypertension in men, 30% in women", "without"),
        ("no hypertension in men, 30% in women", "sexes"),
        ("grandma who is 78 on Medicare", "payer"),
        ("Group of 50 in Boise, 25 in Spokane", "count"),
        ("Age 12 and under, 200 kids", "aged"),
        ("members with obesity, asthma born 2015", "born"),
    ],
)
def test_what_is_not_certain_is_not_read(request_: str, field: str) -> None:
    assert not getattr(read(request_), field)


def test_a_share_of_those_with_a_condition_is_not_one_of_everybody() -> None:
    parsed = read("600 people, hypertension 45% (of those 20% also CKD)")
    assert parsed.conditions == {"I10": 0.45}

    labelled = read("HTN (I10): 70%; T2DM (E11.9): 40%")
    assert labelled.conditions == {"I10": 0.7, "E11.9": 0.4}


def test_a_number_with_a_hash_is_no_code_of_a_county() -> None:
    assert read("county FIPS 48201, #48113").counties == {("48201", ""): None}


def test_every_state_and_condition_is_found_by_its_own_name() -> None:
    states = {code: read(f"people in {name}").states for code, (name, _) in STATES.items()}
    conditions = {
        code: read(f"people with {name.split(',')[0]}").conditions
        for code, (_, name) in CONDITIONS.items()
    }

    assert [code for code, read_ in states.items() if read_ != {code: None}] == []
    assert [code for code, read_ in conditions.items() if read_ != {code: None}] == []


@pytest.mark.slow
@given(st.text(max_size=300))
def test_any_text_at_all_is_accounted_for(text: str) -> None:
    new = starting.start_profile(text).draft

    assert ledger.lost(new.requests, new.wishes) == []


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("A41.9, E11.9 and I10", ["A41.9", "E11.9", "and", "I10"]),
        ("$3,000-deductible, $7,000 max", ["$3,000", "deductible", "$7,000", "max"]),
        ("80/20, 2:1, 65-85 and 3+", ["80/20", "2:1", "65-85", "and", "3+"]),
        ("8 % or 8%", ["8 %", "or", "8%"]),
        ("2025-08-15, 8/15/2025", ["2025-08-15", "8/15/2025"]),
        ("1.234,5 and 10 000", ["1.234,5", "and", "10 000"]),
        ("+-3 days, ±3 days", ["+-3", "days", "±3", "days"]),
        ("NDC 00169-4132-12, LOINC 4548-4", ["NDC", "00169-4132-12", "LOINC", "4548-4"]),
        ("A1c, GLP-1, PHQ-9/EPDS", ["A1c", "GLP-1", "PHQ-9", "EPDS"]),
        ("5mg, 12h, stage 3a, 1e5", ["5mg", "12h", "stage", "3a", "1e5"]),
    ],
)
def test_a_figure_or_code_is_one_token(text: str, pieces: list[str]) -> None:
    assert [token.text for token in tokens(text)] == pieces


def test_what_is_quoted_of_a_request_is_on_one_line() -> None:
    new = starting.start_profile("20 people, left-handed\u2028 and\x1b tall").draft

    assert [wish.words for wish in ledger.unsettled(new.wishes)] == ["left-handed and tall"]


@pytest.mark.parametrize(
    ("request_", "count"),
    [
        ("twenty dozen diabetics", 240),
        ("20 dozen people with COPD", 240),
        ("3 thousand women with asthma", 3_000),
        ("five hundred thousand people", 500_000),
        ("2 k diabetics", 2_000),
        ("a dozen diabetics", 12),
        ("three score diabetics", None),
        ("twenty score diabetics", None),
        ("twenty five diabetics", None),
        ("two hundred and five people with COPD", None),
        ("20 odd people with COPD", None),
    ],
)
def test_a_number_is_read_with_the_words_that_multiply_it_or_not_at_all(
    request_: str, count: int | None
) -> None:
    assert read(request_).count == count


@pytest.mark.parametrize(
    ("request_", "ages"),
    [
        ("100 kids and teens on Medicaid", (0, 17)),
        ("kids and teenagers on Medicaid", (0, 17)),
        ("50 toddlers, kids and teens in Ohio", (0, 17)),
        ("100 adults and seniors with COPD", (18, 95)),
        ("100 children and seniors with asthma", None),
        ("50 adult children with asthma", None),
    ],
)
def test_words_for_ages_in_a_list_are_read_together_where_no_gap_is_between_them(
    request_: str, ages: tuple[int, int] | None
) -> None:
    assert read(request_).ages == ages


def test_ages_that_contradict_each_other_are_asked_about_in_words() -> None:
    notes = [why for _, why in read("100 children and seniors with asthma").doubtful]

    assert notes == ["which one: ages 0 to 17 or ages 65 to 95?"] * 2


@pytest.mark.parametrize(
    "request_",
    [
        "250 retirees with COPD in Florida who keep parrots",
        "250 people with COPD in Florida who keep parrots",
        "250 people with COPD in Florida who keep parrots and never sleep",
        "250 women with COPD in Florida whose neighbours sing. Save it as birds",
    ],
)
def test_a_clause_that_is_not_understood_leaves_what_is_before_it_read(request_: str) -> None:
    parsed = read(request_)

    assert (parsed.count, parsed.conditions, parsed.states) == (250, {"J44.9": None}, {"FL": None})
    assert any(
        "keep parrots" in wish.words or "neighbours sing" in wish.words
        for wish in ledger.unsettled(starting.start_profile(request_).draft.wishes)
    )


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ("250 people who keep parrots in Florida", "states"),
        ("250 people with COPD who keep parrots and have diabetes, in Ohio", "prevalent"),
        ("30% of the people who smoke have COPD, 250 people", "conditions"),
        ("Half of 200 people who vape have asthma", "conditions"),
        ("100 people in Florida and 50 people who vape in Texas", "states"),
        ("250 people with COPD who smoke: 40% women", "sexes"),
        ("60 people in Maine who moved to Vermont", "states"),
        ("250 people, 40 of whom keep parrots in Florida", "states"),
    ],
)
def test_what_a_clause_names_or_a_part_has_is_read_for_nobody(request_: str, field: str) -> None:
    assert not getattr(read(request_), field)


def test_retirees_are_65_and_older_and_that_is_said() -> None:
    started = starting.start_profile("250 retirees with COPD in Florida").draft
    wish = next(wish for wish in started.wishes if wish.words == "retirees")

    assert (wish.fate, wish.path) == ("bound", "demographics.age")
    assert "taken as 65 and older" in wish.note
    assert any("taken as 65 and older" in item.ask for item in started.assumptions)


def test_the_template_of_a_word_for_ages_is_of_these_ages() -> None:
    draft = starting.start_profile("100 kids and teens on Medicaid in Ohio").draft
    hints = starting.start_profile("children and seniors on Medicaid").hints

    assert draft.templates == ("medicaid-pediatric",)
    assert "medicaid-adult" not in " ".join(hints)
