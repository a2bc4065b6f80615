"""Bills become the tables of claims."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.codes.books import drg
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.bills import BILL_TYPES, POS, Bill, BilledLine, build_bills
from healthsim.execution.sync.care_team import PRIMARY_CARE
from healthsim.execution.sync.encounters import (
    SyncContext,
    disposition,
    distinct_lists,
    flatten_lists,
)
from healthsim.products.membersim.generate import ClaimHeaders, ServiceLines, claims
from healthsim.products.membersim.plans import PlanTable
from healthsim.products.membersim.tables import CLAIM_DIAGNOSES
from healthsim.tables import NO_NUMBER, Coded, Columns

_RECEIVED = (2, 14)  # days from the last service to receipt: assumption


_DECIDED = (7, 21)  # days from receipt to payment: assumption, inside 30-day prompt-pay rules


def claim_tables(made: SyncContext, plans: PlanTable) -> dict[str, Columns]:
    """Fill `claims`, `claim_lines`, `claim_adjustments` and `claim_diagnoses`."""
    bills = build_bills(made)
    found = lay_out_rows(bills, lambda one: one.rows, lambda one: one.number)
    lines = []
    for rank, bill in enumerate(found.segments):
        for place, line in enumerate(bill.lines):
            line.key = (rank << 12) + place
            lines.append(line)
    listed = lay_out_rows(lines, lambda one: one.rows, lambda one: one.key)
    if not len(found):
        return {}
    drawn = _lines(made, found, listed)
    tables = claims(_bills(made, found, drawn), drawn, plans)
    return {**tables, "claim_diagnoses": _diagnoses(made, found)}


def _lines(
    made: SyncContext, found: RowLayout[Bill], listed: RowLayout[BilledLine]
) -> ServiceLines:
    rank = listed.segment_values(lambda one: one.key >> 12, np.int64)
    whose = listed.rows.astype(np.int64) * len(found.segments) + rank
    new = np.append(True, whose[1:] != whose[:-1])
    bill = (np.cumsum(new) - 1).astype(np.int32)
    starts = np.flatnonzero(new)
    number = np.arange(len(bill)) - starts[bill] + 1
    of = [(one, found.segments[one.key >> 12]) for one in listed.segments]
    professional = np.array([not bill.institutional for _, bill in of])[listed.segment]
    pos = Coded.of([None if bill.institutional else POS[bill.visit.details.encounter_class]
                    for _, bill in of]).take(listed.segment)  # fmt: skip
    person = made.person_id[listed.rows]
    pointers = _pointers(found)[bill]
    return ServiceLines(
        bill=bill,
        line=number.astype(np.int32),
        service_date=listed.row_values(lambda one: one.days).astype(np.int32),
        procedure=listed.segment_texts(lambda one: one.code),
        units=listed.row_values(_units).astype(np.int32),
        modifier_1=_modifier(listed, 0),
        modifier_2=_modifier(listed, 1),
        modifier_3=_modifier(listed, 2),
        modifier_4=_modifier(listed, 3),
        revenue_code=listed.segment_texts(lambda one: one.revenue),
        pos=pos,
        diagnosis_pointers=Coded(np.where(professional, pointers, -1).astype(np.int32), _POINTERS),
        event_id=ids(person, listed.segment_values(lambda one: one.event, np.int64)),
        drg_line=listed.segment_values(lambda one: one.drg, np.bool_),
        part_of_global=listed.row_values(_refused),
        flat_cents=listed.segment_values(lambda one: one.cents, np.int64),
    )


_POINTERS = ("1", "1,2", "1,2,3", "1,2,3,4")


def _pointers(found: RowLayout[Bill]) -> NDArray[np.int64]:
    """Return for each bill how many diagnoses its lines point to, less one."""
    lists, chosen = distinct_lists([bill.visit for bill in found.segments])
    laid = [choice[bill.at()] for choice, bill in zip(chosen, found.segments, strict=True)]
    sizes = np.array([min(len(codes), len(_POINTERS)) for codes in lists], dtype=np.int64)
    return np.asarray(sizes[np.concatenate(laid)[found.order]] - 1, dtype=np.int64)


def _units(line: BilledLine) -> NDArray[np.int32]:
    if isinstance(line.units, int):
        return np.full(len(line.rows), line.units, dtype=np.int32)
    return line.units


def _refused(line: BilledLine) -> NDArray[np.bool_]:
    return np.zeros(len(line.rows), dtype=np.bool_) if line.denied is None else line.denied


def _modifier(listed: RowLayout[BilledLine], place: int) -> Coded:
    return listed.segment_texts(
        lambda one: one.modifiers[place] if place < len(one.modifiers) else None
    )


def _bills(made: SyncContext, found: RowLayout[Bill], lines: ServiceLines) -> ClaimHeaders:
    here, record = made.network.directory, made.timeline.record
    homes = record.people.households
    person = made.person_id[found.rows]
    first = found.row_values(lambda one: one.visit.first[one.at()]).astype(np.int32)
    last = found.row_values(lambda one: one.visit.last[one.at()]).astype(np.int32)
    provider = found.row_values(lambda one: one.provider[one.at()])
    facility = found.row_values(lambda one: one.visit.facility[one.at()])
    institutional = found.segment_values(lambda one: one.institutional, np.bool_)
    stay = found.segment_values(_is_stay, np.bool_)
    starts = np.searchsorted(lines.bill, np.arange(len(found)))
    earliest = np.minimum(first, np.minimum.reduceat(lines.service_date, starts))
    price, charge = here.practice_factors
    in_facility = np.where(facility >= 0, facility, 0)
    made.directory_use.facilities[facility[facility >= 0]] = True
    facility_npi = np.where(facility >= 0, here.facilities.npi[in_facility], NO_NUMBER)
    plan = record.coverage.plan(found.rows, first)
    networks = made.network.networks
    npi = made.use_provider(provider)
    received, paid = _lags(made, found, last)
    return ClaimHeaders(
        person=found.rows,
        person_id=person,
        claim_id=ids(person, found.segment_values(lambda one: one.number, np.int64)),
        encounter_id=found.row_values(lambda one: _encounter(made, one)),
        event_id=ids(
            person,
            found.segment_values(lambda one: made.event_number(one.visit.occurrence), np.int64),
        ),
        plan=plan,
        institutional=institutional,
        encounter_class=found.segment_texts(lambda one: one.visit.details.encounter_class),
        specialist=found.segment_values(
            lambda one: one.visit.specialty not in PRIMARY_CARE, np.bool_
        ),
        preventive=found.segment_values(lambda one: one.visit.details.preventive, np.bool_),
        from_date=earliest,
        through_date=last,
        admit_date=np.where(stay, first, NO_DAY).astype(np.int32),
        received_date=received,
        paid_date=paid,
        billing_npi=np.where(
            institutional, facility_npi, here.providers.organisation_npi[provider]
        ),
        rendering_npi=np.where(institutional, NO_NUMBER, npi),
        attending_npi=np.where(institutional, npi, NO_NUMBER),
        facility_npi=facility_npi,
        price_factor=np.where(
            institutional, here.facilities.price_factor[in_facility], price[provider]
        ),
        charge_factor=np.where(
            institutional, here.facilities.charge_factor[in_facility], charge[provider]
        ),
        drg=found.segment_texts(lambda one: one.visit.details.drg if _is_stay(one) else None),
        drg_weight=found.segment_values(_weight, np.float64),
        bill_type=found.segment_texts(
            lambda one: BILL_TYPES[one.visit.details.encounter_class] if one.institutional else None
        ),
        discharge_status=found.row_texts(lambda one: _status(made, one)),
        in_network=np.where(
            institutional,
            networks.facility_inside(plan, in_facility),
            networks.provider_inside(plan, provider),
        ),
        household=None if homes is None else homes.anchor[found.rows].astype(np.int32),
    )


def _is_stay(bill: Bill) -> bool:
    return bill.institutional and bill.visit.details.encounter_class == "inpatient"


def _weight(bill: Bill) -> float:
    code = bill.visit.details.drg
    group = drg().rows.get(code or "") if _is_stay(bill) else None
    return group.weight if group is not None else float("nan")


def _status(made: SyncContext, bill: Bill) -> Coded:
    if not bill.institutional:
        return Coded.constant(None, len(bill.rows))
    return disposition(made, bill.visit).take(bill.at())


def _encounter(made: SyncContext, bill: Bill) -> NDArray[np.int64]:
    if not bill.visit.is_encounter:
        return np.full(len(bill.rows), NO_NUMBER)
    number = made.numbering.number("encounters", bill.visit.occurrence.address)
    return ids(made.person_id[bill.rows], number)


def _lags(made: SyncContext, found: RowLayout[Bill], last: Days) -> tuple[Days, Days]:
    """Return the days of receipt and payment; one draw gives both."""
    draws = made.timeline.record.draws
    u = found.row_values(lambda one: draws.uniform(f"{one.address}/lag", one.rows))
    wide = _RECEIVED[1] - _RECEIVED[0] + 1
    days = np.floor(u * wide)
    rest = u * wide - days
    received = last + _RECEIVED[0] + days.astype(np.int32)
    paid = (
        received + _DECIDED[0] + np.floor(rest * (_DECIDED[1] - _DECIDED[0] + 1)).astype(np.int32)
    )
    return received.astype(np.int32), paid.astype(np.int32)


def _diagnoses(made: SyncContext, found: RowLayout[Bill]) -> Columns:
    lists, chosen = distinct_lists([bill.visit for bill in found.segments])
    laid_out = [choice[bill.at()] for choice, bill in zip(chosen, found.segments, strict=True)]
    laid = flatten_lists(lists, np.concatenate(laid_out)[found.order], 25)
    institutional = found.segment_values(lambda one: one.institutional, np.bool_)[laid.of]
    keep = np.flatnonzero(institutional | (laid.sequence <= 12))
    stay = found.segment_values(_is_stay, np.bool_)[laid.of][keep]
    person = made.person_id[found.rows]
    claim = ids(person, found.segment_values(lambda one: one.number, np.int64))
    return CLAIM_DIAGNOSES.complete({
        "claim_id": claim[laid.of][keep],
        "sequence": laid.sequence[keep],
        "person_id": person[laid.of][keep],
        "code": laid.code.take(keep),
        "poa": Coded(np.where(stay, 0, -1).astype(np.int32), ("Y",)),
    })  # fmt: skip
