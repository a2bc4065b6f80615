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

_HAD = (
    "(SELECT max(c.code) FROM conditions AS c WHERE c.person_id = prescriptions.person_id "
    "AND c.onset_date <= written_date AND c.abatement_date IS NULL)"
)


def _scabies(onset: str, abated: str) -> tuple[str, ...]:
    """Prescribe, long before the data, for a condition of these days, which is there besides."""
    of = "FROM prescriptions AS p WHERE p.indication = 'B86' AND p.person_id = c.person_id"
    return (
        one(
            "prescriptions",
            "indication = 'B86', encounter_id = NULL, written_date = DATE '2020-01-01'",
        ),
        f"UPDATE conditions AS c SET code = 'B86', onset_date = (SELECT {onset} {of}), "
        f"abatement_date = (SELECT {abated} {of}) WHERE condition_id = (SELECT "
        "min(o.condition_id) FROM conditions AS o JOIN prescriptions AS p USING (person_id) "
        "WHERE p.indication = 'B86' AND o.code NOT IN (SELECT indication FROM prescriptions "
        "WHERE indication IS NOT NULL))",
    )


def _costs(copay: str, deductible: str = "0") -> tuple[str, ...]:
    return (
        _IS_INSULIN,
        _OTHERS,
        one("fills", f"copay_usd = {copay}, deductible_usd = {deductible}", _FIRST),
    )


_ONE = "one prescription of an ingredient is in force"
_RENEWED = "status = 'completed' AND end_date IS NOT NULL"

_ENDS = "a medicine ends with what it is for"
_TAKEN = (
    "(SELECT min(prescription_id) FROM prescriptions WHERE status = 'active' "
    "AND indication IS NOT NULL AND days_supply * (refills + 1) > 30 "
    "AND written_date < (SELECT through - 99 FROM temp.data_days))"
)


def _over(status: str) -> tuple[str, ...]:
    """Leave one person one condition, which ended days after its prescription."""
    p = f"(SELECT {{}} FROM prescriptions WHERE prescription_id = {_TAKEN})"
    return (
        f"UPDATE prescriptions SET status = 'completed' WHERE prescription_id <> {_TAKEN}",
        f"DELETE FROM conditions WHERE person_id = {p.format('person_id')} "
        f"AND code <> {p.format('indication')}",
        f"UPDATE conditions SET status = '{status}', onset_date = {p.format('written_date')} - 5, "
        f"abatement_date = {p.format('written_date')} + 5 "
        f"WHERE person_id = {p.format('person_id')}",
    )


OF_MEDICINES = (
    breaks(_ENDS, *_over("resolved")),
    keeps(_ENDS, *_over("remission")),
    keeps(_ONE, one("prescriptions", "end_date = end_date - 1", _RENEWED)),
    breaks(_ONE, one("prescriptions", "end_date = end_date + 1", _RENEWED)),
    breaks(_ONE, one("prescriptions", "end_date = NULL, refills = 99", _RENEWED)),
    keeps(_FOR, one("prescriptions", "indication = NULL", "indication IS NOT NULL")),
    keeps(_FOR, one("prescriptions", f"indication = {_HAD}", f"{_HAD} IS NOT NULL")),
    keeps(_FOR, one("prescriptions", "indication = (SELECT max(c.code) FROM encounter_diagnoses "
                    "AS c WHERE c.encounter_id = prescriptions.encounter_id)",
                    "encounter_id IS NOT NULL")),
    breaks(_FOR, one("prescriptions", "indication = 'B86'")),
    keeps(_FOR, *_scabies("written_date", "written_date")),
    breaks(_FOR, *_scabies("written_date + 1", "NULL")),
    breaks(_FOR, *_scabies("written_date - 9", "written_date - 1")),
    keeps(_LABEL, one("prescriptions", "dose = 0.5, sig = 'Take 0.5 tablet by mouth.'")),
    breaks(_LABEL, one("prescriptions", "dose = 0, sig = 'Take 0 tablets by mouth.'")),
    breaks(_LABEL, one("prescriptions", "sig = 'Take 10 tablets by mouth.'")),
    keeps(_INSULIN, *_costs("35 * ceil(days_supply / 30)")),
    breaks(_INSULIN, *_costs("35 * ceil(days_supply / 30) + 0.01")),
    breaks(_INSULIN, *_costs("0", "0.01")),
)  # fmt: skip
