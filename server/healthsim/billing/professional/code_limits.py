"""For whom and where a service is: sex, age and place that exclude a code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from healthsim.billing.datafiles import rows
from healthsim.billing.facility import opps
from healthsim.billing.facility.services import is_facility_only
from healthsim.billing.professional.places import place_of_service

_OLDEST = 200
_WITHOUT_FACILITY = frozenset({"office", "telehealth", "urgent_care"})


@dataclass(frozen=True, slots=True)
class CodeLimit:
    """Who may have a service.

    Attributes:
        sex: F or M; empty for both.
        from_age, before_age: years; the second is excluded.
        what: the service in words.
    """

    sex: str
    from_age: int
    before_age: int
    what: str


@cache
def code_limits(code: str) -> tuple[CodeLimit, ...]:
    """Return the limits of a code of sex and age; none for most codes.

    >>> code_limits("99392")[0].from_age, code_limits("99213")
    (1, ())
    """
    return tuple(
        CodeLimit(row["sex"], int(row["from_age"] or 0), int(row["before_age"] or _OLDEST),
                  row["what"])
        for row in rows("code_limits.csv")
        if re.fullmatch(row["pattern"], code)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlaceLimit:
    """Where visits of a range of codes are; `first` and `last` are of the range."""

    first: str
    last: str
    encounter_classes: tuple[str, ...]
    what: str

    @property
    def places(self) -> tuple[str, ...]:
        """The places of service of its classes, ascending."""
        known = place_of_service()
        return tuple(sorted({known[one] for one in self.encounter_classes}))


@cache
def place_limits() -> tuple[PlaceLimit, ...]:
    """Return the ranges of codes of visits that are of one sort of place."""
    return tuple(
        PlaceLimit(row["first"], row["last"], tuple(row["encounter_classes"].split()), row["what"])
        for row in rows("code_places.csv")
    )


def excluded_place(code: str, encounter_class: str) -> str | None:
    """Say why a class of encounters excludes a code; None where it does not.

    >>> excluded_place("99284", "office")
    'is a visit to an emergency department'
    >>> excluded_place("99213", "office") is None
    True
    """
    for limit in place_limits():
        within = len(code) == len(limit.first) and limit.first <= code <= limit.last
        if within and encounter_class not in limit.encounter_classes:
            return f"is {limit.what}"
    if encounter_class in _WITHOUT_FACILITY and is_facility_only(code):
        return "is billed by facilities alone"
    if encounter_class in opps.OUTPATIENT_CLASSES and opps.status(code) == "C":
        return "is paid only in a stay (OPPS status C)"
    return None
