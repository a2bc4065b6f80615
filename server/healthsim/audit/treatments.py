# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of stays: what they are for is done and finished, and low hemoglobin is answered."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.codes.drugs import drugs
from healthsim.medicine.discharge_courses import NOT_LEAVING, all_courses, treating_classes
from healthsim.medicine.growth import figure
from healthsim.medicine.stay_treatments import stay_treatments
from healthsim.medicine.transfusions import transfusions
from healthsim.medicine.ward_drugs import AT_HOME, LEAVING_HOME, OXYGEN

_BEFORE = "'^(I1[23]|E(08|09|10|11|13)\\.22)'"
"""Codes of causes that stand before the stage of a kidney disease: they are not what it is for."""
_TREATMENTS = ", ".join(
    f"('^({'|'.join(one.diagnoses)})', '^({'|'.join((one.operation, *one.instead))})')"
    for one in stay_treatments()
).replace(".", "\\.")

_GIVEN = "^(36430|3023|3024)"
"""Beginnings of CPT and ICD-10-PCS codes of transfusions."""
_ASKED = ", ".join(
    f"('{one.loinc}', '^({one.after})', {one.days}, {one.below}, {one.last_day})"
    for one in transfusions()
)
"""Result, procedures before it, days after them, bound, and last day of the stay that asks."""
_COURSES = ", ".join(
    f"('{prefix}', {most})"
    for prefix, most in sorted({(prefix, one.most) for one in all_courses()
                                for prefix in one.diagnoses})
)  # fmt: skip
_ANTIBIOTICS = ", ".join(
    f"'{name}'" for name, one in drugs().rows.items() if one.drug_class in treating_classes()
).replace("%", "%%")

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "too little hemoglobin in a stay is answered by red cells", "lab_results.value",
        ("encounters", "lab_results", "procedures"),
        "SELECT DISTINCT concat('lab_result_id ', l.lab_result_id) FROM lab_results AS l "
        "JOIN encounters AS e USING (encounter_id) "
        f"JOIN (VALUES {_ASKED}) AS t (loinc, before, days, below, last) ON t.loinc = l.loinc "
        "WHERE e.encounter_class = 'inpatient' AND l.value < t.below "
        "AND l.collected_at::DATE <= least(e.start_at::DATE + t.last::INTEGER, e.end_at::DATE) "
        "AND (t.days = 0 OR EXISTS (SELECT 1 FROM procedures AS p WHERE p.person_id = l.person_id "
        "AND regexp_matches(p.code, t.before) AND p.performed_date BETWEEN "
        "l.collected_at::DATE - t.days::INTEGER AND l.collected_at::DATE)) "
        "AND NOT EXISTS (SELECT 1 FROM procedures AS p WHERE p.person_id = l.person_id "
        f"AND regexp_matches(p.code, '{_GIVEN}') AND p.performed_date BETWEEN "
        "l.collected_at::DATE - 1 AND l.collected_at::DATE + 1)",
        mend="let the journey give red cells where it states such a result",
    ),
    AuditRule(
        "blood is counted again after red cells in a stay", "procedures.code",
        ("encounters", "lab_results", "procedures"),
        "SELECT concat('procedure_id ', p.procedure_id) FROM procedures AS p "
        "JOIN encounters AS e USING (encounter_id) "
        f"WHERE e.encounter_class = 'inpatient' AND regexp_matches(p.code, '{_GIVEN}') "
        "AND e.end_at::DATE > p.performed_date + 1 AND NOT EXISTS (SELECT 1 FROM lab_results AS l "
        f"WHERE l.person_id = p.person_id AND l.loinc = '{transfusions()[0].loinc}' "
        "AND l.collected_at::DATE BETWEEN p.performed_date + 1 AND p.performed_date + 2)",
        mend="measure hemoglobin on the day after red cells",
    ),
    AuditRule(
        "red cells are ordered when the count that asks for them is known",
        "service_requests.ordered_at",
        ("encounters", "lab_results", "service_requests"),
        "SELECT concat('request_id ', r.request_id) FROM service_requests AS r "
        "JOIN encounters AS e USING (encounter_id) JOIN lab_results AS l "
        "ON l.encounter_id = r.encounter_id AND l.collected_at::DATE = r.occurrence_date "
        f"WHERE e.encounter_class = 'inpatient' AND regexp_matches(r.code, '{_GIVEN}') "
        f"AND l.loinc = '{transfusions()[0].loinc}' "
        f"AND l.value < {max(one.below for one in transfusions())} "
        "GROUP BY r.request_id, r.ordered_at HAVING r.ordered_at < min(l.resulted_at)",
    ),
    AuditRule(
        "who goes home without oxygen has been off it for hours",
        "medication_administrations.given_at",
        ("encounters", "medication_administrations", "conditions"),
        "SELECT concat('administration_id ', m.administration_id) FROM (SELECT *, row_number() "
        "OVER (PARTITION BY encounter_id ORDER BY given_at) AS turn "
        f"FROM medication_administrations WHERE ingredient = '{OXYGEN}') AS m "
        "JOIN encounters AS e USING (encounter_id) "
        f"WHERE m.turn > 1 AND e.disposition IN {LEAVING_HOME} "
        f"AND m.given_at > e.end_at - INTERVAL {round(figure('room_air_least') * 60)} MINUTE "
        "AND NOT EXISTS (SELECT 1 FROM conditions AS c WHERE c.person_id = m.person_id "
        f"AND regexp_matches(c.code, '^({AT_HOME})'))",
    ),
    AuditRule(
        "a stay for an illness has its treatment", "procedures.code",
        ("encounters", "encounter_diagnoses", "procedures"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e JOIN "
        "(SELECT encounter_id, min_by(code, sequence) AS code FROM encounter_diagnoses "
        f"WHERE NOT regexp_matches(code, {_BEFORE}) GROUP BY encounter_id) AS d "
        f"USING (encounter_id) JOIN (VALUES {_TREATMENTS}) AS t(diagnosis, done) "
        "ON regexp_matches(d.code, t.diagnosis) WHERE e.encounter_class = 'inpatient' "
        "AND NOT EXISTS (SELECT 1 FROM procedures AS p WHERE p.encounter_id = e.encounter_id "
        "AND regexp_matches(p.code, t.done))",
        mend="list the diagnosis without a condition, or state what is done in the stay",
    ),
    AuditRule(
        "who leaves an infection's stay early takes an antibiotic along", "prescriptions.drug",
        ("encounters", "encounter_diagnoses", "prescriptions", "patients"),
        "SELECT DISTINCT concat('encounter_id ', e.encounter_id, ' code ', d.code) "
        "FROM encounters AS e JOIN patients AS a USING (person_id) JOIN encounter_diagnoses AS d "
        f"ON d.encounter_id = e.encounter_id AND d.sequence = 1 JOIN (VALUES {_COURSES}) "
        "AS c (prefix, most) ON starts_with(d.code, c.prefix) WHERE e.encounter_class = "
        "'inpatient' AND date_diff('day', e.start_at::DATE, e.end_at::DATE) <= c.most "
        f"AND coalesce(e.disposition, '01') NOT IN {NOT_LEAVING} "
        "AND e.end_at::DATE < (SELECT through FROM temp.data_days) "
        "AND coalesce(a.death_date, e.end_at::DATE + 1) > e.end_at::DATE AND NOT EXISTS (SELECT 1 "
        "FROM prescriptions AS p WHERE p.person_id = e.person_id AND p.written_date BETWEEN "
        f"e.start_at::DATE AND e.end_at::DATE + 1 AND p.drug IN ({_ANTIBIOTICS}))",
        mend="prescribe it as the stay ends, or let the journey prescribe no antibiotic at all",
    ),
)  # fmt: skip
"""The rules of `medicine/data/`: stay_treatments, transfusions, discharge_courses."""
