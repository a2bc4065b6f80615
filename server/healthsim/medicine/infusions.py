"""How long drugs run that are given by vein, and in which parts, as rows of a table.

The rows are in ``data/infusions.csv``. A drug without one is given at once.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

BY_VEIN = "intravenous"


class Part(NamedTuple):
    """A part of a dose.

    Attributes:
        share: of the dose, above 0, at most 1.
        minutes: that it runs; 0 of what is given at once.
        until: code of the procedure that ends it in a later visit, CPT; ``""`` where it ends in
            the visit in which it begins.
    """

    share: float
    minutes: int
    until: str


AT_ONCE = Part(1.0, 0, "")


@cache
def _parts() -> dict[tuple[str, bool], tuple[Part, ...]]:
    found: dict[tuple[str, bool], tuple[Part, ...]] = {}
    for row in rows("infusions.csv"):
        key = (row["ingredient"], bool(row["with"]))
        part = Part(float(row["share"]), int(row["minutes"]), row["until"])
        found[key] = (*found.get(key, ()), part)
    return found


@cache
def pumps() -> frozenset[str]:
    """Return the codes of procedures that make some drugs run otherwise, CPT and HCPCS.

    >>> sorted(pumps())
    ['96416', 'G0498']
    """
    return frozenset(code for row in rows("infusions.csv") for code in row["with"].split())


@cache
def ends() -> frozenset[str]:
    """Return the codes of procedures that end what runs at home, CPT.

    >>> sorted(ends())
    ['96523']
    """
    return frozenset(part.until for parts in _parts().values() for part in parts if part.until)


def parts_of(ingredient: str, route: str, pump: bool = False) -> tuple[Part, ...]:
    """Return the parts in which a dose is given, in their order.

    Args:
        ingredient: of the drug.
        route: how it is given.
        pump: whether one of `pumps` is done in the visit on that day.

    >>> [part.minutes for part in parts_of("fluorouracil", "intravenous", pump=True)]
    [3, 2760]
    >>> parts_of("ceftriaxone", "intramuscular")
    (Part(share=1.0, minutes=0, until=''),)
    """
    if route != BY_VEIN:
        return (AT_ONCE,)
    known = _parts()
    usual = known.get((ingredient, False), (AT_ONCE,))
    return known.get((ingredient, True), usual) if pump else usual
