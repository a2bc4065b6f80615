"""PatientSim: who looks after people, and what a chart knows of them besides visits."""

from __future__ import annotations

from healthsim.products.patientsim.tables import PERSON
from healthsim.tables import Column, Table

CARE_TEAM_MEMBERS = Table(
    name="care_team_members",
    product="patientsim",
    grain="one row per person, clinician who looks after the person, and role",
    key=("person_id", "member_npi", "role"),
    columns=(
        PERSON,
        Column("member_npi", "BIGINT", "The clinician.", references="providers.npi",
               source="FHIR CareTeam.participant.member", required=True),
        Column("role", "VARCHAR", "primary_care, specialist (sees the person in visits), or "
               "hospital (attends in stays).", source="FHIR CareTeam.participant.role",
               required=True),
        Column("start_date", "DATE", "First day of a visit or stay with the clinician; of primary "
               "care the first day of the data, or of birth.",
               source="FHIR CareTeam.participant.period", required=True),
        Column("end_date", "DATE", "Last day of a stay with the clinician, or of death; null "
               "while it goes on.", source="FHIR CareTeam.participant.period"),
    ),
)  # fmt: skip

TABLES = (CARE_TEAM_MEMBERS,)
