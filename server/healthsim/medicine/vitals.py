"""Which vital signs are usual in each class of encounter, when, and at which ages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

MEASURES: Mapping[str, tuple[str, ...]] = {
    "pressure": ("8480-6", "8462-4"),
    "pulse": ("8867-4",),
    "respiration": ("9279-1",),
    "temperature": ("8310-5",),
    "saturation": ("59408-5",),
    "weight": ("29463-7",),
    "height": ("8302-2",),
    "head": ("9843-4",),
    "pain": ("72514-3",),
    "bmi": ("39156-5",),
    "bmi_percentile": ("59576-9",),
    "weight_for_length": ("77606-2",),
    "head_percentile": ("8289-1",),
}
"""Measure of `medicine/data/vitals.csv` -> its LOINC codes."""
CODES: tuple[str, ...] = tuple(code for codes in MEASURES.values() for code in codes)
"""LOINC codes of all measures. A record's number depends on a code's place: new ones go last."""
PAIRS: tuple[tuple[str, str], ...] = tuple(
    (codes[0], codes[1]) for codes in MEASURES.values() if len(codes) > 1
)
"""Codes of the measures that are two numbers read at one time."""
MOST_CODES = 16
"""How many measures there may ever be: numbers of records are kept for so many."""

VISIT, ARRIVAL, LEAVING, ROUND, EVERY, YEARLY, WEIGHED = (
    "visit", "arrival", "leaving", "round", "every", "yearly", "weighed",
)  # fmt: skip
"""When a measure is taken: once in a visit; as a stay or visit begins, and as it ends; at each
nursing round, whose hours a profile may set; every so many hours; once in each year of age; and
where weight was measured, from which it is computed."""
_MOMENTS = frozenset({VISIT, ARRIVAL, LEAVING, ROUND, EVERY, YEARLY, WEIGHED})


class VitalRule(NamedTuple):
    """One measure that is usual in a class of encounter.

    Attributes:
        measure: of `MEASURES`.
        at: when it is taken.
        hours: between two, where `at` is round or every; else 0.
        from_months: completed months of age from which it is taken.
        below_months: completed months below which it is taken; infinite without an end.
        share: of occasions on which it is taken, 0 to 1.
    """

    measure: str
    at: str
    hours: int
    from_months: float
    below_months: float
    share: float


@cache
def vital_rules(encounter_class: str) -> tuple[VitalRule, ...]:
    """Return what is usual in a class of encounter.

    Raises:
        ValueError: a row of the table names an unknown measure or moment.

    >>> [rule.measure for rule in vital_rules("telehealth")]
    ['pressure', 'pulse', 'weight']
    """
    lines = [row for row in rows("vitals.csv") if row["encounter_class"] == encounter_class]
    return tuple(_rule(row) for row in lines)


def hours_between_rounds(encounter_class: str) -> int:
    """Return the usual hours between two rounds of a class of encounter; 0 where none is made."""
    rounds = [rule.hours for rule in vital_rules(encounter_class) if rule.at in {ROUND, EVERY}]
    return min(rounds, default=0)


def _rule(row: Mapping[str, str]) -> VitalRule:
    if row["measure"] not in MEASURES or row["at"] not in _MOMENTS:
        raise ValueError(
            f"vitals.csv: {row['encounter_class']} {row['measure']} at {row['at']}: measure is "
            f"one of {', '.join(MEASURES)}; at is one of {', '.join(sorted(_MOMENTS))}"
        )
    return VitalRule(
        measure=row["measure"],
        at=row["at"],
        hours=int(row["hours"] or 0),
        from_months=float(row["from_months"]),
        below_months=float(row["below_months"] or "inf"),
        share=float(row["share"]),
    )
