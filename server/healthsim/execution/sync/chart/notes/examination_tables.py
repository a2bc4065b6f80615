"""What is examined on which occasion, and what is found: the tables of examinations."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SIGNS: Mapping[str, str] = {
    "pulse": "8867-4", "respiration": "9279-1", "temperature": "8310-5",
    "saturation": "59408-5", "bmi": "39156-5", "pain": "72514-3",
}  # fmt: skip
"""Name of a vital sign that a finding may depend on -> its LOINC code."""

GIVEN: Mapping[str, str] = {"oxygen": "oxygen"}
"""Name of what a finding may depend on as a vital sign -> the ingredient that is given: 1 where it
is by the time of the examination."""

_EVERY = "*"


@dataclass(frozen=True)
class Finding:
    """One thing that may be found; it is, where all that it names holds.

    Attributes:
        system: what is examined.
        slot: of the findings of a slot, the first that holds is said.
        codes: beginnings of ICD-10-CM codes, of which one must hold; without any none must.
        chart: whether a condition of the person will do, or only a diagnosis of the encounter.
        normal: whether it is what is usual with its codes, such as no retinopathy in diabetes.
        sign: a vital sign of `SIGNS`, or what is given of `GIVEN`, in [low, below); empty where
            none matters.
        months: of age, in [first, second); whole ones, but in the first month by the day.
        share: of people, in [first, second) of a number of each person from 0 to 1.
        text: what is said; empty where nothing is.
    """

    system: str
    slot: str
    codes: tuple[str, ...]
    chart: bool
    normal: bool
    sign: str
    low: float
    below: float
    months: tuple[float, float]
    share: tuple[float, float]
    text: str

    @property
    def usual(self) -> bool:
        """Whether it depends on no illness and no vital sign."""
        return self.normal or (not self.codes and not self.sign)


@dataclass(frozen=True)
class Examined:
    """What clinicians of some specialties examine in visits of some classes.

    Attributes:
        classes: of encounters.
        specialties: of who treats; empty for all that no other row names.
        usual: systems that are always said.
        also: systems that are said where something is found that is not usual.
    """

    classes: frozenset[str]
    specialties: frozenset[str]
    usual: frozenset[str]
    also: frozenset[str]


@cache
def findings() -> tuple[Finding, ...]:
    """Return all findings, in the order of the file.

    Raises:
        ValueError: a row names a vital sign that neither `SIGNS` nor `GIVEN` has.
    """
    found = []
    for row in _rows("examination_findings.csv"):
        if row["sign"] and row["sign"] not in {*SIGNS, *GIVEN}:
            raise ValueError(f"examination_findings.csv: no vital sign is called {row['sign']!r}; "
                             f"use one of {', '.join((*SIGNS, *GIVEN))}")  # fmt: skip
        found.append(
            Finding(
                row["system"],
                row["slot"],
                tuple(row["codes"].split()),
                row["scope"] in {"chart", "normal"},
                row["scope"] == "normal",
                row["sign"],
                *_span(row["low"], row["below"]),
                months=_span(row["from_months"], row["below_months"]),
                share=_span(row["share_from"], row["share_below"]),
                text=row["finding"],
            )
        )
    return tuple(found)


@cache
def examinations() -> tuple[Examined, ...]:
    """Return what is examined, in the order of the file: the first row that fits holds.

    Raises:
        ValueError: a row names a system of which there are no findings.
    """
    systems = frozenset(one.system for one in findings())
    found = []
    for row in _rows("examinations.csv"):
        usual, also = (frozenset(filter(None, row[name].split("|"))) for name in ("usual", "also"))
        if unknown := (usual | also) - systems - {_EVERY}:
            raise ValueError(f"examinations.csv: no findings of {', '.join(sorted(unknown))}; "
                             "add rows to examination_findings.csv")  # fmt: skip
        found.append(
            Examined(
                frozenset(row["classes"].split()),
                frozenset(filter(None, row["specialties"].split("|"))),
                usual,
                systems if _EVERY in also else also,
            )
        )
    return tuple(found)


@cache
def examined(encounter_class: str, specialty: str) -> Examined | None:
    """Return what is examined in a visit of a class by a specialty; None where nothing is.

    >>> sorted(examined("office", "dermatology").usual)
    ['general', 'skin']
    """
    for one in examinations():
        if encounter_class in one.classes and specialty in (one.specialties or {specialty}):
            return one
    return None


def _rows(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _span(low: str, below: str) -> tuple[float, float]:
    return float(low or "-inf"), float(below or "inf")
