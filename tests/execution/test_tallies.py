"""Expectations are judged on whole numbers that every chunk adds to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.running import (
    Document,
    diabetic,
    event,
    first_year,
    journey,
    lab,
    listed,
    run,
    visit,
)
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.operations.making import add_tallies
from healthsim.specification.expectations import read_expectation
from healthsim.tables import Coded

EXPECTED = [
    "share(last('4548-4') < 8 where has('E11') and gender == 'F') between 0.1 and 1",
    "share(happened('initial_visit')) == 1",
    "count(claims) >= count(encounters)",
    "count(claims where form == '837P') > 0",
    "sum(claims.plan_paid_usd) > 0",
    "mean(lab_results.value where loinc == '4548-4') between 6 and 10",
    "count(plans) > 0",
]


def judged(profile: Document, *journeys: Document, size: int = 4096, threads: int = 1) -> Any:
    job = prepare({"detail": "core"} | profile, journeys)
    totals: list[tuple[int, int]] = []
    for chunk in chunks(job, size=size, threads=threads):
        totals = add_tallies(totals, chunk.tallies)
    return job.judge(totals)


def got(profile: Document, *journeys: Document) -> list[float | None]:
    return [one["got"] for one in judged(profile, *journeys)]


@pytest.mark.slow
def test_neither_size_nor_order_of_chunks_moves_a_figure() -> None:
    profile = diabetic(count=60, expectations=["share(takes('metformin')) < 1"])
    year = first_year() | {"expectations": EXPECTED}
    whole = judged(profile, year)

    assert all(one["met"] for one in whole)
    assert judged(profile, year, size=37, threads=2) == whole


@pytest.mark.slow
def test_figures_agree_with_the_rows() -> None:
    profile, year = diabetic(count=80), first_year()
    tables = run(profile, year)
    a1c = np.array([value for code, value in listed(tables["lab_results"], "loinc", "value")
                    if code == "4548-4"])  # fmt: skip
    paid = tables["claims"]["plan_paid_usd"]
    forms = tables["claims"]["form"]
    assert isinstance(paid, np.ndarray)
    assert isinstance(forms, Coded)
    asked = ["count(encounters) > 0", "sum(claims.plan_paid_usd) > 0",
             "mean(lab_results.value where loinc == '4548-4') > 0",
             "count(claims where form != '837I') > 0"]  # fmt: skip

    assert got(profile | {"expectations": asked}, year) == [
        len(listed(tables["encounters"], "person_id")),
        int(paid.sum()) / 100,
        round(a1c.mean(), 6),
        int((~forms.equals("837I")).sum()),
    ]


def test_people_are_asked_at_the_end_of_their_data() -> None:
    after_death = event("late", "lab", 100, loinc="4548-4", result={"type": "constant", "value": 5})
    steps = (
        lab("early", 1, type="constant", value=9),
        {"do": "end", "id": "dies", "at": 50, "scope": "person", "when": "gender == 'M'"},
        after_death,
    )
    asked = ["share(last('4548-4') == 9 where gender == 'M') == 1",
             "share(last('4548-4') == 5 where gender == 'F') == 1",
             "share(day == 50 where gender == 'M') == 1"]  # fmt: skip

    assert [one["met"] for one in judged(diabetic(count=80, expectations=asked), journey(*steps))]
    assert got(diabetic(count=80, expectations=asked), journey(*steps)) == [1, 1, 1]


def test_a_journeys_share_is_of_the_people_who_walk_it() -> None:
    asked = ["share(happened('v')) == 1", "share(gender == 'M') == 0"]
    women = journey(visit("v"), eligible="gender == 'F'", expectations=asked)
    everybody = diabetic(count=80, expectations=["share(happened('v')) between 0.2 and 0.8"])

    assert [one["met"] for one in judged(everybody, women)] == [True, True, True]


def test_a_step_is_the_journeys_own_where_two_journeys_name_one_alike() -> None:
    rare = journey(visit("v", 5) | {"when": "gender == 'F'"}, name="rare",
                   expectations=["share(happened('v') where gender == 'M') == 0"])  # fmt: skip
    always = journey(visit("v", 5), name="always",
                     expectations=["share(happened('v') where gender == 'M') == 1"])  # fmt: skip

    assert all(one["met"] for one in judged(diabetic(count=50), rare, always))


def test_days_are_numbers_and_nulls_are_not_counted() -> None:
    steps = (visit("v", 31), {"do": "end", "id": "dies", "at": 50, "scope": "person",
                              "when": "gender == 'M'"})  # fmt: skip
    asked = ["count(encounters where start_at == 20250201) / count(encounters) == 1",
             "count(patients where death_date == 20250220) > 0",
             "count(patients where death_date > 0 and gender == 'F') == 0"]  # fmt: skip

    assert all(
        one["met"] for one in judged(diabetic(count=50, expectations=asked), journey(*steps))
    )


def test_an_expectation_about_nobody_is_not_met_and_says_so() -> None:
    asked = ["share(age > 3 where age > 500) <= 1", "mean(fills.quantity where quantity < 0) < 5"]
    found = judged(diabetic(count=20, expectations=asked))

    assert [one["met"] for one in found] == [False, False]
    assert all("cannot be computed" in one["expected"] for one in found)


def test_sums_that_no_machine_word_holds_are_exact() -> None:
    big = {"type": "constant", "value": 9e14}  # of a test of which no code book has bounds
    steps = [event(f"x{number}", "lab", number, loinc="99999-7", result=big) for number in range(9)]
    asked = [
        "sum(lab_results.value where loinc == '99999-7') / count(patients) == 8100000000000000"
    ]
    sums = journey(*steps, allow_unlisted_codes=True)

    assert judged(diabetic(count=200, expectations=asked), sums)[0]["met"]


def test_every_expectation_of_the_grammar_keeps_its_place() -> None:
    year = first_year() | {"expectations": EXPECTED}
    found = judged(diabetic(count=20, expectations=["count(patients) == 20"]), year)

    assert [one["where"] for one in found] == [
        "profile.expectations[0]",
        *(f"journeys[first-year].expectations[{place}]" for place in range(len(EXPECTED))),
    ]
    assert [one["expectation"] for one in found[1:]] == [str(read_expectation(x)) for x in EXPECTED]
