"""Reading a family: a trait binds to a role inside the role's own clause, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthsim.building.calendar_words import iso_text
from healthsim.building.family import Member, read_family

FOUR = (
    "Build me a family of four, father diabetic, daughter with asthma born 2015, mother pregnant "
    "due in August 2025. Just quick, no builder."
)


def said(text: str) -> list[tuple[object, ...]]:
    return [
        (one.role, one.gender, one.age if one.born is None else one.born, tuple(one.conditions),
         one.due or one.weeks or one.pregnant)
        for one in read_family(text)
    ]  # fmt: skip


def test_each_trait_of_a_family_belongs_to_its_own_member() -> None:
    assert said(FOUR) == [
        ("self", "M", None, ("E11.9",), False),
        ("spouse", "F", None, (), "2025-08"),
        ("child", "F", "2015", ("J45.20",), False),
        ("child", None, None, (), False),
    ]


def test_each_claim_names_the_words_and_the_path_that_they_bind_to() -> None:
    claims = [
        (FOUR[start:end], path) for one in read_family(FOUR) for start, end, path in one.spans
    ]

    assert set(claims) == {
        ("family of four", "household.members"),
        ("father", "household.members[0].role"),
        ("diabetic", "household.members[0].conditions[E11.9]"),
        ("mother", "household.members[1].role"),
        ("pregnant", "household.members[1].pregnant"),
        ("due in August 2025", "household.members[1].pregnant.due"),
        ("daughter", "household.members[2].role"),
        ("born 2015", "household.members[2].born"),
        ("asthma", "household.members[2].conditions[J45.20]"),
    }


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("father 45, mother 43, children 12 and 9",
         [("self", "M", 45, (), False), ("spouse", "F", 43, (), False),
          ("child", None, 12, (), False), ("child", None, 9, (), False)]),
        ("a family: dad (45, hypertension), mum (pregnant, due March 2, 2025)",
         [("self", "M", 45, ("I10",), False), ("spouse", "F", None, (), "2025-03-02")]),
        ("mother with type 1 diabetes and her 9-year-old asthmatic son",
         [("self", "F", None, ("E10.9",), False), ("child", "M", 9, ("J45.20",), False)]),
        ("my husband has COPD and my daughter has asthma",
         [("self", "F", None, (), False), ("spouse", "M", None, ("J44.9",), False),
          ("child", "F", None, ("J45.20",), False)]),
        ("mother 20 weeks pregnant, father obese",
         [("self", "F", None, (), 20), ("spouse", "M", None, ("E66.9",), False)]),
        ("a couple with two daughters born 2012 and 2015",
         [("self", None, None, (), False), ("spouse", None, None, (), False),
          ("child", "F", "2012", (), False), ("child", "F", "2015", (), False)]),
        ("500 families with a mother with diabetes and a son born in March 2012",
         [("self", "F", None, ("E11.9",), False), ("child", "M", "2012-03", (), False)]),
        ("two children, a son with asthma and a daughter; father; mother",
         [("self", "M", None, (), False), ("spouse", "F", None, (), False),
          ("child", "M", None, ("J45.20",), False), ("child", "F", None, (), False)]),
        ("three kids born 2010, 2012 and 2016, a mom with hypothyroidism",
         [("self", "F", None, ("E03.9",), False), ("child", None, "2010", (), False),
          ("child", None, "2012", (), False), ("child", None, "2016", (), False)]),
        ("family: father, 52, a smoker; mother, 50; daughter with J45.20",
         [("self", "M", 52, (), False), ("spouse", "F", 50, (), False),
          ("child", "F", None, ("J45.20",), False)]),
        ("a newborn baby and her mother; the mother has anxiety",
         [("self", "F", None, ("F41.9",), False), ("child", None, None, (), False)]),
        ("a two-year-old boy with asthma and his parents",
         [("self", None, None, (), False), ("spouse", None, None, (), False),
          ("child", "M", 2, ("J45.20",), False)]),
        ("the daughter was born on June 5, 2014 and has type 1 diabetes, father is 41",
         [("self", "M", 41, (), False), ("child", "F", "2014-06-05", ("E10.9",), False)]),
        ("parent with two kids 3-5 years old",
         [("self", None, None, (), False), ("child", None, None, (), False),
          ("child", None, None, (), False)]),
        ("mother, two kids born 2015", [("self", "F", None, (), False),
         ("child", None, None, (), False), ("child", None, None, (), False)]),
        ("a son with asthma, a son with anxiety, a father",
         [("self", "M", None, (), False), ("child", "M", None, ("J45.20",), False),
          ("child", "M", None, ("F41.9",), False)]),
        ("mother of a 5-year-old with asthma, father on a plan for 55 year olds",
         [("self", "F", None, (), False), ("spouse", "M", None, (), False)]),
        ("mother 5 months pregnant, father over 60 years old",
         [("self", "F", None, (), False), ("spouse", "M", None, (), False)]),
        ("mother, a child aged 3 to 12, a son born 2014 or 2015, a daughter 7 and 9",
         [("self", "F", None, (), False), ("child", None, None, (), False),
          ("child", "M", None, (), False), ("child", "F", None, (), False)]),
        ("mother is a diabetic educator, father with suspected asthma or anxiety",
         [("self", "F", None, (), False), ("spouse", "M", None, (), False)]),
        ("a wife, expecting a baby in May 2025, and a husband with high blood pressure",
         [("self", "F", None, (), False), ("spouse", "M", None, ("I10",), False)]),
    ],
)  # fmt: skip
def test_families_are_read_as_they_are_said(text: str, members: list[tuple[object, ...]]) -> None:
    assert said(text) == members


@pytest.mark.parametrize(
    "text",
    [
        "father and mother with diabetes",
        "diabetic father and mother",
        "father not diabetic, mother without asthma",
        "mother at risk of diabetes, father with diabetic retinopathy",
        "father with a family history of diabetes, mother",
        "mother and father, both diabetic",
        "father, mother. Diabetes in the county",
        "father, mother; asthma is common",
        "mother, her grandmother with diabetes, father",
        "mother with gestational diabetes, father",
    ],
)
def test_what_may_be_of_somebody_else_is_left(text: str) -> None:
    assert [one.conditions for one in read_family(text)] == [[], []]


@pytest.mark.parametrize(
    ("text", "age"),
    [("mother, daughter diagnosed at age 5 with asthma", None), ("father 45%, mother", None),
     ("mother, son aged 7", 7), ("mother, son aged 200", None),
     ("mother, son 7 months old", 7 / 12),
     ("mother, son with asthma since age 3", None), ("mother, toddler", None)],
)  # fmt: skip
def test_an_age_needs_its_own_word(text: str, age: float | None) -> None:
    assert [one.age for one in read_family(text) if one.role == "child"] in ([age], [])


@pytest.mark.parametrize(
    "text",
    [
        "", "2015", "200 Medicare patients with diabetes, mostly in Texas", "a girl born in 2015",
        "60% have a spouse, children 0 to 3", "500 women, babies linked",
        "200 patients whose father and mother had diabetes",
        "most families have a mother and a son",
        "200 families, 60% with a spouse", "a mother with diabetes",
        "50 children of mothers with diabetes and a father",
        "father's insurance covers mother and 3 kids", "the parents' plan covers a son",
    ],
)  # fmt: skip
def test_what_is_no_single_family_is_not_read(text: str) -> None:
    assert read_family(text) == []


def test_a_family_of_a_number_has_so_many_members() -> None:
    assert [one.role for one in read_family("a family of four")] == [
        "self", "spouse", "child", "child",
    ]  # fmt: skip
    assert [one.role for one in read_family("family of four: the father has asthma")] == [
        "self", "spouse", "child", "child",
    ]  # fmt: skip
    alone = read_family("family of three, a single father with asthma")
    assert [one.role for one in alone] == ["self", "child", "child"]
    smaller = read_family("a family of two: father, mother, son")
    assert len(smaller) == 3
    assert not any(claim.path == "household.members" for one in smaller for claim in one.spans)


@pytest.mark.parametrize(
    ("text", "pregnant"),
    [("mother is pregnant, father", True), ("mother not pregnant, father", False),
     ("mother was pregnant in 2020, father", False), ("mother wants to be pregnant, father", False),
     ("mother due 14 August 2025, father", True), ("mother due in August, father", False)],
)  # fmt: skip
def test_a_pregnancy_is_of_now(text: str, pregnant: bool) -> None:
    assert read_family(text)[0].pregnant == pregnant


def test_a_birth_that_was_is_a_birth() -> None:
    assert read_family("mother, a daughter who was born in 2015")[1].born == "2015"


def test_a_word_for_the_age_of_a_small_child_bounds_it() -> None:
    assert [one.ages for one in read_family("mother, toddler")] == [None, (1, 4)]


@pytest.mark.slow
@settings(max_examples=50)
@given(st.text(alphabet="fatherm wchildson0159 ,.()%born due-&'", max_size=80) | st.text())
def test_no_text_breaks_the_reader_and_claims_are_pieces_of_it(text: str) -> None:
    def check(one: Member) -> None:
        assert all(0 <= start < end <= len(text) for start, end, _ in one.spans)

    for one in read_family(text):
        check(one)


@pytest.mark.parametrize(
    ("words", "iso"),
    [("2015", "2015"), ("March 2015", "2015-03"), ("Mar. 2, 2015", "2015-03-02"),
     ("2nd of March 2015", "2015-03-02"), ("May 2025", "2025-05"), ("2015-03", "2015-03"),
     ("Sept 2015", "2015-09"), ("2015-13", None), ("February 30, 2015", None)],
)  # fmt: skip
def test_years_months_and_days_become_iso_text(words: str, iso: str | None) -> None:
    assert iso_text(words) == iso
