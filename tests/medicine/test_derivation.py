"""Computed analytes are what published formulas give, and what they are computed from follows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from healthsim.codes.loinc import loinc
from healthsim.errors import NotFound
from healthsim.medicine.analytes import analytes, bound_to, of_book, tabled
from healthsim.medicine.derivation import dependents, derive, derived, needs, plan, solve
from healthsim.medicine.setpoints import Subjects, rounded, set_point, spread, to_scale, to_value

Floats = NDArray[np.float64]


def _person(age: float, female: float = 1.0, count: int = 1) -> Subjects:
    return Subjects(np.full(count, female), np.full(count, int(age * 12), dtype=np.int64))


def _one(key: str, person: Subjects, **values: float) -> float:
    columns = {name: np.array([value]) for name, value in values.items()}
    return float(derive([key], columns, person)[key][0])


@pytest.mark.parametrize(
    ("key", "age", "female", "values", "expected"),
    [
        ("egfr", 55, 0, {"creatinine": 1.2, "height": 175}, 71),  # CKD-EPI 2021
        ("egfr", 55, 1, {"creatinine": 1.2, "height": 165}, 53),
        ("egfr", 30, 1, {"creatinine": 0.6, "height": 165}, 124),
        ("egfr", 6, 1, {"creatinine": 0.5, "height": 115}, 95),  # bedside Schwartz
        ("ldl_calculated", 50, 1, {"cholesterol": 200, "hdl": 50, "vldl": 30}, 120),
        ("average_glucose", 50, 1, {"a1c": 7.0}, 154),  # ADAG
        ("anion_gap", 50, 1, {"sodium": 140, "chloride": 104, "bicarbonate": 24}, 12),
        ("osmolality", 50, 1, {"sodium": 140, "glucose": 90, "urea": 14}, 290),
        ("creatinine_clearance", 60, 0, {"creatinine": 1.0, "weight": 72}, 80),
        ("mcv", 50, 1, {"hematocrit": 40.5, "rbc": 4.5}, 90.0),
        ("mchc", 50, 1, {"hemoglobin": 13.5, "hematocrit": 40.5}, 33.3),
        ("map", 50, 1, {"dbp": 80, "sbp": 122}, 94),
        ("carbon_dioxide", 50, 1, {"bicarbonate_arterial": 24, "ph_arterial": 7.40}, 39),
        ("vldl", 50, 1, {"triglycerides": 500}, 62),
    ],
)
def test_formulas_give_what_is_published(
    key: str, age: float, female: float, values: dict[str, float], expected: float
) -> None:
    assert _one(key, _person(age, female), **values) == expected


def _healthy(key: str, person: Subjects, ranks: Floats) -> dict[str, Floats]:
    """Return drawn and computed values of healthy people behind one analyte."""
    needed = plan([key, *needs(key)])
    drawn = {}
    for name in needed.drawn:
        analyte = analytes()[name]
        healthy = spread(analyte, person)
        drawn[name] = to_value(analyte, healthy.middle + set_point(analyte, healthy, ranks))
    return drawn | derive(needed.derived, drawn, person)


_SOLVED = [(key, factor) for key, row in derived().items() if row.solves for factor in (0.93, 1.06)]
_SOLVED.remove(("oxygen", 1.06))  # more than room air gives at 50: nothing can follow


@pytest.mark.parametrize(("key", "factor"), _SOLVED)
def test_what_is_drawn_follows_a_stated_value(key: str, factor: float) -> None:
    person = _person(50, count=3)
    row = derived()[key]
    values = _healthy(key, person, np.array([-0.8, 0.0, 0.8]))
    stated = rounded(np.clip(values[key] * factor, row.low, row.high), row.decimals)
    moved = solve(key, stated, values, person)
    assert moved.keys() == row.solves[0].keys()

    follows = {name: values[name] for name in plan([key]).drawn}
    follows |= {name: rounded(column, tabled()[name].decimals) for name, column in moved.items()}
    again = derive(plan([key]).derived, follows, person)[key]

    coarse = 0.5 * 10.0**-row.decimals
    for name in moved:  # what the rounding of the solved analyte makes of it
        nudged = follows | {name: follows[name] + 0.5 * 10.0 ** -tabled()[name].decimals}
        coarse = coarse + abs(derive(plan([key]).derived, nudged, person)[key] - again)
    between = sum(10.0 ** -derived()[name].decimals for name in row.inputs if name in derived())
    scale = np.maximum(abs(stated), 1)
    assert (abs(again - stated) <= coarse + 10.0**-row.decimals + 0.02 * scale * between).all()


def test_a_stated_count_of_neutrophils_keeps_the_other_cells() -> None:
    person = _person(60)
    values = _healthy("neutrophils", person, np.zeros(1))
    others = values["wbc"] - values["neutrophils"]
    moved = solve("neutrophils", np.array([0.4]), values, person)

    assert moved["wbc"] == pytest.approx(0.4 + others, abs=0.1)

    kept = solve("neutrophils", np.array([0.4]), values, person, frozenset({"wbc"}))
    assert "wbc" not in kept
    assert kept["lymphocyte_ratio"] > values["lymphocyte_ratio"]


def test_nothing_follows_where_all_that_could_is_stated_too() -> None:
    person = _person(60)
    values = _healthy("anion_gap", person, np.zeros(1))
    gap = np.array([30.0])

    assert solve("anion_gap", gap, values, person, frozenset({"unmeasured_anions"})) == {}
    assert solve("map", np.array([90.0]), values, person) == {}


def test_a_stated_value_stays_and_what_is_computed_from_it_follows() -> None:
    values = {"cholesterol": np.array([250.0]), "hdl": np.array([50.0]), "vldl": np.array([30.0])}
    found = derive(["cholesterol", "ldl_calculated", "non_hdl"], values, _person(50))

    assert [float(found[key][0]) for key in found] == [250, 170, 200]


def test_lipids_add_up_at_the_ends_of_what_is_possible() -> None:
    ends = [[tabled()[key].low, tabled()[key].high] for key in ("ldl", "hdl", "triglycerides")]
    ldl, hdl, fat = (one.ravel() for one in np.meshgrid(*ends))
    values = {"ldl": ldl, "hdl": hdl, "triglycerides": fat}
    keys = ("vldl", "cholesterol", "ldl_calculated", "non_hdl")
    found = derive(keys, values, _person(50, count=len(ldl)))

    assert np.array_equal(found["cholesterol"], ldl + hdl + found["vldl"])
    assert np.array_equal(found["ldl_calculated"], ldl)
    assert np.array_equal(found["non_hdl"], ldl + found["vldl"])


def test_differentials_add_up_to_a_hundred() -> None:
    ranks = np.linspace(-2.5, 2.5, 101)
    keys = ("neutrophils", "lymphocytes", "monocytes", "eosinophils", "basophils")
    found = plan([f"{key}_percent" for key in keys])
    person = _person(40, count=101)
    drawn = {}
    for place, name in enumerate(found.drawn):
        analyte = analytes()[name]
        healthy = spread(analyte, person)
        drawn[name] = to_value(
            analyte, healthy.middle + healthy.between * np.roll(ranks, 17 * place)
        )
    shares = derive(found.derived, drawn, person)

    total = sum(shares[f"{key}_percent"] for key in keys)
    assert np.round(total, 6) == pytest.approx(100.0)


def test_what_moves_when_an_analyte_moves() -> None:
    assert dependents(["ldl"]) >= {"ldl", "cholesterol", "ldl_calculated", "non_hdl"}
    assert "egfr" not in dependents(["ldl"])
    assert "egfr" in dependents(["2160-0"])
    assert dependents(["spo2"]) == {"spo2"}


def test_a_plan_names_inputs_before_what_is_computed_from_them() -> None:
    found = plan(["785-6", "9830-1", "33037-3"])
    known = set(found.drawn)
    for key in found.derived:
        assert known.issuperset(derived()[key].inputs)
        known.add(key)
    with pytest.raises(NotFound):
        plan(["99999-9"])


def test_states_of_journeys_are_analytes_by_name() -> None:
    assert (bound_to("a1c"), bound_to("weather")) == ("a1c", None)
    assert bound_to("hgb") == bound_to("hemoglobin") == "hemoglobin"


def test_a_test_without_a_row_keeps_the_books_mean_and_spread() -> None:
    row = loinc().rows["10501-5"]
    analyte = of_book(row)
    assert analyte is not None
    healthy = spread(analyte, _person(30, female=0.0))
    values = to_value(analyte, healthy.middle + np.array([-1.0, 0.0, 1.0]) * healthy.between)

    assert values[0] < values[1] < values[2]
    assert to_scale(analyte, values)[1] == pytest.approx(healthy.middle[0], abs=0.05)
    assert of_book(row._replace(mean=float("nan"))) is None
