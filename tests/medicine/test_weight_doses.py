"""Doses by weight and body surface: milligrams, what is taken, and units that are billed."""

from __future__ import annotations

import numpy as np
import pytest

from healthsim.codes.drugs import drugs
from healthsim.medicine.datafiles import rows
from healthsim.medicine.dosing import doses, faults, scaled
from healthsim.medicine.weight_doses import (
    WeightDose,
    body_surface,
    mg_per_service,
    mg_per_unit,
    substance,
    weight_doses,
)

NAN = float("nan")
AMOXICILLIN = weight_doses()["amoxicillin 400 mg per 5 mL suspension"]


def test_every_dose_by_weight_is_of_a_medicine_of_the_book_and_goes_by_one_measure() -> None:
    for name, dose in weight_doses().items():
        assert name in drugs().rows
        assert np.isnan(dose.mg_per_kg) != np.isnan(dose.mg_per_m2), name
        assert dose.step > 0
        assert dose.most_mg > dose.step * dose.mg_per_unit, name


def test_every_row_says_where_it_is_from() -> None:
    for row in rows("weight_doses.csv"):
        assert row["source"], row
        assert row["confidence"] in ("V", "M", "A"), row


def test_a_child_takes_less_than_a_grown_up_and_nobody_more_than_the_most() -> None:
    kg = np.array([4.2, 10.0, 22.3, 80.0])
    given = AMOXICILLIN.milligrams(kg, np.full(4, 100.0))

    assert given.tolist() == [189.0, 450.0, 1000.0, 1000.0]
    assert AMOXICILLIN.units(given).tolist() == [2.5, 5.5, 12.5, 12.5]


def test_a_dose_by_surface_follows_mostellers_formula() -> None:
    assert body_surface(np.array([70.0]), np.array([175.0])).tolist() == [1.84]
    folfox = WeightDose(NAN, 85.0, float("inf"), 0.5, 1.0)

    assert folfox.milligrams(np.array([70.0]), np.array([175.0])).tolist() == [156.0]


def test_nobody_takes_nothing() -> None:
    tiny = WeightDose(0.01, NAN, 10.0, 500.0, 1.0)

    assert tiny.milligrams(np.array([3.0]), np.array([50.0])).tolist() == [1.0]
    assert tiny.units(np.array([1.0])).tolist() == [1.0]


@pytest.mark.parametrize(
    ("drug", "milligrams"),
    [("metformin 500 mg tablet", 500.0), ("cetirizine 5 mg per 5 mL solution", 1.0),
     ("levothyroxine 50 mcg tablet", 0.05), ("mesalamine 1.2 g delayed-release tablet", 1200.0),
     ("sulfamethoxazole-trimethoprim 200 mg/40 mg per 5 mL suspension", 8.0),
     ("enoxaparin 150 mg prefilled syringe", 150.0), ("fluticasone 44 mcg inhaler", None),
     ("prenatal vitamin tablet", None), ("adalimumab 40 mg pen injector", None)],
)  # fmt: skip
def test_milligrams_are_those_of_what_a_patient_counts(drug: str, milligrams: float | None) -> None:
    assert mg_per_unit(drug) == milligrams


@pytest.mark.parametrize(
    ("code", "milligrams", "name"),
    [("J9263", 0.5, "Oxaliplatin"), ("J9206", 20.0, "Irinotecan"), ("J9190", 500.0, "Fluorouracil"),
     ("J2469", 0.025, "Palonosetron HCl"), ("J0885", None, "Epoetin alfa"),
     ("99213", None, "")],
)  # fmt: skip
def test_units_of_service_are_those_of_the_hcpcs_text(
    code: str, milligrams: float | None, name: str
) -> None:
    assert mg_per_service(code) == milligrams
    assert substance(code) == name


def test_half_a_dose_is_half_a_tablet_or_a_capsule_half_as_often() -> None:
    tablet, capsule = doses()["atenolol 50 mg tablet"], doses()["gabapentin 300 mg capsule"]

    assert scaled(tablet, 1.0) is tablet
    assert (scaled(tablet, 0.5).amount, scaled(tablet, 0.5).frequency) == (0.5, "QD")
    assert (scaled(capsule, 0.5).amount, scaled(capsule, 0.5).frequency) == (1.0, "QD")


def test_what_is_half_as_often_is_a_frequency_too() -> None:
    named = {row["code"] for row in rows("frequencies.csv")}

    assert {row["half"] for row in rows("frequencies.csv")} - {""} <= named


def test_a_usual_dose_by_weight_comes_out_in_the_units_of_the_book() -> None:
    assert [fault for name in weight_doses()
            for fault in faults(doses()[name], drugs().find(name, "drug"))] == []  # fmt: skip
