"""How visits end: the patient discharge status."""

from __future__ import annotations

from collections.abc import Sequence

from healthsim.dates import Days
from healthsim.execution.sync.visits.admissions import Admission
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.execution.timeline.facts import VisitFacts
from healthsim.tables import Coded

_TO_HOSPITAL, _ADMITTED_HERE, _DEAD = "02", "09", "20"


def discharge_status(visit: VisitRows, admissions: Sequence[Admission], death: Days) -> Coded:
    """Return the discharge status of a visit: stated, home, to a hospital, or dead; shape (n,).

    Args:
        visit: any visit.
        admissions: those to which the visit led.
        death: int32, day of death of everybody of the chunk.
    """
    facts = visit.source.facts_as(VisitFacts)
    usual = (
        Coded.constant("01", len(visit.rows)) if facts.disposition is None else facts.disposition
    )
    vocabulary = (*usual.vocabulary, _TO_HOSPITAL, _ADMITTED_HERE, _DEAD)
    codes = usual.codes.copy()
    codes[facts.sent_on] = len(vocabulary) - (
        2 if visit.details.encounter_class == "observation" else 3
    )
    codes[death[visit.rows] <= visit.last] = len(vocabulary) - 1
    for admission in admissions:  # who dies on the day of admission dies in the stay
        codes[visit.position_of(admission.rows)] = len(vocabulary) - 2
    return Coded(codes, vocabulary)
