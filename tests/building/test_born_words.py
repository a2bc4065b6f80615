"""Years and days of birth in requests: of the people whom they follow, in place of ages."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.building import starting
from healthsim.building.born_words import births
from healthsim.execution.prepare import prepare


def started(request: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The demographics of a draft, and what became of the words."""
    draft = starting.start_profile(request).draft
    assert draft.profile is not None
    people: dict[str, Any] = draft.profile["demographics"]
    return people, {wish.words: wish.fate for wish in draft.wishes}


@pytest.mark.parametrize(
    ("request_", "born"),
    [
        ("a girl born in 2015", "2015"),
        ("a boy born on March 2, 2015", "2015-03-02"),
        ("50 diabetics born 2 March 1960", "1960-03-02"),
        ("a man, date of birth 1980-03-02", "1980-03-02"),
        ("people with asthma, born in June 1990", "1990-06"),
        ("200 women born between 1950 and 1960", {"from": "1950", "to": "1960"}),
        ("200 women born 1950 to March 1960", {"from": "1950", "to": "1960-03"}),
        ("300 children with birth years 2010-2015", {"from": "2010", "to": "2015"}),
        ("100 Medicare members born in the 1940s", {"from": "1940", "to": "1949"}),
        ("100 adults born in 1990", "1990"),
    ],
)
def test_born_means_the_day_of_birth(request_: str, born: object) -> None:
    people, fates = started(request_)

    assert people["born"] == born
    assert "age" not in people
    assert "open" not in fates.values(), fates


@pytest.mark.parametrize(
    "request_",
    [
        "500 women with babies born in 2024", "100 adults born before 1950", "a boy born in 2026",
        "20 people born 1950 and 1960", "40 men aged 40 to 50, born in 1980", "born free",
        "200 patients whose mothers were born in 1950", "a girl born on 03/02/2015",
        "a girl born on February 30, 2015", "women born between 1960 and 1950",
    ],
)  # fmt: skip
def test_a_birth_that_is_not_certain_stays_open(request_: str) -> None:
    people, fates = started(request_)

    assert "born" not in people
    assert [fate for words, fate in fates.items() if "born" in words] == ["open"]


def test_a_draft_of_a_birth_year_can_run() -> None:
    draft = starting.start_profile("100 Medicare members with diabetes born in the 1940s").draft
    assert draft.profile is not None
    prepare(draft.profile, draft.journeys)


def test_each_span_is_a_piece_of_the_text() -> None:
    text = "Women born between 1950 and 1960; men with year of birth: 1970"

    assert [(text[one.start : one.end], one.first, one.last) for one in births(text)] == [
        ("born between 1950 and 1960", "1950", "1960"), ("year of birth: 1970", "1970", "1970"),
    ]  # fmt: skip
