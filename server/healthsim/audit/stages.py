# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of what tests and readings show: it is recorded on the day on which they show it."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.medicine.pressure_readings import shown_by_readings
from healthsim.medicine.stages import stage_tests

_STAGES = ", ".join(
    f"('{one.code}', '{one.loinc}', '{one.low}'::DOUBLE, '{one.below}'::DOUBLE, "
    f"{one.within_days}, {one.known_after})"
    for one in stage_tests().values()
)
_TESTED = (
    "SELECT 1 FROM lab_results AS r WHERE r.person_id = s.person_id AND r.loinc = t.loinc "
    "AND r.value IS NOT NULL AND r.collected_at::DATE"
)
_READINGS = ", ".join(
    f"('{one.code}', '{loinc}', {least}::DOUBLE, {one.at_once[loinc]}::DOUBLE, "
    f"{one.days}, {one.within_days})"
    for one in shown_by_readings()
    for loinc, least in one.at_least.items()
)
_READ = (
    f"FROM vital_signs AS r JOIN (VALUES {_READINGS}) AS t(code, loinc, least, at_once, days, "
    "within) ON r.loinc = t.loinc WHERE r.person_id = s.person_id AND s.code LIKE t.code || '%' "
    "AND r.measured_at::DATE"
)
_LONGEST = 300  # days back in which readings count: longer than a pregnancy

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "problem list: a stage begins when a test shows it", "conditions.onset_date",
        ("conditions", "events", "lab_results"),
        "SELECT concat('condition_id ', s.condition_id, ' code ', s.code) FROM conditions AS s "
        f"JOIN (VALUES {_STAGES}) AS t(code, loinc, low, below, days, wait) USING (code) "
        "JOIN events AS v USING (event_id) "
        "WHERE v.type = 'diagnosis' AND s.encounter_id IS NULL AND EXISTS (SELECT 1 "
        "FROM conditions AS o WHERE o.person_id = s.person_id AND o.code <> s.code "
        f"AND o.code IN (SELECT code FROM (VALUES {_STAGES}) AS k(code, loinc, low, below, days, "
        "wait) WHERE k.loinc = t.loinc) AND o.abatement_date = s.onset_date - 1) "
        f"AND EXISTS ({_TESTED} BETWEEN s.onset_date - t.days AND s.onset_date + t.days - 1) "
        f"AND NOT EXISTS ({_TESTED} BETWEEN s.onset_date - t.wait AND s.onset_date "
        "AND r.value >= t.low AND r.value < t.below)",
        mend="let the journey measure what shows the stage on the day of its diagnosis",
    ),
    AuditRule(
        "problem list: a stage is recorded when the result that shows it is reported",
        "conditions.recorded_date", ("conditions", "events", "lab_results"),
        "SELECT concat('condition_id ', s.condition_id, ' code ', s.code) FROM conditions AS s "
        f"JOIN (VALUES {_STAGES}) AS t(code, loinc, low, below, days, wait) USING (code) "
        "JOIN events AS v USING (event_id) JOIN lab_results AS l ON l.person_id = s.person_id "
        "AND l.loinc = t.loinc AND l.value >= t.low AND l.value < t.below "
        "AND l.collected_at::DATE BETWEEN s.onset_date - t.wait AND s.onset_date "
        "WHERE v.type = 'diagnosis' AND s.encounter_id IS NULL "
        "GROUP BY s.condition_id, s.code, s.recorded_date, s.abatement_date "
        "HAVING min(l.resulted_at)::DATE > s.recorded_date "
        "AND min(l.resulted_at)::DATE <= coalesce(s.abatement_date, min(l.resulted_at)::DATE)",
    ),
    AuditRule(
        "problem list: what raised readings show begins when they show it",
        "conditions.onset_date", ("conditions", "events", "vital_signs"),
        "SELECT concat('condition_id ', s.condition_id, ' code ', s.code) FROM conditions AS s "
        "JOIN events AS v USING (event_id) "
        "WHERE v.type = 'diagnosis' AND s.encounter_id IS NULL "
        f"AND EXISTS (SELECT 1 {_READ} BETWEEN s.onset_date AND s.onset_date + t.within - 1) "
        f"AND (NOT EXISTS (SELECT 1 {_READ} = s.onset_date AND r.value >= t.least) "
        f"OR (SELECT count(DISTINCT r.measured_at::DATE) >= max(t.days) OR max(r.value - t.at_once "
        f"+ (r.measured_at::DATE - s.onset_date) * {_LONGEST}) >= 0 {_READ} "
        f"BETWEEN s.onset_date - {_LONGEST} AND s.onset_date AND r.value >= t.least) IS NOT true)",
        mend="let the journey measure blood pressure on the days that lead to the diagnosis",
    ),
)  # fmt: skip
"""Rules of `medicine/data/stage_tests.csv`, of later stages that no visit states itself, and of
`shown_by_readings.csv`, of what a journey states outside of visits."""
