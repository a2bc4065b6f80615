"""How prescriptions are filled: which fills there are, where and on which day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.pharmacy.channels import CHANNELS, specialty_share
from healthsim.billing.pharmacy.dispensing import LONG_SUPPLY, used_share
from healthsim.billing.pharmacy.product_selection import (
    SELECTIONS,
    selections,
    substitutable_since,
)
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.drugs.prescriptions import PrescriptionRows
from healthsim.execution.sync.exempt import exempt_from_copays
from healthsim.products.rxmembersim.fills import (
    RETURNED_SHARE,
    PrescribedCourses,
    dispense,
    refill_attempts,
)
from healthsim.products.rxmembersim.generate import DispensedFills
from healthsim.tables import Coded


@dataclass(frozen=True, eq=False)
class FillRows:
    """One fill of a prescription, of those people who come for it.

    Attributes:
        number: number of the fill's address.
        fill_number: int32, 0 for the first fill, then refills.
        at: intp, positions of `rows` in the prescription.
        days: int32, day of the fill.
        reversed: int32, day on which it was returned to stock; `NO_DAY` where it was taken.
    """

    prescription: PrescriptionRows
    number: int
    fill_number: NDArray[np.int32]
    rows: Rows
    at: NDArray[np.intp]
    days: Days
    reversed: Days


def dispensed_fills(
    ctx: SyncContext, prescriptions: Sequence[PrescriptionRows]
) -> DispensedFills | None:
    """Return what was dispensed to people who were covered on the day; None where nothing was."""
    layout = lay_out_rows(_fills(ctx, prescriptions), lambda fill: fill.number, ctx.person_id)
    return _dispensed(ctx, layout) if len(layout) else None


def _dispensed(ctx: SyncContext, layout: RowLayout[FillRows]) -> DispensedFills:
    days = layout.row_values(lambda fill: fill.days)
    returned = layout.row_values(lambda fill: fill.reversed)
    plan = ctx.record.coverage.plan(layout.rows, days)
    days_supply = layout.segment_values(lambda fill: fill.prescription.days_supply, np.int32)
    dear = layout.segment_values(lambda fill: specialty_share(fill.prescription.drug), np.float64)
    pharmacy = ctx.network.fills_at(layout.rows, plan, days_supply >= LONG_SUPPLY, dear)
    stores = ctx.directory.pharmacies
    prescriber = layout.row_values(lambda fill: fill.prescription.prescriber(ctx)[fill.at])
    return DispensedFills(
        person=layout.rows,
        person_id=layout.person_id,
        fill_id=layout.ids,
        prescription_id=layout.segment_ids(lambda fill: fill.prescription.number),
        event_id=layout.row_values(lambda fill: fill.prescription.event_ids(ctx)[fill.at]),
        plan=plan,
        fill_number=layout.row_values(lambda fill: fill.fill_number),
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
        channel=Coded(
            np.where(stores.specialty[pharmacy], 2, stores.mail_order[pharmacy]).astype(np.int32),
            CHANNELS,
        ),
        pharmacy_npi=stores.npi[pharmacy],
        prescriber_npi=ctx.npi(prescriber),
        exempt=exempt_from_copays(ctx, layout.rows, plan, days),
        daw=Coded(layout.row_values(lambda fill: _selections(ctx, fill)), SELECTIONS),
    )


def _selections(ctx: SyncContext, fill: FillRows) -> NDArray[np.int32]:
    """Return why the product itself is dispensed: one reason for all fills of a prescription."""
    one = fill.prescription
    if substitutable_since(one.drug.display) is None:
        return np.zeros(len(fill.rows), dtype=np.int32)
    u = ctx.record.draws.uniform(f"{one.decided_at}/product_selection", fill.rows)
    return selections(one.drug.display, u, fill.days)


def _fills(ctx: SyncContext, prescriptions: Sequence[PrescriptionRows]) -> Iterator[FillRows]:
    """Yield each attempt of a fill, from `as_of` on, of those whom a plan covers on the day."""
    written = [one for one in prescriptions if len(one.rows)]
    if not written:
        return
    courses, source, at = _courses(ctx, written)
    beds, rows = ctx.record.beds, np.concatenate([one.rows for one in written])
    offset = np.cumsum([0, *(len(one.rows) for one in written)])
    person = rows[offset[source] + at]
    made = dispense(
        courses, None if beds is None else lambda who, days: beds.discharged(person[who], days)
    )
    who = person[made.prescription]
    shown = (made.day >= ctx.as_of) & (ctx.record.coverage.plan(who, made.day) >= 0)
    key = source[made.prescription] * np.int64(2**16) + made.attempt
    kept = np.flatnonzero(shown)
    kept = kept[np.lexsort((at[made.prescription[kept]], key[kept]))]
    for piece in np.split(kept, np.flatnonzero(np.diff(key[kept])) + 1):
        if len(piece):
            entry = made.prescription[piece]
            one, attempt = written[source[entry[0]]], int(made.attempt[piece[0]])
            yield FillRows(
                prescription=one,
                number=ctx.numbering.number("fills", f"{one.address}/{attempt}"),
                fill_number=made.number[piece],
                rows=who[piece],
                at=at[entry],
                days=made.day[piece],
                reversed=made.reversed[piece],
            )


def _courses(
    ctx: SyncContext, written: Sequence[PrescriptionRows]
) -> tuple[PrescribedCourses, NDArray[np.int64], NDArray[np.intp]]:
    """Lay prescriptions out by therapy; return them, which each is, and its position in that."""
    sizes = [len(one.rows) for one in written]
    source = np.repeat(np.arange(len(written)), sizes)
    at = np.concatenate([np.arange(size) for size in sizes])
    drugs = {name: number for number, name in enumerate({one.drug.display: 0 for one in written})}
    drug = np.array([drugs[one.drug.display] for one in written])[source]
    therapy = np.concatenate([one.rows for one in written]).astype(np.int64) * len(drugs) + drug
    fill_from = np.concatenate([one.fill_from for one in written])
    order = np.lexsort((source, np.concatenate([one.written for one in written]), fill_from,
                        therapy))  # fmt: skip
    source, at = source[order], at[order]

    def of_each(values: Sequence[NDArray[np.generic]]) -> NDArray[np.generic]:
        return np.concatenate(values)[order]

    def of_all(values: Sequence[float]) -> NDArray[np.generic]:
        return np.array(values)[source]

    kept = ctx.profile.pharmacy_rules
    attempts = of_all([refill_attempts(one.refills) for one in written]).astype(np.int64)
    courses = PrescribedCourses(
        therapy=therapy[order],
        fill_from=fill_from[order],
        last=of_each([_last(ctx, one) for one in written]).astype(np.int32),
        days_supply=of_all([one.days_supply for one in written]).astype(np.int32),
        refills=of_all([one.refills for one in written]).astype(np.int32),
        continues=of_all([one.continues for one in written]).astype(np.bool_),
        prompt=of_all([one.prompt for one in written]).astype(np.bool_),
        first_fill_share=of_each([one.first_fill_share for one in written]).astype(np.float64),
        adherence=np.clip(of_each([one.adherence for one in written]), 0.05, 1.0),
        used_share=of_each([_used_share(ctx, one) for one in written]).astype(np.float64),
        returned_share=np.full(len(order), RETURNED_SHARE if "reversals" in kept else 0.0),
        first_u=of_each(
            [ctx.record.draws.uniform(f"{one.decided_at}/first_fill", one.rows) for one in written]
        ).astype(np.float64),
        lag_u=of_each([_draw(ctx, one, "lag") for one in written]).astype(np.float64),
        refill_u=_refill_uniforms(ctx, written, source, at, attempts),
    )
    return courses, source, at


def _refill_uniforms(
    ctx: SyncContext, written: Sequence[PrescriptionRows], source: NDArray[np.int64],
    at: NDArray[np.intp], attempts: NDArray[np.int64],
) -> NDArray[np.float64]:  # fmt: skip
    """Return the uniforms of every attempt of a refill, prescription by prescription."""
    begin = np.cumsum(attempts) - attempts
    uniforms = np.empty(int(attempts.sum()))
    place = np.empty(len(source), dtype=np.int64)
    offset = np.cumsum([0, *(len(one.rows) for one in written)])
    place[offset[source] + at] = begin
    for number, one in enumerate(written):
        first = place[offset[number] : offset[number + 1]]
        for refill in range(refill_attempts(one.refills)):
            uniforms[first + refill] = _draw(ctx, one, f"refill#{refill + 1}")
    return uniforms


def _draw(ctx: SyncContext, one: PrescriptionRows, name: str) -> NDArray[np.float64]:
    return ctx.record.draws.uniform(f"{one.address}/{name}", one.rows)


def _last(ctx: SyncContext, one: PrescriptionRows) -> Days:
    """Return the last day of a fill: before people stop it or die, and while it is in force."""
    valid: Days = np.minimum(one.written + np.int32(one.valid_days), one.renewed - 1)
    ends = np.where(one.cut, np.minimum(one.stop - 1, valid), valid)
    if one.quit is not None:
        ends = np.minimum(ends, one.quit - 1)
    last = np.minimum(np.minimum(ctx.record.death[one.rows] - 1, np.int32(ctx.through)), ends)
    return np.asarray(last, dtype=np.int32)


def _used_share(ctx: SyncContext, one: PrescriptionRows) -> NDArray[np.float64]:
    """Return how much of a supply must be used before the next fill, by the person's plan."""
    kept = ctx.profile.pharmacy_rules
    kinds = [design.kind for design in ctx.plans.designs]
    by_plan = [used_share(one.drug, kind, one.days_supply, keeps=kept) for kind in kinds]
    return np.array([*by_plan, 0.0])[ctx.people.plan[one.rows]]
