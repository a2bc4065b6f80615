"""Arms of the rules of stays: gases and oxygen of respiratory failure, watched units."""

from __future__ import annotations

from audit.arms import Arm, breaks, keeps

_GASES, _OXYGEN = (
    "respiratory failure has arterial blood gases",
    "respiratory failure is given oxygen",
)
_JAUNDICE = "jaundice of a newborn in a stay has a bilirubin"
_WATCHED = "who is watched has vital signs in the unit"
_WEANED = "who goes home without oxygen has been off it for hours"
_STAY = (
    "(SELECT min(encounter_id) FROM encounters WHERE encounter_class = 'inpatient' "
    "AND end_at >= start_at + INTERVAL 1 DAY)"
)


_BILIRUBIN = (
    f"UPDATE lab_results SET loinc = '1975-2', encounter_id = {_STAY} "
    "WHERE lab_result_id = (SELECT min(lab_result_id) FROM lab_results)"
)


def _failing(code: str) -> str:
    return (
        f"UPDATE encounter_diagnoses SET code = '{code}' WHERE sequence = 1 "
        f"AND encounter_id = {_STAY}"
    )


def _measured(loinc: str, at: str) -> str:
    """Let one result of the person be another, so long before or after the admission."""
    return (
        f"UPDATE lab_results SET loinc = '{loinc}', collected_at = s.start_at {at} FROM (SELECT * "
        f"FROM encounters WHERE encounter_id = {_STAY}) AS s WHERE lab_result_id = (SELECT "
        "min(l.lab_result_id) FROM lab_results AS l WHERE l.person_id = s.person_id)"
    )


def _given(what: str) -> str:
    return (
        f"UPDATE medication_administrations SET ingredient = '{what}', encounter_id = {_STAY} "
        "WHERE administration_id = (SELECT min(administration_id) FROM medication_administrations)"
    )


def _breathes(minutes: int, *, doses: int = 2) -> str:
    """Let people be given oxygen in the stay so many minutes before its end."""
    return (
        "UPDATE medication_administrations SET ingredient = 'oxygen', encounter_id = "
        "s.encounter_id, "
        f"given_at = s.end_at - INTERVAL {minutes} MINUTE FROM (SELECT * FROM encounters "
        f"WHERE encounter_id = {_STAY}) AS s WHERE administration_id IN (SELECT administration_id "
        f"FROM medication_administrations ORDER BY administration_id LIMIT {doses})"
    )


def _leaves(status: str) -> str:
    return f"UPDATE encounters SET disposition = '{status}' WHERE encounter_id = {_STAY}"


def _all_have(code: str) -> str:
    return f"UPDATE conditions SET code = '{code}'"


def _unit(name: str, hours: int) -> str:
    """Let the first place of a stay be a unit, for so many hours of a day without vital signs."""
    return (
        f"UPDATE encounter_locations SET unit = '{name}', start_at = TIMESTAMP '2024-01-01 00:00', "
        f"end_at = TIMESTAMP '2024-01-01 00:00' + INTERVAL {hours} HOUR "
        f"WHERE sequence = 1 AND encounter_id = {_STAY}"
    )


OF_WATCHED_STAYS: tuple[Arm, ...] = (
    breaks(_GASES, _failing("J96.01")),
    breaks(_GASES, _failing("J80")),
    keeps(_GASES, _failing("J96.11")),
    keeps(_GASES, _failing("J96.02"), _measured("2703-7", "")),
    keeps(_GASES, _failing("J96.21"), _measured("2744-1", "- INTERVAL 1 DAY")),
    breaks(_GASES, _failing("J96.21"), _measured("2019-8", "- INTERVAL 25 HOUR")),
    breaks(_GASES, _failing("J96.01"), _measured("2708-6", "")),
    breaks(_JAUNDICE, _failing("P59.9")),
    keeps(_JAUNDICE, _failing("P59.9"), _BILIRUBIN),
    keeps(_JAUNDICE, _failing("P92.9")),
    breaks(_OXYGEN, _failing("J96.01"), _given("albuterol")),
    keeps(_OXYGEN, _failing("J96.01"), _given("oxygen")),
    breaks(_WEANED, _leaves("01"), _breathes(719)),
    breaks(_WEANED, _leaves("06"), _breathes(0)),
    keeps(_WEANED, _leaves("03"), _breathes(0)),
    keeps(_WEANED, _leaves("01"), _breathes(720)),
    keeps(_WEANED, _leaves("01"), _breathes(0, doses=1)),
    keeps(_WEANED, _leaves("01"), _breathes(0), _all_have("Z99.81")),
    keeps(_WEANED, _leaves("01"), _breathes(0), _all_have("J96.11")),
    breaks(_WEANED, _leaves("01"), _breathes(0), _all_have("J96.01")),
    breaks(_WATCHED, _unit("intensive care", 8)),
    breaks(_WATCHED, _unit("recovery", 1)),
    keeps(_WATCHED, _unit("recovery", 0)),
    keeps(_WATCHED, _unit("medical", 8)),
)
"""Arms for a scenario with stays and a full chart."""
