"""Vaccines: the series that a product belongs to, its ages and intervals, how it is given.

The rules are those of the CDC's Advisory Committee on Immunization Practices (ACIP): a dose counts
if it is given at or after its minimum age and interval. The four days of grace that the ACIP allows
in judging a record are not planned with.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, add_months
from healthsim.medicine.datafiles import rows

NEVER = np.int32(2**31 - 1)
"""Day of what may not be done any more."""

GROWN_UP = 19
"""Age in years from which no childhood doses are assumed that the data do not show: assumption, the
end of the schedule for children."""

_DAYS = {"days": 1, "weeks": 7}
_MONTHS = {"months": 1, "years": 12}


class Length(NamedTuple):
    """A length of time in days and in months of the calendar."""

    days: int
    months: int

    def after(self, since: Days) -> Days:
        """Return the days that lie this long after others, int32."""
        moved = add_months(since, self.months) if self.months else since
        return (moved + np.int32(self.days)).astype(np.int32)


class Dose(NamedTuple):
    """One dose of a series.

    Attributes:
        usual: age at which it is usually given in childhood; None for no dose of childhood.
        least_age: age from which it counts.
        least_interval: since the dose before it; None for a first dose.
        most_age: age from which it is not given any more; None without one.
        renewed_after: time after a dose from which the next is again the first, as in a new season.
    """

    usual: Length | None
    least_age: Length
    least_interval: Length | None
    most_age: Length | None
    renewed_after: Length | None


class Product(NamedTuple):
    """A vaccine as it is recorded, by its CVX code.

    Attributes:
        series: what it is a dose of; judged by age and interval. The first numbers the dose.
        counts: what it is a dose of besides, without being judged.
        route: HL7 table 0162: IM, SC, PO or NS.
        makers: share of each manufacturer, by MVX code.
    """

    series: tuple[str, ...]
    counts: tuple[str, ...]
    route: str
    makers: Mapping[str, float]


def length(text: str) -> Length | None:
    """Return a length written as ``6 weeks``; None for an empty text.

    >>> length("12 months")
    Length(days=0, months=12)

    Raises:
        ValueError: for a unit other than days, weeks, months, years.
    """
    if not text:
        return None
    number, unit = text.split()
    if unit in _DAYS:
        return Length(int(number) * _DAYS[unit], 0)
    if unit in _MONTHS:
        return Length(0, int(number) * _MONTHS[unit])
    raise ValueError(f"{text!r} is no length of time; write days, weeks, months or years")


@cache
def doses() -> Mapping[str, tuple[Dose, ...]]:
    """Return the doses of every series of `medicine/data/vaccines.csv`, in order."""
    found: dict[str, list[Dose]] = {}
    for row in rows("vaccines.csv"):
        usual, least, interval, most, renewed = (
            length(row[name])
            for name in ("usual_age", "minimum_age", "minimum_interval", "maximum_age",
                         "renewed_after")
        )  # fmt: skip
        series = found.setdefault(row["series"], [])
        if int(row["dose"]) != len(series) + 1 or least is None:
            raise ValueError(f"vaccines.csv: dose {row['dose']} of {row['series']}: list the doses "
                             "of a series one after another, each with a minimum age")  # fmt: skip
        series.append(Dose(usual, least, interval, most, renewed))
    return {name: tuple(series) for name, series in found.items()}


@cache
def products() -> Mapping[str, Product]:
    """Return the products of `medicine/data/vaccine_products.csv` by CVX code."""
    found = {}
    for row in rows("vaccine_products.csv"):
        makers = {name: float(share) for name, share in
                  (part.split(":") for part in row["makers"].split())}  # fmt: skip
        found[row["cvx"]] = Product(
            tuple(row["series"].split()), tuple(row["counts"].split()), row["route"], makers
        )
        unknown = {*found[row["cvx"]].series, *found[row["cvx"]].counts} - doses().keys()
        if unknown or abs(sum(makers.values()) - 1) > 1e-9:
            raise ValueError(f"vaccine_products.csv: {row['cvx']}: give series of vaccines.csv, "
                             "and shares of makers that add up to 1")  # fmt: skip
    return found


def product(cvx: str) -> Product | None:
    """Return a product by CVX code; None for one whose series is not known."""
    return products().get(cvx)


def assumed_doses(series: str, birth: Days, begins: Days) -> tuple[NDArray[np.int32], Days]:
    """Return how many doses people had before their records begin, and the day of the last.

    Children are assumed to have had the doses of their age at the usual ages; adults none.

    Args:
        series: of the vaccine.
        birth: int32, shape (n,).
        begins: int32, first day of their records; `NO_DAY` where these begin at birth.
    """
    number, last = np.zeros(len(birth), dtype=np.int32), np.full(len(birth), NO_DAY, np.int32)
    child = (begins != NO_DAY) & (add_months(birth, 12 * GROWN_UP) > begins)
    for dose in doses()[series]:
        if dose.usual is not None:
            day = dose.usual.after(birth)
            had = child & (day < begins)
            number[had] += 1
            last[had] = day[had]
    return number, last


def span(series: str, dose: NDArray[np.int32], birth: Days, previous: Days) -> tuple[Days, Days]:
    """Return the first and the last day on which a dose may be given.

    Args:
        series: of the vaccine.
        dose: int32, shape (n,), number of the dose, from 1; beyond the series, the rule of its last
            interval holds.
        birth: int32, shape (n,).
        previous: int32, day of the dose before; `NO_DAY` where there is none.

    Returns:
        Two int32 columns of shape (n,); the last day is `NEVER` where age sets no end.
    """
    rules = doses()[series]
    first, last = birth.copy(), np.full(len(birth), NEVER, dtype=np.int32)
    for place, rule in enumerate(rules):
        at = np.flatnonzero(np.minimum(dose, len(rules)) == place + 1)
        first[at] = rule.least_age.after(birth[at])
        if rule.most_age is not None:
            last[at] = rule.most_age.after(birth[at]) - np.int32(1)
        interval = rule.least_interval or _last_interval(rules)
        if interval is None:
            continue
        after = at[previous[at] != NO_DAY]
        first[after] = np.maximum(first[after], interval.after(previous[after]))
    return first, last


def _last_interval(rules: tuple[Dose, ...]) -> Length | None:
    known = [rule.least_interval for rule in rules if rule.least_interval is not None]
    return known[-1] if known else None


LOTS = 4
"""Lots of one product that are given in one quarter of a year: assumption."""
_OLDEST = 2000  # months: above every age


@cache
def site_of(route: str) -> tuple[tuple[bool, int, int, str], ...]:
    """Return where doses of a route are given, by side and age; nothing for PO and NS.

    Returns:
        (left side, from months of age, below months of age, code of HL7 table 0163).
    """
    found = []
    for row in rows("vaccine_sites.csv"):
        if row["route"] == route:
            ages = int(row["from_months"]), int(row["below_months"] or _OLDEST)
            left, right = row["sites"].split()
            found += [(True, *ages, left), (False, *ages, right)]
    return tuple(found)
