"""What pregnancy does to a body: by its week, and after the birth fading."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.pregnancy import GESTATION_DAYS, LONGEST_PREGNANCY
from healthsim.dates import NO_DAY
from healthsim.execution.body.collection import Collection
from healthsim.execution.body.exposures import History
from healthsim.execution.people.logs import FOREVER
from healthsim.medicine.courses import pregnancy_size
from healthsim.medicine.effects import pregnancy_curves

Floats = NDArray[np.float64]
_WEEK = 7.0


@dataclass(frozen=True, eq=False)
class PregnancyEffect:
    """What pregnancy does to an analyte; arrays of shape (k,).

    Attributes:
        key: the analyte.
        op: ``"*"`` or ``"+"``.
        at: positions of the measurements in or after a pregnancy.
        sizes: factor or amount at the pregnancy's week.
        weight: 1 while it lasts, less afterwards.
    """

    key: str
    op: str
    at: NDArray[np.intp]
    sizes: Floats
    weight: Floats


def pregnancy_effects(
    history: History, keys: frozenset[str], on: Collection
) -> Iterator[PregnancyEffect]:
    """Yield what pregnancy does to some analytes of people whose due date is known."""
    due_of = history.people.due
    if due_of is None:
        return
    rows = on.rows
    delivered = history.delivered[rows].astype(np.int64)
    conceived = due_of[rows].astype(np.int64) - GESTATION_DAYS
    over = np.where(delivered != FOREVER, delivered, conceived + LONGEST_PREGNANCY)
    day = on.days.astype(np.int64)
    at = np.flatnonzero((due_of[rows] != NO_DAY) & (day > conceived) & (over > conceived))
    if not len(at):
        return
    weeks = (np.minimum(day, over) - conceived)[at] / _WEEK
    after = np.maximum(day - over, 0)[at].astype(np.float64)
    for curve in pregnancy_curves():
        if curve.analyte in keys:
            sizes = pregnancy_size(curve, weeks)
            yield PregnancyEffect(curve.analyte, curve.op, at, sizes, curve.left(after))
