"""Growth charts and the size of people: middles, spreads, percentiles, and size at birth."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtri

from healthsim.medicine.build import (
    Person,
    birth_z,
    bmi_at,
    drawn_birth_z,
    head_at,
    height_at,
)
from healthsim.medicine.datafiles import rows
from healthsim.medicine.growth import chart, percentile_of, value_of, z_of
from healthsim.streams import Streams

_YEAR = 365.25
_CDC_MIDDLES = (  # years, cm of boys and girls, kg/m2 of the chart of boys and girls (CDC 2000)
    (0.5, 67.0, 65.3), (2.5, 91.3, 90.3), (6.0, 115.4, 115.0), (10.0, 138.6, 138.2),
    (14.0, 163.8, 160.5), (18.0, 176.2, 163.1),
)  # fmt: skip


def _ones(number: float, count: int = 1) -> np.ndarray:
    return np.full(count, float(number))


def _person(female: float = 0.0, z: float = 0.0, early: float = 0.0, count: int = 1) -> Person:
    return Person(_ones(female, count), _ones(early, count), *(_ones(z, count) for _ in range(4)))


def _population(female: float, count: int = 4000) -> Person:
    streams = Streams(7)
    draws = (
        ndtri(streams.uniform(name, 0, count)) for name in ("height", "build", "head", "birth")
    )
    return Person(_ones(female, count), _ones(0, count), *draws)


@pytest.mark.parametrize(("years", "boys", "girls"), _CDC_MIDDLES)
def test_middle_children_have_the_height_of_the_chart(
    years: float, boys: float, girls: float
) -> None:
    for female, expected in ((0.0, boys), (1.0, girls)):
        height = height_at(_person(female), _ones(years * _YEAR))
        assert height[0] == pytest.approx(expected, abs=1.0)


def test_z_scores_and_values_are_each_others_inverse() -> None:
    female, at = np.array([0.0, 1.0, 0.0, 1.0]), np.array([3.2, 30.0, 130.0, 239.0])
    z = np.array([-2.0, 0.5, 1.2, 2.2])
    for measure, inside in (("weight", at < 36), ("stature", at >= 24), ("head", at < 36)):
        some = np.flatnonzero(inside)
        value = value_of(measure, female[some], at[some], z[some])
        assert z_of(measure, female[some], at[some], value) == pytest.approx(z[some], abs=1e-9)


def test_percentiles_of_the_cdc_are_met() -> None:
    """The CDC's own table: boys' BMI at 120.5 months, 5th, 50th and 95th percentile."""
    at = np.full(3, 120.5)
    bmi = np.array([14.23, 16.66, 22.15])
    assert percentile_of("bmi", np.zeros(3), at, bmi) == pytest.approx([5, 50, 95], abs=0.6)


def test_percentiles_above_the_95th_go_on_to_rise_and_stay_below_100() -> None:
    bmi = np.array([23.0, 30.0, 40.0, 60.0])
    percentiles = percentile_of("bmi", np.ones(4), np.full(4, 120.0), bmi)
    assert (np.diff(percentiles) > 0).all()
    assert 95 < percentiles[0] < percentiles[-1] <= 100


def test_no_percentile_is_given_where_the_chart_does_not_reach() -> None:
    assert np.isnan(percentile_of("head", np.ones(1), _ones(40), _ones(49)))[0]
    assert np.isnan(percentile_of("weight_for_length", np.ones(1), _ones(120), _ones(20)))[0]
    assert np.isnan(percentile_of("bmi", np.ones(1), _ones(20), _ones(16)))[0]
    assert np.isnan(percentile_of("head", np.ones(1), _ones(-1), _ones(30)))[0]


def test_the_share_of_obese_children_is_that_of_the_survey() -> None:
    """NHANES 2017 to March 2020: 12.7 % at 2 to 5, 20.7 % at 6 to 11, 22.2 % at 12 to 19 years."""
    for years, expected in ((4.0, 12.7), (9.0, 20.7), (16.0, 22.2)):
        shares = []
        for female in (0.0, 1.0):
            person, days = _population(female), _ones(years * _YEAR, 4000)
            bmi = bmi_at(person, days, height_at(person, days))
            percentiles = percentile_of("bmi", person.female, days / 30.4375, bmi)
            shares.append(100 * np.mean(percentiles >= 95))
        assert np.mean(shares) == pytest.approx(expected, abs=2.0)


@pytest.mark.parametrize(
    ("female", "low", "middle", "high"), [(0.0, 20.8, 28.5, 40.2), (1.0, 19.7, 28.5, 43.5)]
)
def test_adults_have_the_bmi_of_the_survey(
    female: float, low: float, middle: float, high: float
) -> None:
    """NHANES 2015-2018, 20 years and over: 5th, 50th and 95th percentile, within 5 %."""
    person, days = _population(female), np.linspace(20, 80, 4000) * _YEAR
    bmi = bmi_at(person, days, height_at(person, days))
    assert np.percentile(bmi, (5, 50, 95)) == pytest.approx((low, middle, high), rel=0.05)


_DATA = Path(__file__).parent.parent / "data"
_SURVEY = list(csv.DictReader((_DATA / "anthropometry.csv").read_text().splitlines()))
_MIDDLE = {"height": 0.015, "weight": 0.05, "bmi": 0.05}
_ENDS = {  # below 20 years and from 20 on; the survey has about 140 children and 400 adults in each
    "height": (0.035, 0.025), "weight": (0.11, 0.07), "bmi": (0.11, 0.07),
}  # fmt: skip


@pytest.mark.parametrize(
    "row", _SURVEY, ids=lambda row: f"{row['measure']} {row['sex']} {row['from_age']}"
)
def test_people_are_as_tall_and_heavy_as_those_of_the_survey(row: dict[str, str]) -> None:
    """NHANES August 2021 to August 2023: 5th, 50th and 95th percentiles of seven ages.

    Fryar et al., Vital Health Stat 3(50), 2025, tables 1, 3, 5, 7, 9 and 10 (public domain; read in
    a copy of its text). No table of ours is made from it, but for two spreads of adults' BMI and
    how children's build goes with height.
    """
    person = _population(float(row["sex"] == "F"), 8000)
    within = Streams(7).uniform("age", 0, 8000) * (int(row["to_age"]) + 1 - int(row["from_age"]))
    days = (int(row["from_age"]) + within) * _YEAR
    height = height_at(person, days)
    bmi = bmi_at(person, days, height)
    ours = {"height": height, "bmi": bmi, "weight": bmi * (height / 100) ** 2}[row["measure"]]
    ends = _ENDS[row["measure"]][int(row["from_age"]) >= 20]
    for name, percent, allowed in (
        ("p5", 5, ends), ("p50", 50, _MIDDLE[row["measure"]]), ("p95", 95, ends),
    ):  # fmt: skip
        if row[name]:  # one percentile is not given by the survey
            assert np.percentile(ours, percent) == pytest.approx(float(row[name]), rel=allowed)


def test_tall_children_are_heavier_for_their_height_and_tall_adults_are_not() -> None:
    person = _population(0.0, 8000)
    for years, least, most in ((8, 0.25, 0.45), (30, -0.05, 0.05)):
        days = _ones(years * _YEAR, 8000)
        height = height_at(person, days)
        alike = np.corrcoef(height, np.log(bmi_at(person, days, height)))[0, 1]
        assert least < alike < most


def test_nobody_shrinks_before_45_and_everybody_after() -> None:
    days = np.arange(0, 44.9 * _YEAR, 7.0)
    for female in (0.0, 1.0, 0.5):
        for z in (-2.2, 0.0, 2.2):
            for early in (-14.0, 0.0, 112.0):
                height = height_at(_person(female, z, early, len(days)), days)
                assert (np.diff(height) >= -1e-9).all(), (female, z, early)
    old = height_at(_person(1.0, 0.0, 0.0, 3), np.array([45.0, 70.0, 90.0]) * _YEAR)
    assert old[0] - old[1] == pytest.approx(3.4)
    assert old[1] > old[2]


def test_size_and_build_have_no_jump_where_charts_meet() -> None:
    days = np.arange(20, 30 * _YEAR, 3.0)
    for female in (0.0, 1.0):
        person = _person(female, 1.3, 0.0, len(days))
        height = height_at(person, days)
        weight = bmi_at(person, days, height) * (height / 100) ** 2
        assert np.abs(np.diff(weight) / weight[1:]).max() < 0.03
        assert np.diff(height).max() < 0.5
        assert np.diff(head_at(person, days)).max() < 0.3


def test_children_born_early_are_small_and_catch_up() -> None:
    """Middles of United States births: 665 g at 24 weeks, 1.13 kg at 28, 2.26 kg at 34 (boys)."""
    for early, kilograms in ((112.0, 0.665), (84.0, 1.13), (42.0, 2.26)):
        person = _person(0.0, 0.0, early)
        height = height_at(person, _ones(0))
        weight = bmi_at(person, _ones(0), height) * (height / 100) ** 2
        assert weight[0] == pytest.approx(kilograms, rel=0.02)
    early, due = _person(0.0, 0.0, 84.0), _person(0.0, 0.0)
    at_three = _ones(3.2 * _YEAR)
    assert height_at(early, at_three) == pytest.approx(height_at(due, at_three))


def test_a_weight_at_birth_is_weighed_at_birth() -> None:
    for female, early, grams in ((0.0, 0.0, 2400.0), (1.0, 35.0, 2100.0), (1.0, 98.0, 1000.0)):
        z = birth_z(_ones(female), _ones(early), _ones(grams))
        person = Person(_ones(female), _ones(early), _ones(0.4), _ones(-1), _ones(0), z)
        height = height_at(person, _ones(0))
        weight = bmi_at(person, _ones(0), height) * (height / 100) ** 2
        assert 1000 * weight[0] == pytest.approx(grams, rel=1e-6)


def test_one_birth_in_thirteen_weighs_four_kilograms_or_more() -> None:
    """CDC natality 2022: 7.8 % of 4,000 g and more; here boys and girls born at 39 weeks."""
    heavy, middle = [], []
    for female in (0.0, 1.0):
        people = _population(female, 8000)
        born = people._replace(early=_ones(4.5, 8000), birth=drawn_birth_z(people.birth))
        height = height_at(born, _ones(0, 8000))
        weight = bmi_at(born, _ones(0, 8000), height) * (height / 100) ** 2
        heavy.append((weight >= 4).mean())
        middle.append(weight.mean())
    assert 0.05 < np.mean(heavy) < 0.1
    assert 3.2 < np.mean(middle) < 3.4


def test_newborns_lose_weight_and_regain_it_within_two_weeks() -> None:
    days = np.array([0.0, 3.0, 14.0])
    person = _person(1.0, 0.0, 0.0, 3)
    height = height_at(person, days)
    weight = bmi_at(person, days, height) * (height / 100) ** 2
    assert 0.93 < weight[1] / weight[0] < 0.98
    assert weight[2] > weight[0]


def test_an_unknown_sex_lies_between_the_sexes() -> None:
    heights = [height_at(_person(female), _ones(30 * _YEAR))[0] for female in (0.0, 0.5, 1.0)]
    assert heights[1] == pytest.approx((heights[0] + heights[2]) / 2)


def test_every_figure_names_its_source() -> None:
    for name in ("growth.csv", "build.csv"):
        for row in rows(name):
            assert row["source"], (name, row)
            assert row["confidence"] in {"V", "M", "A"}, (name, row)
            assert row["confidence"] != "A" or "assumption" in row["source"]
    ages = [chart(measure, sex).at for measure in ("stature", "bmi") for sex in "FM"]
    assert all((np.diff(age) > 0).all() for age in ages)
