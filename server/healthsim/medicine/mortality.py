"""Background mortality: the life table, what conditions do to it, and what people die of.

The hazard of a person is that of the life table for their age and sex, times the combined factor
of their conditions, divided by the mean of that factor in the general population. So a general
population dies as the table says, those with a condition more, and those without it less.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from healthsim.medicine.datafiles import rows

AGES = 120
"""The life table's ages, 0 to 119."""
NEONATAL_DAYS, NEONATAL_SHARE = 28, 0.64  # of the deaths below one year: NVSS linked files 2022
TERM = 37
"""Completed weeks of gestation from which a birth is at term."""
SEXES = ("F", "M")
"""The first axis of the hazards; a third row is their mean, for whom no sex is known."""

_BANDS = {"under_18": 0, "18_44": 18, "45_64": 45, "65_74": 65, "75_84": 75, "85_up": 85}
_CAUSE_BANDS = {"under_1": 0, "1_17": 1, "18_44": 18, "45_64": 45, "65_74": 65, "75_84": 75,
                "85_up": 85}  # fmt: skip
_PLACE_BANDS = {"under_18": 0, "18_64": 18, "65_84": 65, "85_up": 85}
_SECOND, _FURTHER = 0.8, 0.65  # exponents of the second strongest factor and of all others:
# assumption, since conditions that occur together share part of what they do
_MOST = 12.0  # of several factors together: assumption; a single one may be higher
_FADES_FROM, _FADES = 70, 0.025  # relative risks shrink with age: assumption from cohort studies
_LOADING = 0.5  # of each condition on a common frailty: assumption, about as in the templates
_POINTS = (0, 17, 18, 44, 45, 64, 65, 70, 74, 75, 80, 84, 85, 90, 95, 100, 110, 119)
_STEPS = 48  # of the grid on which the distribution of the factors is kept
_CERTAIN = 0.999  # the yearly risk of the last ages, so that a hazard is finite


@dataclass(frozen=True)
class ConditionFactor:
    """What a condition does to the hazard of death.

    Attributes:
        key: its name in the data.
        family: conditions of one family, of which only the strongest counts; empty where alone.
        codes: beginnings of its ICD-10-CM codes.
        factor: hazard relative to those without it, up to the age of 70.
        cause: what its excess deaths are due to, an ICD-10 category.
        prevalence: float64, shape (bands,): share of the population that has it.
    """

    key: str
    family: str
    codes: tuple[str, ...]
    factor: float
    cause: str
    prevalence: tuple[float, ...]


@cache
def condition_factors() -> tuple[ConditionFactor, ...]:
    """Return the factors of all conditions, the strongest first.

    Raises:
        ValueError: a factor is below 1, or a share is no share.
    """
    found = [
        ConditionFactor(
            key=row["key"],
            family=row["family"] or row["key"],
            codes=tuple(row["codes"].split()),
            factor=float(row["factor"]),
            cause=row["cause"],
            prevalence=tuple(float(row[band]) for band in _BANDS),
        )
        for row in rows("mortality_factors.csv")
    ]
    for one in found:
        if one.factor < 1 or not all(0 <= share < 1 for share in one.prevalence):
            raise ValueError(f"mortality_factors.csv: {one.key}: factor {one.factor:g} must be 1 "
                             "or more, and its shares from 0 to below 1; mend the row")  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-one.factor, one.key)))


@cache
def factor_of(code: str) -> int:
    """Return the position of the factor of an ICD-10-CM code, by its longest beginning; -1 if none.

    >>> condition_factors()[factor_of("I50.32")].key
    'heart_failure'
    """
    matches = [
        (len(start), number)
        for number, one in enumerate(condition_factors())
        for start in one.codes
        if code.startswith(start)
    ]
    return max(matches)[1] if matches else -1


@cache
def yearly_hazards() -> NDArray[np.float64]:
    """Return the hazard of each year of life, float64, shape (3, 120): F, M, and their mean."""
    table = rows("life_table.csv")
    if [int(row["age"]) for row in table] != list(range(AGES)):
        raise ValueError(f"life_table.csv: must have the ages 0 to {AGES - 1}, once each, rising")
    risk = np.array([[float(row[sex]) for row in table] for sex in ("female", "male")])
    hazard = -np.log1p(-np.minimum(risk, _CERTAIN))
    return np.vstack([hazard, hazard.mean(axis=0)])


def faded(factor: NDArray[np.float64] | float, age: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return a factor at an age: relative risks shrink beyond 70; float64."""
    return 1 + (factor - 1) * np.exp(-_FADES * np.maximum(age - _FADES_FROM, 0))


def combined_factor(held: NDArray[np.int64], age: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the factor of all of each person's conditions together, float64, shape (n,).

    Args:
        held: int64, shape (n,); bit i is set where the person has condition i of
            `condition_factors`.
        age: whole years, int32, shape (n,).
    """
    total, strongest = np.ones(len(held)), np.ones(len(held))
    count = np.zeros(len(held), dtype=np.int64)
    counted: dict[str, NDArray[np.bool_]] = {}
    for number, one in enumerate(condition_factors()):  # the strongest first
        has = (held >> np.int64(number) & 1).astype(np.bool_)
        if one.family in counted:
            has &= ~counted[one.family]
        if not has.any():
            continue
        counted[one.family] = has | counted.get(one.family, False)
        factor = faded(one.factor, age)
        exponent = np.select([count == 0, count == 1], [1.0, _SECOND], _FURTHER)
        total = np.where(has, total * factor**exponent, total)
        strongest = np.where(has & (count == 0), factor, strongest)
        count += has
    return np.minimum(total, np.maximum(_MOST, strongest))


def mean_factor(known: int) -> NDArray[np.float64]:
    """Return the mean factor of some conditions in the general population by age, float64, (120,).

    Conditions occur together: each loads on one frailty, which is integrated over.

    Args:
        known: bit i is set where condition i of `condition_factors` is counted; of the others
            nothing is known, and they are in the table itself.
    """
    return _mean_factor(known)


@cache
def _mean_factor(known: int) -> NDArray[np.float64]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    weights = weights / weights.sum()
    means = [weights @ _means_at(known, age, nodes) for age in _POINTS]
    mean: NDArray[np.float64] = np.round(np.interp(np.arange(AGES), _POINTS, means), 9)
    return mean


def _means_at(known: int, age: int, nodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean factor of the people of an age at each degree of frailty, float64, (nodes,).

    The distribution of the product is kept on a geometric grid, for people with none, one and more
    of the conditions so far; a move between two points of the grid keeps the mean.
    """
    band = int(np.searchsorted(list(_BANDS.values()), age, side="right")) - 1
    grid = _MOST ** (np.arange(_STEPS + 1) / _STEPS)
    dist = np.zeros((3, len(nodes), _STEPS + 1))
    dist[0, :, 0] = 1
    for number, one in enumerate(condition_factors()):
        if not known >> number & 1 or not one.prevalence[band]:
            continue
        latent = ndtri(one.prevalence[band]) + _LOADING * nodes
        having = ndtr(latent / np.sqrt(1 - _LOADING**2))[:, None]
        factor = float(faded(one.factor, np.array(age, dtype=np.int32)))
        moved = [_moved(dist[count], factor**power, grid)
                 for count, power in enumerate((1.0, _SECOND, _FURTHER))]  # fmt: skip
        dist *= 1 - having
        dist[1] += having * moved[0]
        dist[2] += having * (moved[1] + moved[2])
    means: NDArray[np.float64] = dist.sum(axis=0) @ grid
    return means


def _moved(
    dist: NDArray[np.float64], factor: float, grid: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a distribution on the grid after its values are multiplied by a factor, capped."""
    ratio = grid[1]
    steps = int(np.floor(np.log(factor) / np.log(ratio) + 1e-9))
    upper = (factor / ratio**steps - 1) / (ratio - 1)
    top = len(grid) - 1
    moved = np.zeros_like(dist)
    for step, share in ((steps, 1 - upper), (steps + 1, upper)):
        step = min(step, top)
        moved[:, step:] += share * dist[:, : top + 1 - step]
        moved[:, top] += share * dist[:, top + 1 - step :].sum(axis=1)
    return moved


def bit_of(codes: Iterable[str]) -> int:
    """Return the bits of the conditions whose factors some codes have.

    >>> bit_of(["Z00.00"])
    0
    """
    bits = 0
    for code in codes:
        if (number := factor_of(code)) >= 0:
            bits |= 1 << number
    return bits


@cache
def background_causes(*, at_term: bool = False) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return what people without a known cause die of: ICD-10 categories, and their shares.

    Args:
        at_term: whether they were born at term: then of nothing that is due to an early birth.

    Returns:
        The causes, and float64, shape (3, bands, causes): cumulative shares for F, M and their
        mean; `cause_band` gives the band of an age.
    """
    table = rows("causes_of_death.csv")
    causes = tuple(dict.fromkeys(row["cause"] for row in table))
    share = np.zeros((3, len(_CAUSE_BANDS), len(causes)))
    for row in table:
        if at_term and float(row["born_before"] or "inf") <= TERM:
            continue
        at = list(_CAUSE_BANDS).index(row["ages"]), causes.index(row["cause"])
        share[0][at], share[1][at] = float(row["female"]), float(row["male"])
    share[2] = (share[0] + share[1]) / 2
    total = share.sum(axis=2)
    if not at_term and np.abs(total - 1).max() > 0.005:
        raise ValueError("causes_of_death.csv: the shares of an age and sex must add up to 1; they "
                         f"come to {total.min():g} to {total.max():g}")  # fmt: skip
    return causes, np.cumsum(share, axis=2) / total[:, :, None]


def cause_band(age: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return the band of `background_causes` of each age, intp."""
    return np.searchsorted(list(_CAUSE_BANDS.values()), age, side="right") - 1


@cache
def places_of_death() -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return where people die who are in no facility then, and float64, (bands, places).

    The shares are cumulative; `place_band` gives the band of an age.
    """
    table = rows("place_of_death.csv")
    places = tuple(dict.fromkeys(row["place"] for row in table))
    share = np.zeros((len(_PLACE_BANDS), len(places)))
    for row in table:
        share[list(_PLACE_BANDS).index(row["ages"]), places.index(row["place"])] = row["share"]
    return places, np.cumsum(share, axis=1) / share.sum(axis=1)[:, None]


def place_band(age: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return the band of `places_of_death` of each age, intp."""
    return np.searchsorted(list(_PLACE_BANDS.values()), age, side="right") - 1
