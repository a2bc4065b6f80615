"""On which day a condition began: within the life of the person, and where the code can be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.pregnancy import LONGEST_PREGNANCY, is_of_pregnancy
from healthsim.dates import Days, add_months
from healthsim.execution.cohort.drawing import PartialCohort
from healthsim.execution.people.draws import require_numbers
from healthsim.medicine.inborn import is_inborn
from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.profiles.onset import Onset

USUAL_YEARS_BEFORE = parse_distribution({"type": "gamma", "mean": 6, "sd": 4})
# assumption: chronic conditions of adults were diagnosed a few years ago, most within a decade
_YEAR_DAYS = 365.25
_TRIES = 8  # of a distribution of which a part lies before the life; after them any day of it


def onset_days(cohort: PartialCohort, code: str, decision: str, onset: Onset | None) -> Days:
    """Return everyone's first day of a condition, were they to have it; int32, shape (n,).

    It is `as_of` or before it, not before birth, not at an age at which the code cannot be, and
    not before the pregnancy. A distribution of which a part lies before that is truncated to the
    rest: what lies outside is drawn again. Where it gives a person one value only, which is longer
    ago, the condition began as early as it could. What nobody states is drawn too, but people are
    born with what is inborn.

    Args:
        cohort: whose ages are drawn.
        code: the condition.
        decision: address of the draw.
        onset: as the profile states it; None where it does not.
    """
    able = _longest(cohort, code)
    if onset is None and is_inborn(code):
        return (cohort.as_of - able).astype(np.int32)
    spread, unit = _spread(onset)
    resolved = cohort.measures.resolved(spread)
    before = _in_days(cohort.numbers(decision, resolved), unit)
    first = before.copy()
    always = before > able  # whom every draw gives the same, as a constant or a formula does
    for again in range(1, _TRIES):
        misfit = np.flatnonzero(before > able)
        if not len(misfit):
            break
        before[misfit] = _again(cohort, f"{decision}/again#{again}", resolved, unit, misfit)
        always &= before == first
    outside = np.flatnonzero(before > able)
    if len(outside):
        u = cohort.draws.uniform(f"{decision}/any", outside)
        at_any = np.floor(u * (able[outside] + 1))
        before[outside] = np.where(always[outside], able[outside], at_any)
    days: Days = (cohort.as_of - before).astype(np.int32)
    return days


def _longest(cohort: PartialCohort, code: str) -> NDArray[np.float64]:
    """Return for how many days, at most, everyone can have had a condition, float64, (n,)."""
    youngest = icd10cm().row(code).age_low if code in icd10cm() else 0
    earliest = add_months(cohort.columns["birth"], 12 * youngest)
    able = np.maximum(cohort.as_of - earliest, 0).astype(np.float64)
    return np.asarray(np.minimum(able, LONGEST_PREGNANCY)) if is_of_pregnancy(code) else able


def _spread(onset: Onset | None) -> tuple[Distribution, float]:
    """Return how long before `as_of` it began, and the days of its unit."""
    if onset is not None and onset.days_before is not None:
        return onset.days_before, 1.0
    years = USUAL_YEARS_BEFORE if onset is None else onset.years_before or USUAL_YEARS_BEFORE
    return years, _YEAR_DAYS


def _in_days(numbers: NDArray[np.float64], unit: float) -> NDArray[np.float64]:
    """Return whole days of 0 or more; 0 where a number is missing."""
    return np.asarray(np.rint(np.maximum(np.nan_to_num(numbers) * unit, 0)))


def _again(
    cohort: PartialCohort,
    decision: str,
    spread: Distribution,
    unit: float,
    rows: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return other days of some people, drawn alone where they need no values of others."""
    if spread.unconditional:
        numbers = require_numbers(cohort.draws.values(decision, spread, rows))
    else:
        numbers = require_numbers(cohort.draws.values(decision, spread, None, cohort))[rows]
    return _in_days(numbers, unit)
