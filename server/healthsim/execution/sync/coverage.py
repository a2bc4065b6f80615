"""Members, subscribers and coverage, as tables of MemberSim and RxMemberSim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.benefits.coverage_dates import coverage_figure, entry_lag, newborn_days
from healthsim.dates import NO_DAY, Days, day_of
from healthsim.execution.cohort.identity import ParentIdentity, draw_parents, member_number
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER, Span
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.records import RecordTable, source_ids
from healthsim.execution.sync.subscribers import SubscriberColumns, assign_subscribers
from healthsim.limits import Cents
from healthsim.products.membersim.tables import ENROLLMENTS, MEMBERS
from healthsim.products.rxmembersim.tables import RX_MEMBERS
from healthsim.tables import NO_NUMBER, Coded, Columns, join, take


def members(ctx: SyncContext) -> Columns:
    """Fill `members`: the anchor of a family is the subscriber of its dependants."""
    people, identity = ctx.people, ctx.identity
    held, holder = _held(ctx), _holders(ctx)
    everyone = MEMBERS.complete({
        "person_id": people.person_id,
        "member_number": _member_numbers(ctx),
        "ssn": identity.ssn,
        "subscriber_id": np.where(held.parents, NO_NUMBER, people.person_id[held.subscriber]),
        "person_code": held.person_code,
        "relationship_code": held.relationship,
        "household_id": people.person_id // 100,
        "given_name": identity.given_name,
        "family_name": identity.family_name,
        "birth_date": people.birth,
        "gender": _of_claims(people.gender),
        "county_fips": identity.county_fips,
        "state": identity.state,
        "zip": identity.zip,
        "subscriber_number": holder.number,
        "subscriber_given_name": holder.given_name,
        "subscriber_family_name": identity.family_name.take(held.subscriber),
        "subscriber_birth_date": holder.birth,
        "subscriber_gender": holder.gender,
    })  # fmt: skip
    return take(everyone, people.present_rows)


def rx_members(ctx: SyncContext) -> Columns:
    """Fill `rx_members`."""
    people, size = ctx.people, len(ctx.people)
    names = (*ctx.plans.names, "NONE")
    groups = tuple(f"SYN{name.upper().replace(' ', '')[:12]}" for name in names)
    group = np.where(people.plan < 0, np.int32(len(ctx.plans.names)), people.plan)
    everyone = RX_MEMBERS.complete({
        "person_id": people.person_id,
        "cardholder_id": _holders(ctx).number,
        "person_code": _held(ctx).person_code,
        "bin": Coded.constant("999999", size),
        "pcn": Coded.constant("SYNTH", size),
        "rx_group": Coded(group.astype(np.int32), groups),
        "ssn": ctx.identity.ssn,
    })  # fmt: skip
    return take(everyone, people.present_rows)


def _held(ctx: SyncContext) -> SubscriberColumns:
    return assign_subscribers(ctx.people, ctx.plans, day_of(ctx.profile.as_of.isoformat()))


def _holders(ctx: SyncContext) -> ParentIdentity:
    """Return who holds everyone's coverage: themselves, their anchor, or a parent elsewhere."""
    people, identity, held = ctx.people, ctx.identity, _held(ctx)
    rows, numbers = held.subscriber, _member_numbers(ctx)
    own = ParentIdentity(
        numbers[rows],
        identity.given_name.take(rows),
        people.birth[rows],
        _of_claims(people.gender).take(rows),
    )
    if not held.parents.any():
        return own
    parent = draw_parents(people, ctx.record.draws)
    either = np.arange(len(people)) + np.where(held.parents, len(people), 0)
    return ParentIdentity(
        number=np.concatenate([own.number, parent.number])[either],
        given_name=join([own.given_name, parent.given_name]).take(either),
        birth=np.concatenate([own.birth, parent.birth])[either],
        gender=join([own.gender, parent.gender]).take(either),
    )


def _of_claims(gender: Coded) -> Coded:
    """Return genders as payers keep them: M, F and U for all others (X12 DMG03)."""
    codes = ["MFU".index(label) if label in ("M", "F") else 2 for label in gender.vocabulary]
    return Coded(np.array([*codes, -1], dtype=np.int32)[gender.codes], ("M", "F", "U"))


def _member_numbers(ctx: SyncContext) -> NDArray[np.bytes_]:
    """Return everybody's member number, bytes, shape (people,); MBI-shaped in Medicare."""
    of_plan = [design.kind.startswith("medicare") for design in ctx.plans.designs]
    medicare = np.array([*of_plan, False], dtype=np.bool_)[ctx.people.plan]
    return member_number(ctx.people, ctx.record.draws, medicare)


@dataclass(frozen=True, eq=False)
class EnrollmentRows:
    """A span of coverage, for those whom it covers on at least one day; arrays of shape (n,).

    Attributes:
        number: number of the span's address.
        begin, last: int32, first and last covered day; `last` is `FOREVER` while covered.
        plan: int32, plan number.
        reason: int32, position among the reasons of the coverage log; -1 for none.
        source: int32, position of the occurrence that opened it; -1 for none.
        added, ended: int32, days on which the payer entered first and last day; `ended` is
            `FOREVER` while covered.
    """

    rows: Rows
    number: int
    begin: Days
    last: Days
    plan: NDArray[np.int32]
    reason: NDArray[np.int32]
    source: NDArray[np.int32]
    added: Days
    ended: Days


def _enrollments(ctx: SyncContext) -> list[EnrollmentRows]:
    """Return every span of coverage that began by the end of the data."""
    return [_enrollment(ctx, span) for span in ctx.record.coverage.spans]


def _enrollment(ctx: SyncContext, span: Span) -> EnrollmentRows:
    last = np.minimum(span.last, ctx.record.death)
    until = np.minimum(last, np.int32(ctx.through))
    rows = np.flatnonzero((span.begin != NO_DAY) & (span.begin <= until))
    added = _added(ctx, span, rows)
    return EnrollmentRows(
        rows=rows,
        number=ctx.numbering.number("enrollments", span.address),
        begin=span.begin[rows],
        last=last[rows],
        plan=span.plan[rows],
        reason=span.reason[rows],
        source=span.opened_by[rows],
        added=added,
        ended=np.maximum(added, _ended(ctx, span, rows, last[rows])),
    )


def _added(ctx: SyncContext, span: Span, rows: Rows) -> Days:
    """Return on which day the payer entered each span."""
    u = ctx.record.draws.uniform(f"{span.address}/added", rows)
    begin, opened = span.begin[rows], span.opened_on[rows]
    early = 1 + np.floor(u * coverage_figure("profile", "early_most"))
    found = np.where(
        opened == NO_DAY, begin - early, opened + _lag(ctx, u, span.plan[rows], "added")
    )
    born = begin == ctx.people.birth[rows]
    after = begin + 1 + np.floor(u * (newborn_days() - 1))
    return np.where(born, after, found).astype(np.int32)


def _ended(ctx: SyncContext, span: Span, rows: Rows, last: Days) -> Days:
    """Return on which day the payer entered the end of each span; `FOREVER` where there is none."""
    u = ctx.record.draws.uniform(f"{span.address}/ended", rows)
    closed = span.closed_on[rows] + _lag(ctx, u, span.plan[rows], "ended")
    died = ctx.record.death[rows] + 1 + np.floor(u * coverage_figure("death", "late_most"))
    found = np.where(ctx.record.death[rows] <= last, died, closed)
    return np.where(last == FOREVER, FOREVER, found).astype(np.int32)


def _lag(
    ctx: SyncContext, u: NDArray[np.float64], plan: NDArray[np.int32], change: str
) -> NDArray[np.int32]:
    """Return the days until a payer enters a change, by the kind of its plan, int32, (n,)."""
    kinds = np.array([*(design.kind for design in ctx.plans.designs), ""])[plan]
    lag = np.zeros(len(plan), dtype=np.int32)
    for kind in {design.kind for design in ctx.plans.designs}:
        at = np.flatnonzero(kinds == kind)
        lag[at] = entry_lag(u[at], kind, change)
    return lag


def _enrollment_columns(ctx: SyncContext, layout: RowLayout[EnrollmentRows]) -> Columns:
    last = layout.row_values(lambda span: span.last)
    later = (last > ctx.through) & (last != FOREVER)  # it ends after the data
    last = np.where(later, FOREVER, last)
    died = (ctx.record.death[layout.rows] <= last) & (last != FOREVER)
    reasons = (*ctx.record.coverage.reasons, "death")
    reason = np.where(died, np.int32(len(reasons) - 1), layout.row_values(lambda span: span.reason))
    reason = np.where(later, np.int32(-1), reason)
    plan = layout.row_values(lambda span: span.plan).astype(np.int32)
    source = layout.row_values(lambda span: span.source)
    event, _ = source_ids(ctx, source, layout.person_id)
    ended = layout.row_values(lambda span: span.ended)
    added = layout.row_values(lambda span: span.added)
    return {
        "added_date": np.where(added > ctx.through, NO_DAY, added).astype(np.int32),
        "ended_date": np.where((last == FOREVER) | (ended > ctx.through), NO_DAY, ended).astype(
            np.int32
        ),
        "plan_id": Coded(plan, ctx.plans.names),
        "effective_date": layout.row_values(lambda span: span.begin),
        "term_date": np.where(last == FOREVER, NO_DAY, last).astype(np.int32),
        "reason": Coded(reason.astype(np.int32), reasons),
        "payer_order": np.ones(len(layout), dtype=np.int32),
        "premium_usd": _premiums(ctx, layout.rows, plan),
        "event_id": event,
    }


def _premiums(ctx: SyncContext, rows: Rows, plan: NDArray[np.int32]) -> Cents:
    """Return the monthly premium of each span, int64 cents: a household's is its subscriber's."""
    designs = ctx.plans.designs
    own = np.array([round(design.premium_usd * 100) for design in designs], dtype=np.int64)[plan]
    family = np.array(
        [round(100 * (d.premium_usd if d.family_premium_usd is None else d.family_premium_usd))
         for d in designs], dtype=np.int64,
    )[plan]  # fmt: skip
    held = _held(ctx)
    dependant = (held.subscriber != np.arange(len(ctx.people)))[rows]
    return np.where(dependant, 0, np.where(ctx.family_coverage[rows, plan], family, own))


enrollments = RecordTable(ENROLLMENTS, _enrollments, _enrollment_columns)
"""Fills `enrollments`."""
