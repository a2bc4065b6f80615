"""Coronary arteries: which are treated by a procedure, and which are narrow, as rows of tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

BYPASS, DILATION = "bypass", "dilation"
MAIN = "LM"
"""The left main artery, from which LAD and LCX come; it is no vessel of its own in a count."""
VESSELS = "vessels"
"""Name under which the number of narrow vessels is a result of an angiogram."""
FOLLOWS = 180
"""Days within which a bypass or dilation follows from an angiogram: assumption."""
LEAST_BYPASSED = 2
"""Narrow vessels before a bypass with two grafts or more, at least: some have two in one vessel."""
STEP = 5
"""Per cent in which a stenosis is told."""


class Vessel(NamedTuple):
    """A coronary artery.

    Attributes:
        name: LM, LAD, LCX or RCA.
        share: of those with one narrow vessel, whose it is; of LM, of those before a bypass.
        infarctions: codes of infarctions that its closing makes, ICD-10-CM.
        least: stenosis that counts, per cent.
        most: stenosis short of closing, per cent.
    """

    name: str
    share: float
    infarctions: tuple[str, ...]
    least: int
    most: int


@cache
def vessels() -> tuple[Vessel, ...]:
    """Return the coronary arteries, the left main first.

    >>> [vessel.name for vessel in vessels()]
    ['LM', 'LAD', 'LCX', 'RCA']
    """
    return tuple(
        Vessel(row["vessel"], float(row["share"]), tuple(row["infarctions"].split()),
               int(row["least"]), int(row["most"]))
        for row in rows("coronary_vessels.csv")
    )  # fmt: skip


@cache
def extents() -> tuple[float, ...]:
    """Return the shares of one, two and three narrow vessels, where nothing tells how many.

    >>> sum(extents())
    1.0
    """
    return tuple(float(row["share"]) for row in rows("coronary_extent.csv"))


@cache
def treatments() -> Mapping[tuple[str, str], tuple[str, int]]:
    """Return (system, beginning of a code) -> kind of treatment and how many arteries it is of."""
    return {
        (row["system"], row["prefix"]): (row["kind"], int(row["arteries"]))
        for row in rows("coronary_treatments.csv")
    }


def arteries_treated(system: str, code: str, kind: str) -> int:
    """Return how many coronary arteries a procedure treats in a way; 0 of all others.

    Args:
        system: CPT, HCPCS or ICD-10-PCS.
        code: of the procedure.
        kind: `BYPASS` or `DILATION`.

    >>> arteries_treated("ICD-10-PCS", "021109W", BYPASS), arteries_treated("CPT", "33533", BYPASS)
    (2, 1)
    >>> arteries_treated("CPT", "92928", BYPASS)
    0
    """
    length = 4 if system == "ICD-10-PCS" else 5
    way, arteries = treatments().get((system, code[:length]), ("", 0))
    return arteries if way == kind else 0


def closed_by(code: str) -> int:
    """Return which vessel an infarction closes, a position in `vessels`; -1 where none is named.

    >>> closed_by("I21.11"), closed_by("I21.4")
    (3, -1)
    """
    return next((place for place, one in enumerate(vessels()) if code in one.infarctions), -1)
