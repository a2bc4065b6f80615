# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of accumulators: deltas add up to balances, balances keep limits, claims say the same."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule

_ROW = "concat('person_id ', e.person_id, ' seq ', e.seq)"
_SCOPE = (
    "CASE WHEN starts_with(e.bucket, 'drug_') AND starts_with(p.kind, 'medicare') THEN '' "
    "ELSE e.plan_id END"
)
_OWNER = (
    "CASE WHEN contains(e.bucket, 'family_') THEN e.person_id // 100 * 100 ELSE e.person_id END"
)
_ADDED = (
    f"SELECT concat('person_id ', person_id, ' seq ', seq) FROM (SELECT e.person_id, e.seq, "
    f"e.balance_usd, sum(e.delta_usd) OVER (PARTITION BY {_OWNER}, {_SCOPE}, e.year, e.bucket "
    "ORDER BY e.seq) AS added FROM accumulator_events AS e JOIN plans AS p USING (plan_id)) "
    "WHERE balance_usd <> added"
)
_LIMITED = (
    f"SELECT {_ROW} FROM accumulator_events AS e JOIN (SELECT plan_id, year, "
    "regexp_replace(name, '_usd$', '') AS bucket, most, min(year) OVER of_plan AS first, "
    "max(year) OVER of_plan AS last FROM (UNPIVOT plan_years ON COLUMNS(* EXCLUDE (plan_id, year)) "
    "INTO NAME name VALUE most) WINDOW of_plan AS (PARTITION BY plan_id)) AS y "
    "ON y.plan_id = e.plan_id AND y.bucket = e.bucket "
    "AND y.year = greatest(y.first, least(y.last, e.year)) "
    "WHERE e.balance_usd < 0 OR (e.delta_usd > 0 AND e.balance_usd > y.most)"
)
_OWED = (
    "SELECT concat('claim_id ', c.claim_id) FROM claims AS c JOIN (SELECT claim_id, "
    "sum(delta_usd) AS counted FROM accumulator_events WHERE claim_id IS NOT NULL AND bucket IN "
    "('oop_max', 'out_of_network_oop_max') GROUP BY claim_id) AS e USING (claim_id) "
    "WHERE c.deductible_usd + c.coinsurance_usd + c.copay_usd <> e.counted"
)
_ORDER = (
    f"SELECT {_ROW} FROM (SELECT *, lag(decided_date) OVER (PARTITION BY person_id // 100 "
    "ORDER BY seq) AS earlier FROM accumulator_events) AS e WHERE decided_date < earlier"
)

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "balances of accumulators add up", "accumulator_events.balance_usd",
        ("accumulator_events", "plans"), _ADDED,
    ),
    AuditRule(
        "balances of accumulators keep their limits", "accumulator_events.balance_usd",
        ("accumulator_events", "plan_years"), _LIMITED,
    ),
    AuditRule(
        "accumulators count what a claim's member owes", "accumulator_events.delta_usd",
        ("accumulator_events", "claims"), _OWED,
    ),
    AuditRule(
        "accumulators follow the order of decisions", "accumulator_events.seq",
        ("accumulator_events",), _ORDER,
    ),
)  # fmt: skip
"""Rules of what claims and fills use up of the limits of their plans."""
