"""Prevalence in each county by age and sex: the national age pattern at the level of the place.

A county's own published level is matched exactly. Otherwise the national figure is shifted by the
difference of the state from the nation, in odds, and matched by the state as a whole. Otherwise
the national rates are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.figures import figures, people_by_age
from healthsim.products.populationsim.population import CountyPopulation, Prevalence, state_levels
from healthsim.products.populationsim.raking import solve_shift
from healthsim.products.populationsim.reference import geography

AGES = 100  # single years of age with a rate; older people have that of 99
ADULT = 18
_DECIMALS = 6
_FITS = 40  # rounds of fitting the difference of the sexes
_NO_PATTERN = -1.0  # log odds of a rate without a national pattern: any number, it is shifted

Shares = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rates:
    """Shares by age and sex in some counties.

    Attributes:
        share: float64, shape (counties, 2, 100); by sex (men, women) and year of age, six decimals;
            0 below 18.
        level: float64, shape (counties,); share of the county's adults, by its own people.
        known: source of the level: 0 none, 1 the nation, 2 the state, 3 the county.
    """

    share: Shares
    level: Shares
    known: NDArray[np.int8]


def rates(measure: str, population: CountyPopulation, counties: NDArray[np.int32]) -> Rates:
    """Return the prevalence of a condition or habit in counties, by age and sex.

    Args:
        measure: such as ``"hypertension"``.
        population: people and imported prevalences of every county.
        counties: int32, shape (n,); rows of the geography.
    """
    logits, people = shape_of(measure), by_year(population.people[counties])
    imported, has_nation = population.measures.get(measure), logits is not None
    shape = np.full((2, AGES - ADULT), _NO_PATTERN) if logits is None else logits
    shift, known = np.zeros(len(counties)), np.full(len(counties), int(has_nation), dtype=np.int8)
    if has_nation:
        of_state = _of_states(measure, population)[geography().county_state[counties]]
        matched = ~np.isnan(of_state)
        shift[matched], known[matched] = of_state[matched], 2
    if imported is not None:
        level = imported.share[counties]
        matched = ~np.isnan(level)
        flat = people[matched].reshape(-1, shape.size)
        if matched.any():
            shift[matched], known[matched] = solve_shift(shape.reshape(-1), flat, level[matched]), 3
    adults = 1 / (1 + np.exp(-(shape + shift[:, None, None])))
    adults[known == 0] = 0
    share = np.zeros((len(counties), 2, AGES))
    share[:, :, ADULT:] = np.round(adults, _DECIMALS)
    total = people.sum(axis=(1, 2))
    level = (people * adults).sum(axis=(1, 2)) / np.maximum(total, 1e-9)
    return Rates(share, level, known)


@cache
def shape_of(measure: str) -> Shares | None:
    """Return the national log odds by sex and year of age from 18, float64, shape (2, 82).

    They are computed from the published shares by age and by sex, or else of all adults. None
    where there is no national share.
    """
    strata = [
        stratum for stratum in figures() if stratum.measure == measure and stratum.unit == "share"
    ]
    if not strata:
        return None
    bands = sorted((int(stratum.age.split("-")[0].rstrip("+")), stratum.value) for stratum in strata
                   if not stratum.sex and stratum.age not in ("18+", "20+"))  # fmt: skip
    if not bands or bands[0][0] > 20:  # young adults are missing: one share for all
        bands = [(ADULT, next(stratum.value for stratum in strata
                              if not stratum.sex and stratum.age in ("18+", "20+")))]  # fmt: skip
    starts = np.array([low for low, _ in bands])
    group = np.maximum(np.searchsorted(starts, np.arange(ADULT, AGES), side="right") - 1, 0)
    value = np.array([share for _, share in bands])
    sexes = {
        stratum.sex: stratum.value
        for stratum in strata
        if stratum.sex and stratum.age in ("18+", "20+")
    }
    if set(sexes) != {"M", "F"}:
        return _fitted(group, value, 0.0)
    men, women = _logit(np.array([sexes["M"], sexes["F"]])).tolist()
    return _fitted(group, value, men - women)


def _fitted(group: NDArray[np.int64], value: Shares, log_odds_ratio: float) -> Shares:
    """Return log odds with which each age group has its share, and the sexes their odds ratio."""
    people = by_year(people_by_age()[None])[0]
    difference = log_odds_ratio
    for _ in range(_FITS):
        sex = np.array([difference, 0.0])
        level = np.empty(len(value))
        for band, share in enumerate(value):
            weight = people[:, group == band].sum(axis=1)
            level[band] = solve_shift(sex, weight[None], np.array([share]))[0]
        logits = level[group] + sex[:, None]
        by_sex = (people / (1 + np.exp(-logits))).sum(axis=1) / people.sum(axis=1)
        if log_odds_ratio == 0.0:
            break
        men, women = _logit(by_sex).tolist()
        difference += log_odds_ratio - (men - women)
    fitted: Shares = np.round(logits, _DECIMALS + 3)
    return fitted


def _of_states(measure: str, population: CountyPopulation) -> Shares:
    """Return the shift of each state's log odds from the nation's, float64; NaN where unknown."""
    published: Prevalence | None = state_levels().get(measure)
    logits = shape_of(measure)
    if published is None or logits is None:
        return np.full(len(geography().states), np.nan)
    national = by_year(people_by_age()[None])[0]
    mean = np.array([(national / (1 + np.exp(-logits))).sum() / national.sum()])
    difference = _logit(published.share[:-1]) - _logit(published.share[-1])
    target = 1 / (1 + np.exp(-(_logit(mean) + difference)))
    people = by_year(population.by_state).reshape(len(target), -1)
    known = ~np.isnan(target)
    shifts = np.full(len(target), np.nan)
    shifts[known] = solve_shift(logits.reshape(-1), people[known], target[known])
    return shifts


def by_year(people: NDArray[np.int64]) -> Shares:
    """Return adults by sex and year of age, float64, shape (n, 2, 82), from five-year bands."""
    years: Shares = np.repeat(people, 5, axis=1)[:, ADULT:].swapaxes(1, 2) / 5
    return years


def _logit(share: Shares) -> Shares:
    logits: Shares = np.log(share) - np.log1p(-share)
    return logits
