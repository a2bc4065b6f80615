"""Acute conditions of a profile began not long ago, and those of a pregnancy within it."""

from __future__ import annotations

from typing import Any

from execution.births import women
from execution.running import Document, diabetic, journey, listed, run, visit
from healthsim.dates import day_of

AS_OF = day_of("2025-01-01")
WAIT = journey(visit("check", 5, diagnoses=["Z00.00"]))


def onsets(profile: Document, code: str) -> list[int]:
    """Return how many days before `as_of` each person's condition began, ascending."""
    tables = run(profile, WAIT)
    rows = listed(tables["conditions"], "code", "onset_date")
    return sorted(AS_OF - onset for one, onset in rows if one == code)


def held(*codes: str, **more: Any) -> Document:
    stated = [{"code": code, "share": 1, **more} for code in codes]
    return {"primary": {"code": "E11.9"}, "comorbidities": stated}


def _diabetic(**changes: Any) -> Document:
    return diabetic(count=300, products=["patientsim"], mortality="none", **changes)


def test_an_acute_condition_began_on_any_day_of_its_usual_time() -> None:
    days = onsets(_diabetic(clinical=held("J18.9")), "J18.9")

    assert len(days) == 300
    assert 0 <= days[0] <= 1
    assert 28 <= days[-1] < 30
    assert 12 <= days[150] <= 18


def test_a_stated_onset_wins_and_what_lasts_began_years_ago() -> None:
    stated = held("J18.9", onset={"days_before": 200})
    assert set(onsets(_diabetic(clinical=stated), "J18.9")) == {200}
    assert onsets(_diabetic(clinical=held("I48.91")), "I48.91")[150] > 700


def test_none_leaves_onsets_as_they_were() -> None:
    days = onsets(_diabetic(clinical=held("J18.9"), problem_list="none"), "J18.9")
    assert days[150] > 700


def test_what_a_pregnancy_brings_began_when_it_was_found() -> None:
    clinical = {"pregnant": {"weeks": 20}, "comorbidities": [{"code": "O34.219", "share": 1}]}
    days = onsets(women(products=["patientsim"], clinical=clinical), "O34.219")

    assert len(days) == 60
    assert min(days) >= 133 - 56
    assert max(days) < 140 - 20


def _spread(*codes: str, **primary: Any) -> Document:
    """Return conditions: a metastasis of 900 days ago, and some codes of 400 days ago."""
    stated = [{"code": "C78.7", "share": 1, "onset": {"days_before": 900}}]
    stated += [{"code": code, "share": 1, "onset": {"days_before": 400}} for code in codes]
    return {"primary": {"code": "E11.9"} | primary, "comorbidities": stated}


def test_a_tumor_spreads_when_it_is_found_or_later() -> None:
    assert set(onsets(_diabetic(clinical=_spread("C18.7")), "C78.7")) == {400}
    early = _spread("C18.7", "C20")
    early["comorbidities"][-1]["onset"] = {"days_before": 1000}
    assert set(onsets(_diabetic(clinical=early), "C78.7")) == {900}


def test_a_metastasis_without_a_tumor_or_after_an_earlier_one_stays() -> None:
    assert set(onsets(_diabetic(clinical=_spread()), "C78.7")) == {900}
    earlier = _spread("C18.7", "Z85.3")
    earlier["comorbidities"][-1]["onset"] = {"days_before": 1000}
    assert set(onsets(_diabetic(clinical=earlier), "C78.7")) == {900}


def test_a_tumor_that_a_journey_begins_is_there_when_it_has_spread() -> None:
    people = _diabetic(clinical=_spread(code="C18.7"))
    assert onsets(people, "C78.7") == onsets(people, "C18.7") == [0] * 300


def _since(*steps: Document) -> list[int]:
    """Return on which days of the data people's diabetes began, by journeys that may find it."""
    profile = diabetic(count=60, products=["patientsim"], coverage=None,
                       clinical={"primary": {"code": "E11.9", "onset": "journey"}})  # fmt: skip
    tables = run(profile, journey(*steps))
    return [onset - AS_OF for code, onset in listed(tables["conditions"], "code", "onset_date")
            if code.startswith("E11")]  # fmt: skip


def test_a_condition_that_begins_with_a_journey_was_there_before_one_that_never_meets_it() -> None:
    knee = visit("knee", 3, diagnoses=["M17.11"])

    assert set(_since(knee, visit("sugar", 9, diagnoses=["E11.9"]))) == {0}
    assert set(_since(knee, visit("any", 9))) == {0}
    assert len(_since(knee)) == 60
    assert max(_since(knee)) < 0
