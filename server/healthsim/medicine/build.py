"""Height, body mass index and head of a person at every age, from numbers that a person keeps.

A person is described by standard normal numbers: of height, of build and of head, and of size at
birth. Children follow their own centile of the CDC's charts; size at birth wears off over two
years. Adults keep the height of their 20th year until 45, and their rank of build among adults of
their age.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.medicine.growth import (
    DAYS_OF_MONTH,
    WEIGHED_LYING,
    Floats,
    curve,
    curve_at,
    extended_bmi,
    figure,
    value_of,
    z_of,
)

_STANDING = 24.0  # months of age from which stature is charted; lying and standing blend to 36
_GROWN = 240.0  # months of age at which the chart of stature ends
_YEAR = 365.25


class Person(NamedTuple):
    """What stays the same in a person's growth; float64, one for each measurement, shape (n,).

    Attributes:
        female: 1 female, 0 male, between where unknown.
        early: days that the birth was before the due date; negative after it, 0 where unknown.
        height, build, head: own standard normal numbers.
        birth: z-score of weight at birth for sex and gestation.
    """

    female: Floats
    early: Floats
    height: Floats
    build: Floats
    head: Floats
    birth: Floats

    def take(self, some: NDArray[np.intp]) -> Person:
        """Return the same of some of the measurements."""
        return Person(*(column[some] for column in self))


def height_at(person: Person, days: Floats) -> Floats:
    """Return height, or length of those who lie, in cm.

    Args:
        person: whose it is.
        days: age in days; before birth counts as birth.

    >>> one = Person(*(np.full(1, number) for number in (0.0, 0, 0, 0, 0, 0)))
    >>> height_at(one, np.array([20 * 365.25])).round(1)
    array([176.8])
    """
    months = _months(person, days)
    z = _with_birth(person, days, person.height, "alike_birth_length")
    lying = np.clip((WEIGHED_LYING - months) / (WEIGHED_LYING - _STANDING), 0, 1)
    height = np.zeros(len(days))
    for measure, share in (("length", lying), ("stature", 1 - lying)):
        some = np.flatnonzero(share > 0)
        value = value_of(measure, person.female[some], months[some], z[some])
        height[some] += share[some] * value
    return height - curve_at("height_lost", person.female, days / _YEAR)


def head_at(person: Person, days: Floats) -> Floats:
    """Return head circumference, cm; arguments as in `height_at`."""
    z = _with_birth(person, days, person.head, "alike_birth_head")
    charted = value_of("head", person.female, _months(person, days), z)
    return charted + curve_at("head_gain", person.female, days / _YEAR)


def bmi_at(person: Person, days: Floats, height: Floats) -> Floats:
    """Return body mass index, kg/m2.

    Args:
        person: whose it is.
        days: age in days.
        height: cm, as of `height_at`.
    """
    years = days / _YEAR
    adult = np.clip(
        (years - figure("adult_from")) / (figure("adult_until") - figure("adult_from")), 0, 1
    )
    bmi = np.zeros(len(days))
    grown, small = np.flatnonzero(adult > 0), np.flatnonzero(adult < 1)
    bmi[grown] = adult[grown] * _bmi_of_adults(person.take(grown), years[grown])
    children = _bmi_of_children(person.take(small), days[small], height[small])
    bmi[small] += (1 - adult[small]) * children
    return bmi


def birth_z(female: Floats, early: Floats, grams: Floats) -> Floats:
    """Return the z-score of a weight at birth, g, for sex and days before the due date."""
    return z_of("weight", female, -early / DAYS_OF_MONTH, grams / 1000)


def drawn_birth_z(rank: Floats) -> Floats:
    """Return z-scores of weight at birth for sex and gestation of today's births.

    Args:
        rank: standard normal numbers of those whose weight nothing states.

    >>> (drawn_birth_z(np.zeros(1)) < 0).item()
    True
    """
    return figure("birth_weight_shift") + figure("birth_weight_stretch") * rank


def corrected_months(early: Floats, days: Floats) -> Floats:
    """Return months of age for a growth chart, float64, shape (n,); negative before the due date.

    Those born early are compared with the age that they would have, had they been born when due;
    the difference wears off over three years.

    Args:
        early: days that the birth was before the due date.
        days: age in days.
    """
    left = np.clip(1 - days / (figure("caught_up") * _YEAR), 0, 1)
    months: Floats = (days - early * left) / DAYS_OF_MONTH
    return months


def _months(person: Person, days: Floats) -> Floats:
    return np.minimum(corrected_months(person.early, np.maximum(days, 0)), _GROWN)


def _with_birth(person: Person, days: Floats, own: Floats, alike: str) -> Floats:
    """Return a z-score that is that of birth at birth, and a person's own from two years on."""
    share = figure(alike)
    of_own = float(np.sqrt(1 - share**2))
    return _fade(days, share * person.birth + of_own * own, own, of_own)


def _fade(days: Floats, at_birth: Floats, own: Floats, alike: float = 0.0) -> Floats:
    """Return z-scores that go from those of birth to people's own, and always spread alike.

    Args:
        days: age.
        at_birth: z-scores at birth.
        own: z-scores once birth has worn off.
        alike: correlation of the two; without it a mixture of both would spread less than either.
    """
    left = np.clip(1 - days / (figure("birth_wears_off") * _YEAR), 0, 1)
    spread = np.sqrt(left**2 + (1 - left) ** 2 + 2 * alike * left * (1 - left))
    z: Floats = (left * at_birth + (1 - left) * own) / spread
    return z


def _bmi_of_adults(person: Person, years: Floats) -> Floats:
    middle = curve_at("adult_bmi", person.female, years)
    below, above = (
        curve_at(f"adult_bmi_spread_{side}", person.female, years) for side in ("below", "above")
    )
    spread = np.where(person.build < 0, below, above)
    bmi: Floats = middle * np.exp(spread * person.build)
    return bmi


def _bmi_of_children(person: Person, days: Floats, height: Floats) -> Floats:
    months = _months(person, days)
    lying = np.clip((WEIGHED_LYING - months) / (WEIGHED_LYING - _STANDING), 0, 1)
    bmi = np.zeros(len(days))
    some = np.flatnonzero(lying > 0)
    weight = _weight_of_infants(person.take(some), days[some], months[some])
    bmi[some] = lying[some] * weight / (height[some] / 100) ** 2
    some = np.flatnonzero(lying < 1)
    build = _build_of_children(person.take(some), months[some] / 12)
    charted = _bmi_of_the_chart(person.female[some], months[some], build)
    bmi[some] += (1 - lying[some]) * charted
    return bmi


def _build_of_children(person: Person, years: Floats) -> Floats:
    """Return standard normal numbers of build among children: the tall are heavier for height."""
    share = np.interp(years, *curve("alike_build_height"))
    build: Floats = share * person.height + np.sqrt(1 - share**2) * person.build
    return build


def _weight_of_infants(person: Person, days: Floats, months: Floats) -> Floats:
    share = figure("alike_weight_height")
    own = share * person.height + np.sqrt(1 - share**2) * person.build
    weight = value_of("weight", person.female, months, _fade(days, person.birth, own))
    lost = np.interp(days, *curve("newborn_loss"))
    left: Floats = weight * (1 - lost)
    return left


def _bmi_of_the_chart(female: Floats, months: Floats, build: Floats) -> Floats:
    """Return BMI of today's children, who are heavier than those of the chart."""
    from scipy.special import ndtr, ndtri  # noqa: PLC0415  (heavy: not for listing tools)

    years = months / 12
    shift = np.interp(years, *curve("child_bmi_shift"))
    stretch = np.interp(years, *curve("child_bmi_stretch"))
    below = ndtr((float(ndtri(0.95)) - shift) / stretch)
    rank = (ndtr(build) - below) / (1 - below)
    return extended_bmi(female, months, shift + stretch * build, rank)
