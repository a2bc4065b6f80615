# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of what facilities bill: codes on outpatient lines, rooms, and what pays a claim once."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.billing import opps
from healthsim.billing.facility_services import facility_only_codes

_LINE = "concat('claim_id ', l.claim_id, ' line ', l.line)"
_LINES = "FROM claim_lines AS l JOIN claims AS c USING (claim_id)"
_WITHOUT_CODE = "('0250', '0270', '0370', '0499', '0710')"
_BY_OPPS = "c.bill_type IN ('131', '831')"


def _codes(*statuses: str) -> str:
    """Return the codes of some status indicators as a list of SQL."""
    return "(" + ", ".join(f"'{code}'" for code in opps.codes_of(*statuses)) + ")"


RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a facility's outpatient line has a code", "claim_lines.procedure",
        ("claim_lines", "claims"),
        f"SELECT {_LINE} {_LINES} WHERE c.bill_type IN ('131', '321', '721', '831') "
        f"AND l.procedure IS NULL AND l.revenue_code NOT IN {_WITHOUT_CODE}",
    ),
    AuditRule(
        "a code stands on the form that bills it", "claim_lines.procedure",
        ("claim_lines", "claims"),
        f"SELECT {_LINE} {_LINES} WHERE (c.form = '837P' AND l.procedure IN "
        f"({', '.join(repr(code) for code in facility_only_codes())})) "
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
        "each dialysis treatment is a line of one claim", "claim_lines.event_id",
        ("claim_lines", "claims", "encounters", "enrollments"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e SEMI JOIN "
        "enrollments AS n ON e.person_id = n.person_id AND n.effective_date <= e.start_at::DATE "
        "AND e.start_at::DATE <= coalesce(n.term_date, DATE '9999-12-31') LEFT JOIN "
        "(SELECT l.event_id, count(DISTINCT l.claim_id) AS bills, count(*) FILTER "
        f"(l.revenue_code = '0821') AS treatments {_LINES} WHERE c.bill_type = '721' "
        "GROUP BY l.event_id) AS b ON b.event_id = e.event_id WHERE e.encounter_class = 'dialysis' "
        "AND (b.bills IS DISTINCT FROM 1 OR b.treatments <> 1)",
    ),
    AuditRule(
        "what OPPS packages is not paid", "claim_lines.allowed_usd", ("claim_lines", "claims"),
        f"SELECT {_LINE} {_LINES} WHERE {_BY_OPPS} AND l.allowed_usd > 0 "
        f"AND l.procedure IN {_codes('N')}",
    ),
)  # fmt: skip
"""Rules of facilities' bills."""
