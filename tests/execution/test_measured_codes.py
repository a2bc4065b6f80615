"""Codes that follow from what a journey measures in the visit itself."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from execution.running import Document, diabetic, event, journey, listed, run, visit
from healthsim.tables import Columns

_BMI, _WEIGHT, _HEIGHT = "39156-5", "29463-7", "8302-2"
_SYSTOLIC, _DIASTOLIC, _SATURATION = "8480-6", "8462-4", "59408-5"


def _reads(id: str, loinc: str, value: float, day: int = 0) -> Document:
    return event(id, "vital", day, loinc=loinc, result={"type": "constant", "value": value})


def _tables(*steps: Document, count: int = 40, **changes: Any) -> dict[str, Columns]:
    profile = diabetic(count=count, products=["patientsim"], coverage=None,
                       clinical={"primary": {"code": "E11.9"}}, **changes)  # fmt: skip
    return run(profile, journey(*steps))


def _codes(*steps: Document, **changes: Any) -> dict[int, list[set[str]]]:
    """Return the codes of each one's visits, in the order of their days."""
    tables = _tables(*steps, **changes)
    found: dict[int, dict[int, set[str]]] = defaultdict(dict)
    for encounter, person, _ in sorted(
        listed(tables["encounters"], "encounter_id", "person_id", "start_at"),
        key=lambda row: row[2],
    ):
        found[person][encounter] = set()
    for encounter, person, code in listed(
        tables["encounter_diagnoses"], "encounter_id", "person_id", "code"
    ):
        found[person][encounter].add(code)
    return {person: list(visits.values()) for person, visits in found.items()}


def _heavy(id: str = "come", day: int = 3) -> Document:
    return visit(id, day, diagnoses=["E66.9"])


def _off(pairs: list[tuple[str, float]]) -> float:
    """Return by how much at most an index, kg/m2, is outside of the band of its code."""
    return max(abs(np.clip(value, int(code[4:]), int(code[4:]) + 1) - value)
               for code, value in pairs)  # fmt: skip


def _band(codes: set[str]) -> str:
    return next(code for code in codes if code.startswith("Z68"))


def test_a_body_mass_index_of_the_visit_decides_its_code() -> None:
    codes = _codes(_heavy() | {"with": [_reads("bmi", _BMI, 47.2)]})
    assert {_band(seen) for (seen,) in codes.values()} == {"Z68.42"}


def test_weight_and_height_of_the_visit_decide_the_code_together() -> None:
    measured = [_reads("weight", _WEIGHT, 131.0), _reads("height", _HEIGHT, 170.0)]
    codes = _codes(_heavy() | {"with": measured})
    assert {_band(seen) for (seen,) in codes.values()} == {"Z68.42"}  # 45.3 kg/m2


def test_a_weight_alone_decides_with_the_height_that_the_person_has() -> None:
    codes = _codes(_heavy() | {"with": [_reads("weight", _WEIGHT, 260.0)]})
    assert {_band(seen) for (seen,) in codes.values()} <= {"Z68.43", "Z68.44", "Z68.45"}


def test_a_height_alone_decides_with_the_weight_that_is_measured_beside_it() -> None:
    tables = _tables(_heavy() | {"with": [_reads("height", _HEIGHT, 130.0)]})
    weight = {encounter: value for encounter, code, value in
              listed(tables["vital_signs"], "encounter_id", "loinc", "value")
              if code == _WEIGHT}  # fmt: skip
    pairs = [(code, weight[encounter] / 1.3**2) for encounter, code in
             listed(tables["encounter_diagnoses"], "encounter_id", "code")
             if code[:5] in {"Z68.2", "Z68.3"} and encounter in weight]  # fmt: skip
    assert len(pairs) > 20
    assert _off(pairs) <= 0.06


def test_an_index_decides_before_a_weight_that_contradicts_it() -> None:
    measured = [_reads("weight", _WEIGHT, 260.0), _reads("bmi", _BMI, 31.4)]
    codes = _codes(_heavy() | {"with": measured})
    assert {_band(seen) for (seen,) in codes.values()} == {"Z68.31"}


def test_each_of_two_visits_of_one_day_has_the_code_of_its_own_measurement() -> None:
    codes = _codes(
        _heavy("first") | {"with": [_reads("one", _BMI, 47.2)]},
        _heavy("second") | {"with": [_reads("other", _BMI, 31.4)]},
    )
    assert all({_band(seen) for seen in visits} == {"Z68.42", "Z68.31"}
               for visits in codes.values())  # fmt: skip


def test_a_measurement_of_another_day_of_the_visit_decides_nothing() -> None:
    stay = visit("stay", 3, diagnoses=["E66.9"], encounter_class="inpatient", los_days=4)
    codes = _codes(stay | {"with": [_reads("bmi", _BMI, 61.0, 2)]})
    assert "Z68.44" not in {_band(seen) for (seen,) in codes.values()}


def test_what_is_measured_before_something_happens_still_decides_after_it() -> None:
    """The fluid of a failing heart comes a day before the visit that finds it."""
    seen = _heavy() | {"with": [event("weight", "vital", loinc=_WEIGHT)]}
    failing = visit("failing", 4, diagnoses=["I50.23"], encounter_class="emergency")
    tables = _tables(seen, failing, count=200)
    index = {encounter: value for encounter, code, value in
             listed(tables["vital_signs"], "encounter_id", "loinc", "value")
             if code == _BMI}  # fmt: skip
    pairs = [(code, index[encounter]) for encounter, code in
             listed(tables["encounter_diagnoses"], "encounter_id", "code")
             if code[:5] in {"Z68.2", "Z68.3"}]  # fmt: skip
    assert len(pairs) > 100
    assert _off(pairs) <= 0.1


@pytest.mark.parametrize(
    ("loinc", "value", "coded"),
    [(_SYSTOLIC, 139.0, False), (_SYSTOLIC, 140.0, True),
     (_DIASTOLIC, 89.0, False), (_DIASTOLIC, 90.0, True)],
)  # fmt: skip
def test_a_pressure_of_the_visit_decides_whether_it_is_called_raised(
    loinc: str, value: float, coded: bool
) -> None:
    other = {_SYSTOLIC: (_DIASTOLIC, 70.0), _DIASTOLIC: (_SYSTOLIC, 128.0)}[loinc]
    seen = visit("seen", 3) | {"with": [_reads("one", loinc, value), _reads("two", *other)]}
    codes = _codes(seen, count=100)
    share = np.mean(["R03.0" in one for (one,) in codes.values()])
    assert (0.15 < share < 0.45) if coded else share == 0


def test_a_raised_pressure_is_coded_once_until_a_normal_one_comes() -> None:
    values = (150.0, 150.0, 150.0, 120.0, 150.0)
    seen = [
        visit(f"seen_{place}", 3 + 30 * place)
        | {"with": [_reads(f"upper_{place}", _SYSTOLIC, value),
                    _reads(f"lower_{place}", _DIASTOLIC, 70.0)]}
        for place, value in enumerate(values)
    ]  # fmt: skip
    codes = _codes(*seen, count=100)
    coded = np.array([["R03.0" in one for one in visits] for visits in codes.values()])
    assert (coded.mean(axis=0) > 0.15).tolist() == [True, False, False, False, True]
    assert not coded[:, 1:4].any()


@pytest.mark.slow
@pytest.mark.parametrize(("value", "coded"), [(88.0, False), (87.0, True)])
def test_the_oxygen_of_the_visit_decides_whether_hypoxemia_is_coded(
    value: float, coded: bool
) -> None:
    ill = visit("ill", 10, diagnoses=["J18.9"], encounter_class="emergency")
    codes = _codes(ill | {"with": [_reads("oxygen", _SATURATION, value)]})
    assert {"R09.02" in one for (one,) in codes.values()} == {coded}


@pytest.mark.slow
def test_the_oxygen_of_a_later_day_of_a_stay_decides_too() -> None:
    stay = visit("stay", 10, diagnoses=["J18.9"], encounter_class="inpatient", los_days=6)
    well = [_reads(f"day_{day}", _SATURATION, 95.0, day) for day in range(3)]
    fails = [*well[:2], _reads("low", _SATURATION, 80.0, 2)]
    late = [*well, _reads("late", _SATURATION, 80.0, 3)]
    found = [{"R09.02" in one for (one,) in _codes(stay | {"with": some}).values()}
             for some in (well, fails, late)]  # fmt: skip
    assert found == [{False}, {True}, {False}]


def test_without_usual_vital_signs_what_a_journey_measures_still_decides() -> None:
    listed_band = visit("come", 3, diagnoses=["E66.9", "Z68.35"])
    codes = _codes(listed_band | {"with": [_reads("bmi", _BMI, 47.2)]}, vital_signs="none")
    assert {_band(seen) for (seen,) in codes.values()} == {"Z68.42"}

    weighed = [_reads("weight", _WEIGHT, 131.0)]  # nobody's height is known
    codes = _codes(listed_band | {"with": weighed}, vital_signs="none")
    assert {_band(seen) for (seen,) in codes.values()} == {"Z68.35"}
