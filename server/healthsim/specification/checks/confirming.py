"""Diagnoses of a stay that no test of the stay could have shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from healthsim.codes.loinc import panel
from healthsim.errors import Problem
from healthsim.medicine.confirming import confirming_test
from healthsim.specification.journeys import events
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead


def confirming_warnings(journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield diagnoses made in a stay without the test that shows them, there or in emergency."""
    for place, journey in enumerate(journeys):
        steps = list(journey.steps())
        visits = [step for _, step in steps if isinstance(step, events.Encounter)]
        before = {
            code
            for visit in visits
            if visit.details.encounter_class == "emergency"
            for code in _tests(visit.with_)
        }
        for path, step in steps:
            if isinstance(step, events.Encounter) and step.details.encounter_class == "inpatient":
                yield from _bare(step, before, f"journeys[{place}].{path}")


def _bare(stay: events.Encounter, before: set[str], where: str) -> Iterator[Problem]:
    there = before | set(_tests(stay.with_))
    for number, step in enumerate(stay.with_):
        if isinstance(step, events.Diagnosis):
            test = confirming_test(step.details.code)
            if test is not None and test[0] not in there:
                yield Problem(
                    f"{where}.with[{number}].details.code",
                    f"{step.details.code} is diagnosed in a stay without a {test[1]}",
                    f'add a step of type lab to the stay, with loinc "{test[0]}" or panel "bmp"',
                )


def _tests(steps: Iterable[StepHead]) -> Iterator[str]:
    """Yield the LOINC codes that labs among steps measure."""
    for step in steps:
        if isinstance(step, events.Lab):
            details = step.details
            if details.panel is not None:
                yield from panel(details.panel)
            elif details.loinc is not None:
                yield details.loinc
