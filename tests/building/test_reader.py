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
