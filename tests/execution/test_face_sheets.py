"""Face sheets: what a profile leaves out hangs together with what it says."""

from __future__ import annotations

from typing import Any

import numpy as np

from execution.families import family
from execution.running import Columns, diabetic, listed, run
from healthsim.dates import day_of, whole_years


def people(count: int = 4_000, **demographics: Any) -> Columns:
    """Return the patients of a profile that says only some of the face sheet."""
    document = diabetic(count=count) | {
        "demographics": demographics, "clinical": {}, "attributes": {}, "coverage": None,
        "products": ["patientsim"],
    }  # fmt: skip
    return run(document)["patients"]


def ages(patients: Columns) -> np.ndarray:
    born = np.asarray(patients["birth_date"], dtype=np.int32)
    return whole_years(born, np.full(len(born), day_of("2025-01-01"), dtype=np.int32))


def texts(patients: Columns, name: str) -> np.ndarray:
    return np.array([text for (text,) in listed(patients, name)])


def test_widowhood_rises_with_age_and_is_more_frequent_among_women() -> None:
    patients = people(age={"type": "uniform", "low": 0, "high": 95, "decimals": 0})
    status, age, women = texts(patients, "marital_status"), ages(patients), (
        texts(patients, "gender") == "F")  # fmt: skip

    def share(label: str, who: np.ndarray) -> float:
        return float((status[who] == label).mean())

    old = age >= 85
    assert set(status[age < 18]) == {"S"}
    assert 0.08 < share("W", (age >= 65) & (age < 75)) < 0.17
    assert 0.45 < share("W", old) < 0.70
    assert share("W", old & women) > 0.6 > 0.45 > share("W", old & ~women)
    assert share("M", old & ~women) > share("M", old & women) + 0.2
    assert share("S", (age >= 18) & (age < 25)) > 0.8


def test_an_anchor_of_a_family_is_married_where_a_spouse_is_there_and_nowhere_else() -> None:
    document = family(count=600)
    patients = run(document)["patients"]
    who = np.asarray(patients["person_id"])
    status, place = texts(patients, "marital_status"), who % 100
    with_spouse = np.isin(who // 100, who[place == 2] // 100)

    assert set(status[(place == 1) & with_spouse]) == {"M"}
    alone = set(status[(place == 1) & ~with_spouse])
    assert "M" not in alone
    assert len(alone) > 1


def test_a_marital_status_that_is_stated_stays_where_no_spouse_is_there() -> None:
    document = family(count=100)
    document["demographics"] |= {"marital_status": {"M": 1}}
    patients = run(document)["patients"]

    assert set(texts(patients, "marital_status")[np.asarray(patients["person_id"]) % 100 == 1]) == {
        "M"
    }
