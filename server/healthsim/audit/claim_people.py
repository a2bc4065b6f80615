# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of who stands on a claim besides its clinician, and of laboratories."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.billing.professional.fee_schedule import physician_fees
from healthsim.billing.professional.ordering import is_ordered, specimen_tests

_LINE = "concat('claim_id ', l.claim_id, ' line ', l.line)"
_CLAIM = "concat('claim_id ', c.claim_id)"
_NUMERIC = "(regexp_full_match({code}, '[0-9]{{5}}') AND {code} BETWEEN '{first}' AND '{last}')"


def _listed(codes: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{code}'" for code in codes) + ")"


def _within(code: str, first: str, last: str) -> str:
    return _NUMERIC.format(code=code, first=first, last=last)


_TEST = (f"({_within('l.procedure', '80047', '87999')} "
         f"OR l.procedure IN {_listed(specimen_tests())})")  # fmt: skip
_DIAGNOSTIC = tuple(sorted({code for code, _ in physician_fees() if is_ordered(code)}))
_ORDERED = (f"({_TEST} OR {_within('l.procedure', '70010', '79999')} "
            f"OR l.procedure IN {_listed(_DIAGNOSTIC)} "
            "OR l.procedure[1] IN ('E', 'K', 'L'))")  # fmt: skip
_READ = "coalesce('26' IN (l.modifier_1, l.modifier_2, l.modifier_3, l.modifier_4), false)"


def _cut(code: str) -> str:
    """Return whether a code is an operation, in SQL."""
    return (f"(({_within(code, '10004', '69990')} AND {code} NOT BETWEEN '36400' AND '36425') "
            f"OR {code} IN ('G0104', 'G0105', 'G0121'))")  # fmt: skip


_WHO = (
    "(SELECT encounter_id, attending_npi AS npi FROM encounters UNION "
    "SELECT encounter_id, performer_npi FROM procedures WHERE encounter_id IS NOT NULL)"
)
_PEOPLE = (
    "claims.referring_npi", "claims.supervising_npi", "claims.operating_npi",
    "claims.other_operating_npi", "claims.clia_number", "claim_lines.ordering_npi",
)  # fmt: skip
_PRIMARY = _listed(("family medicine", "internal medicine", "pediatrics"))

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a test is ordered by who treats", "claim_lines.ordering_npi",
        ("claim_lines", "claims", "encounters"),
        f"SELECT {_LINE} FROM claim_lines AS l JOIN claims AS c USING (claim_id) "
        "LEFT JOIN encounters AS e USING (encounter_id) WHERE c.encounter_id IS NOT NULL "
        f"AND l.ordering_npi IS DISTINCT FROM CASE WHEN c.form = '837P' AND {_ORDERED} "
        "THEN e.attending_npi END",
        columns=_PEOPLE,
    ),
    AuditRule(
        "an operation names who operated", "claims.operating_npi",
        ("claims", "claim_lines", "encounters", "procedures"),
        f"SELECT {_CLAIM} FROM claims AS c LEFT JOIN (SELECT claim_id, bool_or("
        f"{_cut('procedure')}) AS cut FROM claim_lines GROUP BY claim_id) AS l "
        "USING (claim_id) LEFT JOIN (SELECT encounter_id, bool_or(CASE system WHEN 'ICD-10-PCS' "
        f"THEN code[1] IN ('0', '1') ELSE {_cut('code')} END) AS cut FROM procedures "
        "GROUP BY encounter_id) AS p USING (encounter_id) WHERE CASE WHEN c.form = '837P' "
        "THEN c.operating_npi IS NOT NULL ELSE (l.cut AND c.operating_npi IS NULL) "
        "OR (c.bill_type = '111' AND p.cut AND c.operating_npi IS NULL) "
        "OR (c.operating_npi IS NOT NULL AND c.encounter_id IS NOT NULL AND NOT EXISTS "
        f"(SELECT 1 FROM {_WHO} AS w WHERE w.encounter_id = c.encounter_id "
        "AND w.npi = c.operating_npi)) END",
        columns=_PEOPLE,
    ),
    RowRule(
        "another at an operation is not the surgeon", "claims.other_operating_npi", "claims",
        "other_operating_npi IS NOT NULL AND other_operating_npi IS NOT DISTINCT FROM "
        "operating_npi OR (form = '837P' AND other_operating_npi IS NOT NULL)",
        columns=_PEOPLE,
    ),
    AuditRule(
        "who refers is in primary care, and refers to somebody else", "claims.referring_npi",
        ("claims", "providers"),
        f"SELECT {_CLAIM} FROM claims AS c LEFT JOIN providers AS r ON r.npi = c.referring_npi "
        "LEFT JOIN providers AS d ON d.npi = coalesce(c.rendering_npi, c.attending_npi) "
        f"WHERE c.referring_npi IS NOT NULL AND (r.specialty NOT IN {_PRIMARY} "
        f"OR d.specialty IN {_PRIMARY} OR d.specialty IS NULL)",
        columns=_PEOPLE,
    ),
    AuditRule(
        "a therapist's claim names who referred", "claims.referring_npi", ("claims", "providers"),
        f"SELECT {_CLAIM} FROM claims AS c JOIN claim_lines AS l USING (claim_id) "
        "JOIN providers AS d ON d.npi = c.rendering_npi WHERE c.referring_npi IS NULL "
        "AND l.pos IN ('10', '11', '22') AND d.specialty IN "
        "('physical therapy', 'occupational therapy', 'audiology', 'dietetics') "
        "GROUP BY c.claim_id",
        columns=_PEOPLE,
    ),
    AuditRule(
        "an assistant has a supervisor", "claims.supervising_npi", ("claims", "claim_lines"),
        f"SELECT {_CLAIM} FROM claims AS c LEFT JOIN (SELECT claim_id, bool_or('AS' IN "
        "(modifier_1, modifier_2, modifier_3, modifier_4)) AS assists, bool_and(pos IN ('11', "
        "'20')) AS own FROM claim_lines GROUP BY claim_id) AS l USING (claim_id) WHERE "
        "CASE WHEN c.supervising_npi IS NULL THEN coalesce(l.assists, false) ELSE c.form = '837I' "
        "OR c.supervising_npi = c.rendering_npi AND NOT l.own END",
        columns=_PEOPLE,
    ),
    AuditRule(
        "tests have a certificate", "claims.clia_number", ("claims", "claim_lines"),
        f"SELECT {_CLAIM} FROM claims AS c LEFT JOIN (SELECT claim_id, bool_or({_TEST} "
        f"AND NOT {_READ}) AS tests FROM claim_lines AS l GROUP BY claim_id) AS l "
        "USING (claim_id) WHERE (c.clia_number IS NOT NULL) <> "
        "(c.form = '837P' AND coalesce(l.tests, false)) "
        "OR NOT regexp_full_match(c.clia_number, '[0-9]{2}D[0-9]{7}')",
        columns=_PEOPLE,
    ),
    AuditRule(
        "a laboratory bills its tests alone", "claims.clia_number",
        ("claims", "claim_lines", "facilities"),
        f"SELECT {_CLAIM} FROM claims AS c LEFT JOIN facilities AS f ON f.npi = c.facility_npi "
        f"LEFT JOIN (SELECT claim_id, bool_and({_TEST}) AS tests, bool_and(pos = '81') AS whole, "
        "bool_or(pos = '81') AS some FROM claim_lines AS l GROUP BY claim_id) AS l "
        "USING (claim_id) WHERE c.form = '837P' AND CASE WHEN c.rendering_npi IS NULL "
        "OR coalesce(l.some, false) THEN c.rendering_npi IS NOT NULL OR NOT coalesce(l.whole AND "
        "l.tests, false) OR f.kind IS DISTINCT FROM 'laboratory' OR f.ccn <> c.clia_number "
        "ELSE f.kind IS NOT DISTINCT FROM 'laboratory' END",
        columns=_PEOPLE,
    ),
)  # fmt: skip
"""Rules of people on claims."""
