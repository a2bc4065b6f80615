"""Bills become the tables of claims."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Rows
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.bills.build import build_bills
from healthsim.execution.sync.bills.charges import INDEPENDENT_LABORATORY, PLACE_OF_SERVICE
from healthsim.execution.sync.bills.claim_headers import claim_headers
from healthsim.execution.sync.bills.claim_people import claim_people, ordering_npi
from healthsim.execution.sync.bills.clinicians.drugs import drug_columns
from healthsim.execution.sync.bills.facilities.admission import admission_columns
from healthsim.execution.sync.bills.facilities.claim_codes import claim_codes
from healthsim.execution.sync.bills.lines import Bill, BilledLine
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.diagnosis_lists import (
    DiagnosisLists,
    present_on_admission,
    unclear_draw,
)
from healthsim.products.membersim.generate import ClaimHeaders, ServiceLines
from healthsim.products.membersim.tables import CLAIM_DIAGNOSES
from healthsim.tables import Coded, Columns

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
        return cls(bills, lists, claim_headers(ctx, bills, lines), lines)


def with_facts(
    ctx: SyncContext, unpriced: UnpricedClaims, tables: dict[str, Columns]
) -> dict[str, Columns]:
    """Add `claim_diagnoses`, `claim_codes`, and what claims say of admission and of people."""
    bills, lines = unpriced.bills, unpriced.lines
    said = admission_columns(ctx, bills) | claim_people(ctx, bills)
    ordered = ordering_npi(ctx, bills, lines)
    return {
        **tables,
        "claims": tables["claims"] | said,
        "claim_lines": tables["claim_lines"] | {"ordering_npi": ordered} | drug_columns(lines),
        "claim_diagnoses": _diagnoses(ctx, bills, unpriced.lists),
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
    if bill.laboratory is not None:
        return INDEPENDENT_LABORATORY
    return None if bill.institutional else PLACE_OF_SERVICE[bill.visit.details.encounter_class]


def _units(billed: _LineRows) -> NDArray[np.int32]:
    units = billed.line.units
    return np.full(len(billed.rows), units, dtype=np.int32) if isinstance(units, int) else units


def _modifier(lines: RowLayout[_LineRows], place: int) -> Coded:
    return lines.segment_texts(
        lambda billed: billed.line.modifiers[place] if place < len(billed.line.modifiers) else None
    )


def _diagnoses(ctx: SyncContext, bills: RowLayout[Bill], lists: DiagnosisLists) -> Columns:
    diagnoses, draws = lists.flatten(), ctx.record.draws
    unclear = bills.row_values(lambda bill: unclear_draw(draws, bill.visit)[bill.at])
    institutional = bills.segment_values(lambda bill: bill.institutional, np.bool_)
    stay = bills.segment_values(lambda bill: bill.is_stay, np.bool_)
    keep = np.flatnonzero(institutional[diagnoses.of] | (diagnoses.sequence <= 12))
    of = diagnoses.of[keep]
    poa = present_on_admission(diagnoses, stay[diagnoses.of], unclear[diagnoses.of])
    return CLAIM_DIAGNOSES.complete({
        "claim_id": bills.ids[of],
        "sequence": diagnoses.sequence[keep],
        "person_id": bills.person_id[of],
        "code": diagnoses.code.take(keep),
        "poa": poa.take(keep),
    })  # fmt: skip
