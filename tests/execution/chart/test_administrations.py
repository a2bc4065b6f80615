"""Doses in stays: home drugs at rounds, what the diagnosis asks for, nothing that is forbidden."""

from __future__ import annotations

import numpy as np
import pytest

from execution.running import charted, event, journey, listed, patients, visit
from healthsim.medicine.held_drugs import held_drugs
from healthsim.medicine.ward_drugs import HOURS, procedure_drugs, ward_drugs
from healthsim.tables import Coded, Columns


@pytest.fixture(scope="module")
def tables() -> dict[str, Columns]:
    drugs = ("amlodipine 5 mg tablet", "sertraline 50 mg tablet", "metformin 500 mg tablet")
    home = [event(drug.split()[0], "prescription", drug=drug, days_supply=90, refills=3)
            for drug in drugs]  # fmt: skip
    lungs = visit("lungs", 40, encounter_class="inpatient", los_days=5, diagnoses=["J18.9"],
                  procedures=None)  # fmt: skip
    clinical = {"primary": {"code": "E11.9", "onset": {"years_before": 3}},
                "allergies": [{"substance": "penicillin", "share": 0.3}]}  # fmt: skip
    return charted(
        patients(count=40, attributes={}, clinical=clinical),
        journey(*home, lungs),
    )


def _texts(columns: Columns, name: str) -> np.ndarray:
    column = columns[name]
    assert isinstance(column, Coded)
    return np.array(column.texts())


@pytest.mark.slow
def test_home_drugs_are_given_at_the_rounds_of_the_ward(tables: dict[str, Columns]) -> None:
    doses = tables["medication_administrations"]
    home = np.asarray(doses["prescription_id"]) > 0
    hours = set((np.asarray(doses["given_at"])[home] % 1440 // 60).tolist())

    assert home.sum() > 50
    assert hours <= {hour for each in HOURS.values() for hour in each}
    assert not set(_texts(doses, "ingredient")[home]) & held_drugs()[-1].ingredients


def test_the_allergic_to_penicillin_get_another_antibiotic(tables: dict[str, Columns]) -> None:
    doses, allergies = tables["medication_administrations"], tables["allergies"]
    allergic = np.asarray(allergies["person_id"])[
        np.isin(_texts(allergies, "substance"), ["penicillin", "cephalosporin"])
    ]
    drugs, person = _texts(doses, "ingredient"), np.asarray(doses["person_id"])

    assert 0 < len(set(person[drugs == "aztreonam"])) <= len(set(allergic)) < 40
    assert set(person[drugs == "aztreonam"]) <= set(allergic)
    assert not set(person[drugs == "ceftriaxone"]) & set(allergic)
    assert (drugs == "ceftriaxone").any()


def test_few_rounds_are_missed(tables: dict[str, Columns]) -> None:
    doses = tables["medication_administrations"]
    home = np.asarray(doses["prescription_id"]) > 0
    rounds = np.stack([np.asarray(doses[name])[home] for name in ("encounter_id", "given_at")])
    missed = rounds[:, _texts(doses, "status")[home] == "not-done"]
    found, of = (np.unique(one, axis=1).shape[1] for one in (missed, rounds))

    assert 0 < found / of < 0.08


def test_every_drug_of_stays_has_hours_and_every_injection_a_code() -> None:
    assert {one.frequency for one in ward_drugs()} <= set(HOURS)
    assert all(one.rxnorm.isdigit() and one.dose > 0 for one in procedure_drugs().values())


def test_the_second_dose_of_what_is_given_once_a_day_is_half_a_day_after_the_first(
    tables: dict[str, Columns],
) -> None:
    doses = tables["medication_administrations"]
    own = np.flatnonzero(_texts(doses, "ingredient") == "ceftriaxone")
    stay, at = (np.asarray(doses[name])[own] for name in ("encounter_id", "given_at"))
    order = np.lexsort((at, stay))
    between = np.diff(at[order])[stay[order][1:] == stay[order][:-1]]

    assert len(between) > 10
    assert between.min() >= 12 * 60
    assert between.max() <= 36 * 60


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operation", "hours"), [("02100Z9", 48), ("0SRC0J9", 12), ("0DTJ4ZZ", 24)]
)
def test_an_anticoagulant_waits_after_an_operation(operation: str, hours: int) -> None:
    stay = visit("stay", 30, encounter_class="inpatient", los_days=6, diagnoses=["I25.10"],
                 icd10pcs=[operation], procedures=None)  # fmt: skip
    thinner = event("thinner", "prescription", drug="apixaban 5 mg tablet", days_supply=90)
    tables = charted(patients(count=8), journey(thinner, stay))
    ends = {stay: end for stay, unit, end in listed(
        tables["encounter_locations"], "encounter_id", "unit", "end_at")
        if unit == "operating room"}  # fmt: skip
    since = [at - ends[stay] for stay, drug, at in listed(
        tables["medication_administrations"], "encounter_id", "ingredient", "given_at")
        if drug == "apixaban" and stay in ends and at >= ends[stay]]  # fmt: skip

    assert len(since) > 8
    assert hours * 60 <= min(since) < (hours + 24) * 60
