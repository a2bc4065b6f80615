"""The answer key of those who test decision support: which rules of safe drugs are broken."""

from __future__ import annotations

from healthsim.tables import Column, Table

PLANTED_VIOLATIONS = Table(
    name="planted_violations",
    product="healthsim",
    grain="one row per prescription or treatment and rule of safe drugs that it breaks on purpose",
    key=("violation_id",),
    columns=(
        Column("violation_id", "BIGINT", "Address of the violation.", required=True),
        Column("person_id", "BIGINT", "Whose it is.", references="patients.person_id",
               required=True),
        Column("rule", "VARCHAR", "Name of the rule, such as metformin-egfr-30.", required=True),
        Column("kind", "VARCHAR", "What the rule looks at: lab, condition, age, weight, pregnancy "
               "or drug.", required=True),
        Column("expected", "VARCHAR", "What should have been done: stop (not begin, or end), "
               "refuse (not begin) or hold (not give that day).", required=True),
        Column("finding", "VARCHAR", "What forbids it, in words.", required=True),
        Column("value", "DOUBLE", "The result, age in years or weight in kg that was found; null "
               "where the rule looks at none.", decimals=3),
        Column("since_date", "DATE", "The day from which the rule is broken.", required=True),
        Column("drug", "VARCHAR", "The medicine; null of a treatment."),
        Column("prescription_id", "BIGINT", "The prescription in force on that day; null of a "
               "treatment.", references="prescriptions.prescription_id"),
        Column("procedure", "VARCHAR", "HCPCS code of the treatment; null of a medicine."),
        Column("procedure_id", "BIGINT", "The treatment; null of a medicine.",
               references="procedures.procedure_id"),
    ),
)  # fmt: skip
"""Stored where the profile plants violations (`safety.allow_violations` above 0)."""
