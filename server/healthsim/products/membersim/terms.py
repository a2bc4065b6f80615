"""The terms of every line of a claim: its service, copay and coinsurance, or that it is free."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.benefits.accumulators import basis_points
from healthsim.billing.benefits.part_a import PartAStays, part_a_stays
from healthsim.billing.benefits.services import preventive, services_of
from healthsim.billing.benefits.statutory import by_known_year, year_index
from healthsim.limits import Cents, benefit_year, packed
from healthsim.products.membersim.claim_rows import ClaimHeaders, ServiceLines
from healthsim.products.membersim.plans import COPAY_KINDS, COPAY_RULES, PlanTable
from healthsim.products.membersim.pricing import is_laboratory
from healthsim.products.membersim.sharing import NO_COPAY, CostSharingInput
from healthsim.tables import Coded

_T = TypeVar("_T", bound=np.generic)

_VISIT_COPAYS = {"office": "office", "telehealth": "telehealth", "urgent_care": "urgent_care"}
_FACILITY_COPAYS = {
    "emergency": "emergency", "observation": "emergency", "inpatient": "inpatient",
    "outpatient_hospital": "outpatient_hospital", "asc": "outpatient_hospital",
}  # fmt: skip
_OTHER = len(COPAY_KINDS)  # place of everything without a copay of its own
_NURSING, _HOSPITAL = "snf", "inpatient"
EQUIPMENT = ("E", "K", "L")
"""First characters of codes of medical equipment, of which Part B pays 80 % at home too."""
_SCREENING, _TURNED = "33", "PT"  # modifiers: preventive; a screening that became a treatment


@dataclass(frozen=True, eq=False)
class CoveredStays:
    """Stays under Part A; arrays of shape (s,).

    Attributes:
        bill: intp, rows of `ClaimHeaders`.
        days: what each is under its benefit period.
    """

    bill: NDArray[np.intp]
    days: PartAStays


@dataclass(frozen=True, eq=False)
class LineTerms:
    """How the plan of each line shares it; n bills with m lines.

    Attributes:
        main: intp, shape (n,), each bill's main line, which has its copay.
        allowed: int64 cents, shape (m,).
    """

    bills: ClaimHeaders
    lines: ServiceLines
    plans: PlanTable
    main: NDArray[np.intp]
    allowed: Cents

    @cached_property
    def plan(self) -> NDArray[np.int32]:
        """Plan number of each line, int32, shape (m,)."""
        return self.bills.plan[self.lines.bill]

    @cached_property
    def stays(self) -> CoveredStays | None:
        """The stays of Original Medicare's Part A; None where there are none."""
        words = self.bills.encounter_class
        nursing, hospital = words.equals(_NURSING), words.equals(_HOSPITAL)
        by_period = self.plans.by_benefit_period[self.bills.plan]
        free = self.bills.preventive & self.plans.preventive_free[self.bills.plan]
        owes = (nursing | hospital) & by_period & ~free
        at = np.flatnonzero(owes & self.bills.institutional)
        if not at.size:
            return None
        bills = self.bills
        found = part_a_stays(
            bills.person[at], bills.from_date[at], bills.through_date[at], nursing[at]
        )
        return CoveredStays(at, found)

    @cached_property
    def exhausted(self) -> Cents:
        """What is not covered as the days of Part A are used up, int64 cents, shape (m,)."""
        amounts = np.zeros(len(self.allowed), dtype=np.int64)
        if self.stays is not None:
            at, days = self.main[self.stays.bill], self.stays.days
            amounts[at] = self.allowed[at] * days.exhausted_days // days.days
        return amounts

    def input(self) -> CostSharingInput:
        """Return every line with its copay or share, and whether the member owes nothing."""
        kind, amount, at_facility = self._visits()
        bills, plans, lines = self.bills, self.plans, self.lines
        free = bills.preventive & plans.preventive_free[bills.plan]
        if bills.exempt is not None:
            free = free | bills.exempt
        due = (amount >= 0) & ~free
        by_facility = bills.institutional | plans.stay_covers_physicians[bills.plan]
        covered = (free | (due & at_facility & by_facility))[lines.bill] | self._free()
        pays = due & (~at_facility | bills.institutional)
        copay = np.full(len(self.allowed), NO_COPAY, dtype=np.int64)
        copay[self.main[pays]] = amount[pays]
        covered[self.main[pays]] = False
        service = np.where(plans.own_coinsurance[bills.plan, kind], kind, _OTHER)[lines.bill]
        service[self.main] = np.where(pays, kind, service[self.main])
        self._by_line(service, copay, covered)
        share = self._shares(service, copay)
        waived = self._turned(copay, share)
        part_a = self._part_a(copay, share, covered)
        outside = self._outside(copay, share, covered)
        return CostSharingInput(
            person=bills.person[lines.bill],
            plan=self.plan,
            service_date=lines.service_date,
            allowed=self.allowed - self.exhausted,
            copay=copay,
            covered=covered,
            tie=None,
            household=_of_lines(bills.household, lines),
            decided=bills.decided_date[lines.bill],
            share=share,
            outside=outside,
            waived=waived,
            part_a=part_a,
            family=_of_lines(bills.family, lines),
        )

    def _visits(self) -> tuple[NDArray[np.intp], Cents, NDArray[np.bool_]]:
        """Return each bill's kind of visit, its copay, and whether a facility charges it; (n,)."""
        bills, plans = self.bills, self.plans
        words = bills.encounter_class.vocabulary
        kinds = {**_VISIT_COPAYS, **_FACILITY_COPAYS}
        places: list[str] = list(COPAY_KINDS)
        number = [places.index(kinds[word]) if word in kinds else _OTHER for word in words]
        kind = np.array([*number, _OTHER], dtype=np.intp)[bills.encounter_class.codes]
        office, specialist = places.index("office"), places.index("specialist")
        kind[(kind == office) & bills.specialist] = specialist
        facility = np.array([*(word in _FACILITY_COPAYS for word in words), False])
        at_facility = facility[bills.encounter_class.codes]
        return kind, plans.copay_cents[bills.plan, kind], at_facility

    def _free(self) -> NDArray[np.bool_]:
        """Return which lines cost nothing by law or by the plan, bool, shape (m,)."""
        lines, plans, plan = self.lines, self.plans, self.plan
        words = lines.procedure.vocabulary
        codes = lines.procedure.codes
        part_d = plans.part_d[plan]
        listed = np.where(part_d, _flags(preventive(words, medicare=True))[codes],
                          _flags(preventive(words, medicare=False))[codes])  # fmt: skip
        listed |= self._modified(_SCREENING) & ~part_d
        free: NDArray[np.bool_] = listed & plans.preventive_free[plan]
        original = plans.original[plan]
        if original.any():
            free |= original & _flags(is_laboratory(words))[codes]
            home = self.bills.encounter_class.equals("home_health")
            equipment = _flags(np.array([word.startswith(EQUIPMENT) for word in words], bool))
            free |= original & (home & self.bills.institutional)[lines.bill] & ~equipment[codes]
        return free

    def _modified(self, modifier: str) -> NDArray[np.bool_]:
        """Return which lines have a modifier, bool, shape (m,)."""
        lines = self.lines
        columns = (lines.modifier_1, lines.modifier_2, lines.modifier_3, lines.modifier_4)
        found = np.zeros(len(self.allowed), dtype=np.bool_)
        for column in columns:
            if modifier in column.vocabulary:
                found |= column.equals(modifier)
        return found

    def _by_line(self, service: NDArray[np.intp], copay: Cents, covered: NDArray[np.bool_]) -> None:
        """Give lines of services with terms of their own those: the first of a bill the copay."""
        plans = self.plans
        has_terms = (plans.copay_cents[:, :_OTHER] >= 0) | plans.own_coinsurance[:, :_OTHER]
        if not has_terms[:, COPAY_KINDS.index("laboratory") :].any():
            return
        found = line_services(self.bills, self.lines)
        own = has_terms[self.plan, found] & (found >= 0) & (copay < 0) & ~covered
        at = np.flatnonzero(own)
        service[at] = found[at]
        amount = plans.copay_cents[self.plan[at], found[at]]
        _, first = np.unique(packed([self.lines.bill[at], found[at]]), return_index=True)
        leads = np.zeros(len(at), dtype=np.bool_)
        leads[first] = True
        copay[at] = np.where(leads, amount, NO_COPAY)
        covered[at[(amount >= 0) & ~leads]] = True

    def _shares(self, service: NDArray[np.intp], copay: Cents) -> NDArray[np.int64]:
        """Return each line's share above the deductible, and apply rules of copay and share."""
        plans, plan = self.plans, self.plan
        points = plans.coinsurance_points[plan, service]
        has_copay = copay >= 0
        rule = np.where(plans.own_coinsurance[plan, service], plans.copay_rule[plan], -1)
        for name, pick in (("greater", np.maximum), ("lesser", np.minimum)):
            at = np.flatnonzero(has_copay & (rule == COPAY_RULES.index(name)))
            if at.size:
                copay[at] = pick(copay[at], basis_points(self.allowed[at], points[at]))
        both = rule == COPAY_RULES.index("copay_then_coinsurance")
        return np.where(has_copay & ~both, 0, points)

    def _turned(self, copay: Cents, share: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """Waive the deductible of screenings of Original Medicare that became treatments."""
        turned = self._modified(_TURNED) & self.plans.original[self.plan] & (copay < 0)
        at = np.flatnonzero(turned)
        if not at.size:
            return None
        year = year_index(benefit_year(self.lines.service_date[at], 1))
        share[at] = by_known_year("part_b_screening_turned_diagnostic")[year]
        return turned

    def _part_a(
        self, copay: Cents, share: NDArray[np.int64], covered: NDArray[np.bool_]
    ) -> Cents | None:
        """Put what a stay owes under Part A on its main line; its other lines are covered."""
        if self.stays is None:
            return None
        part_a = np.full(len(copay), -1, dtype=np.int64)
        of_stay = np.zeros(len(self.bills.plan), dtype=np.bool_)
        of_stay[self.stays.bill] = True
        rows = np.flatnonzero(of_stay[self.lines.bill])
        covered[rows], share[rows], copay[rows] = True, 0, NO_COPAY
        at, days = self.main[self.stays.bill], self.stays.days
        covered[at], part_a[at] = False, days.deductible
        copay[at] = days.deductible + days.coinsurance
        return part_a

    def _outside(
        self, copay: Cents, share: NDArray[np.int64], covered: NDArray[np.bool_]
    ) -> NDArray[np.bool_] | None:
        """Return which lines meet the limits out of network, where copays do not hold."""
        bills, plans = self.bills, self.plans
        outside = ~bills.in_network & plans.has_outside[bills.plan]
        if bills.emergency is not None:
            outside &= ~bills.emergency
        if not outside.any():
            return None
        of_lines = outside[self.lines.bill]
        at = np.flatnonzero(of_lines)
        covered[at], copay[at], share[at] = False, NO_COPAY, plans.outside_points[self.plan[at]]
        return of_lines


def above_visit_limits(
    bills: ClaimHeaders, lines: ServiceLines, plans: PlanTable
) -> NDArray[np.bool_]:
    """Return which lines are of visits beyond what the plan covers in a year, bool, shape (m,).

    Visits are counted in the order of decisions; a day of a bill is one visit of a service.
    """
    beyond = np.zeros(len(lines.bill), dtype=np.bool_)
    if not (plans.visit_limits >= 0).any():
        return beyond
    found, plan = line_services(bills, lines), bills.plan[lines.bill]
    limit = plans.visit_limits[plan, found]
    at = np.flatnonzero((found >= 0) & (limit >= 0) & ~lines.part_of_global)
    year = benefit_year(lines.service_date[at], plans.first_month[plan[at]])
    group = packed([bills.person[lines.bill[at]], plan[at], found[at], year])
    decided, bill, day = bills.decided_date[lines.bill[at]], lines.bill[at], lines.service_date[at]
    order = np.lexsort((at, day, bill, decided, group))
    same_group = group[order][1:] == group[order][:-1]
    same_visit = same_group & (bill[order][1:] == bill[order][:-1])
    same_visit &= day[order][1:] == day[order][:-1]
    visit = np.cumsum(np.append(True, ~same_visit)) if len(at) else np.zeros(0, dtype=np.int64)
    first = np.maximum.accumulate(np.where(np.append(True, ~same_group)[: len(at)], visit, 0))
    beyond[at[order]] = visit - first >= limit[at][order]
    return beyond


def line_services(bills: ClaimHeaders, lines: ServiceLines) -> NDArray[np.int32]:
    """Return the service of each line by code, revenue centre or class; -1 for none; (m,)."""
    service = _named(lines.procedure, "procedure")
    service = np.where(service < 0, _named(lines.revenue_code, "revenue"), service)
    by_class = _named(bills.encounter_class, "class")[lines.bill]
    return np.where(service < 0, by_class, service).astype(np.int32)


def _named(texts: Coded, by: str) -> NDArray[np.int32]:
    """Return the service of each row by its text, int32; -1 for none."""
    return np.append(services_of(texts.vocabulary, by, COPAY_KINDS), np.int32(-1))[texts.codes]


def _flags(by_code: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a look-up by code number; code -1, which is none, is false."""
    return np.append(by_code, False)


def _of_lines(column: NDArray[_T] | None, lines: ServiceLines) -> NDArray[_T] | None:
    return None if column is None else column[lines.bill]
