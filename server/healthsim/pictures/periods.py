"""Months, quarters and years as bars stand for them: all of them, and which are not whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

STEPS = ("month", "quarter", "year", "decade", "century")
"""Units of time whose bars are drawn, the shortest first."""

_MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1_200}
_LAST_YEAR = 9_000  # later days are no days of data


@dataclass(frozen=True, slots=True)
class Period:
    """One month, quarter or year.

    Attributes:
        begins: its first day, as DuckDB's date_trunc gives it.
        label: as an axis writes it; `name`: as a sentence does.
        part: where the data begin or end inside it: from or to which day; empty where it is whole.
    """

    begins: date
    label: str
    name: str
    part: str = ""


def periods(step: str, first: date, last: date) -> list[Period]:
    """Return every period from the first to the last day of the data.

    >>> [(one.label, one.part) for one in periods("month", date(2025, 1, 1), date(2025, 2, 17))]
    [('Jan 2025', ''), ('Feb 2025', 'to 17 Feb')]
    """
    begins = [_begin(step, first)]
    while (following := _next(step, begins[-1])) <= last:
        begins.append(following)
    return [
        Period(one, _label(step, one), _name(step, one), _part(one, _next(step, one), first, last))
        for one in begins
    ]


def shortest(first: date, last: date, most: int) -> str:
    """Return the shortest unit of time of which no more than `most` lie between two days."""
    months = 12 * (last.year - first.year) + last.month - first.month
    return next((step for step in STEPS if months // _MONTHS[step] + 2 <= most), STEPS[-1])


def said(parts: Sequence[Period]) -> str:
    """Say which periods are not whole, for a subtitle; empty where all are."""
    cut = [f"{one.name} has data {one.part} only" for one in parts if one.part]
    return f"lighter: {' and '.join(cut)}" if cut else ""


def day_name(day: date) -> str:
    """Return a day as a sentence writes it."""
    return f"{day.day} {day:%B} {day.year}"


def _begin(step: str, day: date) -> date:
    if step == "month":
        return day.replace(day=1)
    if step == "quarter":
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    years = _MONTHS[step] // 12
    return date(max(1, day.year // years * years), 1, 1)


def _next(step: str, begins: date) -> date:
    months = begins.year * 12 + begins.month - 1 + _MONTHS[step]
    return date(min(months // 12, _LAST_YEAR + 999), months % 12 + 1, 1)


def _label(step: str, begins: date) -> str:
    if step == "month":
        return f"{begins:%b} {begins.year}"
    if step == "quarter":
        return f"Q{(begins.month + 2) // 3} {begins.year}"
    return str(begins.year) if step == "year" else f"from {begins.year}"


def _name(step: str, begins: date) -> str:
    if step == "month":
        return f"{begins:%B} {begins.year}"
    return f"the {step} {_label(step, begins)}" if step in STEPS[3:] else _label(step, begins)


def _part(begins: date, following: date, first: date, last: date) -> str:
    inner = f"from {first.day} {first:%b}" if begins < first < following else ""
    if begins <= last < following - timedelta(days=1):
        return f"{inner} to {last.day} {last:%b}".strip()
    return inner
