"""PatientSim: the chart, as columns."""

from __future__ import annotations

from healthsim.tables import Column, Table

PERSON = Column(
    "person_id", "BIGINT", "Who it is about.", references="patients.person_id", required=True
)
EVENT = Column(
    "event_id",
    "BIGINT",
    "The journey event that caused it; null where the profile did.",
    references="events.event_id",
)
ENCOUNTER = Column(
    "encounter_id",
    "BIGINT",
    "The encounter it happened in, where it happened in one.",
    references="encounters.encounter_id",
)

PATIENTS = Table(
    name="patients",
    product="patientsim",
    grain="one row per person",
    key=("person_id",),
    columns=(
        Column("person_id", "BIGINT", "unit * 100 + place: one person over all products.",
               required=True),
        Column("mrn", "VARCHAR", "Medical record number.", source="FHIR Patient.identifier",
               required=True),
        Column("ssn", "VARCHAR", "Social security number never issued: 9xx-01…49, or with letters "
               "past 40 million people.", source="FHIR Patient.identifier", required=True),
        Column("given_name", "VARCHAR", "First name.", source="FHIR Patient.name", required=True),
        Column("middle_name", "VARCHAR", "Middle initial; null where none."),
        Column("family_name", "VARCHAR", "Surname.", source="FHIR Patient.name", required=True),
        Column("birth_date", "DATE", "Day of birth.", source="FHIR Patient.birthDate",
               required=True),
        Column("death_date", "DATE", "Day of death; null while alive.",
               source="FHIR Patient.deceasedDateTime"),
        Column("death_cause", "VARCHAR", "Underlying cause of death: an ICD-10 category, or the "
               "code that the journey states; null while alive.", source="ICD-10"),
        Column("death_place", "VARCHAR", "Where: hospital, emergency, nursing_facility, hospice, "
               "home, outpatient or other; in a facility only during a visit of the chart, or by "
               "share; null while alive.", source="US certificate of death, item 24"),
        Column("gender", "VARCHAR", "Administrative gender: M, F, other or unknown.",
               source="X12 DMG03", required=True),
        Column("race", "VARCHAR", "Race, in the OMB categories' words.", source="US Core race"),
        Column("ethnicity", "VARCHAR", "hispanic or non_hispanic.", source="US Core ethnicity"),
        Column("language", "VARCHAR", "Preferred language, BCP 47.",
               source="FHIR Patient.communication"),
        Column("marital_status", "VARCHAR", "Marital status code (S, M, D, W).",
               source="HL7 v3 MaritalStatus"),
        Column("street", "VARCHAR", "House number and an invented street.", required=True),
        Column("city", "VARCHAR", "A real city of the county.", required=True),
        Column("county_fips", "VARCHAR", "Five-digit county code.", source="Census FIPS",
               required=True),
        Column("state", "VARCHAR", "Two-letter state.", source="USPS", required=True),
        Column("zip", "VARCHAR", "A real ZIP code of the city.", source="USPS", required=True),
        Column("phone", "VARCHAR", "Area code of the state, then 555-01xx.", required=True),
        Column("email", "VARCHAR", "At example.com, which nobody can own.", required=True),
        Column("household_id", "BIGINT", "The unit the person lives in.", required=True),
        Column("mother_person_id", "BIGINT", "Mother, for a person born in a journey.",
               references="patients.person_id"),
        Column("pcp_npi", "BIGINT", "Primary care provider, kept for life.",
               references="providers.npi"),
    ),
)  # fmt: skip

CONDITIONS = Table(
    name="conditions",
    product="patientsim",
    grain="one row per person, problem and time of having it under one code",
    key=("condition_id",),
    columns=(
        Column("condition_id", "BIGINT", "Address of the condition.", required=True),
        PERSON,
        Column("code", "VARCHAR", "ICD-10-CM code, combined as the classification asks.",
               source="FHIR Condition.code", required=True),
        Column("display", "VARCHAR", "Text of the code.", source="ICD-10-CM"),
        Column("category", "VARCHAR", "HealthSim's group of the code."),
        Column("onset_date", "DATE", "First day of the condition under this code.",
               source="FHIR Condition.onset", required=True),
        Column("recorded_date", "DATE", "Day it was written into the chart.",
               source="FHIR Condition.recordedDate", required=True),
        Column("abatement_date", "DATE", "Day it ended; null while active.",
               source="FHIR Condition.abatement"),
        Column("status", "VARCHAR", "active, resolved or remission.",
               source="FHIR Condition.clinicalStatus", required=True),
        ENCOUNTER,
        EVENT,
    ),
)  # fmt: skip

ENCOUNTERS = Table(
    name="encounters",
    product="patientsim",
    grain="one row per visit or stay",
    key=("encounter_id",),
    columns=(
        Column("encounter_id", "BIGINT", "Address of the encounter.", required=True),
        PERSON,
        Column("encounter_class", "VARCHAR", "office, telehealth, emergency, inpatient, …",
               source="FHIR Encounter.class", required=True),
        Column("reason", "VARCHAR", "Why, in words.", source="FHIR Encounter.reason"),
        Column("reason_code", "VARCHAR", "First diagnosis, ICD-10-CM.", required=True),
        Column("start_at", "TIMESTAMP", "Arrival.", source="FHIR Encounter.period",
               required=True),
        Column("end_at", "TIMESTAMP", "Departure or discharge.", source="FHIR Encounter.period",
               required=True),
        Column("los_days", "INTEGER", "Nights stayed; 0 for a visit.", required=True),
        Column("admit_type", "VARCHAR", "Priority of admission: 1 emergency, 2 urgent, "
               "3 elective, 4 newborn.", source="UB-04 FL14"),
        Column("admit_source", "VARCHAR", "Point of origin.", source="UB-04 FL15"),
        Column("disposition", "VARCHAR", "Patient discharge status.", source="UB-04 FL17"),
        Column("drg", "VARCHAR", "MS-DRG by which an inpatient stay is paid: the one that the "
               "specification states, else the derived one.", source="CMS MS-DRG"),
        Column("drg_source", "VARCHAR", "Where it is from: derived, stated, or not grouped; stays "
               "only."),
        Column("drg_derived", "VARCHAR", "MS-DRG that the stay's own diagnoses and procedures "
               "give; null where they give none.", source="CMS MS-DRG"),
        Column("facility_id", "BIGINT", "Where, when it was in a facility.",
               references="facilities.facility_id"),
        Column("attending_npi", "BIGINT", "Who treated.", references="providers.npi",
               required=True),
        Column("parent_encounter_id", "BIGINT", "The stay that an emergency visit led to.",
               references="encounters.encounter_id"),
        EVENT,
    ),
)  # fmt: skip

ENCOUNTER_DIAGNOSES = Table(
    name="encounter_diagnoses",
    product="patientsim",
    grain="one row per encounter and diagnosis",
    key=("encounter_id", "sequence"),
    columns=(
        Column("encounter_id", "BIGINT", "The encounter.", required=True,
               references="encounters.encounter_id"),
        Column("sequence", "INTEGER", "1 is the principal diagnosis.", required=True),
        PERSON,
        Column("code", "VARCHAR", "ICD-10-CM code.", required=True),
        Column("poa", "VARCHAR", "Present on admission: Y, N, U undocumented, W "
               "undetermined, or 1 where exempt; inpatient only.",
               source="X12 HI"),
    ),
)  # fmt: skip

PROCEDURES = Table(
    name="procedures",
    product="patientsim",
    grain="one row per procedure done",
    key=("procedure_id",),
    columns=(
        Column("procedure_id", "BIGINT", "Address of the procedure.", required=True),
        PERSON,
        Column("code", "VARCHAR", "HCPCS, CPT or ICD-10-PCS code, as the spec says it.",
               source="FHIR Procedure.code", required=True),
        Column("system", "VARCHAR", "HCPCS, CPT or ICD-10-PCS.", required=True),
        Column("display", "VARCHAR", "Text of the code or of the spec; none for CPT."),
        Column("dose_mg", "DOUBLE", "Dose of an injected drug by weight or body surface; null "
               "of all others.", decimals=0),
        Column("performed_date", "DATE", "Day it was done.", source="FHIR Procedure.performed",
               required=True),
        Column("performer_npi", "BIGINT", "Who did it.", references="providers.npi",
               required=True),
        ENCOUNTER,
        EVENT,
    ),
)  # fmt: skip

IMMUNIZATIONS = Table(
    name="immunizations",
    product="patientsim",
    grain="one row per dose given",
    key=("immunization_id",),
    columns=(
        Column("immunization_id", "BIGINT", "Address of the dose.", required=True),
        PERSON,
        Column("cvx", "VARCHAR", "Vaccine code.", source="CDC CVX", required=True),
        Column("display", "VARCHAR", "Text of the code."),
        Column("dose", "INTEGER", "Number in the product's first series: stated, else counted, "
               "with the doses that a child of that age has usually had before; null for a vaccine "
               "without a known series.", source="FHIR Immunization.protocolApplied.doseNumber"),
        Column("valid", "BOOLEAN", "It counts: given at or after the minimum age and interval of "
               "the ACIP, and before the oldest age.", source="CDC CDSi evaluation status",
               required=True),
        Column("given_date", "DATE", "Day of the dose.", source="FHIR Immunization.occurrence",
               required=True),
        Column("manufacturer", "VARCHAR", "Maker of the product; null where the product is not "
               "known.", source="CDC MVX"),
        Column("lot", "VARCHAR", "Number of the lot; made up.", source="HL7 RXA-15"),
        Column("expiration_date", "DATE", "Last day of the lot's shelf life.",
               source="HL7 RXA-16"),
        Column("route", "VARCHAR", "IM, SC, PO or NS.", source="HL7 table 0162"),
        Column("site", "VARCHAR", "Left or right thigh (LT, RT), deltoid (LD, RD) or upper arm "
               "(LA, RA); null by mouth and nose.", source="HL7 table 0163"),
        Column("performer_npi", "BIGINT", "Who gave it.", references="providers.npi",
               required=True),
        ENCOUNTER,
        EVENT,
    ),
)  # fmt: skip

VITAL_SIGNS = Table(
    name="vital_signs",
    product="patientsim",
    grain="one row per measurement",
    key=("vital_sign_id",),
    columns=(
        Column("vital_sign_id", "BIGINT", "Address of the measurement.", required=True),
        PERSON,
        Column("loinc", "VARCHAR", "What was measured.", source="LOINC", required=True),
        Column("display", "VARCHAR", "Text of the code."),
        Column("measured_at", "TIMESTAMP", "When.", required=True),
        Column("value", "DOUBLE", "Measured value.", required=True),
        Column("unit", "VARCHAR", "Unit of the value.", source="UCUM"),
        ENCOUNTER,
        Column("event_id", "BIGINT", "The journey event that states it; null where it is usual in "
               "encounters of the class.", references="events.event_id"),
    ),
)  # fmt: skip

LAB_RESULTS = Table(
    name="lab_results",
    product="patientsim",
    grain="one row per analyte of an order",
    key=("lab_result_id",),
    columns=(
        Column("lab_result_id", "BIGINT", "Address of the result.", required=True),
        PERSON,
        Column("loinc", "VARCHAR", "What was measured.", source="LOINC", required=True),
        Column("display", "VARCHAR", "Text of the code."),
        Column("panel", "VARCHAR", "The panel it was ordered in; null when alone."),
        Column("collected_at", "TIMESTAMP", "When the specimen was taken.", required=True),
        Column("resulted_at", "TIMESTAMP", "When the result was reported.", required=True),
        Column("value", "DOUBLE", "Numeric result; null for a text result."),
        Column("value_text", "VARCHAR", "Text result; null for a number."),
        Column("unit", "VARCHAR", "Unit of the value.", source="UCUM"),
        Column("ref_low", "DOUBLE", "Lower end of the reference interval."),
        Column("ref_high", "DOUBLE", "Upper end of the reference interval."),
        Column("flag", "VARCHAR", "L, H or N against the interval.", source="HL7 table 0078"),
        Column("ordering_npi", "BIGINT", "Who ordered it.", references="providers.npi",
               required=True),
        ENCOUNTER,
        Column("event_id", "BIGINT", "The journey event that states it; null where it is usual in "
               "stays.", references="events.event_id"),
    ),
)  # fmt: skip

PRESCRIPTIONS = Table(
    name="prescriptions",
    product="patientsim",
    grain="one row per prescription written",
    key=("prescription_id",),
    columns=(
        Column("prescription_id", "BIGINT", "Address of the prescription.", required=True),
        PERSON,
        Column("rxnorm", "VARCHAR", "RxNorm concept of the clinical drug.", source="RxNorm"),
        Column("ndc", "VARCHAR", "Eleven-digit product code.", source="FDA NDC", required=True),
        Column("drug", "VARCHAR", "Drug, strength and form.", required=True),
        Column("ingredient", "VARCHAR", "Active ingredient.", required=True),
        Column("written_date", "DATE", "Day it was written.",
               source="FHIR MedicationRequest.authoredOn", required=True),
        Column("dose", "DOUBLE", "How much is taken at one time, in `dose_unit`.", decimals=2,
               source="FHIR Dosage.doseAndRate.doseQuantity", required=True),
        Column("dose_unit", "VARCHAR", "tablet, mL, unit, puff, drop and the like.",
               source="FHIR Dosage.doseAndRate.doseQuantity.unit", required=True),
        Column("route", "VARCHAR", "How it is given: oral, inhaled, subcutaneous and the like.",
               source="FHIR Dosage.route; HL7 table 0162", required=True),
        Column("frequency", "VARCHAR", "How often: QD, BID, QHS, QW and the like.",
               source="FHIR Dosage.timing.code; HL7 table 0335", required=True),
        Column("as_needed", "BOOLEAN", "Taken when needed, at most so often.",
               source="FHIR Dosage.asNeeded", required=True),
        Column("sig", "VARCHAR", "The words of the label.", source="FHIR Dosage.text; NCPDP SIG",
               required=True),
        Column("indication", "VARCHAR", "ICD-10-CM code of the person's condition that it is for; "
               "null where the person had none of its usual uses when it was written.",
               source="FHIR MedicationRequest.reasonCode"),
        Column("quantity", "DOUBLE", "Units per fill.", decimals=2, required=True),
        Column("days_supply", "INTEGER", "Days that one fill lasts.", required=True),
        Column("refills", "INTEGER", "Refills allowed after the first fill.", required=True),
        Column("prescriber_npi", "BIGINT", "Who wrote it.", references="providers.npi",
               required=True),
        Column("status", "VARCHAR", "active, completed or stopped at the end of the data.",
               source="FHIR MedicationRequest.status", required=True),
        Column("end_date", "DATE",
               "Day it was stopped, replaced or renewed; null where it ran its course."),
        ENCOUNTER,
        EVENT,
    ),
)  # fmt: skip

REFERRALS = Table(
    name="referrals",
    product="patientsim",
    grain="one row per referral",
    key=("referral_id",),
    columns=(
        Column("referral_id", "BIGINT", "Address of the referral.", required=True),
        PERSON,
        Column("specialty", "VARCHAR", "To which specialty.",
               source="FHIR ServiceRequest.performerType", required=True),
        Column("reason", "VARCHAR", "Why, in words."),
        Column("referred_date", "DATE", "Day of the referral.",
               source="FHIR ServiceRequest.authoredOn", required=True),
        Column("referring_npi", "BIGINT", "Who referred.", references="providers.npi",
               required=True),
        Column("referred_to_npi", "BIGINT", "To whom; later visits go there.",
               references="providers.npi", required=True),
        ENCOUNTER,
        EVENT,
    ),
)  # fmt: skip
CARE_PLANS = Table(
    name="care_plans",
    product="patientsim",
    grain="one row per plan of care",
    key=("care_plan_id",),
    columns=(
        Column("care_plan_id", "BIGINT", "Address of the plan of care.", required=True),
        PERSON,
        Column("display", "VARCHAR", "What the plan is, in words.",
               source="FHIR CarePlan.title", required=True),
        Column("code", "VARCHAR", "Its code, where the specification gives one.",
               source="FHIR CarePlan.category"),
        Column("start_date", "DATE", "First day.", source="FHIR CarePlan.period.start",
               required=True),
        Column("end_date", "DATE", "The day on which it was stopped.",
               source="FHIR CarePlan.period.end"),
        Column("status", "VARCHAR", "active or completed.", source="FHIR CarePlan.status",
               required=True),
        ENCOUNTER,
        EVENT,
    ),
)  # fmt: skip

TABLES = (
    PATIENTS, CONDITIONS, ENCOUNTERS, ENCOUNTER_DIAGNOSES, PROCEDURES, IMMUNIZATIONS, VITAL_SIGNS,
    LAB_RESULTS, PRESCRIPTIONS, REFERRALS, CARE_PLANS,
)  # fmt: skip
