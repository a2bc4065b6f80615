"""What people are where a profile does not say it: distributions of figures by age and sex.

They stand in for parts of `demographics` that a profile leaves out; no document can contain them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.cohort.place_distributions import LabelsByPlace
from healthsim.products.populationsim.marital import SEXES, STATUSES, marital_shares
from healthsim.specification.language.expressions import Scope
from healthsim.tables import Coded

_UNMARRIED = tuple(status for status in STATUSES if status != "M")


@cache
def usual_marital_status() -> Any:
    """Return marital status by age and sex, as in the nation."""
    shares = marital_shares()
    return LabelsByPlace(rows=_sex_and_age, table=shares.edges.reshape(-1, 4), names=STATUSES)


@cache
def usual_unmarried() -> Any:
    """Return the marital status, by age and sex, of those who are not married."""
    shares = marital_shares()
    table = shares.unmarried.reshape(-1, len(_UNMARRIED))
    return LabelsByPlace(rows=_sex_and_age, table=table, names=_UNMARRIED)


def _sex_and_age(scope: Scope) -> NDArray[np.int64]:
    """Return everyone's row of a table by sex and band of `marital_shares`."""
    shares, age, gender = marital_shares(), scope.name("age"), scope.name("gender")
    if isinstance(age, Coded) or not isinstance(gender, Coded):
        raise TypeError("age is a number and gender a text")
    sex = np.full(scope.size, len(SEXES), dtype=np.int64)
    for number, label in enumerate(SEXES):
        sex[gender.equals(label)] = number
    band = shares.band(np.floor(np.asarray(age, dtype=np.float64)).astype(np.int64))
    row: NDArray[np.int64] = sex * len(shares.ages) + band
    return row
