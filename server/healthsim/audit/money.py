# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of money: every line, every header, every fill, every limit of a benefit year."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.billing.professional.multiple_procedures import reduced_codes
from healthsim.products.membersim.tables import MONEY

_CHARGE = "charge_usd <> allowed_usd + contractual_usd + denied_usd"
_ALLOWED = (
    "allowed_usd <> plan_paid_usd + other_payer_paid_usd + deductible_usd + coinsurance_usd "
    "+ copay_usd + other_adjustment_usd"
)
_PRICE = "ingredient_cost_usd + dispensing_fee_usd + tax_usd"
_PAID = "deductible_usd + copay_usd + plan_paid_usd + other_payer_usd + coupon_usd"
_SUMS = ", ".join(f"sum({column.name}) AS {column.name}" for column in MONEY)
_DIFFERS = " OR ".join(f"c.{column.name} IS DISTINCT FROM l.{column.name}" for column in MONEY)

_YEAR = "year({day}) - (month({day}) < p.benefit_year)::INTEGER"
_LIMITS = (
    "(SELECT *, min(year) OVER of_plan AS first, max(year) OVER of_plan AS last FROM plan_years "
    "WINDOW of_plan AS (PARTITION BY plan_id))"
)
_BY_PERIOD = (
    "p.kind = 'medicare_original' AND c.form = '837I' "
    "AND (starts_with(c.bill_type, '11') OR starts_with(c.bill_type, '21'))"
)
_OUTSIDE = "y.{limit} + coalesce(y.out_of_network_{limit}, 0)"


def _year(who: str, rows: str, day: str, spent: str, limit: str) -> str:
    """Return a query for whoever spent more in a benefit year than the limit of that year."""
    year = _YEAR.format(day=day)
    return (
        f"SELECT concat('{who.rpartition('.')[2]} ', s.who, ' plan ', s.plan_id) FROM ("
        f"SELECT {who} AS who, p.plan_id, {year} AS year, sum({spent}) AS spent FROM {rows} "
        f"GROUP BY {who}, p.plan_id, {year}) AS s JOIN {_LIMITS} AS y ON y.plan_id = s.plan_id "
        f"AND y.year = greatest(y.first, least(y.last, s.year)) WHERE s.spent > {limit}"
    )


def _medical(limit: str, spent: str, where: str, *, family: bool = False) -> str:
    """Return a query for the medical limits of persons or families."""
    rows = "claim_lines AS l JOIN claims AS c USING (claim_id) JOIN plans AS p USING (plan_id) "
    rows += "JOIN members AS m ON m.person_id = l.person_id " if family else ""
    who = "m.household_id" if family else "l.person_id"
    return _year(who, f"{rows}WHERE {where}", "l.service_date", spent,
                 _OUTSIDE.format(limit=limit))  # fmt: skip


def _drug(limit: str, spent: str) -> str:
    rows = "fills AS f JOIN plans AS p USING (plan_id)"
    return _year("f.person_id", rows, "f.fill_date", spent, f"y.{limit}")


_OWED = "l.deductible_usd + l.coinsurance_usd + l.copay_usd"
_BY_MINUTES = "(length(procedure) = 5 AND procedure BETWEEN '00100' AND '01999')"
_REDUCED = "(" + ", ".join(f"'{code}'" for code in reduced_codes()) + ")"
_PRICED = (
    "SELECT concat('npi ', npi, ' procedure ', procedure, ' year ', year(service_date)) "
    "FROM (SELECT l.*, c.plan_id, c.form, c.bill_type, "
    "CASE WHEN c.form = '837I' THEN c.facility_npi "
    "ELSE coalesce(c.rendering_npi, c.facility_npi) END AS npi, "
    f"l.procedure IN {_REDUCED} AND (l.units > 1 OR count(*) FILTER (l.procedure IN {_REDUCED}) "
    "OVER (PARTITION BY l.claim_id, l.service_date) > 1) AS several "
    "FROM claim_lines AS l JOIN claims AS c USING (claim_id)) "
    f"WHERE procedure IS NOT NULL AND NOT {_BY_MINUTES} "
    "AND coalesce(revenue_code, '') <> '0023'{only} GROUP BY form, npi, procedure, "
    "pos, modifier_1, modifier_2, modifier_3, modifier_4, year(service_date){also} "
    "HAVING min(round({amount} / units, 4)) <> max(round({amount} / units, 4))"
)

RULES: tuple[AnyRule, ...] = (
    RowRule("charge of a line", "claim_lines.charge_usd", "claim_lines", _CHARGE),
    RowRule("allowed of a line", "claim_lines.allowed_usd", "claim_lines", _ALLOWED),
    RowRule("charge of a claim", "claims.charge_usd", "claims", _CHARGE),
    RowRule("allowed of a claim", "claims.allowed_usd", "claims", _ALLOWED),
    AuditRule(
        "header is the sum of its lines", "claims", ("claims", "claim_lines"),
        "SELECT concat('claim_id ', c.claim_id) FROM claims AS c LEFT JOIN "
        f"(SELECT claim_id, {_SUMS} FROM claim_lines GROUP BY claim_id) AS l USING (claim_id) "
        f"WHERE {_DIFFERS}",
    ),
    AuditRule(
        "adjustments explain what was not paid", "claim_adjustments.amount_usd",
        ("claim_lines", "claim_adjustments"),
        "SELECT concat('claim_id ', l.claim_id, ' line ', l.line) FROM claim_lines AS l "
        "LEFT JOIN (SELECT claim_id, line, sum(amount_usd) AS adjusted FROM claim_adjustments "
        "GROUP BY claim_id, line) AS a ON l.claim_id = a.claim_id AND l.line = a.line "
        "WHERE l.charge_usd - l.plan_paid_usd <> coalesce(a.adjusted, 0)",
    ),
    AuditRule(
        "adjustments stand on a line", "claim_adjustments.line",
        ("claim_lines", "claim_adjustments"),
        "SELECT concat('claim_id ', a.claim_id, ' line ', a.line) FROM claim_adjustments AS a "
        "ANTI JOIN claim_lines AS l ON a.claim_id = l.claim_id AND a.line = l.line",
    ),
    AuditRule(
        "adjustments name each amount", "claim_adjustments.amount_usd",
        ("claim_lines", "claim_adjustments", "claims"),
        "SELECT concat('claim_id ', l.claim_id, ' line ', l.line) FROM claim_lines AS l "
        "LEFT JOIN (SELECT a.claim_id, a.line, "
        "coalesce(sum(a.amount_usd) FILTER (a.carc NOT IN ('1', '2', '3') AND "
        "(a.group_code = 'CO' OR a.carc = '119' OR c.network = 'out')), 0) AS contract, "
        "coalesce(sum(a.amount_usd) FILTER (a.carc IN ('1', '2', '3') AND a.group_code = 'PR'), "
        "0) AS patient FROM claim_adjustments AS a JOIN claims AS c USING (claim_id) "
        "GROUP BY a.claim_id, a.line) AS a "
        "ON l.claim_id = a.claim_id AND l.line = a.line "
        "WHERE coalesce(a.contract, 0) <> l.contractual_usd + l.denied_usd "
        "+ l.other_adjustment_usd "
        "OR coalesce(a.patient, 0) <> l.deductible_usd + l.coinsurance_usd + l.copay_usd",
    ),
    RowRule(
        "a denied line is denied whole", "claim_lines.status", "claim_lines",
        "(status = 'denied') <> (denied_usd > 0 AND denied_usd = charge_usd)",
    ),
    AuditRule(
        "a claim is denied when every line is", "claims.status", ("claims", "claim_lines"),
        "SELECT concat('claim_id ', c.claim_id) FROM claims AS c JOIN (SELECT claim_id, "
        "bool_and(status = 'denied') AS denied FROM claim_lines GROUP BY claim_id) AS l "
        "USING (claim_id) WHERE (c.status = 'denied') <> l.denied",
    ),
    AuditRule(
        "out-of-pocket maximum", "claim_lines", ("claim_lines", "claims", "plans", "plan_years"),
        _medical("oop_max_usd", _OWED, "true"),
    ),
    AuditRule(
        "deductible of the year", "claim_lines.deductible_usd",
        ("claim_lines", "claims", "plans", "plan_years"),
        _medical("deductible_usd", "l.deductible_usd",
                 f"p.family_limits <> 'aggregate' AND NOT ({_BY_PERIOD})"),
    ),
    AuditRule(
        "out-of-pocket maximum of a family", "claim_lines",
        ("claim_lines", "claims", "plans", "plan_years", "members"),
        _medical("family_oop_max_usd", _OWED, "true", family=True),
    ),
    AuditRule(
        "family deductible of the year", "claim_lines.deductible_usd",
        ("claim_lines", "claims", "plans", "plan_years", "members"),
        _medical("family_deductible_usd", "l.deductible_usd", "true", family=True),
    ),
    AuditRule(
        "no deductible where the plan has none", "claim_lines.deductible_usd",
        ("claim_lines", "claims", "plans"),
        "SELECT concat('claim_id ', l.claim_id, ' line ', l.line) FROM claim_lines AS l "
        "JOIN claims AS c USING (claim_id) JOIN plans AS p USING (plan_id) "
        f"WHERE p.deductible_usd = 0 AND l.deductible_usd > 0 AND NOT ({_BY_PERIOD})",
    ),
    AuditRule(
        "allowed is one price", "claim_lines.allowed_usd", ("claim_lines", "claims"),
        _PRICED.format(amount="allowed_usd", also=", plan_id", only=" AND status = 'paid' "
                       "AND NOT (form = '837P' AND several) AND coalesce(bill_type, '') "
                       "NOT IN ('131', '329', '721', '831')"),
    ),
    AuditRule(
        "charge is one price", "claim_lines.charge_usd", ("claim_lines", "claims"),
        _PRICED.format(amount="charge_usd", only="", also=""),
    ),
    RowRule("price of a fill", "fills", "fills", f"{_PRICE} <> {_PAID}"),
    RowRule(
        "only a paid fill has money", "fills", "fills",
        f"status <> 'paid' AND ({_PRICE} <> 0 OR {_PAID} <> 0)",
    ),
    RowRule(
        "a fill put back keeps its money", "fills.reversed_cost_usd", "fills",
        "(status = 'reversed') <> (reversed_cost_usd > 0) "
        "OR reversed_cost_usd <> reversed_member_usd + reversed_plan_paid_usd",
        columns=("fills.reversed_cost_usd",),
    ),
    AuditRule(
        "drug out-of-pocket maximum", "fills", ("fills", "plans", "plan_years"),
        _drug("drug_oop_max_usd", "f.deductible_usd + f.copay_usd"),
    ),
    AuditRule(
        "drug deductible of the year", "fills.deductible_usd",
        ("fills", "plans", "plan_years"),
        _drug("drug_deductible_usd", "f.deductible_usd"),
    ),
    AuditRule(
        "no drug deductible where the plan has none", "fills.deductible_usd",
             ("fills", "plans"),
        "SELECT concat('fill_id ', f.fill_id) FROM fills AS f JOIN plans AS p USING (plan_id) "
        "WHERE p.drug_deductible_usd = 0 AND p.drug_limits = 'separate' "
        "AND f.deductible_usd > 0",
        columns=("plans.drug_limits",),
    ),
)  # fmt: skip
"""Rules of claims' and fills' money, to the cent."""
