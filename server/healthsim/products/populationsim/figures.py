"""Published figures about the population: age, sex, and how common conditions are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import NotFound, near
from healthsim.products.populationsim.datafiles import rows

ADULTS = ("18+", "20+")  # age bands that surveys use for adults
RACES = ("white", "black", "asian", "american_indian", "pacific_islander", "other", "multiple")
HISPANIC = 0.187  # US Census Bureau, 2020 Census redistricting data (2021)
RACE_OF = {  # US Census Bureau, 2020 Census redistricting data (2021), shares by ethnicity
    "hispanic": (0.203, 0.019, 0.004, 0.024, 0.001, 0.422, 0.327),
    "non_hispanic": (0.711, 0.149, 0.073, 0.008, 0.002, 0.006, 0.051),
}
"""Shares of `RACES` by ethnicity."""

OLDEST = 100  # end of the last, open age band: assumption, 0.03 % of people are older


@dataclass(frozen=True, slots=True)
class PopulationFigure:
    """One published number.

    Attributes:
        measure: what was counted, e.g. ``"diabetes"``.
        geography: ``"US"`` or a state code.
        sex: ``"M"``, ``"F"``, or empty for both.
        age: band in completed years, e.g. ``"40-59"`` or ``"60+"``.
        value: people, or a share from 0 to 1, as `unit` says.
        unit: ``"persons"`` or ``"share"``.
        source: publication and definition.
        year: last year of the data.
        confidence: V, V2, D or M; data/README.md says what they mean.
    """

    measure: str
    geography: str
    sex: str
    age: str
    value: float
    unit: str
    source: str
    year: int
    confidence: str


@cache
def figures() -> tuple[PopulationFigure, ...]:
    """Return every figure, by measure, sex and age; read once for a process."""
    return tuple(
        PopulationFigure(
            row["measure"], row["geography"], row["sex"], row["age"], float(row["value"]),
            row["unit"], row["source"], int(row["year"]), row["confidence"],
        )
        for row in rows("figures.csv")
    )  # fmt: skip


@cache
def measures() -> tuple[str, ...]:
    """Return the names of the measures that are shares, sorted.

    >>> "diabetes" in measures()
    True
    """
    return tuple(sorted({figure.measure for figure in figures() if figure.unit == "share"}))


def figure(measure: str, sex: str = "", age: str = "", where: str = "measure") -> PopulationFigure:
    """Return the national figure of one stratum; without `age`, that of all adults.

    >>> figure("hypertension", age="60+").value
    0.716
    """
    strata = [
        stratum for stratum in figures() if stratum.measure == measure and stratum.unit == "share"
    ]
    if not strata:
        raise NotFound(where, f"no measure {measure!r}", near(measure, measures()))
    for stratum in strata:
        if stratum.sex == sex and stratum.age in ((age,) if age else ADULTS):
            return stratum
    known = [f"{stratum.sex or 'both'} {stratum.age}" for stratum in strata]
    raise NotFound(where, f"{measure} has no figure for {sex or 'both'} {age}", near(age, known))


def prevalence(measure: str, where: str = "measure") -> float:
    """Return the share of US adults who have a condition or habit, 0 to 1.

    >>> prevalence("diabetes")
    0.158
    """
    return figure(measure, where=where).value


@cache
def age_bands(sex: str = "") -> tuple[tuple[int, int, float], ...]:
    """Return the age distribution of the US population in five-year bands.

    Args:
        sex: ``"M"``, ``"F"``, or empty for both.

    Returns:
        (low, high, weight): ages in completed years, high exclusive; weights add up to 1.
        The last band, published as 95 and over, is closed at `OLDEST`.

    >>> [(low, high) for low, high, weight in age_bands()][:2]
    [(0, 5), (5, 10)]
    """
    people = people_by_age()
    counts = people[:, 0] if sex == "M" else people[:, 1] if sex == "F" else people.sum(axis=1)
    shares = counts / counts.sum()
    lows = range(0, OLDEST, 5)
    return tuple((low, low + 5, float(share)) for low, share in zip(lows, shares, strict=True))


@cache
def sex_share_by_age() -> NDArray[np.float64]:
    """Return the share of women in each band of `age_bands`, float64, shape (20,).

    >>> bool(sex_share_by_age()[0] < 0.5 < sex_share_by_age()[-1])
    True
    """
    people = people_by_age()
    share: NDArray[np.float64] = people[:, 1] / people.sum(axis=1)
    share.setflags(write=False)
    return share


@cache
def people_by_age() -> NDArray[np.int64]:
    """Return people of the United States by band and sex (men, women), int64, shape (20, 2)."""
    strata = [
        stratum
        for stratum in figures()
        if stratum.measure == "population" and stratum.geography == "US"
    ]
    count = {
        (stratum.sex, int(stratum.age.rstrip("+").split("-")[0])): int(stratum.value)
        for stratum in strata
    }
    return np.array([[count[sex, low] for sex in "MF"] for low in range(0, OLDEST, 5)])
