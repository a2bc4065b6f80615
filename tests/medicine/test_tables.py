"""The tables of medicine fit the books, and contradictions are refused with row and mend."""

from __future__ import annotations

import math
from collections import Counter
from itertools import chain

import numpy as np
import pytest

from healthsim.codes.loinc import loinc
from healthsim.codes.procedures import procedure_system
from healthsim.errors import NotFound, SpecError
from healthsim.medicine.analytes import analytes, has_usual, key_of, read_analytes, tabled
from healthsim.medicine.datafiles import rows
from healthsim.medicine.derivation import derived, read_derived
from healthsim.medicine.effects import (
    all_cures,
    condition_effects,
    cure,
    drug_effects,
    effects,
    pregnancy_curves,
    read_effects,
)


def test_every_test_of_the_book_with_usual_values_is_drawn_or_computed() -> None:
    missing = [
        code for code, row in loinc().rows.items() if not np.isnan(row.mean) and not has_usual(code)
    ]
    assert missing == []
    assert len(tabled()) >= 59
    assert len(derived()) >= 30


def test_computed_analytes_have_no_row_among_the_drawn() -> None:
    assert not analytes().keys() & derived().keys()
    codes = [row.loinc for row in chain(tabled().values(), derived().values()) if row.loinc]
    assert len(set(codes)) == len(codes)


def test_an_unknown_analyte_is_answered_with_the_near_ones() -> None:
    with pytest.raises(NotFound, match="hemoglobin"):
        key_of("haemoglobin")


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("loinc", "99999-9", "99999-9 is not in the book"),
        ("unit", "g/L", "'g/L' is not the book's 'g/dL'"),
        ("scale", "log", "neither 'n' nor 'l'"),
        ("female", "133", "outside low..high"),
        ("within_percent", "-3", "variation"),
        ("drift", "2", "drift"),
        ("source", "", "source is missing"),
    ],
)
def test_a_wrong_row_of_analytes_is_refused(column: str, value: str, says: str) -> None:
    line = next(row for row in rows("analytes.csv") if row["key"] == "hemoglobin")
    with pytest.raises(SpecError, match=r"row 2 \(hemoglobin\)") as caught:
        read_analytes(({**line, column: value},))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("formula", "solve", "says"),
    [
        ("hemoglobn * 3", "", "did you mean 'hemoglobin'"),
        ("hemoglobin +", "", "not arithmetic"),
        ("hematocrit + 1", "", "need each other: hematocrit"),
        ("hemoglobin * 3", "rbc = hematocrit", "'rbc' is not drawn"),
    ],
)
def test_a_wrong_formula_is_refused(formula: str, solve: str, says: str) -> None:
    lines = [
        {**line, "formula": formula, "solve": solve} if line["key"] == "hematocrit" else line
        for line in rows("derived.csv")
    ]
    with pytest.raises(SpecError) as caught:
        read_derived(lines)
    assert says in str(caught.value)


def test_formulas_that_need_each_other_are_refused() -> None:
    lines = [
        {**line, "formula": "rbc * 9", "solve": ""} if line["key"] == "hematocrit" else line
        for line in rows("derived.csv")
    ]
    with pytest.raises(SpecError, match="need each other") as caught:
        read_derived(lines)
    assert "hematocrit" in str(caught.value)
    assert "cholesterol" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"analyte": "haemoglobin"}, "no analyte 'haemoglobin'"),
        ({"analyte": "hematocrit"}, "change hemoglobin instead"),
        ({"analyte": "39156-5"}, "change body_mass instead"),
        ({"op": "/"}, "is '/'"),
        ({"op": "*", "size": "0"}, "factor above 0"),
        ({"op": "=", "size": "9"}, "standard deviation"),
        ({"op": "=", "size": "9", "sd": "1", "low": "10"}, "widen low..high"),
        ({"kind": "drug", "cause": "metformine"}, "did you mean 'metformin'"),
        ({"cause": "E99"}, "no ICD-10-CM code begins with 'E99'"),
        ({"share": "1.5"}, "use 0 to 1"),
        ({"onset": "-1"}, "days are negative"),
    ],
)
def test_a_wrong_effect_is_refused(changes: dict[str, str], says: str) -> None:
    line = next(row for row in rows("effects.csv") if row["cause"] == "D50")
    with pytest.raises(SpecError, match=r"effects.csv row 2") as caught:
        read_effects([{**line, **changes}])
    assert says in str(caught.value)


def test_procedures_begin_codes_of_a_known_form() -> None:
    for effect in effects():
        for cause in effect.causes if effect.kind == "procedure" else ():
            assert procedure_system(cause) or procedure_system(cause.ljust(7, "0")), cause


def test_no_cause_says_twice_what_it_does_to_an_analyte() -> None:
    said = Counter((e.kind, cause, e.analyte, e.share) for e in effects() for cause in e.causes)
    assert [one for one, count in said.items() if count > 1] == []


def test_the_longest_beginning_of_a_code_counts() -> None:
    (stage,) = (e for e in condition_effects("N18.4") if e.analyte == "egfr")
    assert (stage.size, stage.low, stage.high) == (23, 16, 29)
    (kidney,) = (e for e in condition_effects("E11.22") if e.analyte == "uacr")
    (plain,) = (e for e in condition_effects("E11.9") if e.analyte == "uacr")
    assert kidney.size > plain.size
    assert condition_effects("Z00.00") == ()


@pytest.mark.parametrize("code", ["I50.21", "I50.23", "I50.33", "J44.1", "J45.901"])
def test_a_flare_adds_to_what_its_illness_does_all_the_time(code: str) -> None:
    lasting = {e.analyte: e for e in condition_effects(code) if math.isnan(e.hold)}
    passing = {e.analyte: e for e in condition_effects(code) if not math.isnan(e.hold)}
    between = {
        e.analyte: e
        for e in condition_effects(code[: 5 if code[0] == "I" else 3])
        if math.isnan(e.hold)
    }
    both = lasting.keys() & passing.keys()

    assert lasting == between
    assert both
    alike = {
        one for one in both if passing[one].op == "*" or passing[one].size * lasting[one].size > 0
    }
    assert alike
    assert all(passing[one].group == lasting[one].group for one in alike)


def test_a_drug_is_found_by_its_name_then_ingredient_then_class() -> None:
    def lowers(name: str) -> float:
        return next(e.size for e in drug_effects(name) if e.analyte == "ldl")

    assert lowers("atorvastatin 80 mg tablet") < lowers("atorvastatin 10 mg tablet")
    assert drug_effects("no such drug") == ()


def test_replacement_takes_back_what_the_illness_does() -> None:
    found = cure("levothyroxine 50 mcg tablet", "E03.9")
    assert found is not None
    assert found.cancel > 0.9
    assert cure("levothyroxine 50 mcg tablet", "E11.9") is None
    assert {one.drug for one in all_cures()} > {"iron", "allopurinol"}


def test_pregnancy_moves_what_it_is_known_to_move() -> None:
    curves = {curve.analyte: curve for curve in pregnancy_curves()}
    assert curves.keys() >= {"hemoglobin", "creatinine", "alp", "albumin", "ldl", "heart_rate"}
    assert all((np.diff(curve.weeks) > 0).all() for curve in curves.values())


def test_every_row_says_its_source_and_how_sure_it_is() -> None:
    names = (
        "analytes.csv",
        "middles.csv",
        "found_above.csv",
        "goes_on.csv",
        "children.csv",
        "derived.csv",
        "effects.csv",
        "pregnancy.csv",
        "cures.csv",
        "specimens.csv",
        "appointments.csv",
        "studies.csv",
        "procedure_words.csv",
        "charted_procedures.csv",
        "infusions.csv",
        "coronary_treatments.csv",
        "coronary_vessels.csv",
        "coronary_extent.csv",
        "report_sentences.csv",
        "allergies.csv",
        "observations.csv",
        "contacts.csv",
        "screenings.csv",
        "screening_items.csv",
        "family_history.csv",
        "observation_values.csv",
        "occupations.csv",
        "smoking.csv",
        "smoking_codes.csv",
        "allergic_reactions.csv",
    )
    for name in names:
        for row in rows(name):
            assert row["source"], (name, row)
            assert row["confidence"] in ("V", "M", "A"), (name, row)
