# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of the lists in notes: what the person has, takes, and waits for, as the tables hold it."""

from __future__ import annotations

from healthsim.audit.notes import NOTE, under
from healthsim.audit.rules import AnyRule, AuditRule

_VISIT, _OPERATION = "11506-3", "11504-8"
"""LOINC codes of a note of a visit, and of an operation."""
_ENDING = "^(O|P|Z3)"
"""Codes of a pregnancy, a birth or the time after it: no history for ever."""
_ANYTHING = under("PROBLEMS", "PAST HISTORY")
_PENDING = "regexp_extract(n.text, '- Pending: (.*)[.]\\n', 1)"
_WRITINGS = (
    "(SELECT person_id, encounter_id, drug, dose, frequency, lag(dose) OVER w AS dose_before, "
    "lag(frequency) OVER w AS frequency_before FROM prescriptions "
    "WINDOW w AS (PARTITION BY person_id, drug ORDER BY written_date))"
)

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a problem list holds what the person has", "clinical_notes.text",
        ("clinical_notes", "encounters", "conditions", "encounter_diagnoses"),
        f"SELECT DISTINCT {NOTE} FROM clinical_notes AS n JOIN encounters AS e "
        "USING (encounter_id) JOIN conditions AS c ON c.person_id = n.person_id "
        f"WHERE n.type = '{_VISIT}' AND NOT regexp_matches(c.code, '{_ENDING}') "
        "AND c.recorded_date <= e.start_at::DATE AND (c.onset_date < e.start_at::DATE "
        "OR (c.onset_date = e.start_at::DATE AND EXISTS (SELECT 1 FROM encounter_diagnoses AS d "
        "WHERE d.encounter_id = n.encounter_id AND d.code = c.code))) "
        "AND coalesce(c.abatement_date, e.start_at::DATE) >= e.start_at::DATE "
        f"AND NOT contains({under('PROBLEMS')}, concat('(', c.code, ')'))",
    ),
    AuditRule(
        "nobody is without conditions beside a list of them", "clinical_notes.text",
        ("clinical_notes",),
        f"SELECT {NOTE} FROM clinical_notes AS n WHERE contains(n.text, ' no earlier conditions ') "
        rf"AND regexp_matches({_ANYTHING}, '\), (for|since) ')",
    ),
    AuditRule(
        "nobody is without earlier conditions who has had one", "clinical_notes.text",
        ("clinical_notes", "encounters", "conditions"),
        f"SELECT {NOTE} FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id) "
        "WHERE contains(n.text, ' no earlier conditions ') AND EXISTS (SELECT 1 FROM conditions "
        "AS c WHERE c.person_id = n.person_id AND NOT starts_with(c.code, 'Z') "
        "AND c.onset_date < e.start_at::DATE AND c.recorded_date <= e.start_at::DATE)",
    ),
    AuditRule(
        "a note names the studies that it awaits", "clinical_notes.text",
        ("clinical_notes", "diagnostic_reports"),
        f"SELECT DISTINCT {NOTE} FROM clinical_notes AS n JOIN diagnostic_reports AS r "
        f"USING (encounter_id) WHERE n.type <> '{_OPERATION}' AND r.conclusion IS NOT NULL "
        "AND r.effective_at <= n.authored_at AND r.issued_at > n.authored_at "
        f"AND NOT contains({_PENDING}, r.display)",
    ),
    AuditRule(
        "a drug that goes on in a note keeps its dose", "clinical_notes.text",
        ("clinical_notes", "prescriptions"),
        f"SELECT DISTINCT {NOTE} FROM clinical_notes AS n JOIN {_WRITINGS} AS p "
        "USING (encounter_id) WHERE (p.dose <> p.dose_before "
        "OR p.frequency <> p.frequency_before) "
        "AND contains(n.text, concat('- Continue ', p.drug, '. '))",
        columns=("prescriptions.dose", "prescriptions.frequency"),
    ),
)  # fmt: skip
"""Rules that read the lists of notes; none of them knows how notes are composed."""
