"""What steps bring with them: results and stays of adverse events, treatments of stays.

The result that defines an adverse event is measured, a serious one leads to a stay. A treatment
has its usual adverse events. What a stay is for is done in it.

These steps are laid out like those of a document. Their ids have a tilde, which no id of a document
has, so that nothing can refer to them by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from healthsim.medicine.adverse_events import BACKGROUND, UsualEvent, usual_events
from healthsim.medicine.ctcae import criterion_of
from healthsim.medicine.stay_treatments import missing_treatments
from healthsim.specification.journeys.details import EncounterDetails
from healthsim.specification.journeys.events import (
    AdverseEvent,
    Encounter,
    Lab,
    Procedure,
    UsualAdverseEvents,
)
from healthsim.specification.journeys.step import EventHead

SERIOUS, PROGRESSED, MILD = 1, 2, 3
"""Scopes inside an adverse event, of those for whom it is serious and of the others, and inside an
assessment of a tumour, of those whose disease progresses."""
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


def _stated(stay: EncounterDetails) -> dict[str, Any]:
    """Return the details of a stay that are not a visit's usual ones, and whom it codes."""
    usual = EncounterDetails.model_fields
    return {name: value for name, value in stay.model_dump().items()
            if name == "comorbidities" or getattr(stay, name) != usual[name].default}  # fmt: skip


def implied_stay(step: AdverseEvent) -> tuple[EventHead, ...]:
    """Return the stay that a serious adverse event leads to, with the result in it, if any."""
    details = step.details
    if details.stay == "none":
        return ()
    found: dict[str, Any] = {"encounter_class": "inpatient", "reason": details.term,
                             "los_days": _NIGHTS, "comorbidities": True}  # fmt: skip
    if details.code is not None:
        found["diagnoses"] = [details.code]
    if details.stay != "usual":
        found |= _stated(details.stay)
    stay = _made(Encounter, "encounter", f"{step.id}{STAY}", found)
    during = tuple(one.model_copy(update={"id": f"{step.id}{STAY}{RESULT}"})
                   for one in implied_result(step))  # fmt: skip
    return (stay.model_copy(update={"with_": during}),)


def treated(step: Encounter) -> Encounter:
    """Return a stay with what is done in every stay with its diagnoses; others as they are.

    A diagnosis that holds only `when` something does is left out.
    """
    details = step.details
    if details.encounter_class != "inpatient":
        return step
    done = [code for code, _ in details.operations()]
    done += [one.details.code for one in step.with_ if isinstance(one, Procedure)]
    missing = missing_treatments([one for one in details.diagnoses if isinstance(one, str)], done)
    if not missing:
        return step
    more = details.model_copy(update={"icd10pcs": (*details.icd10pcs, *missing)})
    return step.model_copy(update={"details": more})


def implied_events(step: UsualAdverseEvents) -> tuple[EventHead, ...]:
    """Return the adverse events of the table that a step makes possible, one for each term.

    The risk of a term is that of the subject's class, by arm, and of the term's sex.
    """
    details = step.details
    arms = details.classes if isinstance(details.classes, dict) else {}
    usual = {arm: usual_events(name) for arm, name in arms.items()}
    others = usual_events(BACKGROUND if arms else str(details.classes))
    found = []
    for term in dict.fromkeys([*others, *(term for events in usual.values() for term in events)]):
        wanted = term not in details.without and (not details.terms or term in details.terms)
        if wanted:
            by_arm = {arm: events.get(term) for arm, events in usual.items()}
            found.append(_usual_event(step, term, by_arm, others.get(term)))
    return tuple(found)


def _usual_event(
    step: UsualAdverseEvents,
    term: str,
    by_arm: dict[str, UsualEvent | None],
    other: UsualEvent | None,
) -> EventHead:
    """Return the adverse event of one term."""
    days = step.details.within_days
    known = next(one for one in (*by_arm.values(), other) if one is not None)

    def of_arm(value: Callable[[UsualEvent | None], object]) -> object:
        """Return what holds for everybody, or by arm, as a distribution is written."""
        cases = [{"when": f"arm == {arm!r}", "then": value(event)} for arm, event in by_arm.items()]
        if not cases:
            return value(other)
        return {"type": "conditional", "cases": cases, "otherwise": value(other)}

    lasting = {"type": "exponential", "mean": known.mean_days, "decimals": 0}
    details = {
        "term": term,
        "code": known.code,
        "grade": of_arm(lambda event: dict((event or known).grades)),
        "related": of_arm(lambda event: dict((event or known).related)),
        "action": of_arm(lambda event: dict((event or known).action)),
        "serious": of_arm(lambda event: (event or known).serious),
        "lasts_days": lasting,
    }
    share = of_arm(lambda event: 0 if event is None else event.share_within(days))
    made = AdverseEvent.model_validate({
        "do": "event", "type": "adverse_event", "id": "implied", "details": details,
        "hazard": {"share": share, "within_days": days},
        **({"when": f"gender == {known.sex!r}"} if known.sex else {}),
    })  # fmt: skip
    return made.model_copy(update={"id": f"{step.id}~{slug(term)}"})


def slug(term: str) -> str:
    """Return a term as a part of an id.

    >>> slug("Urinary tract infection")
    'urinary_tract_infection'
    """
    return "_".join(re.findall(r"[a-z0-9]+", term.casefold()))


def _made(kind: type[EventHead], name: str, id: str, details: dict[str, Any]) -> EventHead:
    made = kind.model_validate({"do": "event", "type": name, "id": "implied", "details": details})
    return made.model_copy(update={"id": id})
