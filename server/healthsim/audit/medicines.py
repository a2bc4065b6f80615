# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of medicines: how they are taken, what for, and what insulin costs."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule

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

RULES: tuple[AnyRule, ...] = (
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
