"""Devices follow from procedures, from codes that tell of them, and from what people have."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from execution.running import charted, diabetic, event, journey, visit
from healthsim.dates import NO_DAY
from healthsim.tables import Coded, Columns
from template_runs import KNEES, charts, load

KNEE, PACEMAKER, METER = "JWH", "LWP", "NBW"


def _of_some(count: int) -> dict[str, Columns]:
    """Return the tables of people of whom some have a pacemaker, some diabetes, all a new knee."""
    has = [{"code": "Z95.0", "share": 0.4}, {"code": "E11.9", "share": 0.5}]
    clinical = {"primary": {"code": "I10", "onset": {"years_before": 3}}, "comorbidities": has}
    knee = visit("knee", 40, encounter_class="inpatient", los_days=2, diagnoses=["M17.11"])
    done = event("replaced", "procedure", code="27447")
    profile = diabetic(count=count, attributes={}, clinical=clinical, products=["patientsim"])
    return charted(profile, journey(visit("seen", 10), knee | {"with": [done]}))


@pytest.fixture(scope="module")
def some() -> dict[str, Columns]:
    return _of_some(40)


def _of(devices: Columns, code: str) -> np.ndarray:
    kind = devices["type_code"]
    assert isinstance(kind, Coded)
    return np.flatnonzero(kind.equals(code))


def _coded(columns: Columns, *begins: str) -> set[int]:
    codes = columns["code"]
    assert isinstance(codes, Coded)
    return {int(person) for person, code in zip(columns["person_id"], codes.texts(), strict=True)
            if code is not None and code.startswith(begins)}  # fmt: skip


@pytest.mark.slow
def test_one_operation_under_two_codes_is_one_knee_of_its_side() -> None:
    tables = charts(*KNEES)
    devices, procedures = tables["devices"], tables["procedures"]
    knees = _of(devices, KNEE)
    people = Counter(np.asarray(devices["person_id"])[knees].tolist())

    assert _coded(procedures, "27447") & _coded(procedures, "0SRC")
    assert people == dict.fromkeys(_coded(procedures, "27447"), 1)
    assert isinstance(devices["body_site"], Coded)
    assert set(devices["body_site"].take(knees).texts()) == {"right knee"}
    assert set(np.asarray(devices["procedure_id"])[knees]) <= set(procedures["procedure_id"])


def test_who_has_the_code_of_a_pacemaker_has_one_since_then(some: dict[str, Columns]) -> None:
    devices, conditions = some["devices"], some["conditions"]
    found = _of(devices, PACEMAKER)
    codes = conditions["code"]
    assert isinstance(codes, Coded)
    since = {int(conditions["person_id"][row]): conditions["onset_date"][row]
             for row in np.flatnonzero(codes.equals("Z95.0"))}  # fmt: skip

    assert since
    assert {
        int(devices["person_id"][row]): devices["implanted_date"][row] for row in found
    } == since


def test_only_who_has_diabetes_measures_glucose(some: dict[str, Columns]) -> None:
    devices = some["devices"]
    theirs = set(np.asarray(devices["person_id"])[_of(devices, METER)].tolist())

    assert theirs
    assert theirs <= _coded(some["conditions"], "E10", "E11", "E13")
    assert (np.asarray(devices["implanted_date"])[_of(devices, METER)] == NO_DAY).all()


@pytest.mark.slow
def test_other_devices_and_people_change_no_row_of_a_device(some: dict[str, Columns]) -> None:
    fewer, whole = _of_some(12)["devices"], some["devices"]
    size = len(np.asarray(fewer["device_id"]))

    assert size
    for name, column in fewer.items():
        same = whole[name]
        if isinstance(column, Coded):
            assert isinstance(same, Coded)
            assert same.texts()[:size] == column.texts(), name
        else:
            assert np.array_equal(np.asarray(same)[:size], np.asarray(column)), name


@pytest.mark.slow
def test_a_port_for_chemotherapy_is_put_in_once_with_its_device_and_an_operation_note() -> None:
    products = ["patientsim", "membersim"]
    profile = load("oncology-trial-candidates") | {"count": 4, "products": products}
    (port,) = (step for step in load("oncology-treatment-cycle")["phases"][0]["steps"]
               if step["id"] == "port")  # fmt: skip
    tables = charted(profile, journey(port | {"at": 9}))
    notes, lines = tables["clinical_notes"], tables["claim_lines"]
    ports = Counter(np.asarray(tables["devices"]["person_id"])[_of(tables["devices"], "LJT")])
    assert isinstance(lines["procedure"], Coded)
    billed = np.asarray(lines["person_id"])[lines["procedure"].equals("36561")]

    assert _coded(tables["procedures"], "36561") == set(ports)
    assert len(ports) == 4
    assert set(ports.values()) == {1}
    assert isinstance(notes["type"], Coded)
    assert notes["type"].equals("11504-8").sum() == 4
    assert set(Counter(billed).values()) == {2}, "the surgeon's line and the hospital's"


@pytest.mark.slow
def test_a_walker_is_kept_for_six_weeks_after_the_joint_is_replaced() -> None:
    tables = charts(*KNEES)
    devices, done = tables["devices"], tables["procedures"]
    operated = dict(zip(done["person_id"][chosen := done["code"].equals("27447")].tolist(),
                        done["performed_date"][chosen].tolist(), strict=True))  # fmt: skip
    walkers = devices["type_code"].equals("ITJ")
    person, until = devices["person_id"][walkers], devices["removed_date"][walkers]
    ended = [(day, operated[one]) for one, day in zip(person.tolist(), until.tolist(), strict=True)
             if one in operated and day != NO_DAY]  # fmt: skip

    assert ended
    assert all(day >= operation + 42 for day, operation in ended)
