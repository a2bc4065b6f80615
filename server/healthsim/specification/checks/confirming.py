"""Diagnoses that no test of a stay, or of a journey, could have shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from healthsim.codes.loinc import panel
from healthsim.errors import Problem
from healthsim.medicine.confirming import ANY, STAY, ConfirmingTest, confirming_tests
from healthsim.medicine.stay_tests import shown_on_arrival
from healthsim.specification.journeys import events
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead


def confirming_warnings(journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield diagnoses without the test that shows them: in the stay, in emergency, or anywhere."""
    for place, journey in enumerate(journeys):
        steps = list(journey.steps())
        visits = [step for _, step in steps if isinstance(step, events.Encounter)]
        before = set(_tests(one for visit in visits for one in visit.with_
                            if visit.details.encounter_class == "emergency"))  # fmt: skip
        anywhere = set(_tests(step for _, step in steps))
        for path, step in steps:
            where = f"journeys[{place}].{path}"
            if isinstance(step, events.Encounter) and step.details.encounter_class == "inpatient":
                yield from _of_stay(step, before | set(_tests(step.with_)), where)
            if isinstance(step, events.Diagnosis):
                yield from _bare(step.details.code, anywhere, f"{where}.details.code", ANY)


def _of_stay(stay: events.Encounter, there: set[str], where: str) -> Iterator[Problem]:
    """Yield what a stay lists by its code alone, and what is diagnosed in it, without its test."""
    for number, one in enumerate(stay.details.diagnoses):
        if isinstance(one, str):
            yield from _bare(one, there, f"{where}.details.diagnoses[{number}]", STAY)
    for number, step in enumerate(stay.with_):
        if isinstance(step, events.Diagnosis):
            place = f"{where}.with[{number}].details.code"
            yield from _bare(step.details.code, there, place, STAY)


def _bare(code: str, there: set[str], where: str, visits: str) -> Iterator[Problem]:
    what = "journey" if visits == ANY else "stay"
    for test in confirming_tests(code):
        known = there if visits == ANY else there | shown_on_arrival(code)
        if test.visits == visits and not known.intersection(test.codes):
            yield Problem(
                where, f"{code} is diagnosed in a {what} without a {test.words}", _mend(test, what)
            )


def _mend(test: ConfirmingTest, what: str) -> str:
    place = "a visit before the diagnosis" if what == "journey" else "the stay"
    return f'add a step of type lab to {place}, with loinc "{test.codes[0]}" or its panel'


def _tests(steps: Iterable[StepHead]) -> Iterator[str]:
    """Yield the LOINC codes that labs among steps measure."""
    for step in steps:
        if isinstance(step, events.Lab):
            details = step.details
            if details.panel is not None:
                yield from panel(details.panel)
            elif details.loinc is not None:
                yield details.loinc
