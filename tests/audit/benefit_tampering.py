"""One small change for each rule of benefits by law; the scenario is that of the mixed plans."""

from __future__ import annotations

from audit.tampering import Tampering

_ORIGINAL = "plan_id IN (SELECT plan_id FROM plans WHERE kind = 'medicare_original')"
_NURSING = "the first twenty days in a nursing facility cost nothing"
_FIRST = (
    "starts_with(bill_type, '21') AND through_date - from_date BETWEEN 1 AND 20 AND NOT EXISTS "
    "(SELECT 1 FROM claims AS o WHERE o.person_id = claims.person_id AND o.form = '837I' "
    "AND starts_with(o.bill_type, '21') AND o.from_date < claims.from_date)"
)
_CHILD = (
    "SELECT min(m.person_id) FROM members AS m JOIN enrollments AS n USING (person_id) "
    "JOIN plans AS p USING (plan_id) JOIN claims AS c USING (person_id) "
    "WHERE m.relationship_code = '19' AND p.kind = 'commercial'"
)
_UNMET = (
    "SELECT min(f.fill_id) FROM fills AS f JOIN plans AS p USING (plan_id) "
    "WHERE p.hdhp AND f.deductible_usd > 0 AND f.copay_usd = 0 AND f.plan_paid_usd = 0"
)
_NOMINAL = (
    "AS c JOIN plans AS p USING (plan_id) JOIN patients AS b USING (person_id) "
    "WHERE p.nominal_copays AND"
)
_MINOR_CLAIM = (
    f"SELECT min(claim_id) FROM claims {_NOMINAL} c.from_date < b.birth_date + INTERVAL 18 YEAR"
)
_MINOR_FILL = (
    f"SELECT min(fill_id) FROM fills {_NOMINAL} c.fill_date < b.birth_date + INTERVAL 18 YEAR"
)
_GROWN_CLAIM = (
    f"SELECT min(claim_id) FROM claims {_NOMINAL} c.from_date > b.birth_date + INTERVAL 19 YEAR "
    "AND c.person_id IN (SELECT person_id FROM conditions)"
)
_FIRST_SPAN = "enrollment_id = (SELECT min(enrollment_id) FROM enrollments)"


def _claim(change: str, where: str) -> str:
    return (f"UPDATE claims SET {change} WHERE claim_id = (SELECT min(claim_id) FROM claims "
            f"WHERE form = '837I' AND {_ORIGINAL} AND {where})")  # fmt: skip


OF_BENEFITS = (
    Tampering(("a dependant is covered until 26",), (
        f"UPDATE members SET birth_date = DATE '1998-12-05' WHERE person_id = ({_CHILD})",)),
    Tampering(("minors and pregnant women owe Medicaid nothing",), (
        f"UPDATE claims SET copay_usd = 4 WHERE claim_id = ({_MINOR_CLAIM})",)),
    Tampering(("minors and pregnant women owe Medicaid nothing for drugs",), (
        f"UPDATE fills SET copay_usd = 4 WHERE fill_id = ({_MINOR_FILL})",)),
    Tampering(("minors and pregnant women owe Medicaid nothing",
               "minors and pregnant women owe Medicaid nothing for drugs"), (
        "UPDATE claims SET copay_usd = 4 WHERE claim_id = "
        f"({_GROWN_CLAIM})",
        "UPDATE conditions SET code = 'O09.90', onset_date = DATE '2025-01-01', "
        "abatement_date = NULL WHERE condition_id = (SELECT min(condition_id) FROM conditions "
        "WHERE person_id = (SELECT person_id FROM claims WHERE claim_id = "
        f"({_GROWN_CLAIM})))",)),
    Tampering(("coverage begins with a month where the plan says so",), (
        f"UPDATE enrollments SET effective_date = DATE '2025-01-02' WHERE {_FIRST_SPAN}",)),
    Tampering(("coverage ends with a month where the plan says so",), (
        "UPDATE enrollments SET term_date = DATE '2026-06-29', reason = 'moved' "
        f"WHERE {_FIRST_SPAN}",)),
    Tampering(("a newborn whom nobody enrolls is covered for 31 days",), (
        "UPDATE enrollments SET term_date = DATE '2026-06-30', reason = 'newborn not enrolled' "
        f"WHERE {_FIRST_SPAN}",)),
    Tampering(("an end of coverage is entered after its beginning",), (
        "UPDATE enrollments SET term_date = DATE '2026-06-30', reason = 'moved', "
        f"ended_date = added_date - 1 WHERE {_FIRST_SPAN}",)),
    Tampering(("an end of coverage is entered after its beginning",), (
        f"UPDATE enrollments SET ended_date = DATE '2026-06-30' WHERE {_FIRST_SPAN}",)),
    Tampering(("an end of coverage is entered after its beginning",), (
        "UPDATE enrollments SET term_date = DATE '2026-06-30', reason = 'moved', "
        f"added_date = NULL, ended_date = DATE '2026-06-30' WHERE {_FIRST_SPAN}",)),
    Tampering(("the Part A deductible is owed once in a benefit period", _NURSING), (
        "UPDATE claims SET deductible_usd = 1676 WHERE form = '837I' AND "
        f"starts_with(bill_type, '21') AND {_ORIGINAL}",)),
    Tampering((_NURSING,), (_claim("coinsurance_usd = 0.01", _FIRST),)),
    Tampering(("home health costs nothing in Original Medicare",), (
        _claim("coinsurance_usd = 0.01", "starts_with(bill_type, '32')"),)),
    Tampering(("drugs of a high-deductible plan meet its deductible first",), (
        f"UPDATE fills SET copay_usd = 0.01 WHERE fill_id = ({_UNMET})",)),
    Tampering(("a drug event adds up",), (
        "UPDATE prescription_drug_events SET below_threshold_usd = below_threshold_usd + 0.01 "
        "WHERE fill_id = (SELECT min(fill_id) FROM prescription_drug_events)",)),
)  # fmt: skip
