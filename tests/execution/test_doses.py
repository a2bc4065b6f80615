"""People take, are dispensed and are billed what their weight, surface and kidneys ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.running import attempted, diabetic, event, journey, listed, run, visit
from healthsim.tables import Columns

EGFR = "98979-8"


def _people(age: Any, takes: str | None = None, count: int = 120, **changes: Any) -> dict[str, Any]:
    clinical: dict[str, Any] = {"primary": {"code": "J02.9"}}
    if takes:
        clinical["medications"] = [{"drug": takes, "share": 1}]
    return diabetic(
        count=count, attributes={}, clinical=clinical, demographics={"age": age},
        coverage={"plan": {"Commercial-PPO": 1}}, **changes,
    )  # fmt: skip


def _drug(drug: str, at: int = 1, **details: Any) -> dict[str, Any]:
    return event("drug", "prescription", at, drug=drug, first_fill_share=1.0, **details)


def _weigh(tables: dict[str, Columns]) -> dict[int, float]:
    rows = listed(tables["vital_signs"], "person_id", "loinc", "value")
    return {person: value for person, loinc, value in rows if loinc == "29463-7"}


WEIGHED = event("weighed", "vital", 1, loinc="29463-7")


def test_a_suspension_is_dosed_by_the_weight_of_the_day() -> None:
    ages = {"type": "uniform", "low": 1, "high": 14, "decimals": 0}
    steps = journey(WEIGHED, _drug("amoxicillin 400 mg per 5 mL suspension", days_supply=10))
    tables = run(_people(ages, vital_signs="none"), steps)
    kilograms = _weigh(tables)
    doses = listed(tables["prescriptions"], "person_id", "dose", "quantity", "sig")

    assert len({dose for _, dose, *_ in doses}) > 8
    for person, dose, quantity, sig in doses:
        wanted = min(45 * kilograms[person], 1000) / 80
        assert abs(dose - wanted) <= 0.26, (person, kilograms[person])
        assert quantity == 100 * np.ceil(round(dose * 20 / 100 - 0.05, 6))
        assert sig == f"Take {dose:g} mL by mouth twice a day."


def test_what_is_dispensed_is_what_was_prescribed() -> None:
    ages = {"type": "uniform", "low": 1, "high": 14, "decimals": 0}
    tables = run(_people(ages), journey(_drug("ibuprofen 100 mg per 5 mL suspension")))
    quantity = dict(listed(tables["prescriptions"], "prescription_id", "quantity"))
    fills = listed(tables["fills"], "prescription_id", "quantity")

    assert len(set(quantity.values())) > 2
    assert all(quantity[one] == dispensed for one, dispensed in fills)


def test_a_stated_dose_by_weight_wins_over_the_usual_one() -> None:
    stated = _drug("amoxicillin 400 mg per 5 mL suspension", dose={"mg_per_kg": 20, "most_mg": 240})
    tables = run(_people(30), journey(stated))

    assert {dose for (dose,) in listed(tables["prescriptions"], "dose")} == {3.0}


def test_a_stated_quantity_has_no_dose_by_weight() -> None:
    stated = _drug("amoxicillin 400 mg per 5 mL suspension", quantity=150.0)
    tables = run(_people(6), journey(stated))

    assert set(listed(tables["prescriptions"], "dose", "quantity")) == {(7.5, 150.0)}


def test_chemotherapy_is_given_and_billed_by_body_surface() -> None:
    drug = event("ox", "procedure", code="J9263", display="Oxaliplatin", dose={"mg_per_m2": 85})
    size = [event("kg", "vital", loinc="29463-7"), event("cm", "vital", loinc="8302-2")]
    steps = journey(visit("infusion", 5, procedures=["96413"]) | {"with": [*size, drug]})
    tables = run(_people({"type": "uniform", "low": 40, "high": 80}), steps)
    measured = {
        (person, loinc): value
        for person, loinc, value in listed(tables["vital_signs"], "person_id", "loinc", "value")
    }
    done = listed(tables["procedures"], "person_id", "dose_mg", "display", "event_id")
    given = [one for one in done if one[1] is not None]
    lines = listed(tables["claim_lines"], "event_id", "units", "procedure", "modifier_1")
    units, wasted = (
        {
            event_id: units
            for event_id, units, code, modifier in lines
            if code == "J9263" and (modifier == "JW") is left
        }
        for left in (False, True)
    )

    assert len({dose for _, dose, *_ in given}) > 30
    for person, dose, display, event_id in given:
        surface = np.sqrt(measured[person, "29463-7"] * measured[person, "8302-2"] / 3600)
        assert abs(dose - 85 * round(surface, 2)) <= 0.51
        assert display == f"Oxaliplatin {dose:g} mg"
        assert units.get(event_id, 2 * dose) == 2 * dose
        assert (units.get(event_id, 0) + wasted.get(event_id, 0)) % 100 == 0


def test_failing_kidneys_halve_a_dose_and_what_is_dispensed() -> None:
    low = event("low", "lab", 10, loinc=EGFR, result=25)
    drug = _drug("sitagliptin 100 mg tablet", 20)
    capsule = _drug("gabapentin 300 mg capsule", 20) | {"id": "capsule"}
    usual = run(_people(50, count=10), journey(drug, capsule))
    less = run(_people(50, count=10), journey(low, drug, capsule))
    columns = ("ingredient", "dose", "frequency", "quantity", "sig")

    assert set(listed(usual["prescriptions"], *columns)) == {
        ("sitagliptin", 1.0, "QD", 30.0, "Take 1 tablet by mouth once a day."),
        ("gabapentin", 1.0, "TID", 90.0, "Take 1 capsule by mouth three times a day."),
    }
    assert set(listed(less["prescriptions"], *columns)) == {
        ("sitagliptin", 0.5, "QD", 15.0, "Take 0.5 tablet by mouth once a day."),
        ("gabapentin", 1.0, "QD", 30.0, "Take 1 capsule by mouth once a day."),
    }


def test_a_standing_drug_is_reduced_when_it_is_renewed() -> None:
    low = event("low", "lab", 10, loinc=EGFR, result=35)
    steps = journey(low, visit("end", 700), duration_days=800)
    tables = run(_people(50, "sitagliptin 100 mg tablet", count=40), steps)
    doses = listed(tables["prescriptions"], "written_date", "dose")

    assert {dose for day, dose in doses if day < 20_089} == {1.0}
    assert {dose for day, dose in doses if 20_100 < day < 20_100 + 365} == {0.5}
    assert {dose for day, dose in doses if day > 20_100 + 365} == {1.0}  # too old to count


@pytest.mark.parametrize(
    ("details", "place", "words"),
    [
        ({"dose": {"most_mg": 500}}, "details.dose", "mg_per_kg and mg_per_m2"),
        ({"dose": {"mg_per_kg": 1, "mg_per_m2": 1}}, "details.dose", "both"),
        ({"dose": {"mg_per_kg": 5}, "quantity": 10.0}, "details", "remove one"),
        ({"dose": {"mg_per_kg": 5}, "drug": "fluticasone 44 mcg inhaler"}, "details.dose",
         "state quantity"),
    ],
)  # fmt: skip
def test_a_dose_rule_that_cannot_be_kept_is_refused_with_its_place_and_mend(
    details: dict[str, Any], place: str, words: str
) -> None:
    found = attempted(_people(50), journey(_drug(**{"drug": "metformin 500 mg tablet"} | details)))

    assert isinstance(found, str)
    assert place in found
    assert words in found


def test_a_treatment_whose_unit_is_no_weight_has_no_dose_by_weight() -> None:
    drug = event("epo", "procedure", code="J0885", dose={"mg_per_kg": 1})
    found = attempted(_people(50), journey(visit("v", 5) | {"with": [drug]}))

    assert isinstance(found, str)
    assert "state units" in found
