"""The people of one chunk as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import UnitRoster, Values
from healthsim.execution.people.logs import FOREVER
from healthsim.specification.profiles.roles import roles
from healthsim.tables import Coded

FIRST_BORN = 50
"""Lowest number within the unit of those born in the run."""
YOUNGEST_MOTHER, OLDEST_MOTHER = 9, 64  # years: maternity ages of Medicare's code editor


@dataclass(frozen=True)
class ConditionColumn:
    """A condition that a profile gives people; every array has shape (n,).

    Attributes:
        code: ICD-10-CM code as the specification states it.
        onset: first day; `NO_DAY` where the person does not have it.
        known_from: first day on which `has()` sees it.
        abated: first day on which the person does not have it any more; `FOREVER` while active.
    """

    code: str
    onset: Days
    known_from: Days
    abated: Days

    @classmethod
    def nobody(cls, code: str, people: int) -> ConditionColumn:
        """Return a condition that nobody has."""
        never = np.full(people, NO_DAY, dtype=np.int32)
        return cls(code, never, never.copy(), np.full(people, FOREVER, dtype=np.int32))


@dataclass(frozen=True)
class MedicationColumn:
    """A drug that people take since before the data begin.

    Attributes:
        drug: as the specification names it.
        takes: bool, shape (n,).
        adherence: float64, shape (n,), in (0, 1].
    """

    drug: str
    ingredient: str
    days_supply: int
    takes: NDArray[np.bool_]
    adherence: NDArray[np.float64]


@dataclass(frozen=True)
class Households:
    """Who lives with whom; arrays of shape (n,).

    Attributes:
        roster: unit of each person, and number within it.
        anchor: int64, row of the anchor of each person's unit.
        mother: int64, row of the mother of those who are or may be born in the run; -1 elsewhere.
        born_of: int64, shape (children, n), rows reserved for the children whom each person may
            have; -1 where none.
        births: address of a birth -> number of its first child in `born_of`.
        families: whether units are families; units that are persons have newborns only.
    """

    roster: UnitRoster
    anchor: NDArray[np.int64]
    mother: NDArray[np.int64]
    born_of: NDArray[np.int64]
    births: Mapping[str, int] = field(default_factory=dict)
    families: bool = True

    @classmethod
    def of(cls, roster: UnitRoster) -> Households:
        """Return the households of units in which no birth is possible."""
        none = np.full(len(roster.unit), -1, dtype=np.int64)
        return cls(roster, np.searchsorted(roster.unit, roster.unit), none, none[None, :0])


@dataclass(frozen=True)
class People:
    """Everything a profile says about the people of one chunk; every array has shape (n,).

    Attributes:
        person_id: ``unit * 100 + number within the unit``.
        birth: day of birth; `NO_DAY` for children who are not born.
        county, place, state: rows of PopulationSim's geography.
        plan: position in the plan book; -1 where uninsured or not asked for.
        attributes: by name, float64 or Coded.
        households: who lives with whom; None where everybody is an anchor.
        due: due dates of pregnancies that the profile states, int32; `NO_DAY` where none, and
            None where it states no pregnancy.
    """

    person_id: NDArray[np.int64]
    birth: Days
    gender: Coded
    race: Coded
    ethnicity: Coded
    language: Coded
    marital_status: Coded
    state: NDArray[np.int32]
    county: NDArray[np.int32]
    place: NDArray[np.int32]
    plan: NDArray[np.int32]
    attributes: Mapping[str, Values] = field(default_factory=dict)
    conditions: tuple[ConditionColumn, ...] = ()
    medications: tuple[MedicationColumn, ...] = ()
    households: Households | None = None
    due: Days | None = None

    def __len__(self) -> int:
        return len(self.person_id)

    @property
    def role(self) -> Coded:
        """Role of each person in the household: self, spouse, child, newborn."""
        return roles(self.number)

    @property
    def number(self) -> NDArray[np.int64]:
        """Number of each person within their unit, from 1; int64."""
        return self.person_id % 100

    @property
    def present_rows(self) -> NDArray[np.intp] | slice:
        """Rows of those who exist: all but the reserved children who are not born."""
        if self.households is None or not self.households.born_of.size:
            return slice(None)
        return np.flatnonzero(self.birth != NO_DAY)
