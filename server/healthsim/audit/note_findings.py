# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of what notes and reports find: it fits the day's rows, and does not contradict itself."""

from __future__ import annotations

from healthsim.audit.notes import EXAMINATION, NOTE, under
from healthsim.audit.rules import AnyRule, AuditRule

_LOOK = f"regexp_extract({EXAMINATION}, 'General: ([^\\n]*)', 1)"
_WELL = "at ease|in no distress|alert and playful|good color"
_SIGNS = {"bmi": "39156-5", "pain": "72514-3", "saturation": "59408-5", "breaths": "9279-1",
          "temperature": "8310-5"}  # fmt: skip
_FIRST = "(SELECT encounter_id, " + ", ".join(
    f"arg_min(value, measured_at) FILTER (loinc = '{code}') AS {name}"
    for name, code in _SIGNS.items()
) + " FROM vital_signs GROUP BY encounter_id)"  # fmt: skip
"""The first of some vital signs of each encounter."""
_CONTRADICTIONS = (
    ("drowsy", "gait without finding|at ease|in no distress|oriented, follows"),
    ("ankle: |crepitus and pain on movement|turning inward painful", "gait without finding"),
    ("weakness of one side", "strength"),
    ("in respiratory distress|looks ill|looks short of breath", "gait without finding"),
    ("well-looking|alert, in no distress", "breathing fast"),
)
"""Patterns of which an examination has one or the other."""
_CONTRADICTS = " OR ".join(
    f"(regexp_matches({EXAMINATION}, '{one}') AND regexp_matches({EXAMINATION}, '{other}'))"
    for one, other in _CONTRADICTIONS
)
_CALLS = {"PHQ-9": 10, "GAD-7": 10, "PHQ-2": 3, "AUDIT-C": 4}
"""Totals from which a questionnaire calls for something."""
_POSITIVE = " OR ".join(
    f"(s.instrument = '{name}' AND s.score >= {least})" for name, least in _CALLS.items()
)
_HISTORY = under("PROBLEMS", "PAST HISTORY")
_BYPASS = "^(021[0-3]0|335(1[0-46-9]|2[1-3]|3[3-6])$)"
"""A chest opened for bypasses, ICD-10-PCS and CPT."""
_HOSPITALS = "^[01]...[04F]..$"
"""Operations in ICD-10-PCS that are open or by an endoscope."""
_OPERATION = under("OPERATION")

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "an examination looks as the vital signs of its day let it", "clinical_notes.text",
        ("clinical_notes", "vital_signs", "patients"),
        f"SELECT {NOTE} FROM clinical_notes AS n JOIN patients AS p USING (person_id) "
        f"LEFT JOIN {_FIRST} AS v USING (encounter_id) "
        f"WHERE (regexp_matches({_LOOK}, '\\bthin\\b') AND coalesce(v.bmi, 99) >= 25) "
        f"OR (contains({_LOOK}, 'uncomfortable') AND coalesce(v.pain, 0) < 3) "
        f"OR (regexp_matches({_LOOK}, '{_WELL}') AND (v.saturation < 90 "
        "OR v.temperature >= 38.5 OR ((v.pain >= 5 OR v.breaths >= 24) "
        "AND p.birth_date < n.authored_at::DATE - INTERVAL 7 YEAR))) "
        f"OR (contains({_LOOK}, 'unwell and short of breath') "
        "AND v.saturation >= 95 AND v.breaths < 20)",
    ),
    AuditRule(
        "an examination does not contradict itself", "clinical_notes.text", ("clinical_notes",),
        f"SELECT {NOTE} FROM clinical_notes AS n WHERE {_CONTRADICTS}",
    ),
    AuditRule(
        "what a note reports is not pending in it", "clinical_notes.text",
        ("clinical_notes", "screenings"),
        f"SELECT DISTINCT {NOTE} FROM clinical_notes AS n JOIN screenings AS s "
        "USING (encounter_id) WHERE contains(n.text, concat(chr(10), '- ', s.instrument, ': ')) "
        "AND regexp_matches(n.text, concat('- Pending: [^\\n]*', s.instrument))",
    ),
    AuditRule(
        "a screening is answered while its encounter lasts", "screenings.taken_at",
        ("screenings", "encounters"),
        "SELECT concat('screening_id ', s.screening_id) FROM screenings AS s "
        "JOIN encounters AS e USING (encounter_id) "
        "WHERE s.taken_at NOT BETWEEN e.start_at AND e.end_at",
    ),
    AuditRule(
        "a total that calls for something has a line in the plan", "clinical_notes.text",
        ("clinical_notes", "screenings", "encounters"),
        f"SELECT DISTINCT {NOTE} FROM clinical_notes AS n JOIN screenings AS s "
        "USING (encounter_id) JOIN encounters AS e USING (encounter_id) "
        f"WHERE n.type = '11506-3' AND s.taken_at <= n.authored_at AND ({_POSITIVE}) "
        "AND e.disposition IS DISTINCT FROM '20' "
        f"AND NOT contains({under('PLAN')}, concat('- ', s.instrument, ' of '))",
    ),
    AuditRule(
        "a history and physical has a plan", "clinical_notes.text",
        ("clinical_notes", "encounter_locations"),
        f"SELECT {NOTE} FROM clinical_notes AS n SEMI JOIN encounter_locations AS l "
        f"ON l.encounter_id = n.encounter_id WHERE n.type = '34117-2' AND {under('PLAN')} = ''",
    ),
    AuditRule(
        "a birth is no history of a later visit", "clinical_notes.text",
        ("clinical_notes", "encounters", "patients", "encounter_diagnoses"),
        f"SELECT {NOTE} FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id) "
        "JOIN patients AS p ON p.person_id = n.person_id "
        f"WHERE regexp_matches({_HISTORY}, '[(]Z3[78][.]') "
        f"OR (regexp_matches({_HISTORY}, '[(]P0[58][.]') "
        "AND date_diff('day', p.birth_date, e.start_at::DATE) > 28) "
        f"OR (regexp_matches({_HISTORY}, '[(](Z34|Z3A|O09|O3|O4)') AND EXISTS (SELECT 1 "
        "FROM encounter_diagnoses AS d JOIN encounters AS b USING (encounter_id) "
        "WHERE b.person_id = n.person_id AND d.code LIKE 'Z37%' AND b.start_at::DATE "
        "BETWEEN e.start_at::DATE - 60 AND e.start_at::DATE - 1))",
    ),
    AuditRule(
        "a note of a nurse is signed by a nurse", "clinical_notes.author_npi",
        ("clinical_notes", "encounters", "providers"),
        f"SELECT {NOTE} FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id) "
        "JOIN providers AS c ON c.npi = n.author_npi WHERE e.encounter_class = 'home_health' "
        "AND regexp_matches(e.reason, '(?i)nurse') AND NOT contains(c.specialty, 'nurse')",
    ),
    AuditRule(
        "a note of an operation names all that was done in it", "clinical_notes.text",
        ("clinical_notes", "procedures"),
        f"SELECT DISTINCT {NOTE} FROM clinical_notes AS n JOIN procedures AS o "
        f"ON o.encounter_id = n.encounter_id AND contains({_OPERATION}, concat('(', o.code, ')')) "
        "JOIN procedures AS p ON p.encounter_id = n.encounter_id "
        "AND p.performed_date = o.performed_date "
        f"WHERE n.type = '11504-8' AND regexp_matches(o.code, '{_HOSPITALS}') "
        f"AND regexp_matches(p.code, '{_HOSPITALS}') "
        f"AND NOT contains({_OPERATION}, concat('(', p.code, ')'))",
    ),
    AuditRule(
        "a chest film after bypasses shows the wires", "diagnostic_reports.conclusion",
        ("diagnostic_reports", "procedures"),
        "SELECT DISTINCT concat('report_id ', r.report_id) FROM diagnostic_reports AS r "
        "JOIN procedures AS p USING (person_id) WHERE r.display LIKE 'XR Chest%' "
        f"AND regexp_matches(p.code, '{_BYPASS}') AND p.performed_date < r.effective_at::DATE "
        "AND r.conclusion IS NOT NULL AND NOT contains(r.conclusion, 'ternotomy wires')",
    ),
)  # fmt: skip
"""Rules that read what notes and reports find; none of them knows how they are composed."""
