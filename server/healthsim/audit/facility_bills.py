# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of what facilities bill: codes on outpatient lines, rooms, and what pays a claim once."""

from __future__ import annotations

from collections.abc import Iterable

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.billing.datafiles import rows as rows_of
from healthsim.billing.facility import opps
from healthsim.billing.facility.hipps import LEAST_VISITS, PERIOD_DAYS
from healthsim.billing.facility.services import facility_only_codes

_LINE = "concat('claim_id ', l.claim_id, ' line ', l.line)"
_LINES = "FROM claim_lines AS l JOIN claims AS c USING (claim_id)"
_USUAL = "SEMI JOIN usual_bills AS u ON u.form = '837I'"
"""Nothing where the profile leaves bills as stated (`audit/claim_edits.py` makes the table)."""
_WITHOUT_CODE = "('0250', '0270', '0370', '0499', '0710')"
_BY_OPPS = "c.form = '837I' AND c.bill_type IN ('131', '831')"


_VIALS = ", ".join(f"('{row['code']}', {row['vial_units']})" for row in rows_of("drug_vials.csv"))


def _among(codes: Iterable[str]) -> str:
    """Return codes as one literal of SQL: of a thousand literals, planning takes longest."""
    return f"(SELECT unnest(string_split('{' '.join(codes)}', ' ')))"


_DRUGS = ", ".join(f"('{row['code']}', '{row['ndc']}', '{row['ndc_unit']}', {row['quantity']})"
                   for row in rows_of("injected_drugs.csv"))  # fmt: skip


def _codes(*statuses: str) -> str:
    """Return the codes of some status indicators as SQL."""
    return _among(opps.codes_of(*statuses))


RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a facility's outpatient line has a code", "claim_lines.procedure",
        ("claim_lines", "claims"),
        f"SELECT {_LINE} {_LINES} WHERE c.bill_type IN ('131', '329', '721', '831') "
        f"AND l.procedure IS NULL AND l.revenue_code NOT IN {_WITHOUT_CODE}",
    ),
    AuditRule(
        "a code stands on the form that bills it", "claim_lines.procedure",
        ("claim_lines", "claims"),
        f"SELECT {_LINE} {_LINES} WHERE (c.form = '837P' AND l.procedure IN "
        f"{_among(facility_only_codes())}) "
        f"OR ({_BY_OPPS} AND l.procedure IN {_codes('B', 'M', 'E1')})",
    ),
    AuditRule(
        "a newborn's room is no operating room", "claim_lines.revenue_code", ("claim_lines",),
        f"SELECT {_LINE} FROM claim_lines AS l SEMI JOIN (SELECT claim_id FROM claim_lines "
        "WHERE revenue_code LIKE '017%') AS n ON l.claim_id = n.claim_id "
        "WHERE l.revenue_code = '0360'",
    ),
    AuditRule(
        "a comprehensive operation pays its claim once", "claim_lines.allowed_usd",
        ("claim_lines", "claims"),
        "SELECT concat('claim_id ', claim_id) FROM claim_lines AS l JOIN claims AS c "
        "USING (claim_id) WHERE c.bill_type = '131' AND l.allowed_usd > 0 AND (l.procedure IS NULL "
        f"OR l.procedure NOT IN {_codes('A', 'F', 'G', 'H', 'L', 'U')}) GROUP BY claim_id HAVING "
        f"bool_or(l.procedure IN {_codes('J1')}) AND count(*) > 1",
    ),
    AuditRule(
        "a month of dialysis is one claim", "claims.from_date", ("claims",),
        "SELECT concat('person_id ', person_id, ' month ', date_trunc('month', from_date)::DATE) "
        "FROM claims WHERE bill_type = '721' GROUP BY person_id, facility_npi, plan_id, "
        "date_trunc('month', from_date) HAVING count(*) > 1 "
        "OR bool_or(date_trunc('month', through_date) <> date_trunc('month', from_date))",
    ),
    AuditRule(
        "thirty days of home health are one claim", "claims.from_date", ("claims",),
        "SELECT concat('claim_id ', c.claim_id) FROM claims AS c WHERE c.bill_type = '329' AND "
        f"(c.through_date - c.from_date >= {PERIOD_DAYS} OR EXISTS (SELECT 1 FROM claims AS o "
        "WHERE o.bill_type = '329' AND o.person_id = c.person_id AND o.plan_id = c.plan_id "
        "AND o.facility_npi = c.facility_npi AND o.claim_id <> c.claim_id AND o.from_date "
        "BETWEEN c.from_date AND c.through_date))",
        columns=("claim_lines.ndc_unit",),
    ),
    AuditRule(
        "home health is paid by the period from four visits on", "claim_lines.allowed_usd",
        ("claim_lines", "claims"),
        "SELECT concat('claim_id ', claim_id) FROM claim_lines AS l JOIN claims AS c "
        f"USING (claim_id) {_USUAL} WHERE c.bill_type = '329' GROUP BY claim_id HAVING "
        "CASE WHEN count(DISTINCT l.event_id) FILTER (l.revenue_code <> '0023') >= "
        f"{LEAST_VISITS} THEN bool_or(l.allowed_usd > 0 AND l.revenue_code <> '0023') "
        "OR NOT bool_or(l.charge_usd > 0 AND l.revenue_code = '0023') "
        "ELSE bool_or(l.charge_usd > 0 AND l.revenue_code = '0023') END",
    ),
    AuditRule(
        "each visit at home is on one claim", "claim_lines.event_id",
        ("claim_lines", "claims", "encounters", "enrollments"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e SEMI JOIN "
        "enrollments AS n ON e.person_id = n.person_id AND n.effective_date <= e.start_at::DATE "
        "AND e.start_at::DATE <= coalesce(n.term_date, DATE '9999-12-31') LEFT JOIN "
        f"(SELECT l.event_id, count(DISTINCT l.claim_id) AS bills {_LINES} "
        "WHERE c.bill_type = '329' AND l.revenue_code <> '0023' GROUP BY l.event_id) AS b "
        f"ON b.event_id = e.event_id {_USUAL} "
        "WHERE e.encounter_class = 'home_health' AND b.bills IS DISTINCT FROM 1",
    ),
    AuditRule(
        "each dialysis treatment is a line of one claim", "claim_lines.event_id",
        ("claim_lines", "claims", "encounters", "enrollments"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e SEMI JOIN "
        "enrollments AS n ON e.person_id = n.person_id AND n.effective_date <= e.start_at::DATE "
        "AND e.start_at::DATE <= coalesce(n.term_date, DATE '9999-12-31') LEFT JOIN "
        "(SELECT l.event_id, count(DISTINCT l.claim_id) AS bills, count(*) FILTER "
        f"(l.revenue_code = '0821') AS treatments {_LINES} WHERE c.bill_type = '721' "
        f"GROUP BY l.event_id) AS b ON b.event_id = e.event_id {_USUAL} "
        "WHERE e.encounter_class = 'dialysis' "
        "AND (b.bills IS DISTINCT FROM 1 OR b.treatments <> 1)",
    ),
    AuditRule(
        "what OPPS packages is not paid", "claim_lines.allowed_usd", ("claim_lines", "claims"),
        f"SELECT {_LINE} {_LINES} WHERE {_BY_OPPS} AND l.allowed_usd > 0 "
        f"AND l.procedure IN {_codes('N')}",
    ),
    AuditRule(
        "what another line pays says so", "claim_adjustments.carc",
        ("claim_lines", "claims", "claim_adjustments"),
        f"SELECT {_LINE} {_LINES} LEFT JOIN (SELECT claim_id, line, bool_or(carc = '97') AS "
        "within FROM claim_adjustments GROUP BY claim_id, line) AS a ON a.claim_id = l.claim_id "
        "AND a.line = l.line WHERE l.status = 'paid' AND coalesce(a.within, false) <> "
        "(c.form = '837I' AND c.drg IS NULL AND l.allowed_usd = 0 AND l.charge_usd > 0 "
        f"AND coalesce(l.procedure NOT IN {_codes('B', 'C', 'E1', 'M')} "
        "OR c.bill_type NOT IN ('131', '831'), true))",
        columns=("claim_lines.ndc_unit",),
    ),
    AuditRule(
        "rooms of a stay are its days", "claim_lines.units", ("claim_lines", "claims"),
        f"SELECT concat('claim_id ', l.claim_id) {_LINES} WHERE c.bill_type = '111' "
        "GROUP BY l.claim_id, c.through_date, c.admit_date HAVING coalesce(sum(l.units) FILTER "
        "(l.revenue_code BETWEEN '0100' AND '0219'), 0) "
        "<> greatest(c.through_date - c.admit_date, 1)",
    ),
    AuditRule(
        "a stay lists a centre once a day", "claim_lines.revenue_code",
        ("claim_lines", "claims"),
        f"SELECT min({_LINE}) {_LINES} WHERE c.bill_type = '111' AND l.procedure IS NULL "
        "GROUP BY l.claim_id, l.revenue_code, l.service_date HAVING count(*) > 1",
        columns=("claim_lines.ndc_unit",),
    ),
    AuditRule(
        "an injected drug names its product", "claim_lines.ndc", ("claim_lines",),
        f"SELECT {_LINE} FROM claim_lines AS l LEFT JOIN (VALUES {_DRUGS}) AS d "
        "(code, ndc, unit, quantity) ON d.code = l.procedure WHERE l.ndc IS DISTINCT FROM d.ndc "
        "OR l.ndc_unit IS DISTINCT FROM d.unit OR abs(coalesce(l.ndc_quantity, 0) "
        "- coalesce(round(l.units * d.quantity, 3), 0)) > 0.0011 "
        "OR (l.ndc_quantity IS NULL) <> (d.quantity IS NULL)",
        columns=("claim_lines.ndc_unit",),
    ),
    AuditRule(
        "a claim's indicators of admission are the stay's", "claim_diagnoses.poa",
        ("claims", "claim_diagnoses", "encounter_diagnoses"),
        "SELECT concat('claim_id ', c.claim_id, ' code ', d.code) FROM claims AS c "
        "JOIN claim_diagnoses AS d USING (claim_id) JOIN encounter_diagnoses AS e "
        "ON e.encounter_id = c.encounter_id AND e.sequence = d.sequence "
        "WHERE d.poa IS DISTINCT FROM CASE WHEN c.bill_type = '111' THEN e.poa END",
    ),
    AuditRule(
        "care after a stay has one HIPPS code", "claim_lines.procedure", ("claim_lines", "claims"),
        "SELECT concat('claim_id ', claim_id) FROM claim_lines AS l JOIN claims AS c "
        f"USING (claim_id) {_USUAL} WHERE c.bill_type IN ('211', '329') "
        "GROUP BY claim_id, c.bill_type "
        "HAVING count(*) FILTER (l.revenue_code = CASE c.bill_type WHEN '211' THEN '0022' "
        "ELSE '0023' END AND length(l.procedure) = 5) <> 1",
    ),
    AuditRule(
        "a single-dose drug says what was wasted", "claim_lines.modifier_1",
        ("claim_lines",),
        f"SELECT {_LINE} FROM claim_lines AS l JOIN (SELECT claim_id, event_id, procedure, "
        "sum(units) AS units, bool_or('JZ' IN (modifier_1, modifier_2, modifier_3, modifier_4)) "
        "AS nothing, bool_or(modifier_1 = 'JW') AS wasted FROM claim_lines "
        "GROUP BY claim_id, event_id, procedure) AS d USING (claim_id, event_id, procedure) "
        f"JOIN (VALUES {_VIALS}) AS v (code, vial) ON v.code = l.procedure {_USUAL} "
        "WHERE coalesce(d.nothing, false) = coalesce(d.wasted, false) OR d.units % v.vial <> 0",
    ),
    AuditRule(
        "a facility's claim says how the person came", "claims.admit_type",
        ("claims", "encounters"),
        "SELECT concat('claim_id ', c.claim_id) FROM claims AS c LEFT JOIN encounters AS e "
        "USING (encounter_id) WHERE CASE c.form WHEN '837P' THEN c.admit_type IS NOT NULL "
        "OR c.admit_source IS NOT NULL ELSE c.admit_type IS NULL OR c.admit_source IS NULL "
        "OR c.admit_type <> e.admit_type OR c.admit_source <> e.admit_source END",
        columns=("claims.admit_type", "claims.admit_source"),
    ),
    AuditRule(
        "covered days are the nights of a stay", "claims.covered_days", ("claims", "claim_codes"),
        "SELECT concat('claim_id ', c.claim_id) FROM claims AS c LEFT JOIN claim_codes AS v "
        "ON v.claim_id = c.claim_id AND v.kind = 'value' AND v.code = '80' WHERE "
        "(c.bill_type IN ('111', '211') OR v.code IS NOT NULL OR c.covered_days IS NOT NULL) AND "
        "(c.covered_days IS DISTINCT FROM greatest(c.through_date - c.admit_date, 1) "
        "OR v.amount IS DISTINCT FROM c.covered_days)",
        columns=("claims.covered_days",),
    ),
    AuditRule(
        "a claim has the codes that its kind asks for", "claim_codes.code",
        ("claims", "claim_codes"),
        "SELECT concat('claim_id ', c.claim_id) FROM claims AS c LEFT JOIN (SELECT claim_id, "
        "list_sort(list(concat(kind, ' ', code))) AS codes FROM claim_codes "
        "GROUP BY claim_id) AS k USING (claim_id) WHERE (c.bill_type = '721' AND codes IS "
        "DISTINCT FROM ['condition 71', 'value A8', 'value A9', 'value D5']) OR "
        "(c.bill_type = '111' AND c.admit_type = '4' "
        "AND NOT list_contains(coalesce(codes, []), 'value 54'))",
        columns=("claims.admit_type",),
    ),
)  # fmt: skip
"""Rules of facilities' bills."""
