"""What the steps of a journey are in the rules of beds."""

from __future__ import annotations

from functools import cache

from healthsim.medicine.occupancy import STAYS, displacements
from healthsim.specification.journeys import events
from healthsim.specification.journeys.plan import Beating, JourneyLayout, Occurrence
from healthsim.specification.journeys.repeats import ProtocolVisit, Repeat
from healthsim.specification.journeys.step import StepHead

_ORDERS = (
    events.Lab, events.Vital, events.Procedure, events.Immunization, events.Prescription,
    events.Referral, events.CarePlan, events.Exposure,
)  # fmt: skip
_ORDER_TYPES = (
    "lab", "vital", "procedure", "immunization", "prescription", "referral", "care_plan",
    "exposure",
)  # fmt: skip


def what_of(step: StepHead) -> str | None:
    """Return what a step is in the rules of beds; None where they say nothing of it."""
    if isinstance(step, events.Encounter | events.Claim):
        return step.details.encounter_class
    if isinstance(step, ProtocolVisit):
        return "protocol_visit"
    return step.type if isinstance(step, _ORDERS) else None


@cache
def may_follow_on(what: str) -> bool:
    """Tell whether something may happen on the day of a discharge, after it.

    >>> may_follow_on("snf"), may_follow_on("office")
    (True, False)
    """
    rules = [rule.rule for (_, ruled), rule in displacements().items() if ruled == what]
    return what in STAYS or "discharge" in rules


def may_come_before(what: str) -> bool:
    """Tell whether something of the day of an admission comes before it: what is no visit."""
    return what in _ORDER_TYPES or what == "protocol_visit"


def ruled_as(layout: JourneyLayout, occurrence: Occurrence) -> str | None:
    """Return what an occurrence is in the rules; None where it is not moved by itself."""
    step = occurrence.step
    if isinstance(step, Beating):
        return _beat(step) if occurrence.tick > 1 else None
    what, opener = what_of(step), layout.scopes[occurrence.scope].opener
    planned = opener >= 0 and isinstance(layout.occurrences[opener].step, ProtocolVisit)
    if what is None or (planned and occurrence.anchor < 0):
        return None  # what a protocol's visit holds goes with it, but not what is after that
    visit = isinstance(step, events.Encounter | events.Claim)
    if occurrence.encounter >= 0:
        around = layout.occurrences[occurrence.encounter].step
        return what if visit and what_of(around) not in STAYS else None
    if not visit and occurrence.anchor >= 0 and step.at.edge != "end":
        # what is dated from the admission is meant to happen during the stay
        after = layout.occurrences[occurrence.anchor].step
        return None if what_of(after) in STAYS else what
    return what


def _beat(step: Beating) -> str | None:
    """Return what a beat is: its first visit, where the next beat is counted from it."""
    if step.counted != "previous":
        return None
    if not isinstance(step, Repeat):
        return "office"
    visits = [what_of(one) for one in step.steps if isinstance(one, events.Encounter)]
    return visits[0] if visits and visits[0] not in STAYS else None
