"""Arms of the rules of pharmacies: controlled substances, refills too soon, courses, reversals."""

from __future__ import annotations

from audit.arms import breaks, each, keeps, one

_TWO = "schedule II is not refilled"
_LAW = "controlled substances are refilled as law allows"
_SOON = "no refill too soon"
_ENDS = "what is taken in courses ends"
_BACK = "a fill put back keeps its money"
_MOST = "no fill costs more than the usual charge"
_IS = "a channel is the pharmacy's"
_SENDS = "mail sends long supplies, specialty pharmacies dear drugs"
_REFILLED = (
    "prescription_id = (SELECT min(prescription_id) FROM fills WHERE fill_number = 1 "
    "AND status = 'paid')"
)
_FIRST, _SECOND = f"{_REFILLED} AND fill_number = 0", f"{_REFILLED} AND fill_number = 1"


def _is(drug: str) -> str:
    """Let the first prescription that was refilled be of a drug."""
    return one("prescriptions", f"drug = '{drug}'", _REFILLED)


def _later(days: str) -> str:
    """Let its refill come so many days after its first fill."""
    return one("fills", f"fill_date = (SELECT fill_date + ({days})::INTEGER FROM fills "
               f"WHERE {_FIRST})", _SECOND)  # fmt: skip


_ONLY = f"DELETE FROM fills WHERE NOT ({_REFILLED} AND fill_number < 2)"
_RULE_OFF = "DELETE FROM pharmacy_rules WHERE rule = '{}'"

OF_PHARMACY = (
    breaks(_TWO, _ONLY, _is("oxycodone 5 mg tablet"), rows=2),
    keeps(_TWO, _ONLY, _is("oxycodone 5 mg tablet"), one("prescriptions", "refills = 0", _REFILLED),
          f"DELETE FROM fills WHERE {_SECOND}"),
    breaks(_TWO, _ONLY, _is("oxycodone 5 mg tablet"),
           one("prescriptions", "refills = 0", _REFILLED)),
    keeps(_TWO, _ONLY, _is("oxycodone 5 mg tablet"),
          _RULE_OFF.format("controlled_substances")),
    keeps(_LAW, _ONLY, _is("tramadol 50 mg tablet"), one("fills", "fill_number = 5", _SECOND)),
    breaks(_LAW, _ONLY, _is("tramadol 50 mg tablet"), one("fills", "fill_number = 6", _SECOND)),
    keeps(_LAW, _ONLY, _is("tramadol 50 mg tablet"),
          one("fills", "fill_date = written_date + 180", _SECOND)),
    breaks(_LAW, _ONLY, _is("tramadol 50 mg tablet"),
           one("fills", "fill_date = written_date + 181", _SECOND)),
    keeps(_SOON, _ONLY, _later("ceil(0.75 * days_supply)")),
    breaks(_SOON, _ONLY, _later("ceil(0.75 * days_supply) - 1")),
    keeps(_SOON, _ONLY, _later("ceil(0.75 * days_supply) - 1"),
          one("fills", "status = 'reversed'", _FIRST)),
    keeps(_SOON, _ONLY, _later("1"), _RULE_OFF.format("refill_too_soon")),
    breaks(_ENDS, one("prescriptions", "drug = 'prednisone 20 mg tablet', event_id = NULL, "
                      "days_supply = 15, refills = 0")),
    keeps(_ENDS, one("prescriptions", "drug = 'prednisone 20 mg tablet', event_id = NULL, "
                     "days_supply = 14, refills = 0")),
    keeps(_ENDS, one("prescriptions", "drug = 'prednisone 20 mg tablet', days_supply = 30",
                     "event_id IS NOT NULL")),
    *each(_BACK, "fills", ("reversed_cost_usd = 0, reversed_member_usd = 0, "
                           "reversed_plan_paid_usd = 0",
                           "reversed_member_usd = reversed_member_usd + 0.01",
                           "reversed_plan_paid_usd = reversed_plan_paid_usd + 0.01"),
          "status = 'reversed'"),
    keeps(_MOST, one("fills", "usual_and_customary_usd = ingredient_cost_usd + dispensing_fee_usd",
                     "status = 'paid'")),
    breaks(_MOST, one("fills", "usual_and_customary_usd = ingredient_cost_usd + dispensing_fee_usd "
                      "- 0.01", "status = 'paid'")),
    breaks(_MOST, one("fills", "usual_and_customary_usd = reversed_cost_usd - 0.01",
                      "status = 'reversed'")),
    breaks(_MOST, one("fills", "reimbursement_basis = '4'", "status = 'paid' AND "
                      "usual_and_customary_usd > ingredient_cost_usd + dispensing_fee_usd")),
    breaks(_IS, one("fills", "channel = 'mail'", "channel = 'retail'")),
    breaks(_IS, one("fills", "channel = 'specialty'", "channel = 'retail'")),
    breaks(_SENDS, one("fills", "channel = 'mail'", "days_supply < 84 AND channel = 'retail'")),
    keeps(_SENDS, one("fills", "channel = 'mail'", "days_supply >= 84")),
    breaks(_SENDS, one("fills", "channel = 'specialty'", "channel = 'retail'")),
    keeps(_SENDS, _ONLY, _is("adalimumab 40 mg pen injector"),
          "UPDATE fills SET channel = 'specialty'"),
    breaks(_BACK, one("fills", "reversed_cost_usd = 1, reversed_member_usd = 1",
                      "status = 'paid'")),
)  # fmt: skip
