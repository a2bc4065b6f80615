# ruff: noqa: S608  (the SQL is made of this package's own names and tables, never of a user's words)
"""Rules of diagnoses and the tests that show them."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.codes.procedures import procedure_system
from healthsim.medicine.confirming import ACUTE, FILE, defining_tests
from healthsim.medicine.datafiles import rows
from healthsim.medicine.shown_ends import shown_ends
from healthsim.medicine.studies import RESULTS, STUDIES

_BEFORE = "INTERVAL 36 HOUR"  # an emergency visit before the stay: of that day or the night before


def defined_rows() -> str:
    """Return rows of (beginning of a diagnosis that a result defines, code of its test), in SQL."""
    return ", ".join(
        f"('{prefix}', '{test}')"
        for prefixes, tests in defining_tests()
        for prefix in prefixes
        for test in sorted(tests)
    )


def _asked() -> str:
    """Return rows of (beginning of a diagnosis, test, its words, code) of tests that are done."""
    return ", ".join(
        f"('{diagnosis}', '{row['words']}', '{code}', {procedure_system(code) == 'CPT'})"
        for row in rows(FILE)
        if row["visits"] == ACUTE
        for diagnosis in row["diagnosis"].split("|")
        for code in row["codes"].split("|")
    )


_MADE = (
    "SELECT DISTINCT e.encounter_id, e.person_id, e.start_at, e.end_at, t.words "
    "FROM encounters AS e JOIN conditions AS c USING (encounter_id) "
    f"JOIN (VALUES {_asked()}) AS t (diagnosis, words, code, done) "
    "ON starts_with(c.code, t.diagnosis) "
    "WHERE e.encounter_class IN ('emergency', 'inpatient', 'observation')"
)
"""Visits that made a diagnosis that a test shows, and the tests."""
_SHOWN = (
    f"SELECT t.words, l.person_id, l.collected_at AS at FROM (VALUES {_asked()}) "
    "AS t (diagnosis, words, code, done) JOIN lab_results AS l ON l.loinc = t.code "
    f"UNION ALL SELECT t.words, p.person_id, p.performed_date + INTERVAL 1 DAY "
    f"FROM (VALUES {_asked()}) AS t (diagnosis, words, code, done) "
    "JOIN procedures AS p ON p.code = t.code AND t.done"
)
"""When people had those tests; a procedure at the end of its day."""

_STUDIES = ", ".join(
    f"('{study['prefix']}', '{result['loinc']}')"
    for result in rows(RESULTS)
    for study in rows(STUDIES)
    if study["group"] == result["group"] and study["system"] == "CPT"
)
"""Studies that always measure something, by the beginning of their code, and what."""

_INJURY = 1.5
"""Times the creatinine of the week before, from which a rise is an injury: KDIGO AKI 2012, 2.1."""
_KIDNEY = "^(N17|N18[.][56]|N99[.]0|O90[.]4|T79[.]5|T86[.]1|Z94[.]0|Z99[.]2|P96[.]0)"
"""Codes of kidney injuries, and of kidneys whose creatinine others than they decide."""
_CREATININE = "2160-0"

_ENDS = ", ".join(f"('{end.prefix}', '{end.loinc}')" for end in shown_ends())
"""Beginnings of illnesses whose end a test shows, and the test."""
_DEFINED = defined_rows()
"""Beginnings of diagnoses that a result defines, and its test."""
_FEW = 1.5
"""Neutrophils, 10*3/uL, below which they are few: CTCAE v5.0, grade 2; usual limit of FOLFOX."""

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "an illness whose end a test shows ends on the day of one", "conditions.abatement_date",
        ("conditions", "lab_results"),
        "SELECT concat('condition_id ', c.condition_id, ' code ', c.code) FROM conditions AS c "
        f"JOIN (VALUES {_ENDS}) AS t (prefix, loinc) ON starts_with(c.code, t.prefix) "
        "WHERE c.abatement_date IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lab_results AS l "
        "WHERE l.person_id = c.person_id AND l.loinc = t.loinc "
        "AND l.collected_at::DATE = c.abatement_date)",
        mend="let the journey test on the day on which it stops the condition",
    ),
    AuditRule(
        "what a result defines is recorded when it is reported", "conditions.recorded_date",
        ("conditions", "lab_results"),
        "SELECT concat('condition_id ', c.condition_id, ' code ', c.code) FROM (SELECT "
        "c.condition_id, c.code, c.recorded_date, c.abatement_date, "
        "arg_min(l.resulted_at, l.collected_at)::DATE AS told FROM conditions AS c "
        f"JOIN (VALUES {_DEFINED}) AS t (prefix, loinc) ON starts_with(c.code, t.prefix) "
        "JOIN lab_results AS l ON l.person_id = c.person_id AND l.loinc = t.loinc "
        "AND l.collected_at::DATE BETWEEN c.onset_date - 1 AND c.onset_date + 3 "
        "WHERE c.encounter_id IS NOT NULL GROUP BY ALL) AS c WHERE c.recorded_date < c.told "
        "AND c.told <= coalesce(c.abatement_date, c.told) AND c.told <= c.recorded_date + 3",
    ),
    AuditRule(
        "creatinine that rises by half in a stay is a kidney injury", "lab_results.value",
        ("lab_results", "encounters", "encounter_diagnoses"),
        "SELECT DISTINCT concat('encounter_id ', b.encounter_id) FROM lab_results AS a "
        "JOIN lab_results AS b USING (person_id, loinc) JOIN encounters AS e "
        f"ON e.encounter_id = b.encounter_id WHERE a.loinc = '{_CREATININE}' "
        f"AND e.encounter_class = 'inpatient' AND b.value >= {_INJURY} * a.value "
        "AND b.collected_at > a.collected_at "
        "AND b.collected_at <= a.collected_at + INTERVAL 7 DAY AND NOT EXISTS (SELECT 1 "
        "FROM encounter_diagnoses AS d WHERE d.encounter_id = b.encounter_id "
        f"AND regexp_matches(d.code, '{_KIDNEY}'))",
        mend="let the journey diagnose N17.9 in the stay, or state a smaller creatinine",
    ),
    AuditRule(
        "a visit that makes a diagnosis has the test that shows it", "conditions.encounter_id",
        ("encounters", "conditions", "lab_results", "procedures"),
        f"SELECT concat('encounter_id ', d.encounter_id, ' without ', d.words) FROM ({_MADE}) AS d "
        f"WHERE NOT EXISTS (SELECT 1 FROM ({_SHOWN}) AS s WHERE s.words = d.words "
        f"AND s.person_id = d.person_id AND s.at >= d.start_at - {_BEFORE} "
        "AND s.at <= d.end_at::DATE + INTERVAL 1 DAY)",
    ),
    AuditRule(
        "an emergency visit does not state what the stay after it finds",
        "encounter_diagnoses.code", ("encounters", "encounter_diagnoses", "conditions"),
        "SELECT concat('encounter_id ', e.encounter_id, ' code ', d.code) FROM encounters AS e "
        "JOIN encounter_diagnoses AS d USING (encounter_id) "
        "JOIN conditions AS c ON c.person_id = e.person_id AND c.code = d.code "
        "AND c.onset_date = e.start_at::DATE "
        "JOIN encounters AS s ON s.encounter_id = c.encounter_id "
        "WHERE e.encounter_class = 'emergency' AND s.encounter_class = 'inpatient' "
        "AND s.start_at >= e.end_at AND NOT EXISTS (SELECT 1 FROM conditions AS b "
        "WHERE b.person_id = e.person_id AND b.code = d.code AND b.onset_date < c.onset_date "
        "AND coalesce(b.abatement_date, c.onset_date) >= c.onset_date)",
    ),
    AuditRule(
        "an office codes few neutrophils by a count that it knows", "encounter_diagnoses.code",
        ("encounters", "encounter_diagnoses", "lab_results"),
        "SELECT DISTINCT concat('encounter_id ', e.encounter_id) FROM encounters AS e "
        "JOIN encounter_diagnoses AS d USING (encounter_id) JOIN (SELECT encounter_id, "
        "min(value) AS least, min(resulted_at) AS resulted FROM lab_results "
        "WHERE loinc = '751-8' GROUP BY encounter_id) AS l USING (encounter_id) "
        "WHERE e.encounter_class = 'office' AND starts_with(d.code, 'D70') "
        f"AND (l.least >= {_FEW} OR l.resulted > e.end_at)",
        mend="let what decides be measured, by a specialty that counts blood itself",
    ),
    AuditRule(
        "a study that always measures something has its result", "procedures.code",
        ("procedures", "lab_results"),
        "SELECT concat('procedure_id ', p.procedure_id) FROM procedures AS p "
        f"JOIN (VALUES {_STUDIES}) AS t (prefix, loinc) ON starts_with(p.code, t.prefix) "
        "WHERE p.system = 'CPT' AND p.encounter_id IS NOT NULL AND NOT EXISTS ("
        "SELECT 1 FROM lab_results AS l WHERE l.encounter_id = p.encounter_id "
        "AND l.loinc = t.loinc)",
    ),
)  # fmt: skip
