"""Places of a stay: one after another, by what is done and to whom."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from execution.running import charted, journey, patients, visit
from healthsim.medicine.wards import paths, units
from healthsim.tables import Coded, Columns
from template_runs import BIRTHS, KNEES, charts


@pytest.fixture(scope="module")
def births() -> dict[str, Columns]:
    return charts(*BIRTHS)


def _numbers(columns: Columns, name: str) -> NDArray[np.int64]:
    return np.asarray(columns[name], dtype=np.int64)


def _units(places: Columns) -> dict[int, list[str]]:
    """Return the units of each stay, in order."""
    unit = places["unit"]
    assert isinstance(unit, Coded)
    found: dict[int, list[str]] = {}
    for encounter, text in zip(
        _numbers(places, "encounter_id").tolist(), unit.texts(), strict=True
    ):
        found.setdefault(encounter, []).append(str(text))
    return found


@pytest.mark.slow
def test_an_operation_is_followed_by_recovery_and_heart_surgery_by_intensive_care() -> None:
    knee = _units(charts(*KNEES)["encounter_locations"])
    bypass = visit("bypass", 20, encounter_class="inpatient", los_days=6, diagnoses=["I25.10"],
                   icd10pcs=["02100Z9"], procedures=None)  # fmt: skip
    heart = _units(charted(patients(count=6), journey(bypass))["encounter_locations"])

    assert ["preoperative", "operating room", "recovery", "surgical"] in knee.values()
    assert ["preoperative", "operating room", "intensive care", "telemetry"] in heart.values()


def test_a_child_is_born_where_its_mother_is_in_labor_or_operated(
    births: dict[str, Columns],
) -> None:
    patients, encounters, places = (
        births[name] for name in ("patients", "encounters", "encounter_locations")
    )
    kind = encounters["admit_type"]
    assert isinstance(kind, Coded)
    born = np.flatnonzero(kind.equals("4"))
    whose = _numbers(patients, "person_id").tolist()
    mothers = dict(zip(whose, _numbers(patients, "mother_person_id").tolist(), strict=True))
    person, start, end = (_numbers(places, name) for name in ("person_id", "start_at", "end_at"))
    unit = places["unit"]
    assert isinstance(unit, Coded)
    names = unit.texts()
    where: set[str | None] = set()
    for row in born.tolist():
        mother = mothers[int(_numbers(encounters, "person_id")[row])]
        at = _numbers(encounters, "start_at")[row]
        hers = np.flatnonzero((person == mother) & (start <= at) & (end > at))
        where.update(names[one] for one in hers.tolist())

    assert len(born) > 10
    assert where == {"labor and delivery", "operating room"}


def test_newborns_are_in_the_nursery_or_in_intensive_care(births: dict[str, Columns]) -> None:
    places, unit = births["encounter_locations"], births["encounter_locations"]["unit"]
    assert isinstance(unit, Coded)
    child = _numbers(places, "person_id") % 100 >= 50
    theirs = set(np.array(unit.texts())[child].tolist())

    assert "nursery" in theirs
    assert theirs <= {"nursery", "neonatal intensive care", "pediatric"}


def test_places_follow_each_other_without_a_gap(births: dict[str, Columns]) -> None:
    places = births["encounter_locations"]
    names = ("encounter_id", "sequence", "start_at", "end_at")
    rows = list(zip(*(_numbers(places, name).tolist() for name in names), strict=True))
    moves = [(one, two) for one, two in pairwise(rows) if one[0] == two[0]]

    assert moves
    assert all(two[1] == one[1] + 1 and two[2] == one[3] for one, two in moves)


def test_each_path_ends_in_a_unit_that_takes_the_rest() -> None:
    for path in paths():
        assert path.steps[-1].least is None, path.name
        assert all(step.least is not None for step in path.steps[:-1]), path.name
        assert {step.unit for step in path.steps} <= set(units()), path.name
