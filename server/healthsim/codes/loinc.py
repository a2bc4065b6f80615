"""Laboratory tests and vital signs: LOINC codes, units, intervals and panels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from healthsim.codes import imported_books
from healthsim.codes.books import CodeBook, read_lines, read_rows, with_imported
from healthsim.codes.imported_books import ImportedCode
from healthsim.errors import NotFound, near


class Observation(NamedTuple):
    """One test or vital sign; every number is in `unit`.

    Attributes:
        unit: UCUM.
        decimals: places that a result is reported with.
        ref_low: lower end of the reference interval; NaN where there is none. For adults of both
            sexes; `reference_intervals` has intervals by sex and age.
        ref_high: upper end of the same; NaN where there is none.
        mean: of adults without the conditions that it tests for.
        sd: standard deviation of the same.
        low: least plausible value.
        high: greatest plausible value.
        panels: names of our panels that contain it.
        vital: whether it is a vital sign, not a laboratory test.
        confidence: ``"V"`` code and name seen in a public source, ``"M"`` from memory.
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
    confidence: str


class IntervalOverride(NamedTuple):
    """Values of one sex or some ages that differ from the general row of a code.

    Attributes:
        sex: ``"F"``, ``"M"`` or ``""`` for both.
        from_months: completed months of age from which it applies.
        below_months: completed months below which it applies; `FOREVER` without an end.
        source: of the figures, or ``assumption`` and its kind.
    """

    code: str
    sex: str
    from_months: int
    below_months: int
    ref_low: float
    ref_high: float
    mean: float
    sd: float
    source: str


class ReferenceInterval(NamedTuple):
    """Reference values from an age on; an open end of the interval is NaN."""

    from_months: int
    ref_low: float
    ref_high: float
    mean: float
    sd: float


class PanelName(NamedTuple):
    """What a panel of ours is called.

    Attributes:
        name: in words.
        loinc: code of the panel; ``""`` where LOINC has none that is like ours.
        display: LOINC's name of it; ``""`` where there is no code.
    """

    name: str
    loinc: str
    display: str


FOREVER = 2**15
"""Months of age that nobody reaches."""


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
        confidence=line[12],
    )


def _interval(line: list[str]) -> IntervalOverride:
    code, sex, start, stop = line[:4]
    low, high, mean, sd = (float(text or "nan") for text in line[4:8])
    return IntervalOverride(
        code, sex, int(start), int(stop or FOREVER), low, high, mean, sd, line[8]
    )


@imported_books.cached_per_shelf
def loinc() -> CodeBook[Observation]:
    """Return the tests and vital signs, built in and imported, by LOINC code.

    An imported one has a unit, but no usual values: a specification must state its result.

    >>> loinc().find("4548-4", "details.loinc").unit
    '%'
    """
    rows = read_rows("loinc", _observation)
    return CodeBook("LOINC", with_imported(rows, imported_books.imported_book("loinc"), _imported))


_DECIMALS = 2  # of an imported test; assumption: the LOINC table has no precision


def _imported(line: ImportedCode, known: Observation | None) -> Observation:
    if known is not None:
        return known._replace(display=line.display)
    none = float("nan")
    return Observation(
        code=line.code,
        display=line.display,
        unit=line.facts.get("unit", ""),
        decimals=_DECIMALS,
        ref_low=none,
        ref_high=none,
        mean=none,
        sd=none,
        low=none,
        high=none,
        panels=(),
        vital="vital" in line.facts,
        confidence="V",
    )


@cache
def intervals() -> Mapping[str, tuple[IntervalOverride, ...]]:
    """Return the values that differ by sex and age, by LOINC code; other codes are absent."""
    by_code: dict[str, list[IntervalOverride]] = {}
    for line in read_lines("intervals"):
        by_code.setdefault(line[0], []).append(_interval(line))
    return {code: tuple(rows) for code, rows in by_code.items()}


def observation(code: str) -> Observation:
    """Return the row of a code, or default values for a code that is not in the book."""
    row, none = loinc().rows.get(code), float("nan")
    if row is not None:
        return row
    return Observation(code, code, "", 2, none, none, none, none, none, none, (), False, "")


@imported_books.cached_per_shelf
def reference_intervals(code: str, sex: str) -> tuple[ReferenceInterval, ...]:
    """Return the reference values of one sex at every age, from birth on without a gap.

    Args:
        code: a LOINC code of the book.
        sex: ``"F"`` or ``"M"``; with any other value, those of both sexes.

    >>> [interval.ref_low for interval in reference_intervals("718-7", "F")]
    [13.5, 9.5, 10.5, 11.0, 11.5, 12.0]
    """
    general = observation(code)
    overrides = sorted(
        (row for row in intervals().get(code, ()) if row.sex in ("", sex)),
        key=lambda row: row.from_months,
    )
    result, age = [], 0
    for override in overrides:
        if override.from_months > age:
            result.append(_from_age(age, general))
        result.append(_from_age(override.from_months, override))
        age = override.below_months
    if age < FOREVER:
        result.append(_from_age(age, general))
    return tuple(result)


def _from_age(months: int, row: Observation | IntervalOverride) -> ReferenceInterval:
    return ReferenceInterval(months, row.ref_low, row.ref_high, row.mean, row.sd)


@cache
def panels() -> dict[str, tuple[str, ...]]:
    """Return the LOINC codes of every panel, by the name of the panel."""
    members: dict[str, list[str]] = {}
    for code, row in loinc().rows.items():
        for name in row.panels:
            members.setdefault(name, []).append(code)
    return {name: tuple(codes) for name, codes in sorted(members.items())}


def panel(name: str, where: str = "details.panel") -> tuple[str, ...]:
    """Return the LOINC codes of a panel.

    Args:
        name: name of the panel here, e.g. ``"lipid"``.
        where: path of the value in the document, for the error.

    Raises:
        NotFound: there is no such panel; with the nearest ones.

    >>> panel("lipid")
    ('13457-7', '2085-9', '2093-3', '2571-8')
    """
    if name not in panels():
        raise NotFound(where, f"there is no panel {name!r}", near(name, panels()))
    return panels()[name]


@cache
def panel_names() -> Mapping[str, PanelName]:
    """Return what every panel is called, by the name that orders use.

    >>> panel_names()["cmp"].loinc
    '24323-8'
    """
    return read_rows("panels", lambda line: PanelName(*line[1:4]))
