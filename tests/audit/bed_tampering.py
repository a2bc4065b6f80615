"""One small change for each rule of beds and deaths, and which other rules tell of it too."""

from __future__ import annotations

from audit.arms_beds import OF_BEDS
from audit.arms_stays import OF_WATCHED_STAYS
from audit.tampering import Tampering

_MOVED = (
    "a claim begins with its encounter", "a claim ends with its encounter",
    "during its encounter vital_signs.measured_at", "during its encounter lab_results.collected_at",
    "an event and its encounter are of one day",
    "a kept appointment is a visit with its clinician on its day",
    "problem list: what a visit states, the person has",
)  # fmt: skip
_FAILURE = (
    "respiratory failure has arterial blood gases", "respiratory failure is given oxygen",
    "an encounter has a diagnosis", "diagnoses of a claim are the encounter's",
    "a derived group is the one that the stay's codes give",
    "problem list: what a visit states, the person has",
)  # fmt: skip
_ALSO = {
    "nobody is in two beds": (
        *_MOVED,
        "an encounter has one claim of its facility",
        "an encounter ends after it begins",
        "places cover a stay or emergency visit",
        "a stay's group says where it is from",
        "a derived group is the one that the stay's codes give",
        "a screening is answered while its encounter lasts",
    ),
    "no visit falls into a stay": (
        *_MOVED,
        "a screening is answered while its encounter lasts",
    ),
    "no two visits of a series are on a day": (
        "an event and its encounter are of one day",
        "on the day of its event claim_lines.service_date",
    ),
    "no fill falls into a stay": ("a product has one price in a month",),
    "the dead have a cause and a place": (),
    "care at home follows a discharge to it": ("a stay's claim says what the stay says",),
    "a stay in a nursing facility follows a discharge to one": (
        "a stay's claim says what the stay says",
    ),
    _FAILURE[0]: _FAILURE[1:],
    _FAILURE[1]: (_FAILURE[0], *_FAILURE[2:]),
    "jaundice of a newborn in a stay has a bilirubin": _FAILURE[2:],
    "who is watched has vital signs in the unit": (
        "within the data encounter_locations.start_at",
        "within the data encounter_locations.end_at",
        "places cover a stay or emergency visit",
        "a place begins where the one before ends",
    ),
}

OF_STAYS = tuple(
    Tampering(
        (rule, *also),
        next(arm.sql for arm in (*OF_BEDS, *OF_WATCHED_STAYS) if arm.rule == rule and arm.rows),
    )
    for rule, also in _ALSO.items()
)
