"""Changes of stored rows that break the rules of pharmacies."""

from __future__ import annotations

from audit.tampering import Tampering
from audit.tampering import _one as one

_REFILLED = (
    "prescription_id = (SELECT min(prescription_id) FROM fills WHERE fill_number = 1 "
    "AND status = 'paid' AND prescription_id IN (SELECT prescription_id FROM fills "
    "WHERE fill_number = 0 AND status = 'paid') AND person_id IN "
    "(SELECT person_id FROM fills GROUP BY person_id HAVING count(DISTINCT prescription_id) = 1))"
)
_SECOND = f"{_REFILLED} AND fill_number = 1 AND status = 'paid'"
_ONE_PRICE = "a product has one price in a month"
_SELECTED = "a brand that could be substituted says why it is dispensed"
_LAW = "controlled substances are refilled as law allows"

OF_PHARMACY = (
    Tampering(
        ("schedule II is not refilled", _LAW),
        (one("prescriptions", "drug = 'oxycodone 5 mg tablet'", _REFILLED),),
    ),
    Tampering(
        (_LAW,),
        (
            one("prescriptions", "drug = 'tramadol 50 mg tablet', refills = 9", _REFILLED),
            one("fills", "fill_number = 9", f"fill_id = (SELECT max(fill_id) FROM fills "
                f"WHERE {_REFILLED} AND fill_date = (SELECT max(fill_date) FROM fills "
                f"WHERE {_REFILLED}))"),
        ),
    ),
    Tampering((_SELECTED,), (one("fills", "daw = '1'", _SECOND),)),
    Tampering((_SELECTED,), (one(
        "prescriptions", "drug = 'dapagliflozin 10 mg tablet'", _REFILLED,
    ),)),
    Tampering(("no refill too soon", _ONE_PRICE), (one(
        "fills", "fill_date = (SELECT min(fill_date) + 1 FROM fills AS f "
        "WHERE f.prescription_id = fills.prescription_id)", _SECOND,
    ),)),
    Tampering(("what is taken in courses ends",), (one(
        "prescriptions", "drug = 'prednisone 20 mg tablet'", "event_id IS NULL",
    ),)),
    Tampering(("a fill put back keeps its money",), (one(
        "fills", "reversed_member_usd = reversed_member_usd + 1", "status = 'reversed'",
    ),)),
    Tampering(("no fill costs more than the usual charge",), (one(
        "fills", "usual_and_customary_usd = 0.01", "status = 'paid' AND plan_paid_usd > 1",
    ),)),
    Tampering((_ONE_PRICE,), (
        "UPDATE fills SET ingredient_cost_usd = ingredient_cost_usd + 1, "
        "plan_paid_usd = plan_paid_usd + 1, "
        "usual_and_customary_usd = usual_and_customary_usd + 1 WHERE fill_id IN (SELECT "
        "min(fill_id) FROM fills WHERE status = 'paid' AND reimbursement_basis <> '4' GROUP BY "
        "ndc, channel, date_trunc('month', fill_date) HAVING count(*) > 1 LIMIT 1)",
    )),
    Tampering(("a channel is the pharmacy's", _ONE_PRICE), (one(
        "fills", "channel = 'retail'", "channel = 'mail'",
    ),)),
    Tampering(("mail sends long supplies, specialty pharmacies dear drugs", _ONE_PRICE), (
        "UPDATE pharmacies SET mail_order = true, specialty = false",
        "UPDATE fills SET channel = 'mail'",
    )),
)  # fmt: skip
