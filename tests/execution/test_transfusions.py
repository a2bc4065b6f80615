"""Too little hemoglobin in a stay is answered by red cells, and measured again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from audit.treatment_tampering import OF_TRANSFUSIONS
from execution.running import Document, diabetic, event, journey, listed, run, visit
from healthsim.execution.sync.chart.answering import NEVER, known_at
from healthsim.medicine.analytes import analytes
from healthsim.medicine.courses import bounded
from healthsim.medicine.datafiles import rows
from healthsim.medicine.effects import effects
from healthsim.medicine.transfusions import FILE, transfusions
from healthsim.tables import NO_NUMBER, Coded, Columns

BYPASS, RED_CELLS, HEMOGLOBIN = "02100Z9", "36430", "718-7"


def _stay(value: float, **details: object) -> Document:
    """A stay of five days with a hemoglobin of `value` g/dL on its second day."""
    facts = {"encounter_class": "inpatient", "los_days": 5, "diagnoses": ["K92.2"],
             "procedures": ["99223"], **details}  # fmt: skip
    measured = event("blood", "lab", loinc=HEMOGLOBIN, result=value) | {"at": {"day": 1}}
    return visit("stay", 10, **facts) | {"with": [measured]}


def _units(value: float, **details: object) -> list[tuple[Any, ...]]:
    """The units that four people are given on the day of that result."""
    tables = run(diabetic(count=4, products=["patientsim"]), journey(_stay(value, **details)))
    day = next(
        at
        for at, code, found in listed(tables["lab_results"], "collected_at", "loinc", "value")
        if (code, found) == (HEMOGLOBIN, value)
    )
    done = listed(tables["procedures"], "person_id", "code", "performed_date")
    return [row for row in done if row[1] == RED_CELLS and row[2] == day // 1440]


@pytest.mark.parametrize(("value", "given"), [(6.9, 4), (7.0, 0)])
def test_red_cells_are_given_below_seven_and_not_at_seven(value: float, given: int) -> None:
    assert len(_units(value, diagnoses=["R07.9"])) == given


@pytest.mark.parametrize(("value", "given"), [(7.4, 4), (7.5, 0)])
def test_around_heart_surgery_they_are_given_below_seven_and_a_half(
    value: float, given: int
) -> None:
    stay = {"diagnoses": ["I25.10"], "icd10pcs": [BYPASS]}

    assert len(_units(value, **stay)) == given


def test_a_count_outside_of_visits_asks_for_no_red_cells_of_somebody_else() -> None:
    day = 20_000
    labs: Columns = {
        "loinc": Coded.constant(HEMOGLOBIN, 2), "value": np.array([6.5, 6.5]),
        "encounter_id": np.array([NO_NUMBER, 7]), "collected_at": np.full(2, day * 1440 + 600),
        "resulted_at": np.full(2, day * 1440 + 660),
    }  # fmt: skip
    done: Columns = {
        "procedure_id": np.array([1, 2, 3]), "code": Coded.constant(RED_CELLS, 3),
        "encounter_id": np.array([NO_NUMBER, 7, 8]), "performed_date": np.full(3, day),
    }  # fmt: skip

    assert known_at({"lab_results": labs}, done).tolist() == [NEVER, day * 1440 + 660, NEVER]


def test_the_next_count_has_risen_by_about_a_gram_for_each_unit() -> None:
    tables = run(
        diabetic(count=40, products=["patientsim"]), journey(_stay(6.5, diagnoses=["R07.9"]))
    )
    counts = [(person, at, value) for person, at, code, value in listed(
        tables["lab_results"], "person_id", "collected_at", "loinc", "value")
        if code == HEMOGLOBIN]  # fmt: skip
    by_person: dict[object, list[float]] = {}
    for person, _, value in sorted(counts, key=lambda row: (row[0], row[1])):
        by_person.setdefault(person, []).append(float(str(value)))
    risen = [after - before for values in by_person.values()
             for before, after in pairwise(values) if before == 6.5]  # fmt: skip

    assert len(risen) >= 40
    assert 0.8 < np.mean(risen) < 1.4


def test_a_fall_after_an_operation_stays_within_the_bounds_of_its_row() -> None:
    losses = [one for one in effects() if one.analyte == "hemoglobin" and one.group == "blood loss"
              and not np.isnan(one.low)]  # fmt: skip

    assert {"D62", "33533"} <= {one.causes[0] for one in losses}
    for one in losses:
        fall = bounded(np.array([-9.0, one.size, 0.0]), one, analytes()["hemoglobin"])
        assert fall.tolist() == [one.low, one.size, one.high]


def test_an_effect_without_bounds_is_not_bounded() -> None:
    free = next(one for one in effects() if one.op == "+" and np.isnan(one.low + one.high))

    assert bounded(np.array([-99.0, 99.0]), free, analytes()["hemoglobin"]).tolist() == [-99, 99]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    profile = diabetic(count=3, products=["patientsim"], detail="full")
    stay = _stay(6.5, diagnoses=["R07.9"])
    with opened(tmp_path_factory.mktemp("blood"), profile, journey(stay)) as scenario:
        yield scenario


@pytest.mark.slow
@pytest.mark.parametrize("change", OF_TRANSFUSIONS, ids=str)
def test_a_stay_that_does_not_answer_or_look_again_is_told(
    made: Scenario, change: Tampering
) -> None:
    assert made.told(made.of(*change.breaks)) == {}
    assert made.tried(change) >= set(change.breaks)


def test_every_transfusion_has_a_source_and_the_strictest_comes_first() -> None:
    assert all(row["source"] and row["confidence"] for row in rows(FILE))
    assert [one.below for one in transfusions()] == sorted(
        (one.below for one in transfusions()), reverse=True
    )
