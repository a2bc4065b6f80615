# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of orders: what follows what, and reports that say only what the person has."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.audit.temporary import make_tables, typed
from healthsim.billing.professional.components import making_codes, reading_codes
from healthsim.codes.loinc import loinc
from healthsim.medicine.charted import NO, OPERATION, charted_ranges
from healthsim.medicine.conclusions import SIDES, all_variants, filled, side_of
from healthsim.medicine.coronaries import BYPASS, FOLLOWS, LEAST_BYPASSED, treatments
from healthsim.medicine.specimens import result_kind

_REPORT = "concat('report_id ', r.report_id)"
_DIAGNOSED = ("encounter_diagnoses", "conditions")
_ACTIVE = (
    "c.person_id = r.person_id AND c.onset_date <= r.effective_at::DATE "
    "AND coalesce(c.abatement_date, DATE '9999-12-31') >= r.effective_at::DATE"
)
_NARROW = (
    "length(regexp_extract_all(r.conclusion, '(anterior descending|Circumflex|Right coronary) "
    "artery ([0-9]+ % stenosis|occluded)'))"
)
_EXTENT = "CASE {} WHEN 1 THEN 'One-vessel' WHEN 2 THEN 'Two-vessel' WHEN 3 THEN 'Three-vessel' END"
_TREATED = (
    "SELECT person_id, performed_date, kind, max(arteries) AS arteries FROM ("
    "SELECT person_id, performed_date, kind, system = 'ICD-10-PCS' AS hospital, "
    "sum(t.arteries) AS arteries FROM procedures JOIN (VALUES {}) AS t (system, prefix, kind, "
    "arteries) USING (system) WHERE starts_with(code, prefix) GROUP BY ALL) GROUP BY ALL"
).format(", ".join(f"('{system}', '{prefix}', '{kind}', {arteries})"
                   for (system, prefix), (kind, arteries) in treatments().items()))  # fmt: skip
_FRACTION = "Left ventricular ejection fraction ([0-9]+) %"


def lay_out_findings(connection: duckdb.DuckDBPyConnection) -> None:
    """Make temporary tables of the sentences that tell of a finding, and of the codes they are of.

    They are empty beside a file without reports.
    """
    tables = {name for (name,) in connection.execute(
        "SELECT DISTINCT table_name FROM duckdb_columns() "
        "WHERE database_name = current_database()").fetchall()}  # fmt: skip
    codes = {
        code
        for table in _DIAGNOSED if {table, "diagnostic_reports"} <= tables
        for (code,) in connection.execute(f"SELECT DISTINCT code FROM {table}").fetchall()
    }  # fmt: skip
    findings: set[str] = set()
    reasons: set[tuple[str, str, bool]] = set()
    for variant in all_variants() if codes else ():
        of = [code for code in codes if variant.is_of(code)]
        said = [(filled(variant.sentence, side_of(code), code, "", 0), code) for code in of]
        reasons |= {(sentence, code, variant.visit) for sentence, code in said}
        findings |= {sentence for sentence, _ in said}
        if "{name}" not in variant.sentence:
            findings |= {filled(variant.sentence, side, "", "", 0) for side in range(len(SIDES))}
    make_tables(connection, {
        "findings": typed({"sentence": pa.string()}, [(one,) for one in sorted(findings)]),
        "reasons": typed({"sentence": pa.string(), "code": pa.string(), "visit": pa.bool_()},
                         sorted(reasons)),
    })  # fmt: skip


def _reported() -> str:
    """Return the LOINC codes of results that are in a report, for SQL."""
    return ", ".join(f"'{code}'" for code in loinc().rows if result_kind(code).study)


def _charted() -> str:
    """Return rows of ranges of codes, how they are charted, and how wide they are, for SQL."""
    return ", ".join(
        f"('{first}', '{last}', '{way}', {place})"
        for place, (first, last, way) in enumerate(charted_ranges())
    )


def _parts() -> str:
    """Return rows of codes of a part of a test, and of the whole test, for SQL."""
    making, reading = making_codes(), reading_codes()
    return ", ".join(
        f"('{part}', '{whole}')" for whole in making for part in (making[whole], reading[whole])
    )


_SHAPE = "regexp_replace({}, '[0-9]', '9', 'g')"
_WAYS = (
    "(SELECT procedure, arg_min(way, place) AS way FROM "
    "(SELECT DISTINCT procedure FROM claim_lines WHERE procedure IS NOT NULL) "
    f"JOIN (VALUES {_charted()}) AS s (first, last, way, place) "
    "ON procedure BETWEEN first AND last "
    f"AND {_SHAPE.format('procedure')} = {_SHAPE.format('first')} GROUP BY procedure)"
)


RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a result is in one report, of its visit", "diagnostic_report_results.lab_result_id",
        ("diagnostic_report_results", "diagnostic_reports", "lab_results"),
        "SELECT concat('lab_result_id ', l.lab_result_id) FROM lab_results AS l "
        "LEFT JOIN diagnostic_report_results AS d USING (lab_result_id) "
        f"LEFT JOIN diagnostic_reports AS r USING (report_id) WHERE l.loinc IN ({_reported()}) "
        "GROUP BY l.lab_result_id, l.encounter_id HAVING count(d.report_id) <> 1 "
        "OR bool_or(r.encounter_id IS DISTINCT FROM l.encounter_id)",
    ),
    AuditRule(
        "a report follows its order", "diagnostic_reports.effective_at",
        ("diagnostic_reports", "service_requests"),
        f"SELECT {_REPORT} FROM diagnostic_reports AS r JOIN service_requests AS s "
        "USING (request_id) WHERE s.ordered_at > r.effective_at OR s.status <> 'completed' "
        "OR s.occurrence_date <> r.effective_at::DATE OR r.issued_at <= r.effective_at",
    ),
    AuditRule(
        "a report comes out with its last result", "diagnostic_reports.issued_at",
        ("diagnostic_reports", "diagnostic_report_results", "lab_results"),
        f"SELECT {_REPORT} FROM diagnostic_reports AS r JOIN diagnostic_report_results AS d "
        "USING (report_id) JOIN lab_results AS l USING (lab_result_id) "
        "WHERE r.procedure_id IS NULL "
        "GROUP BY r.report_id, r.issued_at HAVING max(l.resulted_at) <> r.issued_at",
    ),
    AuditRule(
        "a specimen is taken after its order", "specimens.collected_at",
        ("specimens", "service_requests"),
        "SELECT concat('specimen_id ', p.specimen_id) FROM specimens AS p "
        "JOIN service_requests AS s USING (request_id) "
        "WHERE s.ordered_at > p.collected_at OR p.received_at <= p.collected_at",
    ),
    AuditRule(
        "a result comes from a specimen that the laboratory had", "specimens.received_at",
        ("specimens", "diagnostic_report_results", "lab_results"),
        "SELECT concat('specimen_id ', p.specimen_id) FROM specimens AS p "
        "JOIN diagnostic_report_results AS d USING (specimen_id) JOIN lab_results AS l "
        "USING (lab_result_id) WHERE p.collected_at <> l.collected_at "
        "OR p.received_at >= l.resulted_at",
    ),
    RowRule(
        "an order is completed on the day it was done", "service_requests.status",
        "service_requests",
        "(status = 'completed') <> (occurrence_date IS NOT NULL) "
        "OR occurrence_date < ordered_at::DATE",
    ),
    AuditRule(
        "a procedure that is billed is in the chart", "procedures.code",
        ("procedures", "claim_lines", "claims", "lab_results"),
        f"WITH parts (part, whole) AS (VALUES {_parts()}), charted AS (SELECT person_id, "
        "performed_date, encounter_id, system, coalesce(whole, code) AS code FROM procedures "
        "LEFT JOIN parts ON part = code) "
        "SELECT DISTINCT concat('encounter_id ', c.encounter_id, ' code ', l.procedure) FROM "
        f"{_WAYS} AS k JOIN claim_lines AS l USING (procedure) JOIN claims AS c USING (claim_id) "
        "LEFT JOIN parts ON part = procedure "
        f"WHERE k.way <> '{NO}' AND c.encounter_id IS NOT NULL "
        "AND NOT EXISTS (FROM charted AS p WHERE p.person_id = l.person_id "
        "AND p.performed_date = l.service_date AND p.code = coalesce(whole, l.procedure)) "
        "AND NOT EXISTS (FROM lab_results AS r WHERE r.person_id = l.person_id "
        "AND r.event_id = l.event_id) "
        f"AND NOT (k.way = '{OPERATION}' AND EXISTS (FROM charted AS p "
        "WHERE p.encounter_id = c.encounter_id AND p.system = 'ICD-10-PCS'))",
    ),
    AuditRule(
        "a completed referral led to a visit", "service_requests.occurrence_date",
        ("service_requests", "encounters"),
        "SELECT concat('request_id ', s.request_id) FROM service_requests AS s "
        "ANTI JOIN encounters AS e ON e.person_id = s.person_id "
        "AND e.attending_npi = s.performer_npi AND e.start_at::DATE = s.occurrence_date "
        "WHERE s.kind = 'referral' AND s.status = 'completed'",
    ),
    AuditRule(
        "a conclusion's code is of a condition that the person has",
        "diagnostic_reports.conclusion_code", ("diagnostic_reports", *_DIAGNOSED),
        f"SELECT {_REPORT} FROM diagnostic_reports AS r WHERE r.conclusion_code IS NOT NULL "
        "AND NOT EXISTS (FROM encounter_diagnoses AS d WHERE d.encounter_id = r.encounter_id "
        "AND d.code = r.conclusion_code) "
        f"AND NOT EXISTS (FROM conditions AS c WHERE {_ACTIVE} AND c.code = r.conclusion_code)",
    ),
    AuditRule(
        "a conclusion names only what the person has", "diagnostic_reports.conclusion",
        ("diagnostic_reports", *_DIAGNOSED),
        "WITH said AS (SELECT t.conclusion, f.sentence FROM "
        "(SELECT DISTINCT conclusion FROM diagnostic_reports) AS t JOIN temp.findings AS f "
        "ON contains(concat(' ', t.conclusion, ' '), concat(' ', f.sentence, ' '))) "
        f"SELECT {_REPORT} FROM diagnostic_reports AS r JOIN said USING (conclusion) "
        "WHERE NOT EXISTS (FROM encounter_diagnoses AS d JOIN temp.reasons AS q USING (code) "
        "WHERE d.encounter_id = r.encounter_id AND q.sentence = said.sentence) "
        "AND NOT EXISTS (FROM conditions AS c JOIN temp.reasons AS q USING (code) "
        f"WHERE {_ACTIVE} AND q.sentence = said.sentence AND NOT q.visit)",
    ),
    AuditRule(
        "an angiogram counts its narrow vessels", "diagnostic_reports.conclusion",
        ("diagnostic_reports",),
        f"SELECT {_REPORT} FROM diagnostic_reports AS r WHERE contains(r.conclusion, "
        "'Circumflex artery') AND nullif(regexp_extract(r.conclusion, "
        f"'(One|Two|Three)-vessel'), '') IS DISTINCT FROM {_EXTENT.format(_NARROW)}",
    ),
    AuditRule(
        "an angiogram shows what is treated then", "diagnostic_reports.conclusion",
        ("diagnostic_reports", "procedures"),
        f"WITH treated AS ({_TREATED}), first AS (SELECT r.report_id, {_NARROW} AS seen, "
        f"least(t.arteries, CASE t.kind WHEN '{BYPASS}' THEN {LEAST_BYPASSED} ELSE 3 END) AS least "
        "FROM diagnostic_reports AS r JOIN treated AS t ON t.person_id = r.person_id "
        "AND t.performed_date BETWEEN r.effective_at::DATE "
        f"AND r.effective_at::DATE + {FOLLOWS} WHERE contains(r.conclusion, 'Circumflex artery') "
        "QUALIFY t.performed_date = min(t.performed_date) "
        "OVER (PARTITION BY r.report_id, t.kind)) "
        f"SELECT {_REPORT} FROM first AS r WHERE seen < least GROUP BY r.report_id",
    ),
    AuditRule(
        "an ejection fraction in a conclusion is its result", "diagnostic_reports.conclusion",
        ("diagnostic_reports", "diagnostic_report_results", "lab_results"),
        f"SELECT {_REPORT} FROM diagnostic_reports AS r "
        f"WHERE regexp_matches(r.conclusion, '{_FRACTION}') AND NOT EXISTS ("
        "FROM diagnostic_report_results AS d JOIN lab_results AS l USING (lab_result_id) "
        "WHERE d.report_id = r.report_id AND l.loinc = '10230-1' AND round(l.value) = "
        f"regexp_extract(r.conclusion, '{_FRACTION}', 1)::INTEGER)",
    ),
)  # fmt: skip
