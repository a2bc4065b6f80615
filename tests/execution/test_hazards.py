"""Hazards of events, ways and gaps, against their closed forms."""

from __future__ import annotations

import json
from functools import cache
from math import exp, sqrt
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from execution.running import Document, diabetic, event, journey, lab, listed, patients, run
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare

PEOPLE = 8_000
YEAR = 365.25
DAY_0 = 20_089


def at_risk(hazard: Document, **more: Any) -> Document:
    happens = event("v", "referral", more.pop("at", 0), specialty="urology")
    return happens | {"hazard": hazard} | more


def days_of(
    *steps: Document, people: int = PEOPLE, step: str = "v", **profile: Any
) -> NDArray[Any]:
    document = journey(*steps, duration_days=3650)
    profile = diabetic(count=people, products=["patientsim"], through="2036-12-31", **profile)
    rows = _events(json.dumps(profile), json.dumps(document))
    return np.array([day - DAY_0 for name, day in rows if name == step])


@cache
def _events(profile: str, document: str) -> list[tuple[str, int]]:
    """Return (step, day) of what happens; tests of one hazard share its run."""
    tables = run(json.loads(profile), json.loads(document))
    return listed(tables["events"], "step", "event_date")


def agrees(got: int, share: float, people: int = PEOPLE) -> bool:
    return bool(abs(got / people - share) <= 3 * sqrt(share * (1 - share) / people) + 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("day", [1, 30, 365, 1500, 3650])
def test_a_constant_hazard_is_exponential_and_starts_the_day_after(day: int) -> None:
    days = days_of(at_risk({"per_year": 0.4}))

    assert days.min() >= 1
    assert agrees(int((days <= day).sum()), 1 - exp(-0.4 * day / YEAR))


def test_risk_begins_on_the_day_of_at() -> None:
    days = days_of(at_risk({"per_year": 3.0}, at=200))

    assert days.min() == 201
    assert agrees(int((days <= 300).sum()), 1 - exp(-3.0 * 100 / YEAR))


@pytest.mark.slow
@pytest.mark.parametrize("day", [45, 89, 90, 400])
def test_a_share_occurs_within_its_window_and_for_nobody_after(day: int) -> None:
    days = days_of(at_risk({"share": 0.3, "within_days": 90}))

    assert days.max() <= 90
    assert agrees(int((days <= day).sum()), 0.3 * min(day, 90) / 90)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [0.7, 1.8])
def test_a_weibull_hazard_has_its_shape(shape: float) -> None:
    days = days_of(at_risk({"per_year": 0.5, "shape": shape}))

    for day in (100, 700, 2500):
        assert agrees(int((days <= day).sum()), 1 - exp(-((0.5 * day / YEAR) ** shape)))


def test_bands_change_the_rate_by_days_since_risk_began() -> None:
    bands = [{"until_day": 90, "factor": 4}, {"until_day": 365, "factor": 0}, {"factor": 1}]
    days = days_of(at_risk({"per_year": 0.5, "bands": bands}))

    assert agrees(int((days <= 90).sum()), 1 - exp(-0.5 * 4 * 90 / YEAR))
    assert not ((days > 90) & (days <= 365)).any()
    gathered = 0.5 * (4 * 90 + (730 - 365)) / YEAR
    assert agrees(int((days <= 730).sum()), 1 - exp(-gathered))


def test_seasons_change_the_rate_by_month() -> None:
    days = days_of(at_risk({"per_year": 0.5, "by_month": {"1": 6, "7": 0}}))
    months = ((days + DAY_0).astype("datetime64[D]").astype("datetime64[M]")).astype(int) % 12 + 1

    assert not (months == 7).any()
    first_january = 0.5 * 6 * 30 / YEAR  # risk begins on 1 January and first counts the day after
    assert agrees(int((days <= 30).sum()), 1 - exp(-first_january))


def test_a_rate_may_depend_on_the_person() -> None:
    by_sex = {"type": "conditional", "cases": [{"when": "gender == 'F'", "then": 1.0}],
              "otherwise": 0}  # fmt: skip
    document = journey(at_risk({"per_year": by_sex}))
    tables = run(patients(count=400), document)
    sex = dict(listed(tables["patients"], "person_id", "gender"))
    who = [person for (person,) in listed(tables["events"], "person_id")]

    assert {sex[person] for person in who} == {"F"}


@pytest.mark.slow
def test_a_rate_that_is_read_anew_is_still_exponential() -> None:
    days = days_of(at_risk({"per_year": 0.4, "renew_days": 30}))

    for day in (15, 200, 1500):
        assert agrees(int((days <= day).sum()), 1 - exp(-0.4 * day / YEAR))


def test_an_end_by_hazard_censors_what_else_would_occur() -> None:
    ends = {"do": "end", "id": "stops", "hazard": {"per_year": 1.0}}
    document = journey(ends, at_risk({"per_year": 2.0}), duration_days=3650)
    profile = diabetic(count=PEOPLE, products=["patientsim"], through="2036-12-31")
    rows = listed(run(profile, document)["events"], "person_id", "step", "event_date")
    stops = {who: day for who, step, day in rows if step == "stops"}
    came = {who: day for who, step, day in rows if step == "v"}

    assert all(day <= stops.get(who, 10**6) for who, day in came.items())
    assert agrees(len(came), 2 / 3)


@pytest.mark.slow
@pytest.mark.parametrize("day", [60, 365])
def test_options_compete_and_the_earliest_is_taken_on_its_day(day: int) -> None:
    race = {"do": "branch", "id": "fate", "within_days": 365, "options": [
        {"name": "transplant", "hazard": {"per_year": 1.0}, "steps": [lab("t", 2)]},
        {"name": "death", "hazard": {"per_year": 2.0}, "steps": []},
        {"name": "neither", "otherwise": True, "steps": []}]}  # fmt: skip
    document = journey(race, duration_days=3650)
    profile = diabetic(count=PEOPLE, products=["patientsim"], through="2036-12-31")
    rows = listed(run(profile, document)["events"], "step", "option", "event_date")
    fates = [(way, when - DAY_0) for step, way, when in rows if step == "fate"]

    assert len(fates) == PEOPLE
    for way, own in (("transplant", 1.0), ("death", 2.0)):
        got = sum(1 for name, when in fates if name == way and when <= day)
        assert agrees(got, own / 3 * (1 - exp(-3 * day / YEAR)))
    assert {when for name, when in fates if name == "neither"} == {365}
    assert sum(1 for step, *_ in rows if step == "t") == sum(1 for way, _ in fates
                                                             if way == "transplant")  # fmt: skip


def test_a_repeat_by_hazard_is_a_poisson_process() -> None:
    attacks = {"do": "repeat", "id": "attacks", "every": {"hazard": {"per_year": 0.8}},
               "times": 60,
               "steps": [event("v", "referral", specialty="urology")]}  # fmt: skip
    days = days_of(attacks, people=2_000)
    expected = 2_000 * 0.8 * 3650 / YEAR

    assert abs(len(days) - expected) <= 3 * sqrt(expected) + expected * 0.8 / YEAR
    assert days.min() >= 1


def test_another_hazard_moves_no_other_step() -> None:
    other = event("other", "diagnosis", 30, code="N18.30") | {"chance": 0.5}
    slow, fast = (
        run(patients(), journey(at_risk({"per_year": rate}), other)) for rate in (0.2, 0.4)
    )
    kept = [[row for row in listed(one["events"]) if "other" in row] for one in (slow, fast)]

    assert kept[0] == kept[1]
    assert listed(slow["conditions"]) == listed(fast["conditions"])


@pytest.mark.parametrize(("hazard", "found"), [
    ({"per_year": -0.1}, "below 0"),
    ({"share": 1.2, "within_days": 30}, "above 1"),
    ({"share": 0.2}, "within_days"),
    ({"per_year": 1, "shape": 2.0, "by_month": {"1": 2}}, "only one of shape"),
    ({"per_year": 1, "bands": [{"until_day": 5, "factor": 2}]}, "every band but the last"),
    ({"per_year": 1, "bands": [{"until_day": 9, "factor": 2}, {"until_day": 5, "factor": 2},
                               {"factor": 1}]}, "do not follow"),
    ({"per_year": 1, "by_month": {"13": 2}}, "13"),
    ({}, "give one of share"),
])  # fmt: skip
def test_a_hazard_that_cannot_be_is_refused(hazard: Document, found: str) -> None:
    with pytest.raises(SpecError) as caught:
        prepare(patients(), [journey(at_risk(hazard))])

    assert found in str(caught.value)
    assert "hazard" in str(caught.value)


def test_data_end_where_the_calendar_does() -> None:
    far = patients(as_of="2150-01-01", through=None)
    with pytest.raises(SpecError, match="the calendar ends on 2199-12-31"):
        prepare(far, [journey(at_risk({"per_year": 1}), duration_days=40_000)])


def test_a_window_for_hazards_is_refused_where_none_compete() -> None:
    branch = {"do": "branch", "id": "b", "within_days": 9,
              "options": [{"name": "a", "otherwise": True}]}  # fmt: skip
    with pytest.raises(SpecError, match="within_days goes with options that have a hazard"):
        prepare(patients(), [journey(branch)])
