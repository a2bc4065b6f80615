"""The stay in a nursing facility that a discharge to one brings with it.

It is laid out like a step of a document. Its id has a tilde, which no id of a document has, so that
nothing can refer to it by mistake.
"""

from __future__ import annotations

from collections.abc import Sequence

from healthsim.medicine.nursing_facility import ORDERS_STAY, facility_stay
from healthsim.specification.distributions.kinds import possible_labels
from healthsim.specification.journeys.events import Encounter
from healthsim.specification.journeys.home_care import codes_of, first_diagnosis
from healthsim.specification.journeys.step import StepHead

IN_FACILITY = 5
"""Scope inside an encounter, of those who are discharged to a nursing facility."""
CLASS = "snf"
STAY = "~facility"
"""What is added to the id of the stay before."""
_REASON = "Skilled nursing after a stay"
_ASSESSED = "99306"  # initial nursing facility care
_HOME, _CARED_FOR = "01", "06"


def implied_facility(stay: Encounter, later: Sequence[StepHead]) -> tuple[StepHead, ...]:
    """Return the stay of those who are discharged to a nursing facility.

    None where nobody can be, or where the journey states one after the stay.

    Args:
        stay: any encounter.
        later: the steps that the document has after it, in the same list.
    """
    status = stay.details.disposition
    if status is None or not set(ORDERS_STAY) & set(possible_labels(status)):
        return ()
    if _states_facility(later):
        return ()
    found = facility_stay(stay.details.icd10pcs, next(codes_of(stay.details), ""))
    nights = {"type": "lognormal", "mean": found.mean, "sd": found.sd, "low": found.low,
              "high": found.high, "decimals": 0}  # fmt: skip
    follows = Encounter.model_validate({
        "do": "event", "type": "encounter", "id": "implied",
        "at": {"after": stay.id, "edge": "end", "day": 0},
        "details": {
            "encounter_class": CLASS, "reason": _REASON, "procedures": [_ASSESSED],
            "diagnoses": found.codes or tuple(first_diagnosis(stay.details)), "los_days": nights,
            "disposition": {_HOME: found.home_share, _CARED_FOR: round(1 - found.home_share, 3)},
        },
    })  # fmt: skip
    return (follows.model_copy(update={"id": f"{stay.id}{STAY}"}),)


def _states_facility(steps: Sequence[StepHead]) -> bool:
    """Tell whether a stay in a nursing facility is among steps, or in what they hold."""
    return any(
        (isinstance(step, Encounter) and step.details.encounter_class == CLASS)
        or any(_states_facility(held) for _, held in step.inner())
        for step in steps
    )
