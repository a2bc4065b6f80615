# ruff: noqa: S608  (the SQL is made of this package's own names and tables, never of a user's words)
"""Rules of reference intervals, by sex and age, and of tests in the first days of life."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.medicine.visit_lengths import waits

_BORN = (
    "SELECT p.*, coalesce((SELECT min(e.start_at) FROM encounters AS e "
    "WHERE e.person_id = p.person_id AND e.encounter_class = 'inpatient' "
    "AND e.start_at::DATE = p.birth_date), p.birth_date::TIMESTAMP) AS born FROM patients AS p"
)
"""Everybody and when they were born: their stay of that day begins then, else midnight."""
_DUE = ", ".join(f"('{loinc}', {minutes})" for loinc, minutes in waits("birth").items())

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "an interval is that of the person's sex and age",
        "lab_results.ref_low",
        ("lab_results", "patients", "encounters"),
        "SELECT concat('lab_result_id ', r.lab_result_id) FROM "
        "(SELECT l.*, p.gender AS sex, p.born, greatest(0, "
        "(year(l.collected_at) - year(p.birth_date)) * 12 + month(l.collected_at) "
        "- month(p.birth_date) - (day(l.collected_at) < day(p.birth_date))::INTEGER) AS months "
        f"FROM lab_results AS l JOIN ({_BORN}) AS p USING (person_id)) AS r JOIN temp.norms AS n "
        "ON n.loinc = r.loinc AND n.sex = r.sex AND r.months >= n.from_months "
        "AND r.months < n.below_months WHERE (r.ref_low IS DISTINCT FROM n.ref_low "
        "OR r.ref_high IS DISTINCT FROM n.ref_high) "
        "AND NOT EXISTS (SELECT 1 FROM temp.newborn_norms AS w WHERE w.loinc = r.loinc "
        "AND r.collected_at >= r.born AND r.collected_at < r.born + to_hours(w.below_hours))",
    ),
    AuditRule(
        "an interval of the first days is that of the hour of life",
        "lab_results.ref_high",
        ("lab_results", "patients", "encounters"),
        "SELECT concat('lab_result_id ', l.lab_result_id) FROM lab_results AS l "
        f"JOIN ({_BORN}) AS p USING (person_id) JOIN temp.newborn_norms AS w ON w.loinc = l.loinc "
        "AND l.collected_at >= p.born + to_hours(w.from_hours) "
        "AND l.collected_at < p.born + to_hours(w.below_hours) "
        "WHERE l.ref_low IS DISTINCT FROM w.ref_low OR l.ref_high IS DISTINCT FROM w.ref_high",
    ),
    AuditRule(
        "a newborn's timed test waits for its hour of life",
        "lab_results.collected_at",
        ("lab_results", "patients", "encounters"),
        "SELECT concat('lab_result_id ', l.lab_result_id) FROM lab_results AS l "
        f"JOIN ({_BORN}) AS p USING (person_id) JOIN (VALUES {_DUE}) AS d (loinc, minutes) "
        "ON d.loinc = l.loinc JOIN encounters AS e ON e.encounter_id = l.encounter_id "
        "WHERE e.start_at = p.born AND e.encounter_class = 'inpatient' "
        "AND l.collected_at < least(p.born + to_minutes(d.minutes), "
        "e.end_at - INTERVAL 60 MINUTE, l.collected_at::DATE + INTERVAL 1439 MINUTE)",
    ),
)
"""Rules of the intervals that results are judged by."""
