# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of hours: when people arrive, and what waits for what on one day."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.medicine.occupancy import STAYS
from healthsim.medicine.visit_lengths import waits

_APPOINTMENT = "concat('appointment_id ', a.appointment_id)"
_LONG_DAY = 10 * 60  # minutes of visits for which a day may have no room
_WAITS = ", ".join(f"('{code}', {minutes})" for code, minutes in sorted(waits().items()))
_PUMPS = "('96416', 'G0498')"
"""Codes of a pump that is connected and goes home."""
_COUNTS = "('6690-2', '751-8')"

RULES: tuple[AnyRule, ...] = (
    RowRule(
        "a planned stay is admitted in the day", "encounters.start_at", "encounters",
        "encounter_class = 'inpatient' AND admit_type = '3' "
        "AND hour(start_at) NOT BETWEEN 5 AND 19",
    ),
    AuditRule(
        "a visit begins after the one before it has ended", "encounters.start_at", ("encounters",),
        "SELECT DISTINCT concat('encounter_id ', encounter_id) FROM ("
        "SELECT encounter_id, start_at, max(end_at) OVER (PARTITION BY person_id, start_at::DATE "
        "ORDER BY start_at, end_at, encounter_id "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before, "
        "sum(date_diff('minute', start_at, end_at)) OVER (PARTITION BY person_id, start_at::DATE) "
        f"AS lasts FROM encounters WHERE encounter_class NOT IN {STAYS}) AS e "
        f"WHERE before > start_at AND lasts < {_LONG_DAY} "
        "AND (SELECT one_bed FROM temp.data_days)",
    ),
    AuditRule(
        "a drug against cancer waits for the blood count of its visit",
        "medication_administrations.given_at",
        ("medication_administrations", "procedures", "lab_results", "encounters"),
        "SELECT concat('administration_id ', a.administration_id) "
        "FROM medication_administrations AS a JOIN procedures AS p USING (procedure_id) "
        "JOIN encounters AS e ON e.encounter_id = a.encounter_id WHERE p.code LIKE 'J9%' "
        f"AND e.encounter_class NOT IN ('emergency', {str(STAYS)[1:-1]}) AND EXISTS ("
        "FROM lab_results AS l WHERE l.encounter_id = a.encounter_id "
        f"AND l.loinc IN {_COUNTS} AND l.resulted_at > a.given_at)",
    ),
    AuditRule(
        "a pump is taken off on a weekday", "encounters.start_at", ("encounters", "procedures"),
        "SELECT DISTINCT concat('encounter_id ', e.encounter_id) FROM encounters AS e "
        "JOIN procedures AS p USING (encounter_id) WHERE p.code = '96523' "
        "AND e.encounter_class IN ('office', 'outpatient_hospital') AND isodow(e.start_at) > 5 "
        f"AND EXISTS (SELECT 1 FROM procedures AS b WHERE b.person_id = e.person_id "
        f"AND b.code IN {_PUMPS} AND e.start_at::DATE - b.performed_date BETWEEN 1 AND 3)",
        mend="begin pumps from Monday to Wednesday, or take them off at home",
    ),
    AuditRule(
        "a timed test waits from arrival", "lab_results.collected_at",
        ("lab_results", "encounters"),
        "SELECT concat('lab_result_id ', l.lab_result_id) FROM lab_results AS l "
        "JOIN encounters AS e USING (encounter_id) "
        f"JOIN (VALUES {_WAITS}) AS w (loinc, minutes) ON w.loinc = l.loinc "
        "WHERE l.collected_at::DATE = e.start_at::DATE "
        "AND date_diff('minute', e.start_at, l.collected_at) < w.minutes "
        "AND l.collected_at::TIME < TIME '23:59:00'",
    ),
    AuditRule(
        "an appointment is made in the day", "appointments.booked_at", ("appointments",),
        f"SELECT {_APPOINTMENT} FROM appointments AS a WHERE a.status <> 'booked' "
        "AND hour(a.booked_at) NOT BETWEEN 7 AND 21 "
        "AND hour(a.start_at) BETWEEN 8 AND 18",
    ),
)  # fmt: skip
