"""The anemia of a stay that gives red cells is coded."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.sync.visits.signs_taken import VisitDays
from healthsim.execution.sync.visits.visit_coding import VisitCodes
from healthsim.execution.timeline.record import Record
from healthsim.medicine.coding import arises_in_operations
from healthsim.medicine.transfused_anemia import anemia_of, transfused_anemias
from healthsim.medicine.transfusions import transfusions

_Mask = NDArray[np.bool_]


def with_anemia(
    record: Record, codes: VisitCodes, on: VisitDays, last: Days, in_hospital: _Mask
) -> VisitCodes:
    """Return codes of visits, those that give red cells with an anemia among them.

    One that comes of an operation was not present on admission.

    Args:
        record: of the people.
        codes: of the visits.
        on: the visits' first days.
        last: int32, their last days.
        in_hospital: bool, which visits are in a hospital.
    """
    given = [one.operation for one in transfusions() if one.operation in record.procedures]
    if not given:
        return codes
    at = np.flatnonzero(in_hospital)
    at = at[_done(record, sorted(set(given)), on, last, at)]
    operations = [one.operation for one in transfused_anemias() if one.operation]
    costly = [code for code in sorted(record.procedures)
              if any(re.match(pattern, code) for pattern in operations)]  # fmt: skip
    return _written(codes, at, _done(record, costly, on, last, at))


def _done(
    record: Record, procedures: list[str], on: VisitDays, last: Days, at: NDArray[np.intp]
) -> _Mask:
    """Return in which of some visits one of the procedures was done, bool."""
    order = np.argsort(on.rows[at], kind="stable")
    rows, days = on.rows[at][order], last[at][order]
    found = np.zeros(len(at), dtype=np.bool_)
    for code in procedures:
        latest = record.procedures[code].latest(record.moment(rows, days))[0]
        found[order] |= latest >= on.days[at][order]
    return found


def _written(codes: VisitCodes, at: NDArray[np.intp], operated: _Mask) -> VisitCodes:
    """Return codes in which some visits, of whom some had an operation, name their anemia."""
    kinds, place = np.unique(codes.chosen[at] * 2 + operated, return_inverse=True)
    lists, late = list(codes.lists), list(codes.late or [frozenset[str]()] * len(codes.lists))
    chosen, begin = codes.chosen.copy(), len(lists)
    for kind in kinds.tolist():
        before, after_operation = divmod(kind, 2)
        code = anemia_of(codes.lists[before], operated=bool(after_operation))
        arose = bool(after_operation) and code.startswith(arises_in_operations())
        lists.append((*codes.lists[before], *([code] if code else ())))
        late.append(late[before] | ({code} if code and arose else set()))
    chosen[at] = (begin + place).astype(np.int32)
    return replace(codes, lists=tuple(lists), chosen=chosen, late=tuple(late))
