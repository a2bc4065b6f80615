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

RELATED_PERSONS = Table(
    name="related_persons",
    product="patientsim",
    grain="one row per person and relative or friend",
    key=("related_person_id",),
    columns=(
        Column("related_person_id", "BIGINT", "Address of the relation.", required=True),
        PERSON,
        Column("relationship", "VARCHAR", "What the relative is to the person: HUSB, WIFE, SPS, "
               "FTH, MTH, PRN, SONC, DAUC, BRO, SIS or FRND.",
               source="HL7 v3 RoleCode (FHIR RelatedPerson.relationship)", required=True),
        Column("given_name", "VARCHAR", "First name.", required=True),
        Column("family_name", "VARCHAR", "Surname.", required=True),
        Column("gender", "VARCHAR", "M or F; null for any other."),
        Column("birth_date", "DATE", "Day of birth.", required=True),
        Column("phone", "VARCHAR", "Area code of the person's state, then 555-01xx.",
               required=True),
        Column("street", "VARCHAR", "House number and an invented street: the person's, where they "
               "live together.", required=True),
        Column("city", "VARCHAR", "City.", required=True),
        Column("state", "VARCHAR", "Two-letter state.", source="USPS", required=True),
        Column("zip", "VARCHAR", "ZIP code.", source="USPS", required=True),
        Column("related_to_person_id", "BIGINT", "The relative, where it is a person of the data.",
               references="patients.person_id"),
        Column("emergency_contact", "BOOLEAN", "Whether to call in an emergency.", required=True),
        Column("guardian", "BOOLEAN", "Whether the relative answers for the person, who is a "
               "minor.", required=True),
        Column("start_date", "DATE", "First day of the data, or of birth.",
               source="FHIR RelatedPerson.period", required=True),
    ),
)  # fmt: skip

FAMILY_HISTORY = Table(
    name="family_history",
    product="patientsim",
    grain="one row per person, relative, and condition that the relative has or had",
    key=("family_history_id",),
    columns=(
        Column("family_history_id", "BIGINT", "Address of the row.", required=True),
        PERSON,
        Column("relationship", "VARCHAR", "MTH, FTH, BRO or SIS.",
               source="HL7 v3 RoleCode (FHIR FamilyMemberHistory.relationship)", required=True),
        Column("sex", "VARCHAR", "F or M.", source="FHIR FamilyMemberHistory.sex", required=True),
        Column("code", "VARCHAR", "Condition of the relative.", source="ICD-10-CM",
               required=True),
        Column("display", "VARCHAR", "Text of the code.", source="ICD-10-CM", required=True),
        Column("onset_age", "INTEGER", "Age in years at which it began.",
               source="FHIR FamilyMemberHistory.condition.onset", required=True),
        Column("deceased", "BOOLEAN", "Whether the relative had died by then.",
               source="FHIR FamilyMemberHistory.deceased", required=True),
        Column("died_age", "INTEGER", "Age at death; null while alive."),
        Column("recorded_date", "DATE", "When it was asked, in the year before the data.",
               source="FHIR FamilyMemberHistory.date", required=True),
    ),
)  # fmt: skip

SCREENINGS = Table(
    name="screenings",
    product="patientsim",
    grain="one row per person and questionnaire that the person answered",
    key=("screening_id",),
    columns=(
        Column("screening_id", "BIGINT", "Address; of a questionnaire with a total the id of the "
               "total in lab_results.", required=True),
        PERSON,
        Column("instrument", "VARCHAR", "PHQ-9, PHQ-2, GAD-7, AUDIT-C or AHC HRSN (needs of how "
               "people live).", required=True),
        Column("loinc", "VARCHAR", "The questionnaire.", source="LOINC", required=True),
        Column("display", "VARCHAR", "Text of the code.", required=True),
        Column("taken_at", "TIMESTAMP", "When.", required=True),
        Column("score", "DOUBLE", "Total of the answers; null where answers have no points.",
               decimals=0),
        Column("interpretation", "VARCHAR", "What the total means, or whether there is a need.",
               required=True),
        Column("performer_npi", "BIGINT", "Who asked.", references="providers.npi",
               required=True),
        ENCOUNTER,
    ),
)  # fmt: skip

SCREENING_ANSWERS = Table(
    name="screening_answers",
    product="patientsim",
    grain="one row per screening and question",
    key=("screening_id", "item"),
    columns=(
        Column("screening_id", "BIGINT", "The screening.", required=True,
               references="screenings.screening_id"),
        Column("item", "INTEGER", "Number of the question, from 1.", required=True),
        PERSON,
        Column("loinc", "VARCHAR", "The question.", source="LOINC", required=True),
        Column("question", "VARCHAR", "Text of the question.", required=True),
        Column("answer_code", "VARCHAR", "The answer.", source="LOINC answers", required=True),
        Column("answer", "VARCHAR", "Text of the answer.", required=True),
        Column("value", "INTEGER", "Points of the answer; null where it has none."),
    ),
)  # fmt: skip

TABLES = (
    CARE_TEAM_MEMBERS, ALLERGIES, OBSERVATIONS, RELATED_PERSONS, FAMILY_HISTORY, SCREENINGS,
    SCREENING_ANSWERS,
)  # fmt: skip
