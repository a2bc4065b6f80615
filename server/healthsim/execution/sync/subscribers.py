"""Who holds whose coverage: subscribers and the codes of those whom they cover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, add_months
from healthsim.execution.people.people import FIRST_BORN, Households, People
from healthsim.products.membersim.plans import PlanTable
from healthsim.tables import Coded

_ADULT = 18  # years: a contract of insurance takes an adult
_FIRST_CHILD = 3  # code of a person in a policy, and place in a household


@dataclass(frozen=True)
class SubscriberColumns:
    """Who holds the coverage of each person; every array has shape (people,).

    Attributes:
        subscriber: int64, position of the subscriber in the chunk; where it is a parent who is not
            in the data, of the child.
        parents: bool, for whom it is a parent who is not in the data.
        person_code: 01 subscriber, 02 spouse, then children and newborns.
        relationship: X12: 18 self, 01 spouse, 19 child.
    """

    subscriber: NDArray[np.int64]
    parents: NDArray[np.bool_]
    person_code: Coded
    relationship: Coded


def assign_subscribers(people: People, plans: PlanTable, as_of: int) -> SubscriberColumns:
    """Return who holds the coverage of each person.

    In a commercial plan it is the anchor of the household. An anchor below 18 holds no policy: it
    is a parent's, who is not in the data, and covers whoever is born to the anchor too. Medicare,
    Medicaid and CHIP cover each person alone; a person without a plan is their own subscriber.

    Args:
        people: of a chunk.
        plans: which plan is commercial.
        as_of: the day on which people have the profile's ages.
    """
    size = len(people)
    own = np.arange(size, dtype=np.int64)
    anchor = own if people.households is None else people.households.anchor
    place = people.number
    commercial = np.array([*(design.kind == "commercial" for design in plans.designs), False])
    shares = commercial[people.plan]
    adult = add_months(people.birth[anchor], 12 * _ADULT) <= as_of
    parents = shares & ~adult
    code = np.where(shares, place, 1)
    if people.households is not None:
        late = np.where(place < FIRST_BORN, place, _next_codes(people, people.households))
        code = np.where(shares, late + (parents & (place >= FIRST_BORN)), 1)
    code = np.where(parents & (place == 1), _FIRST_CHILD, code)
    kind = np.where(parents, _FIRST_CHILD, np.where(shares, np.minimum(place, _FIRST_CHILD), 1)) - 1
    words = tuple(f"{number:02d}" for number in range(1, int(code.max(initial=1)) + 1))
    return SubscriberColumns(
        subscriber=np.where(shares, anchor, own),
        parents=parents,
        person_code=Coded((code - 1).astype(np.int32), words),
        relationship=Coded(kind.astype(np.int32), ("18", "01", "19")),
    )


def _next_codes(people: People, homes: Households) -> NDArray[np.int64]:
    """Return the codes of those born in the run, after their household's last; int64, (people,)."""
    unit, place = homes.roster.unit, homes.roster.place
    last = np.full(int(unit.max(initial=-1)) + 1, 2, dtype=np.int64)
    np.maximum.at(last, unit, np.where(place < FIRST_BORN, place, 2))
    code = np.ones(len(unit), dtype=np.int64)
    born = np.flatnonzero((place >= FIRST_BORN) & (people.birth != NO_DAY))
    units = unit[born]
    rank = np.arange(len(born)) - np.searchsorted(units, units)
    code[born] = last[units] + 1 + rank
    return code
