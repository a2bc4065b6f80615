# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of codes: known to their books, possible for the person, combined as they must be."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.codes.icd10cm import COMBINATIONS
from healthsim.codes.pregnancy import LONGEST_PREGNANCY, SUPERVISION

_STATED = (
    ("conditions", "condition_id", "onset_date"),
    ("encounter_diagnoses", "encounter_id", ""),
    ("claim_diagnoses", "claim_id", ""),
)
BOOKS = (
    ("conditions", "condition_id", "code", "icd10cm"),
    ("encounter_diagnoses", "encounter_id", "code", "icd10cm"),
    ("claim_diagnoses", "claim_id", "code", "icd10cm"),
    ("lab_results", "lab_result_id", "loinc", "loinc"),
    ("vital_signs", "vital_sign_id", "loinc", "loinc"),
    ("prescriptions", "prescription_id", "ndc", "ndc"),
    ("fills", "fill_id", "ndc", "ndc"),
    ("immunizations", "immunization_id", "cvx", "cvx"),
    ("encounters", "encounter_id", "drg", "drg"),
    ("claims", "claim_id", "drg", "drg"),
    ("claims", "claim_id", "bill_type", "bill_type"),
    ("claim_lines", "claim_id", "pos", "pos"),
    ("claim_lines", "claim_id", "revenue_code", "revenue"),
    ("claim_adjustments", "claim_id", "carc", "carc"),
    ("encounters", "encounter_id", "disposition", "discharge"),
    ("adverse_events", "adverse_event_id", "code", "icd10cm"),
    ("providers", "npi", "taxonomy", "nucc"),
)
"""(table, key, column, book): columns whose codes must stand in a book."""


def _known(table: str, key: str, column: str, book: str) -> AuditRule:
    there = "diagnoses" if book == "icd10cm" else f"codes WHERE book = '{book}'"
    return AuditRule(
        f"a known code {table}.{column}", f"{table}.{column}", (table,),
        f"SELECT concat('{key} ', s.{key}) FROM {table} AS s ANTI JOIN "
        f"(SELECT code FROM temp.{there}) AS b ON s.{column} = b.code "
        f"WHERE s.{column} IS NOT NULL AND s.{column} NOT IN (SELECT code FROM temp.unlisted)",
    )  # fmt: skip


def _sex(table: str, key: str) -> AuditRule:
    return AuditRule(
        f"a code of the person's sex {table}.code", f"{table}.code", (table, "patients"),
        f"SELECT concat('{key} ', s.{key}, ' code ', s.code) FROM {table} AS s "
        "JOIN temp.diagnoses AS d USING (code) JOIN patients AS p USING (person_id) "
        "WHERE d.sex <> '' AND d.sex <> p.gender AND p.gender IN ('M', 'F')",
    )  # fmt: skip


def _on_its_day(table: str, key: str, parent: str, day: str) -> AuditRule:
    """A diagnosis on a day on which its code could not be billed; a stay's is its last day."""
    return AuditRule(
        f"a code of its day {table}.code", f"{table}.code", (table, parent),
        f"SELECT concat('{key} ', s.{key}, ' code ', s.code, ' on ', {day}) FROM {table} AS s "
        f"JOIN temp.diagnoses AS d USING (code) JOIN {parent} AS p USING ({key}) "
        f"WHERE {day} NOT BETWEEN d.valid_from AND d.valid_until",
    )  # fmt: skip


def _together(name: str, table: str, parent: str, when: str) -> AuditRule:
    """Two codes in one place that a code book says exclude each other."""
    return AuditRule(
        f"{name} {table}.code", f"{table}.code", (table, "patients") if when else (table,),
        f"SELECT concat('{parent} ', s.{parent}, ' ', s.code, ' beside ', o.code) "
        f"FROM {table} AS s JOIN {table} AS o ON s.{parent} = o.{parent} AND s.code < o.code "
        "JOIN temp.excluded AS x ON x.first = s.code AND x.second = o.code"
        f"{when}",
    )  # fmt: skip


_AS_ONE = ", ".join(sorted({f"'{rule.becomes}'" for rule in COMBINATIONS}))


def _outlived(active: str, over: str) -> str:
    """Return SQL: an active code is a combination, or of the category of one that is over.

    What the dead still had at death counts as over, too.
    """
    dead = "SELECT d.person_id FROM patients AS d WHERE d.death_date IS NOT NULL"
    return (
        f"({active}.abatement_date IS NULL AND ({over}.abatement_date IS NOT NULL "
        f"OR {over}.person_id IN ({dead})) AND "
        f"({active}.code IN ({_AS_ONE}) OR left({active}.code, 3) = left({over}.code, 3)))"
    )


_BOTH = (
    " WHERE s.onset_date <= coalesce(o.abatement_date, DATE '9999-12-31')"
    " AND o.onset_date <= coalesce(s.abatement_date, DATE '9999-12-31')"
    f" AND NOT {_outlived('s', 'o')} AND NOT {_outlived('o', 's')}"
)
"""Both held at one time. A stage that people return to keeps its first day, and files of former
versions have combinations since the first of their parts: what was over excludes neither."""

_SUPERVISED = " OR ".join(f"starts_with(code, '{prefix}')" for prefix in SUPERVISION)
_DATA_END = "least((SELECT through FROM temp.data_days), (SELECT max(event_date) FROM events))"
"""A day on which the data still go on: a profile without `through` ends with its journeys."""

RULES: tuple[AnyRule, ...] = (
    *(_known(*book) for book in BOOKS),
    *(_sex(table, key) for table, key, _ in _STATED),
    _on_its_day("encounter_diagnoses", "encounter_id", "encounters",
                "coalesce(p.end_at, p.start_at)::DATE"),
    _on_its_day("claim_diagnoses", "claim_id", "claims", "p.through_date"),
    AuditRule(
        "a code of the person's age conditions.code", "conditions.code",
        ("conditions", "patients"),
        "SELECT concat('condition_id ', s.condition_id, ' code ', s.code) FROM conditions AS s "
        "JOIN temp.diagnoses AS d USING (code) JOIN patients AS p USING (person_id) "
        "WHERE date_sub('year', p.birth_date, s.onset_date) NOT BETWEEN d.age_low AND d.age_high",
    ),
    _together("codes that may stand together", "conditions", "person_id", _BOTH),
    _together("codes that may stand together", "encounter_diagnoses", "encounter_id", ""),
    _together("codes that may stand together", "claim_diagnoses", "claim_id", ""),
    AuditRule(
        "no code twice for one person", "conditions.code", ("conditions",),
        "SELECT concat('person_id ', person_id, ' code ', code) FROM conditions "
        "WHERE abatement_date IS NULL GROUP BY person_id, code HAVING count(*) > 1",
    ),
    AuditRule(
        "no code twice in one encounter", "encounter_diagnoses.code",
             ("encounter_diagnoses",),
        "SELECT concat('encounter_id ', encounter_id, ' code ', code) FROM encounter_diagnoses "
        "GROUP BY encounter_id, code HAVING count(*) > 1",
    ),
    AuditRule(
        "a pregnancy ends within 42 weeks", "conditions.abatement_date",
        ("conditions", "patients", "events"),
        "SELECT concat('condition_id ', condition_id) FROM conditions "
        "JOIN patients AS p USING (person_id) WHERE "
        f"({_SUPERVISED}) AND coalesce(abatement_date, p.death_date, {_DATA_END}) - onset_date "
        f"> {LONGEST_PREGNANCY}",
    ),
    AuditRule(
        "a pregnancy ends with the birth", "conditions.abatement_date",
        ("conditions", "patients"),
        "SELECT concat('condition_id ', s.condition_id, ' code ', s.code) FROM conditions AS s "
        f"JOIN patients AS c ON c.mother_person_id = s.person_id WHERE ({_SUPERVISED}) "
        "AND s.onset_date < c.birth_date "
        "AND coalesce(s.abatement_date, DATE '9999-12-31') >= c.birth_date",
    ),
    RowRule(
        "sex is one that codes know", "patients.gender", "patients",
        "gender NOT IN ('M', 'F', 'other', 'unknown')",
    ),
)  # fmt: skip
"""Rules of codes; the books are ``temp.codes``, ``temp.diagnoses`` and ``temp.excluded``."""
