"""PatientSim: who looks after people, and what a chart knows of them besides visits."""

from __future__ import annotations

from healthsim.products.patientsim.tables import ENCOUNTER, PERSON
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

ALLERGIES = Table(
    name="allergies",
    product="patientsim",
    grain="one row per person and substance that the person is allergic to or does not bear",
    key=("allergy_id",),
    columns=(
        Column("allergy_id", "BIGINT", "Address of the allergy.", required=True),
        PERSON,
        Column("substance", "VARCHAR", "To what, in words; a drug stands for its class.",
               source="FHIR AllergyIntolerance.code", required=True),
        Column("code", "VARCHAR", "Code of the substance, or of one that stands for its class.",
               source="RxNorm ingredient or FDA UNII", required=True),
        Column("code_display", "VARCHAR", "Text of the code.", required=True),
        Column("code_system", "VARCHAR", "RxNorm or UNII.", required=True),
        Column("category", "VARCHAR", "medication, food or environment.",
               source="FHIR AllergyIntolerance.category", required=True),
        Column("kind", "VARCHAR", "allergy or intolerance.",
               source="FHIR AllergyIntolerance.type", required=True),
        Column("criticality", "VARCHAR", "high, low or unable-to-assess (no reaction is known).",
               source="FHIR AllergyIntolerance.criticality", required=True),
        Column("status", "VARCHAR", "active, or resolved (outgrown).",
               source="FHIR AllergyIntolerance.clinicalStatus", required=True),
        Column("verification", "VARCHAR", "confirmed or unconfirmed.",
               source="FHIR AllergyIntolerance.verificationStatus", required=True),
        Column("onset_date", "DATE", "When it began; mostly before the data.",
               source="FHIR AllergyIntolerance.onset", required=True),
        Column("recorded_date", "DATE", "When it was written into the chart.",
               source="FHIR AllergyIntolerance.recordedDate", required=True),
        Column("reaction", "VARCHAR", "How the person reacted; null where it is not known.",
               source="FHIR AllergyIntolerance.reaction.manifestation"),
        Column("reaction_code", "VARCHAR", "Code of the reaction; null where the free sets of "
               "SNOMED CT have none.", source="SNOMED CT (codes/data/snomed.csv)"),
        Column("severity", "VARCHAR", "mild, moderate or severe.",
               source="FHIR AllergyIntolerance.reaction.severity"),
    ),
)  # fmt: skip

OBSERVATIONS = Table(
    name="observations",
    product="patientsim",
    grain="one row per person, fact of how the person lives, and day on which it was asked",
    key=("observation_id",),
    columns=(
        Column("observation_id", "BIGINT", "Address of the observation.", required=True),
        PERSON,
        Column("kind", "VARCHAR", "smoking_status, alcohol_use, occupation, industry, education, "
               "sexual_orientation, pregnancy_status, pregnancy_intent, treatment_preference or "
               "care_preference.", required=True),
        Column("category", "VARCHAR", "social-history, or a category of preferences of US Core.",
               source="FHIR Observation.category", required=True),
        Column("loinc", "VARCHAR", "What was asked.", source="LOINC", required=True),
        Column("display", "VARCHAR", "Text of the code.", required=True),
        Column("value_code", "VARCHAR", "Code of the answer; null where it has words only.",
               source="FHIR Observation.value"),
        Column("value_system", "VARCHAR", "SNOMED CT, LOINC, NullFlavor (HL7 v3), SOC 2018 or "
               "NAICS 2022."),
        Column("value_text", "VARCHAR", "The answer in words.", required=True),
        Column("effective_date", "DATE", "When it was asked: in a visit, or in the year before "
               "the data.", source="FHIR Observation.effective", required=True),
        Column("performer_npi", "BIGINT", "Who asked.", references="providers.npi",
               source="FHIR Observation.performer"),
        ENCOUNTER,
    ),
)  # fmt: skip

TABLES = (CARE_TEAM_MEMBERS, ALLERGIES, OBSERVATIONS)
