# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of problem lists and of how visits are coded from them."""

from __future__ import annotations

import duckdb

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.codes.pregnancy import LONGEST_PREGNANCY
from healthsim.medicine.coding import arises_in_operations, order_rules
from healthsim.medicine.organisms import organisms, unnamed
from healthsim.medicine.removals import removals
from healthsim.medicine.spread import HISTORY, primary_sql, spread_sql

_SAME_WEEK = 12  # days: both ends of a week of gestation, and a birth on a later day of its stay
_ONE_PREGNANCY = 300  # days in which nobody has codes of two pregnancies' weeks
_CPT = 5  # characters of a code of CPT; rules name less of those of ICD-10-PCS
_FOREVER = "DATE '9999-12-31'"
_LIVES = "(SELECT lives FROM temp.problem_list)"
_END = "(SELECT least(through, (SELECT max(start_at)::DATE FROM encounters)) FROM temp.data_days)"
_AS_OF = "(SELECT as_of FROM temp.data_days)"
_STATED = "list the code only for people who have the condition, or state a diagnosis of it"


def lay_out_choice(connection: duckdb.DuckDBPyConnection, choice: object) -> None:
    """Make the temporary table ``problem_list (lives)``.

    Args:
        connection: an open file.
        choice: `problem_list` of the profile; None for the usual one.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE problem_list AS SELECT ?::BOOLEAN AS lives",
        [choice in (None, "usual")],
    )


def _had(person: str, since: str, until: str, code: str) -> str:
    """Return SQL: somebody had a condition on some day of a span, by a test of its code."""
    return (
        f"EXISTS (SELECT 1 FROM conditions AS c WHERE c.person_id = {person} AND {code} "
        f"AND c.onset_date <= {until} AND coalesce(c.abatement_date, {_FOREVER}) >= {since})"
    )


def _prefixes(column: str, *prefixes: str) -> str:
    return "(" + " OR ".join(f"starts_with({column}, '{one}')" for one in prefixes) + ")"


_OF_VISIT = (
    "SELECT concat('encounter_id ', s.encounter_id, ' code ', s.code) "
    "FROM encounter_diagnoses AS s JOIN encounters AS e USING (encounter_id) "
)
_BROUGHT = (
    f"s.sequence > 1 AND regexp_matches(s.code, '^({'|'.join(arises_in_operations())})') "
    "AND e.encounter_class = 'inpatient' AND c.encounter_id = e.encounter_id AND EXISTS (SELECT 1 "
    "FROM procedures AS p WHERE p.encounter_id = e.encounter_id "
    "AND p.performed_date = e.start_at::DATE AND regexp_matches(p.code, '^(0.{6}|[1-6][0-9]{4})$') "
    "AND NOT regexp_matches(p.code, '^(1[01]|20[56]|31500|36[0-4]|3655|5170|59|622[67])'))"
)
"""What an operation on the day of admission brought about."""
_CONDITION = (
    "SELECT concat('condition_id ', s.condition_id, ' code ', s.code) FROM conditions AS s "
)
_ORDER = ", ".join(f"('{rule.first}', '{rule.then}')" for rule in order_rules())
_NAMED = ", ".join(f"('{before}', '{code}')" for code, before in unnamed().items())
"""Codes of infections, and those that name the organism once a culture has grown it."""
_GROWN = ", ".join(
    f"('{one.loinc}', '{one.organism}', '{begin}', '{one.becomes}', '{one.beside}')"
    for one in organisms()
    for begin in one.diagnoses
)
_FOLLOWS = (
    "(left(c.code, 3) = left(d.becomes, 3) OR (d.becomes = 'I10' AND "
    f"{_prefixes('c.code', 'I11', 'I12', 'I13')}) "
    f"OR (d.becomes = 'Z86.73' AND {_prefixes('c.code', 'I69')}) "
    f"OR (s.code, c.code) IN ({_NAMED}))"
)
"""What follows, as it is combined, or what leaves no room for a history."""
_REMOVALS = ", ".join(
    f"('{operation}', '{one.condition}')"
    for one in removals()
    for operation in one.operations
    if not one.side or len(operation) < _CPT
)
"""Beginnings of ICD-10-PCS codes, and CPT codes that have no side: a bill alone states it."""
_FAMILY = "c.code IN (SELECT h.code FROM temp.diagnoses AS h WHERE h.family = d.family)"

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "problem list: what a visit states, the person has", "encounter_diagnoses.code",
        ("encounter_diagnoses", "encounters", "conditions"),
        f"{_OF_VISIT} JOIN temp.diagnoses AS d ON d.code = s.code "
        f"WHERE {_LIVES} AND d.kind IN ('lasting', 'acute') AND NOT "
        + _had("e.person_id", "CASE WHEN d.becomes <> '' THEN c.onset_date "
               "ELSE e.start_at::DATE END", "e.end_at::DATE + 1", _FAMILY),
        mend=_STATED,
    ),
    AuditRule(
        "coding: a stay names the organism that its culture grew", "encounter_diagnoses.code",
        ("encounter_diagnoses", "encounters", "lab_results"),
        "SELECT concat('encounter_id ', e.encounter_id, ' code ', s.code, ' with ', l.value_text) "
        "FROM encounters AS e JOIN lab_results AS l ON l.encounter_id = e.encounter_id "
        f"AND l.resulted_at <= e.end_at JOIN (VALUES {_GROWN}) AS g (loinc, organism, begins, "
        "becomes, beside) ON g.loinc = l.loinc AND g.organism = l.value_text "
        "JOIN encounter_diagnoses AS s ON s.encounter_id = e.encounter_id "
        f"AND starts_with(s.code, g.begins) WHERE {_LIVES} AND (g.becomes <> '' OR NOT EXISTS "
        "(SELECT 1 FROM encounter_diagnoses AS o WHERE o.encounter_id = e.encounter_id "
        "AND o.code = g.beside))",
        mend="state the code of the organism, or another result of the culture",
    ),
    AuditRule(
        "problem list: what is acute ends", "conditions.abatement_date",
        ("conditions", "patients", "encounters", "encounter_diagnoses"),
        f"{_CONDITION} JOIN temp.diagnoses AS d USING (code) JOIN patients AS p USING (person_id) "
        f"WHERE {_LIVES} AND d.longest > 0 AND s.abatement_date IS NULL "
        f"AND greatest(s.onset_date, {_AS_OF}) + d.longest < "
        f"least(coalesce(p.death_date, {_END}), {_END}) AND NOT EXISTS (SELECT 1 FROM "
        "encounter_diagnoses AS o JOIN encounters AS e USING (encounter_id) WHERE "
        "e.person_id = s.person_id AND left(o.code, 3) = left(s.code, 3) "
        f"AND e.end_at::DATE + d.longest >= least(coalesce(p.death_date, {_END}), {_END}))",
    ),
    AuditRule(
        "problem list: what follows an illness begins when it ends", "conditions.onset_date",
        ("conditions", "patients", "encounters"),
        f"{_CONDITION} JOIN temp.diagnoses AS d USING (code) JOIN patients AS p USING (person_id) "
        f"WHERE {_LIVES} AND d.becomes <> '' AND s.abatement_date + 1 <= "
        f"least(coalesce(p.death_date, {_END}), {_END}) AND NOT "
        + _had("s.person_id", "s.abatement_date + 1", "s.abatement_date + 1", _FOLLOWS),
    ),
    AuditRule(
        "problem list: what is of a pregnancy ends with it", "conditions.abatement_date",
        ("conditions", "patients", "encounters"),
        f"{_CONDITION} JOIN temp.diagnoses AS d USING (code) JOIN patients AS p USING (person_id) "
        f"WHERE {_LIVES} AND d.kind = 'pregnancy' "
        f"AND coalesce(s.abatement_date, p.death_date, {_END}) - s.onset_date > "
        f"{LONGEST_PREGNANCY} + d.days",
    ),
    AuditRule(
        "problem list: what an operation removed is gone", "conditions.abatement_date",
        ("conditions", "procedures", "encounters", "patients"),
        "SELECT DISTINCT concat('condition_id ', s.condition_id, ' code ', s.code) "
        f"FROM (VALUES {_REMOVALS}) AS r (operation, condition) JOIN procedures AS p "
        "ON starts_with(p.code, r.operation) LEFT JOIN encounters AS e USING (encounter_id) "
        "JOIN conditions AS s ON s.person_id = p.person_id AND starts_with(s.code, r.condition) "
        "JOIN patients AS d ON d.person_id = p.person_id "
        f"WHERE {_LIVES} AND least(coalesce(s.abatement_date, {_FOREVER}), d.death_date) "
        "> greatest(p.performed_date, e.end_at::DATE) + 1",
    ),
    AuditRule(
        "problem list: a tumor spreads after it began", "conditions.onset_date", ("conditions",),
        f"{_CONDITION} WHERE {spread_sql('s.code')} AND EXISTS (SELECT 1 FROM conditions AS c "
        f"WHERE c.person_id = s.person_id AND {primary_sql('c.code')}) AND NOT EXISTS (SELECT 1 "
        f"FROM conditions AS c WHERE c.person_id = s.person_id AND c.onset_date <= s.onset_date "
        f"AND ({primary_sql('c.code')} OR starts_with(c.code, '{HISTORY}')))",
        mend="let the primary tumor begin first, or state a history of another one (Z85)",
    ),
    AuditRule(
        "coding: a birth without complications has none", "encounter_diagnoses.code",
        ("encounter_diagnoses", "encounters"),
        f"{_OF_VISIT} WHERE {_LIVES} AND s.code IN ('O80', 'O82') AND EXISTS (SELECT 1 FROM "
        "encounter_diagnoses AS o WHERE o.encounter_id = s.encounter_id "
        "AND starts_with(o.code, 'O') AND o.code NOT IN ('O80', 'O82'))",
    ),
    AuditRule(
        "coding: the stay of a birth states what the newborn has", "encounter_diagnoses.code",
        ("encounter_diagnoses", "encounters", "conditions"),
        f"{_OF_VISIT} JOIN conditions AS c ON c.person_id = e.person_id "
        f"AND c.onset_date = e.start_at::DATE WHERE {_LIVES} AND starts_with(s.code, 'Z38') "
        "AND starts_with(c.code, 'P') AND e.encounter_class = 'inpatient' AND NOT EXISTS "
        "(SELECT 1 FROM encounter_diagnoses AS o WHERE o.encounter_id = s.encounter_id "
        "AND o.code = c.code)",
    ),
    AuditRule(
        "coding: only a visit that begins at birth states that a child is born",
        "encounter_diagnoses.code", ("encounter_diagnoses", "encounters", "patients"),
        f"{_OF_VISIT} JOIN patients AS p ON p.person_id = e.person_id WHERE {_LIVES} "
        "AND starts_with(s.code, 'Z38') AND e.start_at::DATE > p.birth_date",
        mend="state why the child is seen or admitted",
    ),
    AuditRule(
        "coding: weeks of one pregnancy agree", "encounter_diagnoses.code",
        ("encounter_diagnoses", "encounters"),
        "SELECT concat('person_id ', person_id) FROM (SELECT e.person_id, e.start_at::DATE AS day, "
        "e.start_at::DATE - 7 * right(s.code, 2)::INTEGER AS begun FROM encounter_diagnoses AS s "
        "JOIN encounters AS e USING (encounter_id) WHERE regexp_full_match(s.code, 'Z3A\\.\\d\\d') "
        "AND s.code NOT IN ('Z3A.00', 'Z3A.01', 'Z3A.49')) GROUP BY person_id "
        f"HAVING max(day) - min(day) < {_ONE_PREGNANCY} AND max(begun) - min(begun) > {_SAME_WEEK}",
    ),
    AuditRule(
        "coding: a cause stands before what it causes", "encounter_diagnoses.sequence",
        ("encounter_diagnoses",),
        "SELECT concat('encounter_id ', s.encounter_id, ' ', s.code, ' after ', o.code) "
        f"FROM (VALUES {_ORDER}) AS r (before, behind) JOIN encounter_diagnoses AS s "
        "ON starts_with(s.code, r.before) JOIN encounter_diagnoses AS o ON starts_with(o.code, "
        "r.behind) AND o.encounter_id = s.encounter_id AND o.sequence < s.sequence",
    ),
    AuditRule(
        "coding: heart failure is stated with the hypertension that causes it",
        "encounter_diagnoses.code", ("encounter_diagnoses", "encounters", "conditions"),
        f"{_OF_VISIT} WHERE starts_with(s.code, 'I50') AND NOT EXISTS (SELECT 1 FROM "
        "encounter_diagnoses AS o WHERE o.encounter_id = s.encounter_id AND "
        f"{_prefixes('o.code', 'I11', 'I13', 'O', 'P')}) AND "
        + _had("e.person_id", "e.start_at::DATE", "e.start_at::DATE",
               _prefixes("c.code", "I10", "I11", "I12", "I13")),
    ),
    AuditRule(
        "coding: long-term insulin is prescribed", "encounter_diagnoses.code",
        ("encounter_diagnoses", "encounters", "prescriptions"),
        f"{_OF_VISIT} WHERE {_LIVES} AND s.code = 'Z79.4' AND EXISTS (SELECT 1 FROM "
        "prescriptions WHERE starts_with(ingredient, 'insulin')) AND NOT EXISTS (SELECT 1 FROM "
        "prescriptions AS p WHERE p.person_id = e.person_id "
        "AND starts_with(p.ingredient, 'insulin') AND p.written_date <= e.start_at::DATE)",
    ),
    AuditRule(
        "coding: a preventive visit with findings says so", "encounter_diagnoses.code",
        ("encounter_diagnoses", "encounters"),
        f"{_OF_VISIT} WHERE s.code IN ('Z00.00', 'Z00.129', 'Z01.00', 'Z01.419') AND EXISTS "
        "(SELECT 1 FROM encounter_diagnoses AS o WHERE o.encounter_id = s.encounter_id "
        "AND regexp_matches(o.code, '^(R|Z68[.]5[13456])'))",
    ),
    AuditRule(
        "coding: exempt codes have no indicator of admission", "encounter_diagnoses.poa",
        ("encounter_diagnoses",),
        "SELECT concat('encounter_id ', s.encounter_id, ' code ', s.code) "
        "FROM encounter_diagnoses AS s JOIN temp.diagnoses AS d USING (code) "
        "WHERE s.poa IS NOT NULL AND (s.poa = '1') <> d.exempt",
    ),
    AuditRule(
        "coding: not present on admission is what began after it", "encounter_diagnoses.poa",
        ("encounter_diagnoses", "encounters", "conditions", "procedures"),
        f"{_OF_VISIT} JOIN temp.diagnoses AS d ON d.code = s.code WHERE {_LIVES} "
        "AND s.poa IN ('Y', 'N', 'U', 'W') AND (s.poa IN ('N', 'U')) <> EXISTS "
        "(SELECT 1 FROM conditions AS c LEFT JOIN conditions AS b ON b.person_id = c.person_id "
        f"AND (b.code, c.code) IN ({_NAMED}) AND b.abatement_date + 1 = c.onset_date WHERE "
        "c.person_id = e.person_id AND c.code = s.code AND c.onset_date <= e.end_at::DATE "
        "AND (coalesce(b.onset_date, c.onset_date) > e.start_at::DATE "
        f"OR (c.onset_date = e.start_at::DATE AND {_BROUGHT})))",
    ),
)  # fmt: skip
"""Rules of problem lists; `lay_out_choice` makes ``temp.problem_list``."""
