"""Arms of the rules of money: every term of every sum, and every limit of a benefit year."""

from __future__ import annotations

from collections.abc import Iterator

from audit.arms import Arm, breaks, each, first, keeps, one
from healthsim.products.membersim.tables import MONEY

_AMOUNTS = tuple(column.name for column in MONEY)
_OF_CHARGE = ("charge_usd", "allowed_usd", "contractual_usd", "denied_usd")
_OF_ALLOWED = ("allowed_usd", *(name for name in _AMOUNTS if name not in _OF_CHARGE))
_OF_FILL = (
    "ingredient_cost_usd", "dispensing_fee_usd", "tax_usd", "deductible_usd", "copay_usd",
    "plan_paid_usd", "other_payer_usd", "coupon_usd",
)  # fmt: skip
_SUM = "header is the sum of its lines"
_NAMED = "adjustments name each amount"
_EXPLAINED = "adjustments explain what was not paid"
_WHOLE = "a denied line is denied whole"
_LINE = "(claim_id, line) = (SELECT (claim_id, line) FROM claim_lines ORDER BY rowid LIMIT 1)"
_SHARED = (
    "(claim_id, line) = (SELECT (claim_id, line) FROM claim_lines "
    "WHERE coinsurance_usd > 0 ORDER BY rowid LIMIT 1)"
)
_NOTHING = "contractual_usd = 0, denied_usd = 0"
_NO_SHARE = "deductible_usd = 0, coinsurance_usd = 0, copay_usd = 0"


def _more_or_less(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        yield f"{name} = {name} + 0.01"
        yield f"{name} = {name} - 0.01"


_SUMS: tuple[Arm, ...] = (
    *each("charge of a line", "claim_lines", _more_or_less(_OF_CHARGE)),
    *each("charge of a claim", "claims", _more_or_less(_OF_CHARGE)),
    *each("allowed of a line", "claim_lines", _more_or_less(_OF_ALLOWED)),
    *each("allowed of a claim", "claims", _more_or_less(_OF_ALLOWED)),
    *each(_SUM, "claims", _more_or_less(_AMOUNTS)),
    *each("price of a fill", "fills", _more_or_less(_OF_FILL)),
    *each("only a paid fill has money", "fills", (f"{name} = 0.01" for name in _OF_FILL),
          "status = 'reversed'"),
)  # fmt: skip

_ADJUSTED = (
    breaks(_EXPLAINED, one("claim_adjustments", "amount_usd = amount_usd - 0.01")),
    breaks(_EXPLAINED, f"DELETE FROM claim_adjustments WHERE {_LINE}"),
    keeps(_EXPLAINED, f"DELETE FROM claim_adjustments WHERE {_LINE}",
          f"UPDATE claim_lines SET charge_usd = plan_paid_usd WHERE {_LINE}"),
    breaks("adjustments stand on a line", one(
        "claim_adjustments", "line = 2",
        "claim_id IN (SELECT claim_id FROM claim_lines GROUP BY claim_id HAVING count(*) = 1)")),
    *each(_NAMED, "claim_adjustments", _more_or_less(("amount_usd",)), "carc = '45'"),
    *each(_NAMED, "claim_adjustments", _more_or_less(("amount_usd",)), "carc = '2'"),
    breaks(_NAMED, f"DELETE FROM claim_adjustments WHERE {_LINE}",
           f"UPDATE claim_lines SET contractual_usd = 1, {_NO_SHARE} WHERE {_LINE}"),
    breaks(_NAMED, f"DELETE FROM claim_adjustments WHERE {_LINE}",
           f"UPDATE claim_lines SET copay_usd = 1, {_NOTHING} WHERE {_LINE}"),
    keeps(_NAMED, f"DELETE FROM claim_adjustments WHERE {_LINE}",
          f"UPDATE claim_lines SET {_NOTHING}, {_NO_SHARE} WHERE {_LINE}"),
    keeps(_NAMED, f"DELETE FROM claim_adjustments WHERE group_code = 'CO' AND {_SHARED}",
          f"UPDATE claim_lines SET {_NOTHING} WHERE {_SHARED}"),
)  # fmt: skip

_DENIED = (
    breaks(_WHOLE, one("claim_lines", "status = 'denied'", "status = 'paid'")),
    breaks(_WHOLE, one("claim_lines", "denied_usd = charge_usd", "status = 'paid'")),
    breaks(_WHOLE, one("claim_lines", "status = 'denied', denied_usd = charge_usd - 0.01")),
    keeps(_WHOLE, one("claim_lines", "denied_usd = 1, charge_usd = 2", "status = 'paid'")),
    keeps(_WHOLE, one("claim_lines", "denied_usd = 0, charge_usd = 0", "status = 'paid'")),
    keeps(_WHOLE, one("claim_lines", "status = 'denied', denied_usd = 0.01, charge_usd = 0.01")),
    breaks("a claim is denied when every line is",
           one("claim_lines", "status = 'denied'",
               "claim_id IN (SELECT claim_id FROM claim_lines GROUP BY claim_id "
               "HAVING count(*) = 1)")),
    keeps("a claim is denied when every line is", one(
        "claim_lines", "status = 'denied'",
        "status = 'paid' AND claim_id IN (SELECT claim_id FROM claim_lines GROUP BY claim_id "
        "HAVING count(*) > 1 AND bool_and(status = 'paid'))")),
)  # fmt: skip


def _most(spent: str, plan: str, start: int) -> str:
    """Return what the person who spent most in a benefit year spent in it, as a subquery."""
    return (
        f"(SELECT max(spent) FROM (SELECT sum({spent}) AS spent FROM claim_lines AS l "
        f"JOIN claims AS c USING (claim_id) WHERE c.plan_id = '{plan}' GROUP BY l.person_id, "
        f"year(l.service_date - INTERVAL {start - 1} MONTH)))"
    )


def _most_of_drugs(spent: str, plan: str, start: int) -> str:
    return (
        f"(SELECT max(spent) FROM (SELECT sum({spent}) AS spent FROM fills "
        f"WHERE plan_id = '{plan}' GROUP BY person_id, "
        f"year(fill_date - INTERVAL {start - 1} MONTH)))"
    )


def _limited(rule: str, limit: str, most: str, plan: str, start: int = 1) -> Iterator[Arm]:
    """Yield the limit that one person just reaches, and the one that they pass by a cent."""
    begins = f"UPDATE plans SET benefit_year = {start} WHERE plan_id = '{plan}'"
    change = f"UPDATE plan_years SET {limit} = {most}"
    mine = f"SELECT claim_id FROM claims WHERE plan_id = '{plan}'"
    more = "deductible_usd = deductible_usd + 50000"  # more than anybody spends
    alone = (one("claim_lines", more, f"deductible_usd > 0 AND claim_id IN ({mine})"),
             one("fills", more, f"deductible_usd > 0 AND plan_id = '{plan}'"))  # fmt: skip
    yield keeps(rule, *alone, begins, f"{change} WHERE plan_id = '{plan}'")
    yield breaks(rule, *alone, begins, f"{change} - 0.01 WHERE plan_id = '{plan}'")


_TWO_LINES = first("claim_id", "claim_lines", "line = 2 AND claim_id IN (SELECT claim_id "
                   "FROM claims WHERE plan_id = 'MA-PPO')")  # fmt: skip
_TWO_FILLS = first("prescription_id", "fills", "fill_number = 1 AND plan_id = 'MA-PPO' AND "
                   "prescription_id IN (SELECT prescription_id FROM fills "
                   "WHERE fill_number = 0)")  # fmt: skip
_IN_TWO_YEARS = {
    "claim_lines": tuple(
        f"UPDATE claim_lines SET service_date = DATE '{day}', deductible_usd = 9000, "
        f"coinsurance_usd = 0, copay_usd = 0 "
        f"WHERE line = {line} AND claim_id = {_TWO_LINES}"
        for line, day in ((1, "2030-06-30"), (2, "2030-07-01"))
    ),
    "fills": tuple(
        f"UPDATE fills SET fill_date = DATE '{day}', deductible_usd = 9000, copay_usd = 0 "
        f"WHERE fill_number = {number} AND prescription_id = {_TWO_FILLS}"
        for number, day in ((0, "2030-06-30"), (1, "2030-07-01"))
    ),
}
"""Spent by one person on the last day of a benefit year that begins in July, and on the first."""


def _by_benefit_year(rule: str, limit: str, table: str) -> Iterator[Arm]:
    for start, rows in ((7, 0), (6, 1), (8, 1)):
        changes = (f"UPDATE plans SET benefit_year = {start} WHERE plan_id = 'MA-PPO'",
                   f"UPDATE plan_years SET {limit} = 9000 WHERE plan_id = 'MA-PPO'")  # fmt: skip
        yield Arm(rule, (*_IN_TWO_YEARS[table], *changes), rows)


_LIMITS = (
    *_by_benefit_year("out-of-pocket maximum", "oop_max_usd", "claim_lines"),
    *_by_benefit_year("deductible of the year", "deductible_usd", "claim_lines"),
    *_by_benefit_year("out-of-pocket maximum of a family", "family_oop_max_usd", "claim_lines"),
    *_by_benefit_year("family deductible of the year", "family_deductible_usd", "claim_lines"),
    *_by_benefit_year("drug out-of-pocket maximum", "drug_oop_max_usd", "fills"),
    *_by_benefit_year("drug deductible of the year", "drug_deductible_usd", "fills"),
    *_limited("out-of-pocket maximum", "oop_max_usd", _most(
        "l.deductible_usd + l.coinsurance_usd + l.copay_usd", "MA-PPO", 1), "MA-PPO"),
    *_limited("out-of-pocket maximum", "oop_max_usd", _most(
        "l.deductible_usd + l.coinsurance_usd + l.copay_usd", "MA-PPO", 7), "MA-PPO", 7),
    *_limited("deductible of the year", "deductible_usd", _most(
        "l.deductible_usd", "MA-PPO", 7), "MA-PPO", 7),
    *_limited("out-of-pocket maximum of a family", "family_oop_max_usd", _most(
        "l.deductible_usd + l.coinsurance_usd + l.copay_usd", "MA-PPO", 7), "MA-PPO", 7),
    *_limited("family deductible of the year", "family_deductible_usd", _most(
        "l.deductible_usd", "MA-PPO", 7), "MA-PPO", 7),
    *_limited("drug out-of-pocket maximum", "drug_oop_max_usd", _most_of_drugs(
        "deductible_usd + copay_usd", "MA-PPO", 7), "MA-PPO", 7),
    *_limited("drug deductible of the year", "drug_deductible_usd", _most_of_drugs(
        "deductible_usd", "MA-PPO", 7), "MA-PPO", 7),
    *(keeps(rule, f"UPDATE plan_years SET {limit} = NULL WHERE plan_id = 'MA-PPO'")
      for rule, limit in (
        ("out-of-pocket maximum", "oop_max_usd"), ("deductible of the year", "deductible_usd"),
        ("drug out-of-pocket maximum", "drug_oop_max_usd"),
        ("drug deductible of the year", "drug_deductible_usd"))),
    breaks("no deductible where the plan has none", one(
        "claim_lines", "deductible_usd = 0.01",
        "claim_id = " + first("claim_id", "claims", "plan_id = 'MA-HMO'"))),
    breaks("no drug deductible where the plan has none",
           one("fills", "deductible_usd = 0.01", "plan_id = 'own'")),
)  # fmt: skip

OF_MONEY = (*_SUMS, *_ADJUSTED, *_DENIED, *_LIMITS)
