"""What an adverse event brings with it: the result that defines it, and a stay where it is serious.

These steps are laid out like those of a document. Their ids have a tilde, which no id of a document
has, so that nothing can refer to them by mistake.
"""

from __future__ import annotations

from typing import Any

from healthsim.medicine.ctcae import criterion_of
from healthsim.specification.journeys.events import AdverseEvent, Encounter, Lab
from healthsim.specification.journeys.step import EventHead

SERIOUS = 1
"""The scope inside an adverse event of those for whom it is serious."""
STAY, CONDITION, RESULT = "~stay", "~condition", "~result"
"""What is added to the id of the adverse event."""

_NIGHTS = {"type": "gamma", "mean": 5, "sd": 4, "decimals": 0}
"""Nights of a stay for a serious adverse event: assumption, as unplanned stays of adults."""


def implied_result(step: AdverseEvent) -> tuple[EventHead, ...]:
    """Return the result on the first day of an adverse event that a result defines, if any."""
    criterion = criterion_of(step.details.term)
    if criterion is None or step.details.result == "none" or step.details.grade is None:
        return ()
    return (_made(Lab, "lab", f"{step.id}{RESULT}", {"loinc": criterion.loinc}),)


def implied_stay(step: AdverseEvent) -> tuple[EventHead, ...]:
    """Return the stay that a serious adverse event leads to, with its condition, if any."""
    details = step.details
    if details.stay == "none":
        return ()
    found: dict[str, Any] = {"encounter_class": "inpatient", "reason": details.term,
                             "los_days": _NIGHTS, "comorbidities": True}  # fmt: skip
    if details.code is not None:
        found["diagnoses"] = [details.code]
    if details.stay != "usual":
        stated = details.stay.model_dump(exclude_unset=True)
        found |= stated
    return (_made(Encounter, "encounter", f"{step.id}{STAY}", found),)


def _made(kind: type[EventHead], name: str, id: str, details: dict[str, Any]) -> EventHead:
    made = kind.model_validate({"do": "event", "type": name, "id": "implied", "details": details})
    return made.model_copy(update={"id": id})
