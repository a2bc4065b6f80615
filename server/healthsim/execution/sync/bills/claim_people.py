"""Who besides the clinician stands on a claim: who referred, ordered, supervised, operated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.professional.ordering import (
    is_operation,
    is_operation_of_a_stay,
    is_ordered,
    is_specimen_test,
    is_staff_service,
    referred_shares,
)
from healthsim.codes.procedures import procedure_system
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.bills.lines import Bill, service_of
from healthsim.execution.sync.claim_addresses import ASSISTANT, staff_address
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.care_team import PRIMARY_CARE
from healthsim.execution.sync.visits.visits import VisitKey, VisitRows
from healthsim.products.membersim.generate import ServiceLines
from healthsim.specification.journeys.events import Procedure
from healthsim.specification.profiles.plan_design import PlanDesign
from healthsim.tables import NO_NUMBER, Columns

_NOBODY = np.int32(-1)
_REFERRED = {
    "837P": ("office", "telehealth", "outpatient_hospital", "asc"),
    "837I": ("outpatient_hospital", "asc"),
}
_ASSISTING = frozenset({"80", "81", "82", "AS"})
_WITH_STAFF = ("office", "urgent_care")
_BESIDE = ("J", "Q", "P")  # drugs, and specimens that staff take


def claim_people(ctx: SyncContext, bills: RowLayout[Bill]) -> Columns:
    """Return the columns of `claims` about other people, and about the laboratory.

    Source: X12 837P loops 2310A (referring), 2310D (supervising), 837I 2310B (operating), 2310C
    (other operating), 2310F (referring); REF*X4 (CLIA number).
    """
    operations = _operations(ctx, bills)
    everyone = {
        "referring_npi": bills.row_values(lambda bill: _referring(ctx, bill)),
        "supervising_npi": bills.row_values(lambda bill: _supervising(operations, bill)),
        "operating_npi": bills.row_values(lambda bill: _operating(operations, bill, first=True)),
        "other_operating_npi": bills.row_values(
            lambda bill: _operating(operations, bill, first=False)
        ),
    }
    people: Columns = {name: _npi(ctx, provider) for name, provider in everyone.items()}
    return people | {"clia_number": bills.row_values(lambda bill: _clia(ctx, bill))}


def ordering_npi(
    ctx: SyncContext, bills: RowLayout[Bill], lines: ServiceLines
) -> NDArray[np.int64]:
    """Return who ordered each line of an 837P (X12 2420E), int64; `NO_NUMBER` where nobody did.

    Tests, images and equipment are ordered by the clinician of the visit.
    """
    words = [*map(is_ordered, lines.procedure.vocabulary), False]
    clinical = bills.segment_values(lambda bill: not bill.institutional, np.bool_)
    ordered = np.array(words, dtype=np.bool_)[lines.procedure.codes] & clinical[lines.bill]
    clinician = bills.row_values(lambda bill: bill.visit.provider[bill.at])
    return np.where(ordered, ctx.npi(clinician)[lines.bill], NO_NUMBER)


def _npi(ctx: SyncContext, provider: NDArray[np.int32]) -> NDArray[np.int64]:
    known = provider >= 0
    return np.where(known, ctx.npi(np.where(known, provider, 0)), NO_NUMBER)


def _referring(ctx: SyncContext, bill: Bill) -> NDArray[np.int32]:
    """Return the primary care clinician of those who were referred, int32; -1 of others.

    A person is referred to a specialty once; whether so depends on the specialty and the plan.
    """
    visit = bill.visit
    nobody = np.full(len(bill.rows), _NOBODY, dtype=np.int32)
    if visit.details.encounter_class not in _REFERRED[bill.form] or bill.laboratory is not None:
        return nobody
    specialties = ctx.directory.providers.specialty
    own = specialties.codes[bill.provider[bill.at]]
    plan = visit.plan[bill.at]
    closed = np.append([_is_closed(one) for one in ctx.plans.designs], False)[plan]
    share = np.where(
        closed,
        referred_shares(specialties.vocabulary, gatekeeper=True)[own],
        referred_shares(specialties.vocabulary, gatekeeper=False)[own],
    )
    if not share.any():
        return nobody
    u = np.empty(len(own))
    for specialty in np.unique(own).tolist():
        at = own == specialty
        name = f"referred/{specialties.vocabulary[specialty]}"
        u[at] = ctx.record.draws.uniform(name, bill.rows[at])
    request = visit.provider_request(PRIMARY_CARE[0], bill.address, bill.rows)
    return np.where(u < share, ctx.network.provider(request), _NOBODY)


def _is_closed(design: PlanDesign) -> bool:
    """Return whether members may not go outside of a plan's network."""
    return design.network.outside == 0 and design.network.in_share < 1


@dataclass(frozen=True, eq=False)
class _Operation:
    """Who operated in a visit; int32, directory rows, one entry for each of its people; -1: nobody.

    Attributes:
        other: a second surgeon, else who assisted.
    """

    surgeon: NDArray[np.int32]
    other: NDArray[np.int32]


def _operations(ctx: SyncContext, bills: RowLayout[Bill]) -> Mapping[VisitKey, _Operation]:
    """Return who operated, of every visit that has a bill."""
    assistants = {bill.visit.key: bill for bill in bills.segments if _is_assistants(bill)}
    visits = {bill.visit.key: bill.visit for bill in bills.segments}
    found = {}
    for key, visit in visits.items():
        operation = _Operation(
            np.full(len(visit.rows), _NOBODY, dtype=np.int32),
            np.full(len(visit.rows), _NOBODY, dtype=np.int32),
        )
        for rows, provider, assists in _at_work(ctx, visit):
            _add(operation, visit.position_of(rows), provider, assists=assists)
        if key in assistants:
            bill = assistants[key]
            _add(operation, bill.at, bill.provider[bill.at], assists=True)
        found[key] = operation
    return found


def _is_assistants(bill: Bill) -> bool:
    return bill.address == staff_address(bill.visit.occurrence.address, ASSISTANT)


def _at_work(ctx: SyncContext, visit: VisitRows) -> Iterator[tuple[Rows, NDArray[np.int32], bool]]:
    """Yield people, who operated on them, and whether it was as an assistant."""
    for source in ctx.by_visit.get(visit.key, ()):
        step = source.occurrence.step
        if isinstance(step, Procedure) and _is_cut(step.details.code):
            provider = ctx.treating_provider(source, step.details.specialty)
            yield source.rows, provider, bool(_ASSISTING & set(step.details.modifiers))
    details = visit.details
    stated = [service_of(one).code for one in details.procedures or ()]
    if any(map(is_operation, stated)) or any(
        map(is_operation_of_a_stay, getattr(details, "icd10pcs", ()))
    ):
        yield visit.rows, visit.provider, False


def _is_cut(code: str) -> bool:
    """Return whether a code, of HCPCS or ICD-10-PCS, is an operation."""
    if procedure_system(code) == "ICD-10-PCS":
        return is_operation_of_a_stay(code)
    return is_operation(code)


def _add(
    operation: _Operation, at: NDArray[np.intp], provider: NDArray[np.int32], *, assists: bool
) -> None:
    """Note who operated on people: first the surgeon, then another."""
    if not assists:
        first = operation.surgeon[at] < 0
        operation.surgeon[at[first]] = provider[first]
    another = (operation.other[at] < 0) & (operation.surgeon[at] != provider)
    operation.other[at[another]] = provider[another]


def _operating(
    operations: Mapping[VisitKey, _Operation], bill: Bill, *, first: bool
) -> NDArray[np.int32]:
    if not bill.institutional:
        return np.full(len(bill.rows), _NOBODY, dtype=np.int32)
    operation = operations[bill.visit.key]
    return (operation.surgeon if first else operation.other)[bill.at]


def _supervising(operations: Mapping[VisitKey, _Operation], bill: Bill) -> NDArray[np.int32]:
    """Return who supervised, int32: the surgeon an assistant, the clinician a practice's staff."""
    if _is_assistants(bill):
        return operations[bill.visit.key].surgeon[bill.at]
    nobody = np.full(len(bill.rows), _NOBODY, dtype=np.int32)
    kind = bill.visit.details.encounter_class
    if bill.institutional or bill.laboratory is not None or kind not in _WITH_STAFF:
        return nobody
    by_staff, alone = np.zeros(len(nobody), dtype=np.bool_), np.ones(len(nobody), dtype=np.bool_)
    for line in bill.lines:
        at, code = np.searchsorted(bill.rows, line.rows), line.code or ""
        if is_staff_service(code):
            by_staff[at] = True
        elif not (code.startswith(_BESIDE) or is_specimen_test(code) or _is_vaccine(code)):
            alone[at] = False
    return np.where(by_staff & alone, bill.provider[bill.at], _NOBODY)


def _is_vaccine(code: str) -> bool:
    return "90476" <= code <= "90759" or code[:3] == "364"


def _clia(ctx: SyncContext, bill: Bill) -> NDArray[np.bytes_]:
    """Return the CLIA number of who did the tests of a claim, bytes; empty where there is none.

    The reading of a test (modifier 26) needs none.
    """
    tested = np.zeros(len(bill.rows), dtype=np.bool_)
    for line in bill.lines if not bill.institutional else ():
        if is_specimen_test(line.code or "") and "26" not in line.modifiers:
            tested[np.searchsorted(bill.rows, line.rows)] = True
    if bill.laboratory is not None:
        own = ctx.directory.facilities.ccn[bill.laboratory[bill.at]]
    else:
        own = ctx.directory.clia[bill.provider[bill.at]]
    return np.where(tested, own, b"").astype("S10")
