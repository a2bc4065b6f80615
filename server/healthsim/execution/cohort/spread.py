"""A tumor spreads on the day on which it is found, or later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.people.people import ConditionColumn
from healthsim.medicine.spread import HISTORY, is_primary_tumor, is_spread


def after_primaries(conditions: Mapping[str, ConditionColumn]) -> tuple[ConditionColumn, ...]:
    """Return conditions in which no metastasis begins before the earliest primary tumor.

    A metastasis that was drawn earlier begins on the day of that tumor. Those of people without a
    primary tumor stay as they are. A tumor that people have had (Z85) counts as an earlier one.

    Args:
        conditions: everyone's conditions, by code.
    """
    primaries = [one for code, one in conditions.items() if is_primary_tumor(code)]
    if not primaries or not any(map(is_spread, conditions)):
        return tuple(conditions.values())
    past = [one for code, one in conditions.items() if code.startswith(HISTORY)]
    has = _earliest(primaries) != FOREVER
    earliest = np.where(has, _earliest([*primaries, *past]), NO_DAY).astype(np.int32)
    return tuple(
        _not_before(one, earliest) if is_spread(code) else one for code, one in conditions.items()
    )


def _earliest(columns: list[ConditionColumn]) -> Days:
    """Return everyone's first day of any of some conditions, int32; `FOREVER` where none."""
    days = [np.where(one.onset == NO_DAY, np.int32(FOREVER), one.onset) for one in columns]
    earliest: Days = np.minimum.reduce(days)
    return earliest


def _not_before(column: ConditionColumn, earliest: Days) -> ConditionColumn:
    early = (column.onset != NO_DAY) & (column.onset < earliest)
    onset = np.where(early, earliest, column.onset).astype(np.int32)
    known = np.where(early, earliest, column.known_from).astype(np.int32)
    return replace(column, onset=onset, known_from=known)
