# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of clinical notes: what a note says, the other tables hold; asked of the text itself."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule

_NOTE = "concat('note_id ', n.note_id)"
_NEEDS = ("clinical_notes", "encounters")


def _under(*headings: str) -> str:
    """Return the SQL of the text under the first of some headings; '' where none is there."""
    return rf"regexp_extract(n.text, '\n\n(?:{'|'.join(headings)})\n((?:.+\n)*)', 1)"


def _each(text: str, pattern: str) -> str:
    """Return the SQL of what a pattern's group finds in a text, one row each."""
    return f"unnest(regexp_extract_all({text}, '{pattern}', 1))"


_DIAGNOSES = _under("ASSESSMENT", "DIAGNOSES")
_RESULTS = rf"regexp_replace({_under('RESULTS')}, '(?m)^Collected.*$| ?\([^()]*\)', '', 'g')"
_DRUGS = _under("MEDICATIONS[A-Z ]*")
_SIGNS = _under("(?:LAST )?VITAL SIGNS[A-Z ]*")
_VALUE = r" (-?[0-9.]+)(?: ?[^0-9 ,;][^,;\n]*)?[,;\n]"
_DRUG = "(?m)^- (?:(?:Continue|Changed:|New:) )?(.+?)[.] [A-Z]"

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a note is written in its encounter, by who treats", "clinical_notes.authored_at", _NEEDS,
        f"SELECT {_NOTE} FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id) "
        "WHERE n.authored_at NOT BETWEEN e.start_at AND e.end_at "
        "OR n.person_id <> e.person_id OR (n.author_npi <> e.attending_npi "
        "AND n.type <> '11504-8')",
    ),
    AuditRule(
        "a note names the diagnoses of its encounter, in order", "clinical_notes.text",
        ("clinical_notes", "encounter_diagnoses"),
        f"SELECT {_NOTE} FROM clinical_notes AS n JOIN (SELECT encounter_id, "
        "list(code ORDER BY sequence) AS codes FROM encounter_diagnoses GROUP BY encounter_id) "
        "AS d USING (encounter_id) WHERE n.type <> '11504-8' "
        rf"AND regexp_extract_all({_DIAGNOSES}, "
        r"'\(([A-Z][0-9A-Z.]+)\)(?:, arose during the stay)?\n', 1) <> d.codes",
    ),
    AuditRule(
        "a result in a note is a result of the person", "clinical_notes.text",
        ("clinical_notes", "lab_results"),
        "SELECT DISTINCT concat('note_id ', s.note_id) FROM (SELECT n.note_id, n.person_id, "
        f"n.authored_at, {_each(_RESULTS, _VALUE)} AS said "
        "FROM clinical_notes AS n) AS s ANTI JOIN lab_results AS r ON r.person_id = s.person_id "
        "AND r.resulted_at <= s.authored_at AND r.value = s.said::DOUBLE",
    ),
    AuditRule(
        "a note holds the results of its visit that were there", "clinical_notes.text",
        ("clinical_notes", "lab_results", "encounters"),
        f"SELECT DISTINCT {_NOTE} FROM clinical_notes AS n JOIN lab_results AS r "
        "USING (encounter_id) WHERE r.resulted_at <= n.authored_at AND r.value IS NOT NULL "
        "AND n.type NOT IN ('18842-5', '11504-8') "
        "AND NOT contains(n.text, concat(' ', printf('%.15g', r.value)))",
    ),
    AuditRule(
        "a drug in a note is one that the person has", "clinical_notes.text",
        ("clinical_notes", "prescriptions"),
        "SELECT DISTINCT concat('note_id ', s.note_id) FROM (SELECT n.note_id, n.person_id, "
        f"n.authored_at, {_each(_DRUGS, _DRUG)} AS said "
        "FROM clinical_notes AS n) AS s ANTI JOIN prescriptions AS p "
        "ON p.person_id = s.person_id AND p.drug = s.said AND p.written_date <= s.authored_at",
    ),
    AuditRule(
        "a pressure in a note was measured in its encounter", "clinical_notes.text",
        ("clinical_notes", "vital_signs"),
        f"SELECT {_NOTE} FROM clinical_notes AS n WHERE {_SIGNS} LIKE 'Blood pressure%' "
        "AND NOT EXISTS (SELECT 1 FROM vital_signs AS h JOIN vital_signs AS l "
        "ON l.encounter_id = h.encounter_id AND l.loinc = '8462-4' "
        "WHERE h.encounter_id = n.encounter_id AND h.loinc = '8480-6' "
        f"AND {_SIGNS} LIKE concat('Blood pressure ', printf('%.15g', h.value), '/', "
        "printf('%.15g', l.value), ' mmHg%'))",
    ),
    AuditRule(
        "an age in a note is that of the day", "clinical_notes.text",
        ("clinical_notes", "encounters", "patients"),
        f"SELECT {_NOTE} FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id) "
        "JOIN patients AS p ON p.person_id = n.person_id "
        r"WHERE TRY_CAST(regexp_extract(n.text, ', (\d+)-year-old', 1) AS INTEGER) "
        "<> date_diff('year', p.birth_date, e.start_at::DATE) "
        "- (strftime(p.birth_date, '%m%d') > strftime(e.start_at, '%m%d'))::INTEGER",
    ),
)  # fmt: skip
"""Rules that read the text of notes; none of them knows how notes are composed."""
