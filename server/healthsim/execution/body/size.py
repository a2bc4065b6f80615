"""Size of the people of one chunk: height, body mass index and head circumference on any day."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.pregnancy import GESTATION_DAYS
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.people import People
from healthsim.medicine.build import (
    Person,
    birth_z,
    bmi_at,
    corrected_months,
    drawn_birth_z,
    head_at,
    height_at,
)

_OWN = ("height", "body_mass", "head")
_WEEK = 7


class Size:
    """Size of a chunk's people, each along their own centile, without disease and drugs.

    A profile's attributes `gestation_weeks` and `birth_weight_g` decide size at birth. Children
    born in the run have the gestation of their mother's due date.
    """

    def __init__(self, people: People, rank: Callable[[str], NDArray[np.float64]]) -> None:
        """Take what is known of the people.

        Args:
            people: of the chunk; the birthdays of those born in the run are read when asked.
            rank: returns everybody's own standard normal number of height, of body mass, of head
                and of weight at birth, by name.
        """
        self._people, self._rank = people, rank

    def height(self, rows: Rows, days: Days) -> NDArray[np.float64]:
        """Return height in cm, not rounded; length of children who are measured lying.

        Args:
            rows: positions in the chunk; may repeat.
            days: int32, the day of each; before birth counts as birth.
        """
        return height_at(self._person(rows), self._age(rows, days))

    def bmi(self, rows: Rows, days: Days) -> NDArray[np.float64]:
        """Return usual body mass index in kg/m2, not rounded; arguments as in `height`."""
        person, age = self._person(rows), self._age(rows, days)
        return bmi_at(person, age, height_at(person, age))

    def head(self, rows: Rows, days: Days) -> NDArray[np.float64]:
        """Return head circumference in cm, not rounded; arguments as in `height`."""
        return head_at(self._person(rows), self._age(rows, days))

    def chart_months(self, rows: Rows, days: Days) -> NDArray[np.float64]:
        """Return months of age for growth charts, float64; negative before a child was due."""
        return corrected_months(self._early(rows), self._age(rows, days))

    def female(self, rows: Rows) -> NDArray[np.float64]:
        """Return 1 for women and girls, 0 for men and boys, 0.5 where the sex is not known."""
        share = [{"F": 1.0, "M": 0.0}.get(word, 0.5) for word in self._people.gender.vocabulary]
        return np.array([*share, 0.5])[self._people.gender.codes[rows]]

    def birth_weight(self, rows: Rows) -> NDArray[np.float64]:
        """Return weight at birth in g, float64; NaN where the profile states none."""
        return self._attribute("birth_weight_g", rows)

    def gestation_weeks(self, rows: Rows) -> NDArray[np.float64]:
        """Return weeks of gestation at birth, float64; NaN where they are not known."""
        stated = self._attribute("gestation_weeks", rows)
        families = self._people.households
        if families is None or self._people.due is None:
            return stated
        mother = families.mother[rows]
        due = np.where(mother >= 0, self._people.due[mother], NO_DAY)
        known = due != NO_DAY
        days = GESTATION_DAYS - (due.astype(np.float64) - self._people.birth[rows])
        return np.where(known & np.isnan(stated), days / _WEEK, stated)

    def birth_rank(self, rows: Rows) -> NDArray[np.float64]:
        """Return z-scores of weight at birth for sex and gestation, float64."""
        return self._birth(rows, self.female(rows), self._early(rows))

    def _person(self, rows: Rows) -> Person:
        female, early = self.female(rows), self._early(rows)
        height, build, head = (self._rank(measure)[rows] for measure in _OWN)
        return Person(female, early, height, build, head, self._birth(rows, female, early))

    def _birth(
        self, rows: Rows, female: NDArray[np.float64], early: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return z-scores of weight at birth: from the stated weight, else drawn."""
        z, grams = drawn_birth_z(self._rank("birth_weight")[rows]), self.birth_weight(rows)
        stated = np.flatnonzero(grams > 0)
        z[stated] = birth_z(female[stated], early[stated], grams[stated])
        return z

    def _early(self, rows: Rows) -> NDArray[np.float64]:
        weeks = self.gestation_weeks(rows)
        return np.where(np.isnan(weeks), 0.0, GESTATION_DAYS - weeks * _WEEK)

    def _age(self, rows: Rows, days: Days) -> NDArray[np.float64]:
        born = self._people.birth[rows]
        age: NDArray[np.float64] = np.maximum(days.astype(np.float64) - born, 0.0)
        return age

    def _attribute(self, name: str, rows: Rows) -> NDArray[np.float64]:
        return self._numbers.get(name, self._nothing)[rows]

    @cached_property
    def _numbers(self) -> dict[str, NDArray[np.float64]]:
        attributes = self._people.attributes.items()
        return {name: values for name, values in attributes if isinstance(values, np.ndarray)}

    @cached_property
    def _nothing(self) -> NDArray[np.float64]:
        return np.full(len(self._people), np.nan)
