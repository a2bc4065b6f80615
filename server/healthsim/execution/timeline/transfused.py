"""Who needs red cells on a day: whose body would show too little hemoglobin."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.timeline.record import Record
from healthsim.medicine.transfusions import Transfusion, transfusions
from healthsim.specification.journeys.implied_transfusions import COUNT


def has_step(record: Record, step: str, rows: Rows, days: Days) -> NDArray[np.bool_]:
    """Return for whom an implied step of transfusions happens on their day; bool, shape (n,).

    Red cells are given to those who need them; blood is counted of those too, and of those who
    were given some on the day before.

    Args:
        record: of the chunk.
        step: `RED_CELLS` or `COUNT`.
        rows: ascending positions in the chunk.
        days: int32.
    """
    needs = _needs(record, rows, days)
    if step == COUNT:
        given = record.procedures[transfusions()[0].operation]
        needs |= given.latest(record.moment(rows, days))[0] == days - 1
    return needs


def _needs(record: Record, rows: Rows, days: Days) -> NDArray[np.bool_]:
    """Return whose hemoglobin, as it would be measured, is below what holds for them."""
    below = np.full(len(rows), -np.inf)
    for one in reversed(transfusions()):
        below[_had(record, one, rows, days)] = one.below
    loinc = transfusions()[0].loinc
    shown: NDArray[np.bool_] = record.body.values([loinc], rows, days)[loinc] < below
    return shown


def _had(record: Record, one: Transfusion, rows: Rows, days: Days) -> NDArray[np.bool_]:
    """Return for whom a row of the table holds: who had its procedure not long before, if any."""
    if not one.after:
        return np.ones(len(rows), dtype=np.bool_)
    had, moment = np.zeros(len(rows), dtype=np.bool_), record.moment(rows, days)
    for code in sorted(record.procedures):
        if re.match(one.after, code):
            last = record.procedures[code].latest(moment)[0].astype(np.int64)
            had |= (last != NO_DAY) & (days - last <= one.days)
    return had
