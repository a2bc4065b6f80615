"""Bills become the tables of claims."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.billing.benefits.claim_lags import paid_on, payers, received_and_decided
from healthsim.billing.drg.payment import drg_payments
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.bills.build import build_bills
from healthsim.execution.sync.bills.charges import BILL_TYPES, PLACE_OF_SERVICE
from healthsim.execution.sync.bills.facilities.admission import admission_columns, admitted
from healthsim.execution.sync.bills.facilities.claim_codes import claim_codes
from healthsim.execution.sync.bills.lines import Bill, BilledLine
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.encounters import disposition
from healthsim.execution.sync.visits.care_team import PRIMARY_CARE
from healthsim.execution.sync.visits.diagnosis_lists import DiagnosisLists, present_on_admission
from healthsim.products.membersim.generate import ClaimHeaders, ServiceLines
from healthsim.products.membersim.tables import CLAIM_DIAGNOSES
from healthsim.tables import NO_NUMBER, Coded, Columns

_EMERGENCIES = ("emergency", "observation")
_MOST_LINES = 2**12  # of one bill


@dataclass(frozen=True, eq=False)
class UnpricedClaims:
    """The claims of a chunk before they are priced.

    Attributes:
        bills: in the order of the claims.
        lists: the diagnoses of each.
    """

    bills: RowLayout[Bill]
    lists: DiagnosisLists
    headers: ClaimHeaders
    lines: ServiceLines

    @classmethod
    def of(cls, ctx: SyncContext) -> UnpricedClaims | None:
        """Return the claims of a chunk; None where it has none."""
        bills = lay_out_rows(build_bills(ctx), lambda bill: bill.number, ctx.person_id)
        if not len(bills):
            return None
        lists = DiagnosisLists.of(bills, lambda bill: bill.visit, lambda bill: bill.at)
        lines = _service_lines(ctx, bills, lists)
        return cls(bills, lists, _claim_headers(ctx, bills, lines), lines)


def with_facility_facts(
    ctx: SyncContext, unpriced: UnpricedClaims, tables: dict[str, Columns]
) -> dict[str, Columns]:
    """Add `claim_diagnoses`, `claim_codes` and the columns of `claims` about admission."""
    return {
        **tables,
        "claims": tables["claims"] | admission_columns(ctx, unpriced.bills),
        "claim_diagnoses": _diagnoses(unpriced.bills, unpriced.lists),
        "claim_codes": claim_codes(ctx, unpriced.bills),
    }


@dataclass(frozen=True, eq=False)
class _LineRows:
    """One line of a bill; `bill_place` and `place` are its positions among all bills and in it."""

    bill: Bill
    line: BilledLine
    bill_place: int
    place: int

    @property
    def rows(self) -> Rows:
        return self.line.rows

    @property
    def number(self) -> int:
        return self.bill_place * _MOST_LINES + self.place


def _service_lines(ctx: SyncContext, bills: RowLayout[Bill], lists: DiagnosisLists) -> ServiceLines:
    billed = [
        _LineRows(bill, line, bill_place, place)
        for bill_place, bill in enumerate(bills.segments)
        for place, line in enumerate(bill.lines)
    ]
    lines = lay_out_rows(billed, lambda billed: billed.number, ctx.person_id)
    bill_place = lines.segment_values(lambda billed: billed.bill_place, np.int64)
    claim = lines.rows.astype(np.int64) * len(bills.segments) + bill_place
    starts = np.flatnonzero(np.append(True, claim[1:] != claim[:-1]))
    bill = np.repeat(np.arange(len(starts), dtype=np.int32), np.diff(starts, append=len(lines)))
    professional = lines.segment_values(lambda billed: not billed.bill.institutional, np.bool_)
    pointers = (lists.sizes(len(_POINTERS)) - 1)[bill]
    return ServiceLines(
        bill=bill,
        line=(np.arange(len(bill)) - starts[bill] + 1).astype(np.int32),
        service_date=lines.row_values(lambda billed: billed.line.days).astype(np.int32),
        procedure=lines.segment_texts(lambda billed: billed.line.code),
        units=lines.row_values(_units).astype(np.int32),
        modifier_1=_modifier(lines, 0),
        modifier_2=_modifier(lines, 1),
        modifier_3=_modifier(lines, 2),
        modifier_4=_modifier(lines, 3),
        revenue_code=lines.segment_texts(lambda billed: billed.line.revenue),
        pos=lines.segment_texts(_place_of_service),
        diagnosis_pointers=Coded(np.where(professional, pointers, -1).astype(np.int32), _POINTERS),
        event_id=lines.segment_ids(lambda billed: billed.line.event),
        drg_line=lines.segment_values(lambda billed: billed.line.drg, np.bool_),
        part_of_global=np.zeros(len(bill), dtype=np.bool_),
        flat_cents=lines.segment_values(lambda billed: billed.line.cents, np.int64),
    )


_POINTERS = ("1", "1,2", "1,2,3", "1,2,3,4")


def _place_of_service(billed: _LineRows) -> str | None:
    bill = billed.bill
    return None if bill.institutional else PLACE_OF_SERVICE[bill.visit.details.encounter_class]


def _units(billed: _LineRows) -> NDArray[np.int32]:
    units = billed.line.units
    return np.full(len(billed.rows), units, dtype=np.int32) if isinstance(units, int) else units


def _modifier(lines: RowLayout[_LineRows], place: int) -> Coded:
    return lines.segment_texts(
        lambda billed: billed.line.modifiers[place] if place < len(billed.line.modifiers) else None
    )


def _claim_headers(ctx: SyncContext, bills: RowLayout[Bill], lines: ServiceLines) -> ClaimHeaders:
    directory, households = ctx.directory, ctx.people.households
    first = bills.row_values(lambda bill: bill.visit.first[bill.at]).astype(np.int32)
    last = bills.row_values(lambda bill: bill.visit.last[bill.at]).astype(np.int32)
    provider = bills.row_values(lambda bill: bill.provider[bill.at])
    facility = bills.row_values(lambda bill: bill.visit.facility[bill.at])
    institutional = bills.segment_values(lambda bill: bill.institutional, np.bool_)
    starts = np.searchsorted(lines.bill, np.arange(len(bills)))
    line_first = np.minimum.reduceat(lines.service_date, starts)
    line_last = np.maximum.reduceat(lines.service_date, starts)
    last = np.where(institutional, np.maximum(last, line_last), line_last).astype(np.int32)
    price_factor, charge_factor = directory.practice_factors
    facilities, building = directory.facilities, np.where(facility >= 0, facility, 0)
    facility_npi = np.where(facility >= 0, facilities.npi[building], NO_NUMBER)
    plan = ctx.record.coverage.plan(bills.rows, first)
    networks = ctx.network.networks
    npi = ctx.npi(provider)
    draws = ctx.record.draws
    lag = bills.row_values(lambda bill: draws.uniform(f"{bill.address}/lag", bill.rows))
    received, decided = received_and_decided(lag, last, institutional)
    payer = payers(ctx.plans.names, [design.kind for design in ctx.plans.designs])
    drgs = bills.row_texts(lambda bill: _drg(ctx, bill))
    return ClaimHeaders(
        person=bills.rows,
        person_id=bills.person_id,
        claim_id=bills.ids,
        encounter_id=bills.row_values(lambda bill: _encounter_ids(ctx, bill)),
        event_id=bills.segment_ids(lambda bill: ctx.event_number(bill.visit.occurrence)),
        plan=plan,
        institutional=institutional,
        encounter_class=bills.segment_texts(lambda bill: bill.visit.details.encounter_class),
        specialist=bills.segment_values(
            lambda bill: bill.visit.specialty not in PRIMARY_CARE, np.bool_
        ),
        preventive=bills.segment_values(lambda bill: bill.visit.details.preventive, np.bool_),
        from_date=np.where(institutional, np.minimum(first, line_first), line_first),
        through_date=last,
        admit_date=admitted(bills, first),
        received_date=received,
        decided_date=decided,
        paid_date=paid_on(decided, received, plan, payer),
        billing_npi=np.where(
            institutional, facility_npi, directory.providers.organisation_npi[provider]
        ),
        rendering_npi=np.where(institutional, NO_NUMBER, npi),
        attending_npi=np.where(institutional, npi, NO_NUMBER),
        facility_npi=facility_npi,
        price_factor=np.where(
            institutional, facilities.price_factor[building], price_factor[provider]
        ),
        charge_factor=np.where(
            institutional, facilities.charge_factor[building], charge_factor[provider]
        ),
        drg=drgs,
        drg_weight=drg_payments(drgs).weight,
        bill_type=bills.segment_texts(_bill_type),
        discharge_status=bills.row_texts(lambda bill: _discharge_status(ctx, bill)),
        in_network=np.where(
            institutional,
            networks.facility_inside(plan, building),
            networks.provider_inside(plan, provider),
        ),
        household=None if households is None else households.anchor[bills.rows].astype(np.int32),
        family=None if households is None else ctx.family_coverage[bills.rows, plan],
        emergency=bills.row_values(lambda bill: _emergency(ctx, bill)),
    )


def _drg(ctx: SyncContext, bill: Bill) -> Coded:
    if not bill.is_stay:
        return Coded.constant(None, len(bill.rows))
    return ctx.drgs[bill.visit.key].paid.take(bill.at)


def _bill_type(bill: Bill) -> str | None:
    return BILL_TYPES[bill.visit.details.encounter_class] if bill.institutional else None


def _discharge_status(ctx: SyncContext, bill: Bill) -> Coded:
    if not bill.institutional:
        return Coded.constant(None, len(bill.rows))
    return disposition(ctx, bill.visit).take(bill.at)


def _encounter_ids(ctx: SyncContext, bill: Bill) -> NDArray[np.int64]:
    if not bill.visit.is_encounter:
        return np.full(len(bill.rows), NO_NUMBER)
    return ids(ctx.person_id[bill.rows], ctx.encounter_number(bill.visit))


def _emergency(ctx: SyncContext, bill: Bill) -> NDArray[np.bool_]:
    """Return who is seen in an emergency, or stays after one; bool, one for each of its people."""
    visit = bill.visit
    if visit.details.encounter_class in _EMERGENCIES:
        return np.ones(len(bill.rows), dtype=np.bool_)
    admitted = [one.rows for one in ctx.admissions if one.stay == visit.key]
    return (
        np.isin(bill.rows, np.concatenate(admitted))
        if admitted
        else np.zeros(len(bill.rows), dtype=np.bool_)
    )


def _diagnoses(bills: RowLayout[Bill], lists: DiagnosisLists) -> Columns:
    diagnoses = lists.flatten()
    institutional = bills.segment_values(lambda bill: bill.institutional, np.bool_)
    stay = bills.segment_values(lambda bill: bill.is_stay, np.bool_)
    keep = np.flatnonzero(institutional[diagnoses.of] | (diagnoses.sequence <= 12))
    of = diagnoses.of[keep]
    return CLAIM_DIAGNOSES.complete({
        "claim_id": bills.ids[of],
        "sequence": diagnoses.sequence[keep],
        "person_id": bills.person_id[of],
        "code": diagnoses.code.take(keep),
        "poa": present_on_admission(stay[of], diagnoses.poa.take(keep)),
    })  # fmt: skip
