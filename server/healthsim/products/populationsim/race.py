"""Race and ethnicity together, by age: the nation's table, and those of counties."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.datafiles import rows
from healthsim.products.populationsim.figures import HISPANIC, RACE_OF, RACES, people_by_age
from healthsim.products.populationsim.population import CountyPopulation
from healthsim.products.populationsim.raking import solve_shift

ETHNICITIES = ("non_hispanic", "hispanic")
ALL_AGES = 20
"""Row of the tables after those of the twenty five-year bands: people of every age."""

BAND_YEARS = 5
Cells = NDArray[np.float64]
_DECIMALS = 9  # logarithms differ between processors in their last bits


@cache
def national_cells() -> Cells:
    """Return which share of the people of each age is of each race and ethnicity.

    Returns:
        float64, shape (21, 2, 7): by band and `ALL_AGES`, `ETHNICITIES`, `RACES`; each row of the
        first axis adds up to 1. Shares by age are scaled so that all ages have those of the 2020
        census.

    >>> cells = national_cells()
    >>> bool(cells[14, 0, 0] > 0.7 > cells[0, 0, 0])  # white, not Hispanic, at 70 and below 5
    True
    """
    listed: dict[tuple[int, str], dict[str, str]] = {
        (int(row["age_low"]), row["ethnicity"]): row for row in rows("race_by_age.csv")
    }
    ages = np.array(sorted({age for age, _ in listed}))
    of_age = np.array([
        [[float(row["share"]) * float(row[race]) for race in RACES]
         for row in (listed[age, ethnicity] for ethnicity in ETHNICITIES)]
        for age in ages.tolist()
    ])  # fmt: skip
    band = np.searchsorted(ages, BAND_YEARS * np.arange(ALL_AGES), side="right") - 1
    published = np.array([
        [share * of for of in RACE_OF[ethnicity]]
        for ethnicity, share in zip(ETHNICITIES, (1 - HISPANIC, HISPANIC), strict=True)
    ])  # fmt: skip
    people = people_by_age().sum(axis=1)
    by_age = of_age[band]
    mean = (by_age * people[:, None, None]).sum(axis=0) / people.sum()
    cells = np.concatenate([by_age * (published / mean), published[None]])
    return _frozen(cells / cells.sum(axis=(1, 2), keepdims=True))


def county_cells(population: CountyPopulation, counties: NDArray[np.int32]) -> Cells:
    """Return which share of the people of counties, by age, is of each race and ethnicity.

    All ages are as published for the county. By age, the odds of being Hispanic and the shares of
    races are moved from them as the nation's are moved from its own.

    Returns:
        float64, shape (counties, 21, 2, 7), as `national_cells`.
    """
    nation = national_cells()
    hispanic, races = population.hispanic[counties], population.race_shares(counties)
    of_age = np.clip(nation[:ALL_AGES, 1].sum(axis=1), 1e-9, 1 - 1e-9)
    odds = np.log(of_age / (1 - of_age))
    people = population.people[counties].sum(axis=2).astype(np.float64)
    shift = solve_shift(odds, np.maximum(people, 1e-9), hispanic)
    share = 1 / (1 + np.exp(-(odds + shift[:, None])))
    share = np.concatenate([share, hispanic[:, None]], axis=1)
    by_race = nation / nation.sum(axis=2, keepdims=True)
    among = races[:, None] * (by_race / by_race[ALL_AGES])
    among = among / among.sum(axis=3, keepdims=True)
    return _frozen(np.stack([1 - share, share], axis=2)[..., None] * among)


def _frozen(cells: Cells) -> Cells:
    rounded = np.round(cells, _DECIMALS)
    rounded.setflags(write=False)
    return rounded
