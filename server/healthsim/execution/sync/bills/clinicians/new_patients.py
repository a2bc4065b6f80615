"""Visits of new patients: known ones, and preventive visits by age, get their own codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.professional.visit_codes import (
    KNOWN_MONTHS,
    established_codes,
    is_preventive,
    preventive_code,
    preventive_codes,
    preventive_vocabulary,
)
from healthsim.dates import add_months, whole_years
from healthsim.execution.sync.bills.clinicians.occasions import Dated, Occasions, practice_of
from healthsim.execution.sync.bills.lines import Bill, BilledLine
from healthsim.execution.sync.context import SyncContext

_UNSEEN = frozenset({"radiology", "pathology", "anesthesiology"})
"""Specialties that meet nobody face to face in the sense of the rule."""


def recode_visits(ctx: SyncContext, bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills with the visits of people who are known coded as such.

    A stated code of a new patient becomes that of a known one where the same group's specialty saw
    the person in the three years before, as far as the data tell; their own primary care knows who
    takes a medication of the profile. A preventive visit has the code of the person's age.
    """
    if not any(_is_recoded(line) for bill in bills for line in bill.lines):
        return list(bills)
    seen = _seen(ctx, bills)
    asked = Occasions(seen)
    days = np.concatenate([part.days for part in seen])
    return [_recoded_bill(ctx, bill, asked, days) for bill in bills]


def _is_recoded(line: BilledLine) -> bool:
    code = line.code or ""
    return code in established_codes() or is_preventive(code)


def _seen(ctx: SyncContext, bills: Sequence[Bill]) -> list[Dated]:
    """Return when people were seen by whom."""
    met = [
        bill for bill in bills
        if not bill.institutional and _specialty(ctx, bill) not in _UNSEEN and len(bill.visit.rows)
    ]  # fmt: skip
    found = [
        Dated(bill.visit.rows, bill.visit.first, practice_of(ctx, bill.provider)) for bill in met
    ]
    for course in ctx.record.courses[: len(ctx.people.medications)]:
        before = np.full(len(course.rows), ctx.as_of - 1, dtype=np.int32)
        own = practice_of(ctx, ctx.network.primary_care[course.rows])
        found.append(Dated(course.rows, before, own))
    return found


def _specialty(ctx: SyncContext, bill: Bill) -> str:
    specialty = ctx.directory.providers.specialty
    return specialty.vocabulary[specialty.codes[bill.provider[0]]] if len(bill.provider) else ""


def _recoded_bill(ctx: SyncContext, bill: Bill, asked: Occasions, days: NDArray[np.int32]) -> Bill:
    if bill.institutional or not any(map(_is_recoded, bill.lines)):
        return bill
    lines = (new for line in bill.lines for new in _recoded(ctx, bill, line, asked, days))
    return replace(bill, lines=tuple(lines))


def _recoded(
    ctx: SyncContext, bill: Bill, line: BilledLine, asked: Occasions, days: NDArray[np.int32]
) -> Iterator[BilledLine]:
    """Yield a line for each code that it becomes."""
    code = line.code or ""
    if not _is_recoded(line):
        yield line
        return
    known = _known(ctx, bill, line, asked, days)
    if is_preventive(code):
        states_new = code in {new for _, new, _ in preventive_codes()}
        ages = whole_years(ctx.people.birth[line.rows], line.days)
        words = preventive_vocabulary()
        chosen = preventive_code(ages, ~known if states_new else np.zeros_like(known))
    else:
        words, chosen = (code, established_codes()[code]), known.astype(np.intp)
    for place in np.unique(chosen).tolist():
        yield replace(line.take(chosen == place), code=words[place])


def _known(
    ctx: SyncContext, bill: Bill, line: BilledLine, asked: Occasions, days: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Return whom the practice saw in the three years before, bool, one for each of the line."""
    group = practice_of(ctx, bill.provider[bill.visit.position_of(line.rows)])
    last = asked.last(Dated(line.rows, line.days - np.int32(1), group))
    since = add_months(line.days, -KNOWN_MONTHS)
    known: NDArray[np.bool_] = (last >= 0) & (days[np.maximum(last, 0)] >= since)
    return known
