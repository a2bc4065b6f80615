# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of stays: tests that show an illness, what is given for it, and who is watched."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.medicine.watched_units import watched_units

_FAILURE = "J96\\.[02]|J80"
_GASES = "('2703-7', '2019-8', '2744-1')"
_SHORT = "INTERVAL 4 HOUR"  # of a stay after which tests and treatment are there: assumption
_FAILING = (
    "(SELECT DISTINCT e.encounter_id, e.person_id, e.start_at, e.end_at FROM encounters AS e "
    "JOIN events AS v USING (event_id) JOIN encounter_diagnoses AS d USING (encounter_id) "
    f"WHERE e.encounter_class = 'inpatient' AND regexp_matches(d.code, '^({_FAILURE})') "
    f"AND v.type = 'encounter' AND e.end_at >= e.start_at + {_SHORT} "
    "AND e.start_at::DATE < (SELECT through FROM temp.data_days))"
)
_BILIRUBIN = "('1975-2', '1971-1', '1968-7')"
_JAUNDICE = "P5[589]"
_TESTED = "INTERVAL 56 HOUR"  # from midnight of the first day: the round of the third is over
_UNITS = ", ".join(
    f"('{unit}', {one.every_hours})" for unit, one in watched_units().items()
)  # fmt: skip
_HOURS = "date_diff('minute', l.start_at, l.end_at) / 60"

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "respiratory failure has arterial blood gases", "lab_results.loinc",
        ("lab_results", "encounters", "encounter_diagnoses", "events"),
        f"SELECT concat('encounter_id ', e.encounter_id) FROM {_FAILING} AS e "
        "WHERE NOT EXISTS (FROM lab_results AS l WHERE l.person_id = e.person_id "
        f"AND l.loinc IN {_GASES} AND l.collected_at <= e.end_at "
        "AND l.collected_at >= e.start_at - INTERVAL 1 DAY)",
    ),
    AuditRule(
        "jaundice of a newborn in a stay has a bilirubin", "lab_results.loinc",
        ("lab_results", "encounters", "encounter_diagnoses", "events"),
        "SELECT DISTINCT concat('encounter_id ', e.encounter_id) FROM encounters AS e "
        "JOIN events AS v USING (event_id) JOIN encounter_diagnoses AS d USING (encounter_id) "
        f"WHERE e.encounter_class = 'inpatient' AND regexp_matches(d.code, '^({_JAUNDICE})') "
        f"AND v.type = 'encounter' AND e.end_at >= e.start_at::DATE + {_TESTED} "
        f"AND e.start_at::DATE + {_TESTED} <= (SELECT through FROM temp.data_days) "
        "AND NOT EXISTS (FROM lab_results AS l WHERE l.encounter_id = e.encounter_id "
        f"AND l.loinc IN {_BILIRUBIN})",
    ),
    AuditRule(
        "respiratory failure is given oxygen", "medication_administrations.ingredient",
        ("medication_administrations", "encounters", "encounter_diagnoses", "events"),
        f"SELECT concat('encounter_id ', e.encounter_id) FROM {_FAILING} AS e "
        "WHERE NOT EXISTS (FROM medication_administrations AS m "
        "WHERE m.encounter_id = e.encounter_id AND m.ingredient = 'oxygen')",
    ),
    AuditRule(
        "who is watched has vital signs in the unit", "vital_signs.measured_at",
        ("vital_signs", "encounter_locations"),
        "SELECT concat('encounter_id ', encounter_id, ' in ', unit) FROM "
        "(SELECT l.encounter_id, l.unit, l.sequence, any_value(u.hours) AS every, "
        f"any_value({_HOURS}) AS hours, count(DISTINCT v.measured_at) AS times "
        f"FROM encounter_locations AS l JOIN (VALUES {_UNITS}) AS u (unit, hours) USING (unit) "
        "LEFT JOIN vital_signs AS v ON v.encounter_id = l.encounter_id "
        "AND v.measured_at BETWEEN l.start_at AND l.end_at "
        "WHERE EXISTS (FROM temp.usual_signs) AND l.end_at > l.start_at "
        "GROUP BY l.encounter_id, l.unit, l.sequence) "
        "WHERE times < if(every > 0, greatest(least(hours // every, 60), 1), 1)",
    ),
)  # fmt: skip
"""Rules of stays; `temp.usual_signs` is empty where a profile wants no usual vital signs."""
