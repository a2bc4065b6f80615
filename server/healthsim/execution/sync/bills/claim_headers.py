"""Bills become the headers of claims, before they are priced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.billing.benefits.claim_lags import paid_on, payers, received_and_decided
from healthsim.billing.drg.payment import drg_payments
from healthsim.dates import Days
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.bills.charges import BILL_TYPES
from healthsim.execution.sync.bills.facilities.admission import admitted
from healthsim.execution.sync.bills.lines import Bill
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.encounters import disposition
from healthsim.execution.sync.exempt import exempt_from_copays
from healthsim.execution.sync.visits.care_team import PRIMARY_CARE
from healthsim.products.membersim.generate import ClaimHeaders, ServiceLines
from healthsim.tables import NO_NUMBER, Coded

_EMERGENCIES = ("emergency", "observation")
_LABORATORY = "laboratory"  # class of what a laboratory bills: no visit of any kind


def claim_headers(ctx: SyncContext, bills: RowLayout[Bill], lines: ServiceLines) -> ClaimHeaders:
    """Return the headers of bills that are laid out with their lines."""
    biller, days = _Billers.of(ctx, bills), _Dates.of(bills, lines)
    plan = ctx.record.coverage.plan(bills.rows, days.visit)
    return ClaimHeaders(
        person=bills.rows,
        person_id=bills.person_id,
        claim_id=bills.ids,
        encounter_id=bills.row_values(lambda bill: _encounter_ids(ctx, bill)),
        event_id=bills.segment_ids(lambda bill: ctx.event_number(bill.visit.occurrence)),
        plan=plan,
        institutional=biller.institutional,
        from_date=days.first,
        through_date=days.last,
        admit_date=admitted(bills, days.visit),
        in_network=biller.inside(ctx, plan),
        **_visits(bills),
        **_stays(ctx, bills),
        **_processed(ctx, bills, days.last, plan),
        **biller.columns(ctx),
        **_households(ctx, bills, plan),
        exempt=exempt_from_copays(ctx, bills.rows, plan, days.first),
        emergency=bills.row_values(lambda bill: _emergency(ctx, bill)),
    )


@dataclass(frozen=True, eq=False)
class _Dates:
    """Days of claims, int32, shape (n,); `visit` is the first of the visit."""

    visit: Days
    first: Days
    last: Days

    @classmethod
    def of(cls, bills: RowLayout[Bill], lines: ServiceLines) -> _Dates:
        first = bills.row_values(lambda bill: bill.visit.first[bill.at]).astype(np.int32)
        last = bills.row_values(lambda bill: bill.visit.last[bill.at]).astype(np.int32)
        institutional = bills.segment_values(lambda bill: bill.institutional, np.bool_)
        starts = np.searchsorted(lines.bill, np.arange(len(bills)))
        line_first = np.minimum.reduceat(lines.service_date, starts)
        line_last = np.maximum.reduceat(lines.service_date, starts)
        return cls(
            first,
            np.where(institutional, np.minimum(first, line_first), line_first),
            np.where(institutional, np.maximum(last, line_last), line_last).astype(np.int32),
        )


@dataclass(frozen=True, eq=False)
class _Billers:
    """Who bills; arrays of shape (n,).

    Attributes:
        by_place: bool, a facility or a laboratory bills, and not a practice.
        provider: int32, directory row of who rendered or attends.
        place: int32, directory row of where; -1 outside of facilities.
    """

    institutional: NDArray[np.bool_]
    by_place: NDArray[np.bool_]
    provider: NDArray[np.int32]
    place: NDArray[np.int32]

    @classmethod
    def of(cls, ctx: SyncContext, bills: RowLayout[Bill]) -> _Billers:
        laboratory = bills.segment_values(lambda bill: bill.laboratory is not None, np.bool_)
        institutional = bills.segment_values(lambda bill: bill.institutional, np.bool_)
        return cls(
            institutional,
            institutional | laboratory,
            bills.row_values(lambda bill: bill.provider[bill.at]),
            bills.row_values(_place),
        )

    @property
    def building(self) -> NDArray[np.int32]:
        """The directory row of where; 0 outside of facilities, so that it can be looked up."""
        return np.maximum(self.place, 0)

    def inside(self, ctx: SyncContext, plan: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return which plans have a contract with who bills, bool, shape (n,)."""
        networks = ctx.network.networks
        return np.where(
            self.by_place,
            networks.facility_inside(plan, self.building),
            networks.provider_inside(plan, self.provider),
        )

    def columns(self, ctx: SyncContext) -> dict[str, Any]:
        """Return who bills, renders or attends, where, and the levels of prices and charges."""
        directory, facilities = ctx.directory, ctx.directory.facilities
        npi, where = ctx.npi(self.provider), facilities.npi[self.building]
        facility_npi = np.where(self.place >= 0, where, NO_NUMBER)
        practice = directory.providers.organisation_npi[self.provider]
        price, charge = directory.practice_factors
        return {
            "billing_npi": np.where(self.by_place, facility_npi, practice),
            "rendering_npi": np.where(self.by_place, NO_NUMBER, npi),
            "attending_npi": np.where(self.institutional, npi, NO_NUMBER),
            "facility_npi": facility_npi,
            "price_factor": np.where(
                self.by_place, facilities.price_factor[self.building], price[self.provider]
            ),
            "charge_factor": np.where(
                self.by_place, facilities.charge_factor[self.building], charge[self.provider]
            ),
        }


def _place(bill: Bill) -> NDArray[np.int32]:
    own = bill.visit.facility if bill.laboratory is None else bill.laboratory
    return own[bill.at]


def _visits(bills: RowLayout[Bill]) -> dict[str, Any]:
    """Return what sort of visit is billed; a laboratory's bill is of none."""
    return {
        "encounter_class": bills.segment_texts(
            lambda bill: (
                bill.visit.details.encounter_class if bill.laboratory is None else _LABORATORY
            )
        ),
        "specialist": bills.segment_values(
            lambda bill: bill.visit.specialty not in PRIMARY_CARE, np.bool_
        ),
        "preventive": bills.segment_values(lambda bill: bill.visit.details.preventive, np.bool_),
    }


def _stays(ctx: SyncContext, bills: RowLayout[Bill]) -> dict[str, Any]:
    """Return type of bill, discharge and DRG of facilities' claims."""
    drgs = bills.row_texts(lambda bill: _drg(ctx, bill))
    return {
        "drg": drgs,
        "drg_weight": drg_payments(drgs).weight,
        "bill_type": bills.segment_texts(_bill_type),
        "discharge_status": bills.row_texts(lambda bill: _discharge_status(ctx, bill)),
    }


def _processed(
    ctx: SyncContext, bills: RowLayout[Bill], last: Days, plan: NDArray[np.int32]
) -> dict[str, Any]:
    """Return when the plan receives, decides and pays."""
    draws = ctx.record.draws
    lag = bills.row_values(lambda bill: draws.uniform(f"{bill.address}/lag", bill.rows))
    institutional = bills.segment_values(lambda bill: bill.institutional, np.bool_)
    received, decided = received_and_decided(lag, last, institutional)
    payer = payers(ctx.plans.names, [design.kind for design in ctx.plans.designs])
    return {
        "received_date": received,
        "decided_date": decided,
        "paid_date": paid_on(decided, received, plan, payer),
    }


def _households(
    ctx: SyncContext, bills: RowLayout[Bill], plan: NDArray[np.int32]
) -> dict[str, Any]:
    """Return whose limits a claim shares; nothing where there are no households."""
    households = ctx.people.households
    if households is None:
        return {}
    return {
        "household": households.anchor[bills.rows].astype(np.int32),
        "family": ctx.family_coverage[bills.rows, plan],
    }


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
