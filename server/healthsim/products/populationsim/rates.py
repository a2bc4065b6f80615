"""How common conditions are in each county by age and sex: the nation's shape at a place's level.

A county's own published level is met exactly; else its state's distance from the nation, in odds,
is laid on the nation's figure and met by the state as a whole; else the nation's rates hold.
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

AGES = 100  # years of age that rates tell apart; whoever is older is as those of 99
ADULT = 18
_DECIMALS = 6
_FITS = 40  # rounds of fitting sex to its margin
_NOWHERE = -1.0  # log odds of a rate without a national shape: any number, it is shifted

Shares = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rates:
    """Shares by age and sex in some counties.

    Attributes:
        share: float64, shape (counties, 2, 100); by sex (men, women) and year of age, six decimals;
            0 below 18.
        level: float64, shape (counties,); share of the county's adults, by its own people.
        known: what the level rests on: 0 nothing, 1 the nation, 2 the state, 3 the county.
    """

    share: Shares
    level: Shares
    known: NDArray[np.int8]


def rates(measure: str, population: CountyPopulation, counties: NDArray[np.int32]) -> Rates:
    """Return how common something is in counties, by age and sex.

    Args:
        measure: such as ``"hypertension"``.
        population: who lives where.
        counties: int32, shape (n,); rows of the geography.
    """
    logits, people = shape_of(measure), by_year(population.people[counties])
    told, has_nation = population.measures.get(measure), logits is not None
    shape = np.full((2, AGES - ADULT), _NOWHERE) if logits is None else logits
    shift, known = np.zeros(len(counties)), np.full(len(counties), int(has_nation), dtype=np.int8)
    if has_nation:
        of_state = _of_states(measure, population)[geography().county_state[counties]]
        mine = ~np.isnan(of_state)
        shift[mine], known[mine] = of_state[mine], 2
    if told is not None:
        level = told.share[counties]
        mine = ~np.isnan(level)
        flat = people[mine].reshape(-1, shape.size)
        if mine.any():
            shift[mine], known[mine] = solve_shift(shape.reshape(-1), flat, level[mine]), 3
    adults = 1 / (1 + np.exp(-(shape + shift[:, None, None])))
    adults[known == 0] = 0
    share = np.zeros((len(counties), 2, AGES))
    share[:, :, ADULT:] = np.round(adults, _DECIMALS)
    total = people.sum(axis=(1, 2))
    level = (people * adults).sum(axis=(1, 2)) / np.maximum(total, 1e-9)
    return Rates(share, level, known)


@cache
def shape_of(measure: str) -> Shares | None:
    """Return the nation's log odds by sex and year of age from 18, float64, shape (2, 82).

    From the published shares by age and by sex; a share that is not published so is that of all
    adults. None where the nation's share is not known.
    """
    found = [one for one in figures() if one.measure == measure and one.unit == "share"]
    if not found:
        return None
    bands = sorted((int(one.age.split("-")[0].rstrip("+")), one.value) for one in found
                   if not one.sex and one.age not in ("18+", "20+"))  # fmt: skip
    if not bands or bands[0][0] > 20:  # the young are missing: one share for all
        bands = [(ADULT, next(one.value for one in found
                              if not one.sex and one.age in ("18+", "20+")))]  # fmt: skip
    starts = np.array([low for low, _ in bands])
    group = np.maximum(np.searchsorted(starts, np.arange(ADULT, AGES), side="right") - 1, 0)
    value = np.array([share for _, share in bands])
    sexes = {one.sex: one.value for one in found if one.sex and one.age in ("18+", "20+")}
    if set(sexes) != {"M", "F"}:
        return _fitted(group, value, 0.0)
    men, women = _logit(np.array([sexes["M"], sexes["F"]])).tolist()
    return _fitted(group, value, men - women)


def _fitted(group: NDArray[np.int64], value: Shares, wanted: float) -> Shares:
    """Return log odds that give every age group its share, and men and women their odds ratio."""
    people = by_year(people_by_age()[None])[0]
    between = wanted
    for _ in range(_FITS):
        sex = np.array([between, 0.0])
        level = np.empty(len(value))
        for at, share in enumerate(value):
            weight = people[:, group == at].sum(axis=1)
            level[at] = solve_shift(sex, weight[None], np.array([share]))[0]
        logits = level[group] + sex[:, None]
        each = (people / (1 + np.exp(-logits))).sum(axis=1) / people.sum(axis=1)
        if wanted == 0.0:
            break
        men, women = _logit(each).tolist()
        between += wanted - (men - women)
    found: Shares = np.round(logits, _DECIMALS + 3)
    return found


def _of_states(measure: str, population: CountyPopulation) -> Shares:
    """Return by how much each state's log odds are above the nation's; NaN where not known."""
    published: Prevalence | None = state_levels().get(measure)
    logits = shape_of(measure)
    if published is None or logits is None:
        return np.full(len(geography().states), np.nan)
    nation = by_year(people_by_age()[None])[0]
    mean = np.array([(nation / (1 + np.exp(-logits))).sum() / nation.sum()])
    apart = _logit(published.share[:-1]) - _logit(published.share[-1])
    wanted = 1 / (1 + np.exp(-(_logit(mean) + apart)))
    people = by_year(population.by_state).reshape(len(wanted), -1)
    known = ~np.isnan(wanted)
    found = np.full(len(wanted), np.nan)
    found[known] = solve_shift(logits.reshape(-1), people[known], wanted[known])
    return found


def by_year(people: NDArray[np.int64]) -> Shares:
    """Return adults by sex and year of age, float64, shape (n, 2, 82), from five-year bands."""
    years: Shares = np.repeat(people, 5, axis=1)[:, ADULT:].swapaxes(1, 2) / 5
    return years


def _logit(share: Shares) -> Shares:
    found: Shares = np.log(share) - np.log1p(-share)
    return found
