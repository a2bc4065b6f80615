# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of medicines: how they are taken, what for, and what insulin costs."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.codes.drugs import drugs
from healthsim.medicine.dosing import goes_on, indications

_ROW = "concat('prescription_id ', p.prescription_id)"
_STAYS = "('inpatient', 'observation', 'snf')"
_NO_PRESCRIBERS = ("('audiology', 'clinical social work', 'dietetics', 'occupational therapy', "
                   "'optometry', 'physical therapy', 'podiatry', 'psychology')")  # fmt: skip
"""Specialties that prescribe nothing, or only what belongs to their own field."""

_IN_FORCE = (
    "SELECT person_id, ingredient, coalesce(event_id, -prescription_id) AS step, "
    "min(prescription_id) AS prescription_id, min(written_date) AS since, "
    "max(coalesce(end_date, written_date + least(days_supply * (refills + 1), 365))) AS until "
    "FROM prescriptions GROUP BY ALL"
)
"""Prescriptions from the day of writing until they end; those that one step writes are one."""

_USES = ", ".join(sorted({
    f"('{drug.ingredient}', '{use[:3]}')" for drug in drugs().rows.values()
    for use in indications(drug.ingredient, drug.drug_class)
}))  # fmt: skip
"""Each ingredient, and the categories of codes that it is given for."""
_LONGER = ", ".join(sorted({f"('{drug.ingredient}', {goes_on(drug.ingredient)})"
                            for drug in drugs().rows.values()}))  # fmt: skip
"""Each ingredient, and for how many days it goes on after what it is for."""
_FINISHED = 30
"""Days of a course that is finished as it was written."""

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a medicine ends with what it is for", "prescriptions.status",
        ("prescriptions", "conditions"),
        f"SELECT {_ROW} FROM prescriptions AS p JOIN (VALUES {_LONGER}) AS g (ingredient, days) "
        "USING (ingredient) JOIN conditions AS c ON c.person_id = p.person_id "
        "AND c.code = p.indication WHERE p.status = 'active' AND c.status = 'resolved' "
        f"AND p.days_supply * (p.refills + 1) > {_FINISHED} "
        "AND c.onset_date <= p.written_date AND c.abatement_date >= p.written_date "
        "AND c.abatement_date + g.days + 1 < (SELECT through FROM temp.data_days) "
        "AND NOT EXISTS (SELECT 1 FROM conditions AS o "
        f"JOIN (VALUES {_USES}) AS u (ingredient, category) ON left(o.code, 3) = u.category "
        "WHERE o.person_id = p.person_id AND u.ingredient = p.ingredient "
        "AND o.onset_date <= c.abatement_date + 1 "
        "AND (o.abatement_date IS NULL OR o.abatement_date > c.abatement_date)) "
        "AND NOT EXISTS (SELECT 1 FROM conditions AS o WHERE o.person_id = p.person_id "
        "AND o.onset_date = c.abatement_date + 1)",
        columns=("prescriptions.indication",),
    ),
    AuditRule(
        "a medicine is for a condition of the person", "prescriptions.indication",
        ("prescriptions", "conditions", "encounter_diagnoses"),
        f"SELECT {_ROW} FROM prescriptions AS p WHERE p.indication IS NOT NULL AND NOT EXISTS ("
        "SELECT 1 FROM conditions AS c WHERE c.person_id = p.person_id AND c.code = p.indication "
        "AND c.onset_date <= p.written_date "
        "AND coalesce(c.abatement_date, p.written_date) >= p.written_date) AND NOT EXISTS ("
        "SELECT 1 FROM encounter_diagnoses AS d WHERE d.encounter_id = p.encounter_id "
        "AND d.code = p.indication)",
        columns=("prescriptions.indication",),
    ),
    AuditRule(
        "a stay writes the prescriptions of the day it ends", "prescriptions.encounter_id",
        ("prescriptions", "encounters", "providers"),
        f"SELECT {_ROW} FROM prescriptions AS p JOIN encounters AS e ON e.person_id = p.person_id "
        "AND e.end_at::DATE = p.written_date JOIN providers AS a ON a.npi = e.attending_npi "
        f"WHERE e.encounter_class IN {_STAYS} AND a.specialty NOT IN {_NO_PRESCRIBERS} AND ("
        "p.encounter_id IS NULL OR (p.encounter_id = e.encounter_id "
        "AND p.prescriber_npi <> e.attending_npi))",
    ),
    AuditRule(
        "a label says its dose", "prescriptions.sig", ("prescriptions",),
        f"SELECT {_ROW} FROM prescriptions AS p WHERE dose <= 0 "
        "OR NOT contains(sig, concat(' ', printf('%g', dose), ' '))",
        columns=("prescriptions.dose", "prescriptions.sig"),
    ),
    AuditRule(
        "one prescription of an ingredient is in force", "prescriptions.end_date",
        ("prescriptions",),
        f"SELECT concat('prescription_id ', p.prescription_id) FROM ({_IN_FORCE}) AS p "
        "QUALIFY max(until) OVER (PARTITION BY person_id, ingredient ORDER BY since, step "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > since",
    ),
    AuditRule(
        "insulin of Medicare costs at most its cap", "fills.copay_usd",
        ("fills", "plans", "prescriptions"),
        "SELECT concat('fill_id ', f.fill_id) FROM fills AS f JOIN plans AS n USING (plan_id) "
        "JOIN prescriptions AS p USING (prescription_id) "
        "WHERE starts_with(p.ingredient, 'insulin') "
        "AND n.kind IN ('medicare_advantage', 'medicare_original') "
        "AND f.fill_date >= DATE '2023-01-01' AND (f.deductible_usd > 0 "
        "OR f.copay_usd > 35 * ceil(f.days_supply / 30))",
    ),
)  # fmt: skip
"""Rules of prescriptions and of the price of insulin."""
