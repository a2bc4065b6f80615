"""Healthy people's values spread as those of young adults in NHANES, and stay a person's own."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtri

from execution.running import event, journey, run
from healthsim.medicine.analytes import analytes, tabled
from healthsim.medicine.derivation import derive, derived, plan
from healthsim.medicine.setpoints import (
    Subjects,
    drift_noise,
    noise,
    set_point,
    spread,
    to_value,
)
from healthsim.tables import Columns
from template_runs import SHELF, equals

Floats = NDArray[np.float64]

_PEOPLE = 4_001
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)
_BEFORE = 50  # years: later, what is common is treated, and illness is in the percentiles
_ILLNESS_SHOWS = {"a1c": 30, "fasting_glucose": 30}  # age below which its 95th is not diabetes

with (Path(__file__).parents[1] / "data" / "nhanes_percentiles.csv").open() as _file:
    _ROWS = list(csv.DictReader(_file))
NHANES = [row for row in _ROWS if int(row["from_age"]) < _BEFORE]
OLD = [row for row in _ROWS if int(row["from_age"]) == 70]


def _normals(number: int) -> Floats:
    """Return normals that fill their distribution evenly, different for each number."""
    step = np.sqrt(_PRIMES[number % len(_PRIMES)]) * (1 + number // len(_PRIMES))
    u = (np.arange(1, _PEOPLE + 1) * step + 0.37 * number) % 1
    return np.asarray(ndtri(np.clip(u, 1e-6, 1 - 1e-6)))


def _values(key: str, subjects: Subjects, ranks: int = 0, days: int = 1) -> Floats:
    """Return an analyte of healthy people; the same people on another day with other `days`."""
    needed, values = plan([key]), {}
    for place, name in enumerate(needed.drawn):
        analyte = analytes()[name]
        healthy = spread(analyte, subjects)
        own = set_point(analyte, healthy, _normals(ranks + 3 * place))
        quick, slow = _normals(3 * place + days), _normals(3 * place + days + 40)
        varied = healthy.within * noise(analyte, quick, slow)
        values[name] = to_value(analyte, healthy.middle + own + varied)
    return (values | derive(needed.derived, values, subjects))[key]


def _percentiles(key: str) -> tuple[Floats, Floats]:
    """Return ours and NHANES's 5th, 50th and 95th percentiles, middles of sexes and decades.

    Middles of their logarithms: NHANES has some 600 people of one sex and decade, too few for
    the ends of a skewed distribution.
    """
    ours, theirs = [], []
    for row in (row for row in NHANES if row["key"] == key):
        first, last = int(row["from_age"]) * 12, int(row["below_age"]) * 12 - 1
        months = np.linspace(first, last, _PEOPLE).astype(np.int64)
        female = np.full(_PEOPLE, float(row["sex"] == "F"))
        ours.append(np.percentile(_values(key, Subjects(female, months)), [5, 50, 95]))
        theirs.append([float(row[name]) for name in ("p5", "p50", "p95")])
        if int(row["from_age"]) >= _ILLNESS_SHOWS.get(key, _BEFORE):
            theirs[-1][2] = ours[-1][2]
    return np.exp(np.log(ours).mean(axis=0)), np.exp(np.log(theirs).mean(axis=0))


_TOLERANCE = {"n": 0.05, "l": 0.10}  # of one sex and decade NHANES itself is 5 to 15 % off
_SKEWED = {"waist", "apolipoprotein_b"}  # computed from what is skewed


@pytest.mark.parametrize("key", sorted({row["key"] for row in NHANES}))
def test_percentiles_of_young_adults_are_those_of_nhanes(key: str) -> None:
    ours, theirs = _percentiles(key)
    skewed = key in _SKEWED or (key in analytes() and analytes()[key].scale == "l")

    assert np.abs(ours / theirs - 1).max() <= _TOLERANCE["l" if skewed else "n"]


def test_the_usual_pressure_of_people_without_hypertension_is_below_that_which_is_found() -> None:
    ranks = np.array([-1.0, 0.0, 1.0, 2.0, 4.0])
    for age, sex in ((30, 1.0), (60, 0.0), (76, 1.0), (90, 1.0)):
        subjects = Subjects(np.full(5, sex), np.full(5, age * 12))
        healthy = spread(analytes()["sbp"], subjects)
        usual = np.exp(healthy.middle + set_point(analytes()["sbp"], healthy, ranks))
        assert (np.diff(usual) > 0).all()
        assert usual[-1] < 132


WITHIN = {  # one person's coefficient of variation, percent, and where it was seen
    "1742-6": 9.3, "2324-2": 8.9, "6768-6": 5.3, "2532-0": 5.2, "2157-6": 14.5,  # EuBIVAS
    "2085-9": 7.4, "18262-6": 9.5, "2571-8": 22.6,  # CDC's meta-analysis of lipids
    "718-7": 2.8, "777-3": 7.5, "6690-2": 11.0,  # EFLM
}  # fmt: skip
TOTAL = {  # logarithmic SD of men of 30 to 39: NHANES 2017-March 2020, 5th to 95th percentile
    "1742-6": 0.509, "2324-2": 0.649, "2085-9": 0.243, "18262-6": 0.317, "2571-8": 0.625,
    "718-7": 0.068,
}  # fmt: skip
BETWEEN = {"6768-6": 25, "2532-0": 13, "2157-6": 45, "777-3": 20.5, "6690-2": 19.6}  # as WITHIN


def _expected(code: str) -> float:
    within = (WITHIN[code] / 100) ** 2
    total = TOTAL[code] ** 2 if code in TOTAL else within + (BETWEEN[code] / 100) ** 2
    return 1 - within / total


@pytest.fixture(scope="module")
def a_year_apart() -> dict[str, Columns]:
    """Results of 400 healthy men of 30 to 39, measured twice, a year apart."""
    profile = {
        "kind": "profile", "name": "healthy-men", "seed": 12, "count": 400, "mortality": "none",
        "as_of": "2025-01-01", "through": "2026-12-31", "products": ["patientsim"],
        "demographics": {"age": {"type": "uniform", "low": 30, "high": 39}, "gender": {"M": 1}},
    }  # fmt: skip
    labs = [
        event(f"l{day}_{place}", "lab", day, loinc=code)
        for day in (5, 370)
        for place, code in enumerate(WITHIN)
    ]
    return run(profile, journey(*labs, duration_days=400))


@pytest.mark.parametrize("code", WITHIN)
def test_a_healthy_person_is_the_same_a_year_later(
    a_year_apart: dict[str, Columns], code: str
) -> None:
    labs = a_year_apart["lab_results"]
    mine = equals(labs["loinc"], code)
    order = np.lexsort((labs["collected_at"][mine], labs["person_id"][mine]))
    first, second = np.log(labs["value"][mine][order].reshape(-1, 2)).T

    assert len(first) == 400
    assert abs(np.corrcoef(first, second)[0, 1] - _expected(code)) <= 0.1


def test_slow_drift_keeps_its_variance_between_knots() -> None:
    before, after = _normals(4), _normals(9)
    for share in (0.0, 0.25, 0.5, 1.0):
        assert np.std(drift_noise(before, after, np.full(_PEOPLE, share))) == pytest.approx(
            1, abs=0.03
        )


def test_children_grow_into_adults_of_the_same_rank() -> None:
    female = np.ones(3)
    for key in ("platelets", "wbc", "hemoglobin", "alp"):
        analyte = analytes()[key]
        for months in (20, 100, 190, 400):
            people = Subjects(female, np.full(3, months, dtype=np.int64))
            healthy = spread(analyte, people)
            values = healthy.middle + set_point(analyte, healthy, np.array([-1.0, 0.0, 1.0]))
            assert (np.diff(values) > 0).all(), (key, months)


def test_people_of_unknown_sex_are_between_women_and_men() -> None:
    months = np.full(3, 500, dtype=np.int64)
    people = Subjects(np.array([1.0, 0.5, 0.0]), months)
    for key in ("hemoglobin", "creatinine", "ferritin", "hdl"):
        women, unknown, men = np.sort(spread(analytes()[key], people).middle)
        assert women < unknown < men


_VITAL = ("sbp", "dbp", "heart_rate", "waist")


def _code(key: str) -> str:
    return tabled()[key].loinc if key in tabled() else derived()[key].loinc


@pytest.fixture(scope="module")
def medicare() -> dict[str, Columns]:
    """Everything that NHANES has, measured of 900 people of the general Medicare template."""
    profile = json.loads((SHELF / "profiles" / "medicare-general.json").read_text())
    profile |= {"count": 900, "products": ["patientsim"], "mortality": "none"}
    profile |= {"vital_signs": "none"}
    profile.pop("coverage", None)
    measured = [
        event(f"m{place}", "vital" if key in _VITAL else "lab", 5, loinc=_code(key))
        for place, key in enumerate(sorted({row["key"] for row in OLD}))
    ]
    return run(profile, journey(*measured))


@pytest.mark.slow
@pytest.mark.parametrize("row", OLD, ids=lambda row: f"{row['key']} {row['sex']}")
def test_the_ill_and_treated_of_medicare_have_the_middles_of_nhanes(
    medicare: dict[str, Columns], row: dict[str, str]
) -> None:
    """NHANES: from 70 years on; ours are 65 and more, and fewer take statins: within 18 %."""
    table = medicare["vital_signs" if row["key"] in _VITAL else "lab_results"]
    sexes = medicare["patients"]["gender"].texts()
    of_sex = medicare["patients"]["person_id"][[sex == row["sex"] for sex in sexes]]
    mine = equals(table["loinc"], _code(row["key"])) & np.isin(table["person_id"], of_sex)

    assert mine.sum() > 300
    assert np.median(table["value"][mine]) == pytest.approx(float(row["p50"]), rel=0.18)
