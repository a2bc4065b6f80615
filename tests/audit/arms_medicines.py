"""Arms of the rules of medicines: what they are for, how they are taken, what insulin costs."""

from __future__ import annotations

from audit.arms import breaks, keeps, one

_FOR = "a medicine is for a condition of the person"
_LABEL = "a label says its dose"
_INSULIN = "insulin of Medicare costs at most its cap"
_PLAN = "plan_id = 'MA-PPO' AND status = 'paid' AND deductible_usd > 0"
_IS_INSULIN = one(
    "prescriptions",
    "ingredient = 'insulin glargine'",
    f"prescription_id = (SELECT min(prescription_id) FROM fills WHERE {_PLAN})",
)
_INSULINS = "SELECT prescription_id FROM prescriptions WHERE ingredient = 'insulin glargine'"
_OTHERS = (
    f"UPDATE fills SET deductible_usd = 0, copay_usd = 0 WHERE prescription_id = ({_INSULINS})"
)
_FIRST = f"fill_id = (SELECT min(fill_id) FROM fills WHERE prescription_id = ({_INSULINS}))"


def _costs(copay: str, deductible: str = "0") -> tuple[str, ...]:
    return (
        _IS_INSULIN,
        _OTHERS,
        one("fills", f"copay_usd = {copay}, deductible_usd = {deductible}", _FIRST),
    )


OF_MEDICINES = (
    keeps(_FOR, one("prescriptions", "indication = NULL", "indication IS NOT NULL")),
    keeps(_FOR, one("prescriptions", "indication = (SELECT max(c.code) FROM conditions AS c "
                    "WHERE c.person_id = prescriptions.person_id)")),
    keeps(_FOR, one("prescriptions", "indication = (SELECT max(c.code) FROM encounter_diagnoses "
                    "AS c WHERE c.person_id = prescriptions.person_id)")),
    breaks(_FOR, one("prescriptions", "indication = 'B86'")),
    keeps(_LABEL, one("prescriptions", "dose = 0.5, sig = 'Take 0.5 tablet by mouth.'")),
    breaks(_LABEL, one("prescriptions", "dose = 0, sig = 'Take 0 tablets by mouth.'")),
    breaks(_LABEL, one("prescriptions", "sig = 'Take 10 tablets by mouth.'")),
    keeps(_INSULIN, *_costs("35 * ceil(days_supply / 30)")),
    breaks(_INSULIN, *_costs("35 * ceil(days_supply / 30) + 0.01")),
    breaks(_INSULIN, *_costs("0", "0.01")),
)  # fmt: skip
