"""When a hazard occurs: the risk of one day after the other is added up.

That 9 places are kept is the engine's choice, which no text makes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from execution.calendar_days import calendar
from healthsim.specification.journeys.timing import Hazard

_YEAR = 365.25
_LONGEST = 40_000


def days_until(
    hazard: Hazard, draw: Callable[[str, Any], float], u: float, since: int
) -> int | None:
    """Return after how many days it occurs; None where it never does."""
    if hazard.share is not None:
        share = _number(draw("share", hazard.share))
        assert hazard.within_days is not None
        return max(1, math.ceil(round(u / share * hazard.within_days, 9))) if u < share else None
    assert hazard.per_year is not None
    rate = max(0.0, _number(draw("per_year", hazard.per_year)))
    if rate == 0:
        return None
    needed = round(-math.log1p(-u), 9)
    if not hazard.by_month and not hazard.bands:
        # H(n) = (rate × n / year) ** shape reaches what is needed
        if hazard.shape != 1.0:
            needed = round(needed ** (1 / hazard.shape), 9)
        found = max(1, math.ceil(needed / (rate / _YEAR)))
        return found if found <= _LONGEST else None
    risk, wanted = 0.0, needed / (rate / _YEAR)
    for day in range(1, _LONGEST + 1):
        risk += _factor(hazard, since, day)
        if risk >= wanted:
            return day
        if risk == 0 and day > 4000:
            return None
    return None


def _factor(hazard: Hazard, since: int, day: int) -> float:
    if hazard.by_month:
        months: dict[Any, float] = dict(hazard.by_month)
        return months.get(str(calendar(since + day).month), 1.0)
    return next(one.factor for one in hazard.bands
                if one.until_day is None or day <= one.until_day)  # fmt: skip


def _number(value: float) -> float:
    return 0.0 if math.isnan(value) else value
