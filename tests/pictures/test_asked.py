"""What was asked beside what was got: in words, shares in per cent, marked where it is known."""

from __future__ import annotations

import pytest

from healthsim.operations import drawing
from healthsim.operations.home import Home
from healthsim.pictures.figure_names import in_words, said
from pictures.reading import rows

pytestmark = pytest.mark.slow


def test_a_share_that_was_asked_of_some_people_is_marked_as_a_share_of_all(home: Home) -> None:
    conditions = drawing.draw(home, "diabetes", "conditions")
    judged = drawing.draw(home, "diabetes", "asked_against_got")

    (figure,) = [row for row in judged.rows if str(row[0]).startswith("condition I25.10, of ")]
    (mark,) = [row[4] for row in conditions.rows if row[0] == "I25.10"]
    adults = rows(home, "diabetes", "SELECT count(*) FROM patients WHERE date_part('year', "
                                    "age(DATE '2025-01-01', birth_date)) >= 15")[0][0]  # fmt: skip
    assert mark == pytest.approx(figure[1] * adults / 60, abs=1e-3)


def test_a_code_that_another_replaces_for_some_has_no_share_that_was_asked(home: Home) -> None:
    marks = {row[0]: row[4] for row in drawing.draw(home, "diabetes", "conditions").rows}

    assert marks["E11.22"] is None
    assert marks["E11.9"] is None
    assert marks["N18.30"] == 0.241


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("a-journey/start_metformin: adherence", "start metformin: adherence"),
        ("a-journey/lipids: 2085-9/result, where gender == 'F'",
         "lipids: Cholesterol in HDL result, where gender is F"),
        ("condition I10 (or I11.0, I12.0)",
         "Essential (primary) hypertension (I10 or a combination)"),
        ("condition E66.9, of people with age 15 to 124",
         "Obesity, unspecified (E66.9), of people with age 15 to 124"),
        ("conditions I10 and E66.9 together",
         "Essential (primary) hypertension (I10) and Obesity, unspecified (E66.9) together"),
        ("condition nothing", "condition nothing"),
        ("gender M", "male"),
    ],
)  # fmt: skip
def test_a_figure_is_called_by_words(what: str, words: str) -> None:
    assert in_words(what) == words


@pytest.mark.parametrize(
    ("what", "value", "text"),
    [("plan HMO", 0.35, "35 %"), ("j/drug: filled within 30 days", 0.8, "80 %"),
     ("j/stay: days", 0.8, "0.8"), ("age: mean", 0.5, "0.5"), ("people", 1, "1"),
     ("j/works: by, otherwise", -0.7, "−0.7"), ("x", "conditional", "conditional")],
)  # fmt: skip
def test_a_share_is_said_in_per_cent_and_nothing_else_is(
    what: str, value: object, text: str
) -> None:
    assert said(what, value) == text


def test_no_name_of_the_picture_is_an_id(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "asked_against_got")

    names = [value["name"] for value in picture.spec["data"]["values"]]
    assert all("_" not in name and "/" not in name for name in names)
    assert "within what chance allows" in picture.title
