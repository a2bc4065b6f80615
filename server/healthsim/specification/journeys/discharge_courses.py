"""The antibiotics that people take home after a stay for an infection.

These steps are laid out like those of a document. Their ids have a tilde, which no id of a document
has, so that nothing can refer to them by mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from healthsim.codes.drugs import drugs
from healthsim.medicine.discharge_courses import (
    DischargeCourse,
    discharge_courses,
    treating_classes,
)
from healthsim.specification.journeys.details import CodedDiagnosis
from healthsim.specification.journeys.events import Diagnosis, Encounter, Prescription
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.language.expressions import LONGEST

LEAVING = 6
"""Scope inside a stay, of those who leave it for home or for care that is not acute."""
_HOME = "~home_"
_AT = {"edge": "end", "day": 0}


def is_taken_home(step: str) -> bool:
    """Tell whether a step, by its id, is a prescription that `implied_courses` made.

    >>> is_taken_home("~home_0"), is_taken_home("home")
    (True, False)
    """
    return step.startswith(_HOME)


def states_antibiotics(steps: Iterable[StepHead]) -> bool:
    """Tell whether a document prescribes drugs that treat infections by itself."""
    return any(
        isinstance(step, Prescription)
        and (drug := drugs().rows.get(step.details.drug)) is not None
        and drug.drug_class in treating_classes()
        for step in steps
    )


def implied_courses(stay: Encounter) -> tuple[StepHead, ...]:
    """Return the prescriptions at the end of a stay that finish the treatment of its infection.

    Where a stay has several infections, the first one listed is treated.
    """
    if stay.details.encounter_class != "inpatient":
        return ()
    steps: list[StepHead] = []
    names: list[str] = []
    earlier: list[str] = []
    for code, when in _infections(stay):
        for course in discharge_courses(code):
            asked = [when, *(f"not ({one})" for one in earlier), *_nights(stay.id, course)]
            asked += [f"not within({name!r}, 0)" for name in names]
            text = " and ".join(f"({one})" if " or " in one else one for one in asked if one)
            if len(text) <= LONGEST:
                names.append(f"{_HOME}{len(names)}")
                steps.append(_prescribed(stay, course, names[-1], text))
        if not when:
            break
        earlier.append(when)
    return tuple(steps)


def _infections(stay: Encounter) -> Iterator[tuple[str, str]]:
    """Yield (code, whom it holds for; ``""`` for everybody) of a stay's infections."""
    for one in stay.details.diagnoses:
        code, when = (one.code, one.when) if isinstance(one, CodedDiagnosis) else (one, None)
        if discharge_courses(code):
            yield code, f"({when.text})" if when else ""
    for step in stay.with_:
        if isinstance(step, Diagnosis) and discharge_courses(step.details.code):
            yield step.details.code, f"happened({step.id!r})"


def _nights(stay: str, course: DischargeCourse) -> tuple[str, ...]:
    longer = f"not within({stay!r}, {course.fewest - 1})" if course.fewest else ""
    return longer, f"within({stay!r}, {course.most})"


def _prescribed(stay: Encounter, course: DischargeCourse, name: str, when: str) -> Prescription:
    chance = {"chance": course.share} if course.share < 1 else {}
    made = Prescription.model_validate({
        "do": "event", "type": "prescription", "id": "implied", "when": when, **chance,
        "at": {"after": stay.id, **_AT},
        "details": {"drug": course.drug, "days_supply": course.days, "first_fill_share": 1},
    })  # fmt: skip
    return made.model_copy(update={"id": name})
