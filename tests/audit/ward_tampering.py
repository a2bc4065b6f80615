"""One small change for each rule of what goes with care, and which other rules tell of it too."""

from __future__ import annotations

from audit.arms_doses import OF_DOSES
from audit.arms_wards import OF_DEVICES, OF_GOALS, OF_PLACES, OF_VACCINES_NOT_GIVEN
from audit.tampering import Tampering

_SAYS = "a UDI says what the device's columns say"
_VISIT = "a vaccine is not given at a visit of its day"
_ALSO = {
    "a UDI is of no company and has its check digit": (_SAYS,),
    "a device is made, used within its shelf life, and then removed": (_SAYS,),
    "a device of a procedure is put in on its day": (
        "a device is made, used within its shelf life, and then removed",
    ),
    "an antibiotic before an operation is given within the hour before it": (
        "places cover a stay or emergency visit",
        "a place begins where the one before ends",
    ),
    "nothing is swallowed while an operation forbids it": (
        "places cover a stay or emergency visit",
    ),
    "a goal with a measure is measured": ("a goal is reached where the latest result shows it",),
    "what thins blood waits after an operation": (
        "places cover a stay or emergency visit",
        "who is watched has vital signs in the unit",
        "a derived group is the one that the stay's codes give",
        "a procedure that is billed is in the chart",
        "reference devices.procedure_id",
        "reference service_requests.procedure_id",
    ),
    "two doses of a stay's drug are half of their usual time apart": (
        "one person medication_administrations.encounter_id",
    ),
    "what runs by vein ends in its encounter, unless a pump goes home": (
        "a dose runs no longer than its drug does",
    ),
    "what people take is given in their stays": (
        "a dose of a prescription is given while it lasts",
    ),
    "what a code says is there is a device": ("problem list: what a visit states, the person has",),
    "no vaccine is refused on the day of its dose": (_VISIT,),
    "a vaccine that is not given suits the age": (
        "within the data immunizations_not_given.occurrence_date",
        _VISIT,
    ),
    "a place is in the facility of its encounter": ("reference encounter_locations.facility_id",),
    "no dose of what a diagnosis of the stay holds": (
        "problem list: what a visit states, the person has",
        "diagnoses of a claim are the encounter's",
    ),
    "no dose against a result that holds it": (
        "nothing is begun against a result",
        "no fill against a result",
        "a flag says where the result lies",
        "computed lab results follow from their inputs",
    ),
}
_FIRST = {
    arm.rule: arm
    for arm in reversed((*OF_DEVICES, *OF_GOALS, *OF_VACCINES_NOT_GIVEN, *OF_PLACES, *OF_DOSES))
    if arm.rows
}

OF_WARDS = tuple(Tampering((rule, *_ALSO.get(rule, ())), arm.sql) for rule, arm in _FIRST.items())
