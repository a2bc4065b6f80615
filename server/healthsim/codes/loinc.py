"""Laboratory tests and vital signs: LOINC codes, units, intervals and panels."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.codes.books import Book, read_book
from healthsim.errors import NotFound, near


class Observation(NamedTuple):
    """One test or vital sign; every number is in `unit`.

    Attributes:
        unit: UCUM.
        decimals: places that a result is reported with.
        ref_low: lower end of the adults' reference interval; NaN where there is none.
        ref_high: upper end of the same; NaN where there is none.
        mean: typical value of an adult without the conditions it looks for.
        sd: its spread.
        low: least value that a laboratory would believe.
        high: greatest such value.
        panels: names of our panels that hold it.
        vital: a vital sign, not a laboratory test.
    """

    code: str
    display: str
    unit: str
    decimals: int
    ref_low: float
    ref_high: float
    mean: float
    sd: float
    low: float
    high: float
    panels: tuple[str, ...]
    vital: bool


def _observation(line: list[str]) -> Observation:
    ref_low, ref_high, mean, sd, low, high = (float(text or "nan") for text in line[4:10])
    code, display, unit, decimals = line[:4]
    return Observation(
        code=code,
        display=display,
        unit=unit,
        decimals=int(decimals),
        ref_low=ref_low,
        ref_high=ref_high,
        mean=mean,
        sd=sd,
        low=low,
        high=high,
        panels=tuple(line[10].split()),
        vital=line[11] == "1",
    )


@cache
def loinc() -> Book[Observation]:
    """Return the tests and vital signs, by LOINC code.

    >>> loinc().find("4548-4", "details.loinc").unit
    '%'
    """
    return read_book("LOINC", "loinc", _observation)


@cache
def panels() -> dict[str, tuple[str, ...]]:
    """Return the LOINC codes of every panel, by our name of it."""
    members: dict[str, list[str]] = {}
    for code, row in loinc().rows.items():
        for name in row.panels:
            members.setdefault(name, []).append(code)
    return {name: tuple(codes) for name, codes in sorted(members.items())}


def panel(name: str, where: str = "details.panel") -> tuple[str, ...]:
    """Return the LOINC codes that are ordered together.

    Args:
        name: our name of the panel, e.g. ``"lipid"``.
        where: path of the value in the document, for the error.

    Raises:
        NotFound: there is no such panel; the nearest ones are named.

    >>> panel("lipid")
    ('13457-7', '2085-9', '2093-3', '2571-8')
    """
    if name not in panels():
        raise NotFound(where, f"there is no panel {name!r}", near(name, panels()))
    return panels()[name]
