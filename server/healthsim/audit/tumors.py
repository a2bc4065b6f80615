# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of tumours: sums are those of the lesions, responses those of RECIST 1.1."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.medicine.tumors import RESPONSES, figure

_ROW = "concat('tumor_response_id ', r.tumor_response_id)"
_CR, _PR, _SD, _PD = RESPONSES
_OVERALL = (
    f"CASE WHEN r.new_lesion OR (r.sum_mm >= {figure('progression'):g} * r.nadir_sum_mm - 1e-9 "
    f"AND r.sum_mm - r.nadir_sum_mm >= {figure('progression_mm'):g}) THEN '{_PD}' "
    f"WHEN r.sum_mm = 0 THEN '{_CR}' "
    f"WHEN r.sum_mm <= {figure('partial'):g} * r.baseline_sum_mm + 1e-9 THEN '{_PR}' "
    f"ELSE '{_SD}' END"
)
_ORDER = "PARTITION BY subject_id ORDER BY assessed_date, tumor_response_id"
_RANK = f"list_position({list(RESPONSES)}, {{}})"

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a sum of diameters is that of the lesions", "tumor_responses.sum_mm",
        ("tumor_responses", "tumor_measurements"),
        f"SELECT {_ROW} FROM tumor_responses AS r LEFT JOIN (SELECT event_id, person_id, "
        "sum(diameter_mm) AS total FROM tumor_measurements GROUP BY ALL) AS m "
        "USING (event_id, person_id) WHERE r.sum_mm IS DISTINCT FROM m.total",
    ),
    AuditRule(
        "a tumour is compared with its first and its smallest sum",
        "tumor_responses.nadir_sum_mm", ("tumor_responses",),
        f"SELECT {_ROW} FROM (SELECT *, first(sum_mm) OVER ({_ORDER} ROWS UNBOUNDED PRECEDING) "
        f"AS at_first, min(sum_mm) OVER ({_ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        " AS smallest FROM tumor_responses) AS r WHERE r.baseline_sum_mm <> r.at_first "
        "OR r.nadir_sum_mm <> coalesce(r.smallest, r.sum_mm) "
        "OR (r.smallest IS NULL) <> (r.response IS NULL)",
    ),
    AuditRule(
        "a response is that of RECIST", "tumor_responses.response", ("tumor_responses",),
        f"SELECT {_ROW} FROM tumor_responses AS r "
        f"WHERE r.response IS NOT NULL AND r.response <> {_OVERALL}",
    ),
    AuditRule(
        "the best response is the best so far", "tumor_responses.best_response",
        ("tumor_responses",),
        f"SELECT {_ROW} FROM (SELECT *, min({_RANK.format('response')}) OVER ({_ORDER} ROWS "
        "UNBOUNDED PRECEDING) AS best FROM tumor_responses) AS r "
        f"WHERE {_RANK.format('r.best_response')} IS DISTINCT FROM r.best",
    ),
)  # fmt: skip
"""Rules of tumours."""
