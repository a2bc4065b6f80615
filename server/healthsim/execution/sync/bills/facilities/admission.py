"""When and how a person came to the facility that bills, and how many days it covers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.bills.lines import Bill
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.encounters import admit_source, admit_type
from healthsim.execution.sync.visits.visits import DAY
from healthsim.tables import Coded, Columns

ADMITTING = frozenset({"inpatient", "snf", "home_health"})
"""Encounter classes whose 837I has a day of admission (X12 837I DTP 435)."""
_WITH_DAYS = frozenset({"inpatient", "snf"})
_ELECTIVE, _FROM_HOME = "3", "1"  # UB-04 FL14 and FL15, where the chart has no admission


def admission_columns(ctx: SyncContext, bills: RowLayout[Bill]) -> Columns:
    """Return the columns of `claims` about admission and days; null on an 837P."""
    return {
        "admit_type": bills.row_texts(lambda bill: _type(ctx, bill)),
        "admit_source": bills.row_texts(lambda bill: _source(ctx, bill)),
        "admit_hour": bills.row_values(lambda bill: _hour(bill, bill.visit.start_at[bill.at])),
        "discharge_hour": bills.row_values(lambda bill: _hour(bill, bill.visit.end_at[bill.at])),
        "covered_days": bills.row_values(_days),
    }


def admitted(bills: RowLayout[Bill], first: Days) -> Days:
    """Return the day of admission, int32; `NO_DAY` where nobody is admitted."""
    has = bills.segment_values(lambda bill: _is(bill, ADMITTING), np.bool_)
    return np.where(has, first, NO_DAY).astype(np.int32)


def _is(bill: Bill, classes: frozenset[str]) -> bool:
    return bill.institutional and bill.visit.details.encounter_class in classes


def _type(ctx: SyncContext, bill: Bill) -> Coded:
    return _or(bill, admit_type(ctx, bill.visit), _ELECTIVE)


def _source(ctx: SyncContext, bill: Bill) -> Coded:
    return _or(bill, admit_source(ctx, bill.visit), _FROM_HOME)


def _or(bill: Bill, stated: Coded, usual: str) -> Coded:
    if not bill.institutional:
        return Coded.constant(None, len(bill.rows))
    found = stated.take(bill.at)
    codes = np.where(found.codes < 0, len(found.vocabulary), found.codes).astype(np.int32)
    return Coded(codes, (*found.vocabulary, usual))


def _hour(bill: Bill, minutes: NDArray[np.int64]) -> NDArray[np.int32]:
    if not _is(bill, _WITH_DAYS):
        return np.full(len(bill.rows), NO_DAY, dtype=np.int32)
    return (minutes % DAY // 60).astype(np.int32)


def _days(bill: Bill) -> NDArray[np.int32]:
    if not _is(bill, _WITH_DAYS):
        return np.full(len(bill.rows), NO_DAY, dtype=np.int32)
    return np.maximum(bill.visit.nights[bill.at], 1).astype(np.int32)
