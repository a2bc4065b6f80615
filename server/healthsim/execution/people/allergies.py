"""Who of a chunk is allergic to what, before anything happens."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from healthsim.dates import NO_DAY, whole_years
from healthsim.execution.people.draws import Draws
from healthsim.execution.people.people import People
from healthsim.medicine.allergies import ADULT, CHILD, OLD, Substance

_LOADING = 0.5
"""How strongly each allergy depends on one factor of the person: assumption. A third of patients
have an allergy to a drug, and they have two on average (Zhou 2016): they come together."""


class Allergies:
    """The allergies of the people of a chunk on `as_of`, drawn when they are asked for.

    Args:
        people: of the chunk.
        draws: of the chunk.
        as_of: first day of the data; who is born later has none.
        stated: substance -> share of people, 0 to 1, that the profile states.
    """

    def __init__(self, people: People, draws: Draws, as_of: int, stated: Mapping[str, float]):
        self._people, self._draws, self._as_of = people, draws, as_of
        self.stated = stated
        self._kept: dict[str, NDArray[np.bool_]] = {}

    def having(self, substance: Substance) -> NDArray[np.bool_]:
        """Return who is allergic to a substance on `as_of`, bool, shape (people,).

        Who takes a drug then that the allergy forbids has no such allergy.
        """
        if substance.name not in self._kept:
            self._kept[substance.name] = self._draw(substance)
        return self._kept[substance.name]

    def _draw(self, substance: Substance) -> NDArray[np.bool_]:
        share = self._shares(substance)
        common = ndtri(self._draws.uniform("chart/allergy"))
        own = ndtri(self._draws.uniform(f"chart/allergy/{substance.name}"))
        score = _LOADING * common + np.sqrt(1 - _LOADING**2) * own
        has: NDArray[np.bool_] = score < ndtri(share)
        for medication in self._people.medications:
            if any(medication.drug in rule.drugs for rule in substance.rules):
                has &= ~medication.takes
        return has

    def _shares(self, substance: Substance) -> NDArray[np.float64]:
        """Return everyone's chance, float64, shape (people,)."""
        birth = self._people.birth
        born = (birth != NO_DAY) & (birth <= self._as_of)
        if substance.name in self.stated:
            return np.where(born, self.stated[substance.name], 0.0)
        age = whole_years(np.where(born, birth, self._as_of), np.full_like(birth, self._as_of))
        usual = np.array([0.0, *substance.shares])[
            np.searchsorted([CHILD, ADULT, OLD], age, "right")
        ]
        men = 2 / (1 + substance.women)
        women = self._people.gender.equals("F")
        by_sex = np.where(women, men * substance.women, np.where(
            self._people.gender.equals("M"), men, 1.0))  # fmt: skip
        may = born & (age >= substance.onset[0])
        return np.where(may, np.minimum(usual * by_sex, 1.0), 0.0)
