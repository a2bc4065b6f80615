"""The people of one chunk as columns, and the numbers that are drawn for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows, UnitRoster, Values
from healthsim.specification.profiles.roles import roles
from healthsim.tables import Coded

STILL = np.int32(2**31 - 1)
"""A day that never comes."""


@dataclass(frozen=True)
class ConditionColumn:
    """A condition that people have or will have; every array has shape (n,).

    Attributes:
        code: ICD-10-CM code as the specification says it.
        onset: first day; `NO_DAY` where the person never has it.
        known_from: first day on which `has()` sees it.
        source: position of the event that caused it among the run's occurrences; -1 where the
            profile did.
        abated: first day on which the person has it no more; `STILL` while active.
        episode: position of the event that began the latest episode, as `source`.
        gaps: between episodes: whose, the first day without it, the first day with it again.
    """

    code: str
    onset: Days
    known_from: Days
    source: NDArray[np.int32]
    abated: Days
    episode: NDArray[np.int32]
    gaps: list[tuple[Rows, Days, Days]] = field(default_factory=list)

    @classmethod
    def nobody(cls, code: str, people: int) -> ConditionColumn:
        """Return a condition that nobody has yet."""
        never = np.full(people, NO_DAY, dtype=np.int32)
        nothing = np.full(people, -1, dtype=np.int32)
        still = np.full(people, STILL, dtype=np.int32)
        return cls(code, never, never.copy(), nothing, still, nothing.copy())


@dataclass(frozen=True)
class MedicationColumn:
    """A drug that people take from before the data begin.

    Attributes:
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
        anchor: int64, row of the anchor of each person's unit.
        mother: int64, row of the mother of those who are or may be born in the run; -1 elsewhere.
        born_of: int64, shape (children, n), rows of the children whom each person can bear; -1
            where none.
        births: address of a birth -> number of its first child.
        families: whether units are families; units that are persons have newborns only.
    """

    roll: UnitRoster
    anchor: NDArray[np.int64]
    mother: NDArray[np.int64]
    born_of: NDArray[np.int64]
    births: Mapping[str, int] = field(default_factory=dict)
    families: bool = True

    @classmethod
    def of(cls, roll: UnitRoster) -> Households:
        """Return who lives with whom where no child is expected."""
        none = np.full(len(roll.unit), -1, dtype=np.int64)
        return cls(roll, np.searchsorted(roll.unit, roll.unit), none, none[None, :0])


@dataclass(frozen=True)
class People:
    """Everything a profile says about the people of one chunk; every array has shape (n,).

    Attributes:
        person_id: ``unit * 100 + place``.
        birth: day of birth.
        county, place, state: rows of PopulationSim's geography.
        plan: position in the plan book; -1 where uninsured or not asked for.
        attributes: by name, float64 or Coded.
        households: who lives with whom; None where everybody is an anchor.
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

    def __len__(self) -> int:
        return len(self.person_id)

    @property
    def role(self) -> Coded:
        """What each person is to the household: self, spouse, child, newborn."""
        return roles(self.number)

    @property
    def number(self) -> NDArray[np.int64]:
        """Each person's place in their unit, from 1."""
        return self.person_id % 100

    @property
    def present_rows(self) -> NDArray[np.intp] | slice:
        """Rows of those who are there: all but the children whom nobody bore."""
        if self.households is None or not self.households.born_of.size:
            return slice(None)
        return np.flatnonzero(self.birth != NO_DAY)


FIRST_BORN = 50
"""The first place of those born in the run."""
YOUNGEST_MOTHER, OLDEST_MOTHER = 9, 64  # years: maternity ages of Medicare's code editor
