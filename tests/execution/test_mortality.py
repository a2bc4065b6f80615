"""Deaths that no journey states: how many, who, when, of what and where."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from execution.births import pregnancy, women
from execution.running import Document, attempted, diabetic, event, journey, listed, run
from healthsim.dates import NO_DAY, day_of
from healthsim.execution.timeline.mortality import OwnDeaths
from healthsim.medicine.charted_causes import charted_causes
from healthsim.medicine.mortality import bit_of, yearly_hazards
from healthsim.specification.document import read
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.tables import Coded, Columns
from template_runs import load

_AS_OF, _YEAR_END = day_of("2025-01-01"), day_of("2025-12-31")


def _old(**changes: Any) -> Document:
    """People of 65 and more of whom nothing is said."""
    return {
        "kind": "profile", "name": "old", "count": 800, "seed": 3, "as_of": "2025-01-01",
        "through": "2025-12-31", "products": ["patientsim"],
        "demographics": {"age": {"type": "uniform", "low": 65, "high": 95, "decimals": 0},
                         "gender": {"M": 0.5, "F": 0.5}}, **changes,
    }  # fmt: skip


@cache
def _deaths(text: str = "") -> dict[int, int]:
    """Return person -> day of death, of the old with a kind of mortality."""
    given = {} if not text else {"mortality": {"ratio": float(text)}}
    return _dead(run(_old(**given))["patients"])


def _dead(patients: Columns) -> dict[int, int]:
    found = listed(patients, "person_id", "death_date")
    return {person: day for person, day in found if day != NO_DAY}


def _expected(patients: Columns) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return everyone's risk by the life table in the year from the profile's day."""
    born, gender = np.asarray(patients["birth_date"]), patients["gender"]
    assert isinstance(gender, Coded)
    sex = np.where(gender.equals("M"), 1, 0)
    age = (_AS_OF - born) / 365.25
    whole = age.astype(np.int64)
    rest = age - whole
    hazard = yearly_hazards()
    risk: np.ndarray[Any, np.dtype[np.float64]] = 1 - np.exp(
        -((1 - rest) * hazard[sex, whole] + rest * hazard[sex, whole + 1])
    )
    return risk


@pytest.mark.slow
@pytest.mark.parametrize("template", ["", "medicare-general"])
def test_as_many_die_in_a_year_as_the_life_table_says(template: str) -> None:
    document = load(template) if template else _old()
    asked = document | {"count": 2500, "products": ["patientsim"], "through": "2025-12-31",
                        "expectations": []}  # fmt: skip
    patients = run(asked)["patients"]
    risk = _expected(patients)
    error = np.sqrt((risk * (1 - risk)).sum())

    assert risk.sum() > 100
    assert abs(len(_dead(patients)) - risk.sum()) < 3 * error


def test_nobody_dies_where_there_is_no_mortality() -> None:
    assert _dead(run(_old(count=200, mortality="none"))["patients"]) == {}
    assert _dead(run(_old(count=200))["patients"]) != {}


def test_a_higher_ratio_only_brings_deaths_forward() -> None:
    usual, more = _deaths(), _deaths("4")

    assert set(usual) < set(more)
    assert all(more[person] <= usual[person] for person in usual)
    assert len(more) > 2.5 * len(usual)


def test_who_is_known_to_be_ill_dies_more_often_and_who_is_known_not_to_be_less() -> None:
    heart = {"comorbidities": [{"code": "I50.9", "share": 0.5}]}
    tables = run(_old(clinical=heart))
    ill = {person for (person,) in listed(tables["conditions"], "person_id")}
    dead, usual = _dead(tables["patients"]), _deaths()

    assert len(dead.keys() & ill) > 1.2 * len(usual.keys() & ill)
    assert len(dead.keys() - ill) < len(usual.keys() - ill)


def test_growth_and_chunks_change_no_death() -> None:
    some, pieces = run(_old(count=200)), run(_old(count=200), size=67)

    assert _dead(some["patients"]) == _dead(pieces["patients"])
    assert _dead(some["patients"]) == {
        person: day for person, day in _deaths().items() if person <= 20_001
    }


def test_a_condition_that_begins_brings_the_death_of_some_forward_and_of_others_nowhere() -> None:
    told = journey(event("found", "diagnosis", 30, code="C25.9") | {"when": "gender == 'M'"},
                   begins={"earliest": "2025-01-01", "latest": "2025-01-01"})  # fmt: skip
    with_it, without = run(_old(), told), _deaths()
    men = {person for person, word in listed(with_it["patients"], "person_id", "gender")
           if word == "M"}  # fmt: skip
    dead = _dead(with_it["patients"])

    assert {p: day for p, day in dead.items() if p not in men} == {
        p: day for p, day in without.items() if p not in men
    }
    assert all(dead[person] <= without[person] for person in men & set(without))
    assert all(dead[p] > _AS_OF + 30 for p in men & set(dead) if dead[p] != without.get(p))
    assert len(men & set(dead)) > 3 * len(men & set(without))
    (causes,) = [[cause for person, cause in listed(with_it["patients"], "person_id", "death_cause")
                  if person in dead and person in men]]  # fmt: skip
    assert causes.count("C25") > len(causes) / 2


def test_a_death_that_a_journey_states_is_about_what_the_journey_is_about() -> None:
    dies = {"do": "event", "id": "dies", "type": "death", "hazard": {"per_year": 0.1}}
    plain = read(JourneySpec, journey(dies), "journey")
    of_hearts = read(JourneySpec, journey(dies, eligible="has('I50')"), "journey")
    harmless = read(JourneySpec, journey(event("v", "referral", specialty="urology")), "journey")

    assert OwnDeaths.of([plain]) == OwnDeaths(everything=True)
    assert OwnDeaths.of([of_hearts]) == OwnDeaths(conditions=bit_of(["I50"]))
    assert OwnDeaths.of([harmless]) == OwnDeaths()


def test_a_journey_whose_deaths_are_about_nothing_in_particular_states_all_mortality() -> None:
    dies = {"do": "event", "id": "dies", "type": "death", "at": 10, "chance": 0.2}
    tables = run(_old(count=100), journey(dies))
    stated = {person for (person,) in listed(tables["events"], "person_id")}

    assert set(_dead(tables["patients"])) == stated


def test_the_dead_have_a_cause_and_a_place_and_the_living_have_neither() -> None:
    patients = run(_old(count=300))["patients"]
    rows = listed(patients, "death_date", "death_cause", "death_place")

    assert all((day == NO_DAY) == (cause is None) == (place is None) for day, cause, place in rows)
    assert len({cause for _, cause, _ in rows if cause}) > 3
    assert {place for _, _, place in rows if place} <= {"home", "hospice", "other"}


def test_who_dies_of_a_chronic_disease_has_it_and_the_own_kind_of_it_is_stated() -> None:
    ill = {"comorbidities": [{"code": "C18.7", "share": 0.3}, {"code": "E10.9", "share": 0.3},
                             {"code": "F03.90", "share": 0.3}]}  # fmt: skip
    tables = run(_old(clinical=ill, mortality={"ratio": 4}))
    had: dict[int, set[str]] = {}
    for person, code in listed(tables["conditions"], "person_id", "code"):
        had.setdefault(person, set()).add(code[:3])
    died = [(cause, had.get(person, set())) for person, cause
            in listed(tables["patients"], "person_id", "death_cause") if cause]  # fmt: skip
    causes = {cause for cause, _ in died}

    assert all(cause in codes for cause, codes in died if cause in charted_causes())
    assert all(cause in codes for cause, codes in died if cause[0] in "CEF")
    assert {"C18", "E10", "F03", "I21"} <= causes
    assert not {"C80", "C34", "E11", "G30", "G20", "I25", "J44"} & causes


def test_who_dies_of_a_cancer_that_a_journey_states_dies_of_their_own() -> None:
    ill = {"comorbidities": [{"code": "C20", "share": 1.0}]}
    for cause, said in (("C18.9", "C20"), ("C20", "C20"), ("I46.9", "I46.9")):
        dies = event("dies", "death", 30, cause=cause)
        tables = run(_old(count=20, clinical=ill), journey(dies))
        ours = {person for person, code, over
                in listed(tables["conditions"], "person_id", "code", "abatement_date")
                if code == "C20" and over == NO_DAY}  # fmt: skip
        died = listed(tables["patients"], "person_id", "death_cause")
        assert len(ours) > 5
        assert {found for person, found in died if person in ours} == {said}


def test_who_dies_in_a_stay_dies_in_hospital_of_its_first_diagnosis() -> None:
    dies = event("dies", "death", {"after": "stay", "edge": "end"})
    stay = event("stay", "encounter", 3, encounter_class="inpatient", diagnoses=["A41.9"],
                 los_days=4, drg="871")  # fmt: skip
    tables = run(diabetic(count=20, products=["patientsim"]), journey(stay, dies))
    rows = listed(tables["patients"], "death_cause", "death_place")

    assert rows == [("A41", "hospital")] * 20
    assert set(listed(tables["encounters"], "disposition")) == {("20",)}


def test_newborns_die_mostly_in_their_first_month() -> None:
    tables = run(women(count=300, mortality={"ratio": 100}), pregnancy(duration_days=400))
    born = {person: day for person, day in listed(tables["patients"], "person_id", "birth_date")
            if person % 100 >= 50}  # fmt: skip
    ages = [day - born[person] for person, day in _dead(tables["patients"]).items()
            if person in born]  # fmt: skip

    assert len(ages) > 40
    assert all(age >= 0 for age in ages)
    assert sum(age < 28 for age in ages) > len(ages) / 2


@pytest.mark.parametrize(("given", "said"), [
    ("usul", "did you mean 'usual'"),
    ({"ratio": 0}, "is 0; use more than 0"),
    ({"ratio": 500}, "is 500; use at most 100"),
    ({"ration": 2}, "did you mean 'ratio'"),
])  # fmt: skip
def test_a_mortality_that_is_none_is_refused_with_what_to_use(given: Any, said: str) -> None:
    found = attempted(diabetic(mortality=given))

    assert isinstance(found, str)
    assert "profile.mortality" in found
    assert said in found
