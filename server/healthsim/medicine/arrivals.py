"""At which hour people arrive for visits and stays, and which admissions are planned.

The figures are rows of ``data/arrivals.csv`` and ``data/admission_kinds.csv``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.medicine.datafiles import rows

OFFICE, OPERATION, PLANNED, EMERGENCY = "office", "operation", "planned", "emergency"
_HOURS, _KINDS = "arrivals.csv", "admission_kinds.csv"
_UNPLANNED = "unplanned"
_STAYS = frozenset({"inpatient", "observation"})
_QUARTER = 15
_OF_CLASS = {"snf": "transfer", "emergency": EMERGENCY, "urgent_care": "urgent_care",
             "dialysis": "dialysis", "home_health": "home_health"}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Arrivals:
    """The hours of arrival of a kind of visit.

    Attributes:
        edges: float64, minutes of the day between which arrivals are even, ascending.
        share: float64, share of arrivals before each edge, from 0 to 1.
    """

    edges: NDArray[np.float64]
    share: NDArray[np.float64]

    def minutes(
        self, u: NDArray[np.float64], latest: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return minutes of the day, full quarters of an hour, and what is left of each draw.

        Args:
            u: uniforms, float64, shape (n,).
            latest: last minute at which each may arrive, int64, shape (n,); a quarter of an hour
                after the first one at least.

        Returns:
            Minutes, int64, and a uniform that is independent of them, float64; shape (n,).
        """
        if latest is not None:
            last = np.maximum(latest, self.edges[0] + _QUARTER)
            u = u * np.interp(last, self.edges, self.share)
        quarters = np.interp(u, self.share, self.edges) / _QUARTER
        slot = np.floor(quarters)
        return slot.astype(np.int64) * _QUARTER, quarters - slot

    @property
    def closes(self) -> int:
        """The last minute of the day at which people arrive."""
        return int(self.edges[-1])


@cache
def arrivals_of(kind: str) -> Arrivals:
    """Return the hours of a kind of arrival.

    >>> arrivals_of("office").closes == 17 * 60
    True

    Raises:
        ValueError: the table has no such kind, or its bands overlap or have no weight.
    """
    bands = [(60 * float(row["from"]), 60 * float(row["to"]), float(row["weight"]))
             for row in rows(_HOURS) if row["kind"] == kind]  # fmt: skip
    edges: list[float] = []
    weights: list[float] = []
    for begin, end, weight in bands:
        if not begin < end or not weight > 0 or (edges and begin < edges[-1]):
            raise ValueError(f"{_HOURS}: {kind}: {begin / 60:g} to {end / 60:g}, {weight:g}; write "
                             "hours in order, and a weight above 0")  # fmt: skip
        if edges and begin > edges[-1]:
            edges, weights = [*edges, begin], [*weights, 0.0]
        edges, weights = [*(edges or [begin]), end], [*weights, weight]
    if not bands:
        raise ValueError(f"{_HOURS}: no row is of {kind!r}; add its hours")
    share = np.concatenate([[0.0], np.cumsum(weights)]) / sum(weights)
    return Arrivals(np.array(edges), share)


@cache
def _patterns(by: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["match"]), row["kind"])
                 for row in rows(_KINDS) if row["by"] == by)  # fmt: skip


def _kind_by(by: str, text: str) -> str | None:
    return next((kind for pattern, kind in _patterns(by) if pattern.search(text)), None)


@cache
def is_operation(code: str) -> bool:
    """Tell whether a code of a procedure is of an operation.

    >>> is_operation("27447"), is_operation("0SRD0J9"), is_operation("99223")
    (True, True, False)
    """
    return _kind_by("done", code) == PLANNED


@cache
def admission_kind(specialty: str, principal: str, operated: bool) -> str:
    """Return how a stay begins that no emergency visit led to: a kind of arrival.

    Args:
        specialty: of who treats.
        principal: code of the principal diagnosis.
        operated: whether an operation is done within a day.

    >>> admission_kind("orthopedic surgery", "M17.11", True)
    'planned'
    >>> admission_kind("hospitalist", "J18.9", False)
    'unplanned'
    """
    by_reason = _kind_by("specialty", specialty) or _kind_by("principal", principal)
    return by_reason or (PLANNED if operated else _UNPLANNED)


def arrival_kind(encounter_class: str, done: Collection[str], admission: str = "") -> str:
    """Return the kind of arrival of a visit.

    Args:
        encounter_class: of the visit.
        done: codes of what is done in it.
        admission: of a stay, as `admission_kind` says.

    >>> arrival_kind("outpatient_hospital", ["27447"]), arrival_kind("office", ["11102"])
    ('operation', 'office')
    """
    if encounter_class in _STAYS:
        return EMERGENCY if admission in ("", _UNPLANNED) else admission
    operated = encounter_class in ("asc", "outpatient_hospital") and any(map(is_operation, done))
    return OPERATION if operated else _OF_CLASS.get(encounter_class, OFFICE)
