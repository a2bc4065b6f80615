"""How prescriptions are filled: which fills there are, where and on which day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.prescriptions import PrescriptionRows
from healthsim.execution.sync.renewals import YEAR
from healthsim.execution.timeline.beds import Beds
from healthsim.products.rxmembersim.fills import PrescribedCourse, fill_dates
from healthsim.products.rxmembersim.generate import DispensedFills, fills
from healthsim.products.rxmembersim.tables import FILLS
from healthsim.tables import Coded, Columns

_LONG_SUPPLY = 84  # days of the shortest supply that is sent by mail: twelve weeks


@dataclass(frozen=True, eq=False)
class FillRows:
    """One fill of a prescription, of those people who come for it.

    Attributes:
        number: number of the fill's address.
        at: intp, positions of `rows` in the prescription.
        days: int32, day of the fill.
        reversed: int32, day on which it was returned to stock; `NO_DAY` where it was taken.
    """

    prescription: PrescriptionRows
    number: int
    fill_number: int
    rows: Rows
    at: NDArray[np.intp]
    days: Days
    reversed: Days


def fill_table(ctx: SyncContext, prescriptions: Sequence[PrescriptionRows]) -> Columns:
    """Fill `fills`: what was dispensed to people who were covered on the day."""
    filled = (fill for prescription in prescriptions for fill in _fills(ctx, prescription))
    layout = lay_out_rows(filled, lambda fill: fill.number, ctx.person_id)
    return fills(_dispensed(ctx, layout), ctx.plans) if len(layout) else FILLS.empty()


def _dispensed(ctx: SyncContext, layout: RowLayout[FillRows]) -> DispensedFills:
    days = layout.row_values(lambda fill: fill.days)
    returned = layout.row_values(lambda fill: fill.reversed)
    plan = ctx.record.coverage.plan(layout.rows, days)
    days_supply = layout.segment_values(lambda fill: fill.prescription.days_supply, np.int32)
    pharmacy = ctx.network.fills_at(layout.rows, plan, days_supply >= _LONG_SUPPLY)
    prescriber = layout.row_values(lambda fill: fill.prescription.prescriber(ctx)[fill.at])
    return DispensedFills(
        person=layout.rows,
        person_id=layout.person_id,
        fill_id=layout.ids,
        prescription_id=layout.segment_ids(lambda fill: fill.prescription.number),
        event_id=layout.row_values(lambda fill: fill.prescription.event_ids(ctx)[fill.at]),
        plan=plan,
        fill_number=layout.segment_values(lambda fill: fill.fill_number, np.int32),
        status=Coded((returned != NO_DAY).astype(np.int32), ("paid", "reversed")),
        written_date=layout.row_values(lambda fill: fill.prescription.written[fill.at]),
        fill_date=days,
        reversed_date=returned,
        ndc=layout.segment_texts(lambda fill: fill.prescription.drug.ndc),
        quantity=layout.row_values(lambda fill: fill.prescription.dosage.quantity[fill.at]),
        days_supply=days_supply,
        generic=layout.segment_values(lambda fill: fill.prescription.drug.generic, np.bool_),
        tier=layout.segment_values(lambda fill: fill.prescription.drug.tier, np.int32),
        unit_cost_cents=layout.segment_values(
            lambda fill: fill.prescription.drug.unit_cost_usd * 100, np.float64
        ),
        insulin=layout.segment_values(lambda fill: fill.prescription.drug.insulin, np.bool_),
        mail_order=ctx.directory.pharmacies.mail_order[pharmacy],
        pharmacy_npi=ctx.directory.pharmacies.npi[pharmacy],
        prescriber_npi=ctx.npi(prescriber),
    )


def _fills(ctx: SyncContext, prescription: PrescriptionRows) -> Iterator[FillRows]:
    """Yield the first fill and each refill, from `as_of` on, while a plan covers it."""
    draws, rows, address = ctx.record.draws, prescription.rows, prescription.address
    ends = np.where(prescription.cut, prescription.stop - 1, prescription.written + np.int32(YEAR))
    last = np.minimum(np.minimum(ctx.record.death[rows] - 1, np.int32(ctx.through)), ends)
    course = PrescribedCourse(
        written=prescription.fill_from,
        last=last.astype(np.int32),
        days_supply=prescription.days_supply,
        refills=prescription.refills,
        first_fill_share=prescription.first_fill_share,
        adherence=np.clip(prescription.adherence, 0.05, 1.0),
    )
    dated = fill_dates(
        course,
        draws.uniform(f"{address}/first_fill", rows),
        draws.uniform(f"{address}/lag", rows),
        lambda refill: draws.uniform(f"{address}/refill#{refill}", rows),
    )
    dates, later = _at_home(ctx.record.beds, rows, dated.dates, course.last)
    for fill, days in enumerate(dates):
        covered = ctx.record.coverage.plan(rows, days) >= 0
        at = np.flatnonzero((days != NO_DAY) & (days >= ctx.as_of) & covered)
        returned = np.full(len(at), NO_DAY, dtype=np.int32)
        if fill == 0:
            back = dated.reversed[at]
            back_later = np.minimum(back + later[at], np.maximum(course.last[at], back))
            returned = np.where(back == NO_DAY, NO_DAY, back_later).astype(np.int32)
        number = ctx.numbering.number("fills", f"{address}/{fill}")
        yield FillRows(
            prescription, number, fill, rows[at], at, days[at].astype(np.int32), returned
        )


def _at_home(
    beds: Beds | None, rows: Rows, dates: Sequence[Days], last: Days
) -> tuple[Sequence[Days], NDArray[np.int32]]:
    """Move fills that fall into a stay to the day of discharge; one of several on it is left.

    Args:
        beds: in which bed people are; None where stays displace nothing.
        rows: the prescription's people.
        dates: of the first fill and each refill; `NO_DAY` where there is none.
        last: int32, last day on which a fill may fall.

    Returns:
        The days, and by how many the first fill was moved, int32.
    """
    unmoved = np.zeros(len(rows), dtype=np.int32)
    if not beds:
        return dates, unmoved
    moved, before = [], np.full(len(rows), NO_DAY, dtype=np.int32)
    for days in dates:
        to = beds.discharged(rows, days)
        gone = (days == NO_DAY) | (to > last) | ((before != NO_DAY) & (to <= before))
        moved.append(np.where(gone, NO_DAY, to).astype(np.int32))
        before = np.maximum(before, moved[-1])
    first = np.where(moved[0] == NO_DAY, 0, moved[0] - dates[0]).astype(np.int32)
    return moved, first
