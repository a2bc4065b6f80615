"""The care at home that a discharge to home health brings with it.

These steps are laid out like those of a document. Their ids have a tilde, which no id of a document
has, so that nothing can refer to them by mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.medicine.home_health import ORDERS_CARE, CareAtHome, care_at_home, seen_again
from healthsim.specification.distributions.kinds import possible_labels
from healthsim.specification.journeys.details import (
    Billed,
    ClaimDetails,
    CodedDiagnosis,
    EncounterDetails,
)
from healthsim.specification.journeys.events import Encounter, Procedure
from healthsim.specification.journeys.repeats import Repeat
from healthsim.specification.journeys.step import StepHead

AT_HOME = 4
"""Scope inside an encounter, of those who are discharged to home health."""
CLASS = "home_health"
START, COURSE, VISIT = "~care_begins", "~care", "~care_visit"
"""What is added to the id of the stay."""
_REASON = "Care at home after discharge"


def is_implied(step: str) -> bool:
    """Tell whether a step, by its id, is a visit that `implied_care` made.

    >>> is_implied(f"stay{START}"), is_implied("stay")
    (True, False)
    """
    return step.endswith((START, VISIT))


def implied_care(stay: Encounter, later: Sequence[StepHead]) -> tuple[StepHead, ...]:
    """Return the visits of those who are discharged to home health.

    None where nobody can be, or where the journey states visits at home after the stay.

    Args:
        stay: any encounter.
        later: the steps that the document has after it, in the same list.
    """
    status = stay.details.disposition
    if status is None or not set(ORDERS_CARE) & set(possible_labels(status)) or _states_care(later):
        return ()
    care = care_at_home(_done(stay), next(codes_of(stay.details), ""))
    visit = {"do": "event", "type": "encounter", "id": "implied",
             "details": _details(stay.details, care)}  # fmt: skip
    between = {"low": care.soonest, "high": care.latest + 1, "weight": 1}
    first = {"type": "bands", "bands": [between], "decimals": 0}
    begins = Encounter.model_validate({**visit, "at": _after(stay, first)})
    course = Repeat.model_validate({
        "do": "repeat", "id": "implied", "at": _after(stay, care.latest + care.every_days),
        "every": {"days": care.every_days}, "times": care.visits - 1, "steps": [visit],
    })  # fmt: skip
    again = course.steps[0].model_copy(update={"id": f"{stay.id}{VISIT}"})
    return (
        begins.model_copy(update={"id": f"{stay.id}{START}"}),
        course.model_copy(update={"id": f"{stay.id}{COURSE}", "steps": (again,)}),
    )


def _done(stay: Encounter) -> tuple[str, ...]:
    """Return the codes of the procedures of a stay: its own, and those stated in it."""
    listed = (one.code if isinstance(one, Billed) else one for one in stay.details.procedures or ())
    inside = (step.details.code for step in stay.with_ if isinstance(step, Procedure))
    return (*stay.details.icd10pcs, *listed, *inside)


def _after(stay: Encounter, day: object) -> dict[str, object]:
    return {"after": stay.id, "edge": "end", "day": day}


def _details(stay: EncounterDetails, care: CareAtHome) -> dict[str, object]:
    """Return the details of each visit."""
    coded: tuple[object, ...] = care.codes or tuple(first_diagnosis(stay))
    found: dict[str, object] = {"encounter_class": CLASS, "reason": _REASON, "diagnoses": coded,
                                "procedures": [care.service]}  # fmt: skip
    return found | ({"specialty": care.specialty} if care.specialty else {})


def first_diagnosis(stay: EncounterDetails) -> Iterator[object]:
    """Yield the first diagnosis as it is seen again, with those that some have in its place."""
    for one in stay.diagnoses:
        if isinstance(one, CodedDiagnosis):
            yield one.model_copy(update={"code": seen_again(one.code)})
            continue
        yield seen_again(one)
        return


def codes_of(stay: EncounterDetails | ClaimDetails) -> Iterator[str]:
    """Yield the codes of the diagnoses of a visit or a claim, ICD-10-CM."""
    return (one.code if isinstance(one, CodedDiagnosis) else one for one in stay.diagnoses)


def _states_care(steps: Sequence[StepHead]) -> bool:
    """Tell whether visits at home are among steps, or in a repeat of them."""
    return any(
        (isinstance(step, Encounter) and step.details.encounter_class == CLASS)
        or (isinstance(step, Repeat) and _states_care(step.steps))
        for step in steps
    )
