# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""A rule of stays: what a stay is for is done in it."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.medicine.stay_treatments import stay_treatments

_BEFORE = "'^(I1[23]|E(08|09|10|11|13)\\.22)'"
"""Codes of causes that stand before the stage of a kidney disease: they are not what it is for."""
_TREATMENTS = ", ".join(
    f"('^({'|'.join(one.diagnoses)})', '^({'|'.join((one.operation, *one.instead))})')"
    for one in stay_treatments()
).replace(".", "\\.")

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a stay for an illness has its treatment", "procedures.code",
        ("encounters", "encounter_diagnoses", "procedures"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e JOIN "
        "(SELECT encounter_id, min_by(code, sequence) AS code FROM encounter_diagnoses "
        f"WHERE NOT regexp_matches(code, {_BEFORE}) GROUP BY encounter_id) AS d "
        f"USING (encounter_id) JOIN (VALUES {_TREATMENTS}) AS t(diagnosis, done) "
        "ON regexp_matches(d.code, t.diagnosis) WHERE e.encounter_class = 'inpatient' "
        "AND NOT EXISTS (SELECT 1 FROM procedures AS p WHERE p.encounter_id = e.encounter_id "
        "AND regexp_matches(p.code, t.done))",
        mend="list the diagnosis without a condition, or state what is done in the stay",
    ),
)  # fmt: skip
"""The rule of `medicine/data/stay_treatments.csv`."""
