# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of benefits by law: dependants, Part A, home health, high-deductible plans, Part D."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule

_STAYS = (
    "(SELECT *, sum(new) OVER (PARTITION BY person_id ORDER BY from_date, through_date, claim_id) "
    "AS period FROM (SELECT c.*, starts_with(c.bill_type, '21') AS nursing, "
    "CASE WHEN c.from_date - max(c.through_date) OVER (PARTITION BY c.person_id "
    "ORDER BY c.from_date, c.through_date, c.claim_id "
    "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) < 60 THEN 0 ELSE 1 END AS new "
    "FROM claims AS c JOIN plans AS p USING (plan_id) WHERE p.kind = 'medicare_original' "
    "AND c.form = '837I' AND substr(c.bill_type, 1, 2) IN ('11', '21')))"
)
_UNTIL = "last_day(m.birth_date + INTERVAL 26 YEAR)"
_MET = (
    "SELECT concat('fill_id ', f.fill_id) FROM fills AS f JOIN plans AS p USING (plan_id) "
    "JOIN (SELECT e.fill_id, bool_or(e.balance_usd >= y.most) AS met FROM accumulator_events AS e "
    "JOIN (UNPIVOT plan_years ON deductible_usd, family_deductible_usd, oop_max_usd, "
    "family_oop_max_usd INTO NAME name VALUE most) AS y ON y.plan_id = e.plan_id "
    "AND y.year = e.year AND y.name = concat(e.bucket, '_usd') WHERE e.delta_usd > 0 "
    "GROUP BY e.fill_id) AS b ON b.fill_id = f.fill_id "
    "WHERE p.hdhp AND f.status = 'paid' AND f.copay_usd + f.plan_paid_usd > 0 "
    "AND f.deductible_usd > 0 AND NOT b.met"
)
_PAID = (
    "e.patient_pay_usd + e.low_income_subsidy_usd + e.manufacturer_discount_usd + e.plan_paid_usd"
)

_EXEMPT = (
    "(c.from_date < b.birth_date + INTERVAL 18 YEAR OR EXISTS (SELECT 1 FROM conditions AS o "
    "WHERE o.person_id = c.person_id AND regexp_matches(o.code, '^(O|Z33|Z34)') "
    "AND o.onset_date <= c.from_date AND (o.abatement_date IS NULL "
    "OR o.abatement_date > c.from_date)))"
)

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a dependant is covered until 26", "enrollments.term_date",
        ("enrollments", "members", "plans", "claims"),
        "SELECT DISTINCT concat('person_id ', m.person_id) FROM members AS m "
        "JOIN enrollments AS n USING (person_id) JOIN plans AS p USING (plan_id) "
        "LEFT JOIN claims AS c ON c.person_id = m.person_id AND c.plan_id = n.plan_id "
        "WHERE m.relationship_code = '19' AND p.kind = 'commercial' AND "
        f"(n.effective_date > {_UNTIL} OR n.term_date > {_UNTIL} OR c.from_date > {_UNTIL})",
    ),
    AuditRule(
        "coverage begins with a month where the plan says so", "enrollments.effective_date",
        ("enrollments", "plans", "patients"),
        "SELECT concat('enrollment_id ', n.enrollment_id) FROM enrollments AS n "
        "JOIN plans AS p USING (plan_id) JOIN patients AS b ON b.person_id = n.person_id "
        "ANTI JOIN enrollments AS o ON o.person_id = n.person_id "
        "AND o.term_date = n.effective_date - 1 WHERE p.coverage_dates = 'month' "
        "AND day(n.effective_date) <> 1 AND n.effective_date <> b.birth_date",
        columns=("plans.coverage_dates",),
    ),
    AuditRule(
        "coverage ends with a month where the plan says so", "enrollments.term_date",
        ("enrollments", "plans"),
        "SELECT concat('enrollment_id ', n.enrollment_id) FROM enrollments AS n "
        "JOIN plans AS p USING (plan_id) WHERE p.coverage_dates = 'month' "
        "AND n.term_date <> last_day(n.term_date) "
        "AND n.reason NOT IN ('death', 'another plan', 'newborn not enrolled')",
        columns=("plans.coverage_dates",),
    ),
    AuditRule(
        "a newborn whom nobody enrolls is covered for 31 days", "enrollments.term_date",
        ("enrollments", "patients"),
        "SELECT concat('enrollment_id ', n.enrollment_id) FROM enrollments AS n "
        "JOIN patients AS b USING (person_id) WHERE n.reason = 'newborn not enrolled' "
        "AND n.term_date <> b.birth_date + 30",
    ),
    AuditRule(
        "an end of coverage is entered after its beginning", "enrollments.ended_date",
        ("enrollments",),
        "SELECT concat('enrollment_id ', enrollment_id) FROM enrollments WHERE ended_date "
        "IS NOT NULL AND (term_date IS NULL OR added_date IS NULL OR ended_date < added_date)",
        columns=("enrollments.ended_date",),
    ),
    AuditRule(
        "minors and pregnant women owe Medicaid nothing", "claims.copay_usd",
        ("claims", "plans", "patients", "conditions"),
        "SELECT concat('claim_id ', c.claim_id) FROM claims AS c JOIN plans AS p USING (plan_id) "
        "JOIN patients AS b USING (person_id) WHERE p.nominal_copays "
        f"AND c.deductible_usd + c.coinsurance_usd + c.copay_usd > 0 AND {_EXEMPT}",
        columns=("plans.nominal_copays",),
    ),
    AuditRule(
        "minors and pregnant women owe Medicaid nothing for drugs", "fills.copay_usd",
        ("fills", "plans", "patients", "conditions"),
        "SELECT concat('fill_id ', c.fill_id) FROM (SELECT *, fill_date AS from_date FROM fills) "
        "AS c JOIN plans AS p USING (plan_id) JOIN patients AS b USING (person_id) "
        f"WHERE p.nominal_copays AND c.deductible_usd + c.copay_usd > 0 AND {_EXEMPT}",
        columns=("plans.nominal_copays",),
    ),
    AuditRule(
        "the Part A deductible is owed once in a benefit period", "claims.deductible_usd",
        ("claims", "plans"),
        f"SELECT concat('person_id ', person_id, ' period ', period) FROM {_STAYS} "
        "WHERE deductible_usd > 0 GROUP BY person_id, period HAVING count(*) > 1",
    ),
    AuditRule(
        "the first twenty days in a nursing facility cost nothing", "claims.coinsurance_usd",
        ("claims", "plans"),
        "SELECT concat('claim_id ', claim_id) FROM (SELECT *, "
        "sum(greatest(through_date - from_date, 1)) OVER (PARTITION BY person_id, period "
        f"ORDER BY from_date, through_date, claim_id) AS days FROM {_STAYS} WHERE nursing) "
        "WHERE days <= 20 AND deductible_usd + coinsurance_usd + copay_usd > 0",
    ),
    AuditRule(
        "home health costs nothing in Original Medicare", "claims.coinsurance_usd",
        ("claims", "plans"),
        "SELECT concat('claim_id ', c.claim_id) FROM claims AS c JOIN plans AS p USING (plan_id) "
        "WHERE p.kind = 'medicare_original' AND c.form = '837I' AND starts_with(c.bill_type, '32') "
        "AND c.deductible_usd + c.coinsurance_usd + c.copay_usd > 0",
    ),
    AuditRule(
        "drugs of a high-deductible plan meet its deductible first", "fills.deductible_usd",
        ("fills", "plans", "plan_years", "accumulator_events"), _MET,
    ),
    AuditRule(
        "a drug event adds up", "prescription_drug_events",
        ("fills", "prescription_drug_events"),
        "SELECT concat('fill_id ', e.fill_id) FROM prescription_drug_events AS e "
        "JOIN fills AS f USING (fill_id) WHERE f.ingredient_cost_usd + f.dispensing_fee_usd "
        f"<> e.below_threshold_usd + e.above_threshold_usd OR f.ingredient_cost_usd "
        f"+ f.dispensing_fee_usd <> {_PAID} OR e.reinsurance_usd > e.plan_paid_usd "
        "OR e.patient_pay_usd <> f.deductible_usd + f.copay_usd",
    ),
)  # fmt: skip
"""Rules of what the law says of members' shares and coverage."""
