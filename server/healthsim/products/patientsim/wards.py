"""PatientSim: what goes with care: devices, goals, vaccines not given, beds, drugs given."""

from __future__ import annotations

from healthsim.products.patientsim.tables import PERSON
from healthsim.tables import Column, Table

_UDI = "FHIR Device.udiCarrier"

DEVICES = Table(
    name="devices",
    product="patientsim",
    grain="one row per device that is implanted, worn or used",
    key=("device_id",),
    columns=(
        Column("device_id", "BIGINT", "Address of the device.", required=True),
        PERSON,
        Column("type_code", "VARCHAR", "What it is.", source="FHIR Device.type", required=True),
        Column("type_system", "VARCHAR", "FDA product code.",
               source="FDA product classification", required=True),
        Column("type", "VARCHAR", "Text of the code.", source="FDA product classification",
               required=True),
        Column("udi_di", "VARCHAR", "Device identifier: a GTIN-14 of the prefix 952, which is for "
               "demonstrations; null where it is from before UDIs.",
               source=f"{_UDI}.deviceIdentifier"),
        Column("udi_hrf", "VARCHAR", "The whole UDI as it is printed; null as udi_di.",
               source=f"{_UDI}.carrierHRF"),
        Column("lot", "VARCHAR", "Number of the lot; made up.", source="FHIR Device.lotNumber"),
        Column("serial", "VARCHAR", "Serial number; made up.", source="FHIR Device.serialNumber"),
        Column("manufacturer", "VARCHAR", "Maker; invented.", source="FHIR Device.manufacturer",
               required=True),
        Column("manufacture_date", "DATE", "Day it was made.",
               source="FHIR Device.manufactureDate", required=True),
        Column("expiration_date", "DATE", "Last day of its shelf life; null where it has none.",
               source="FHIR Device.expirationDate"),
        Column("start_date", "DATE", "First day that the person has it.",
               source="FHIR DeviceUseStatement.timing", required=True),
        Column("implanted_date", "DATE", "Day it was implanted; null of what is worn or used.",
               source="FHIR Procedure.performed"),
        Column("removed_date", "DATE", "Day it was taken out or given back; null while it is "
               "there.", source="FHIR DeviceUseStatement.timing"),
        Column("status", "VARCHAR", "active, or inactive where it is removed or the person dead.",
               source="FHIR Device.status", required=True),
        Column("body_site", "VARCHAR", "Where, in words.",
               source="FHIR DeviceUseStatement.bodySite"),
        Column("procedure_id", "BIGINT", "The procedure that put it in; null where it is from "
               "before, worn or used.", references="procedures.procedure_id"),
    ),
)  # fmt: skip

GOALS = Table(
    name="goals",
    product="patientsim",
    grain="one row per person and goal of care",
    key=("goal_id",),
    columns=(
        Column("goal_id", "BIGINT", "Address of the goal.", required=True),
        PERSON,
        Column("description", "VARCHAR", "What is to be reached, in words.",
               source="FHIR Goal.description", required=True),
        Column("category", "VARCHAR", "dietary, safety, behavioral, nursing or physiotherapy; null "
               "of a result.", source="FHIR goal-category"),
        Column("loinc", "VARCHAR", "What shows it; null where nothing is measured.",
               source="FHIR Goal.target.measure; LOINC"),
        Column("target_low", "DOUBLE", "Results from here on reach it; null without a lower end.",
               decimals=1, source="FHIR Goal.target.detail"),
        Column("target_high", "DOUBLE", "Results below this reach it; null without an upper end.",
               decimals=1, source="FHIR Goal.target.detail"),
        Column("target_unit", "VARCHAR", "Unit of the target.", source="UCUM"),
        Column("start_date", "DATE", "Day of the visit at which it was set.",
               source="FHIR Goal.startDate", required=True),
        Column("due_date", "DATE", "Day by which it is to be reached.",
               source="FHIR Goal.target.dueDate", required=True),
        Column("status", "VARCHAR", "active, completed (its day is past), or cancelled by a death.",
               source="FHIR Goal.lifecycleStatus", required=True),
        Column("achievement", "VARCHAR", "By the latest result after the start, until it is due: "
               "in-progress (none yet), improving, worsening, no-change, achieved, sustaining (as "
               "before the start), not-achieved; null where its day is past and nothing shows it.",
               source="FHIR Goal.achievementStatus"),
        Column("condition_id", "BIGINT", "The condition that it is for.", required=True,
               references="conditions.condition_id", source="FHIR Goal.addresses"),
        Column("encounter_id", "BIGINT", "The visit at which it was set.", required=True,
               references="encounters.encounter_id"),
    ),
)  # fmt: skip

IMMUNIZATIONS_NOT_GIVEN = Table(
    name="immunizations_not_given",
    product="patientsim",
    grain="one row per vaccine that was due at a visit and not given",
    key=("not_given_id",),
    columns=(
        Column("not_given_id", "BIGINT", "Address of the dose that was not given.", required=True),
        PERSON,
        Column("cvx", "VARCHAR", "Vaccine code.", source="CDC CVX", required=True),
        Column("display", "VARCHAR", "Text of the code."),
        Column("reason_code", "VARCHAR", "PATOBJ, MEDPREC, IMMUNE or OSTOCK.",
               source="FHIR Immunization.statusReason; HL7 v3 ActReason", required=True),
        Column("reason", "VARCHAR", "Text of the reason.", source="HL7 v3 ActReason",
               required=True),
        Column("occurrence_date", "DATE", "Day of the visit.",
               source="FHIR Immunization.occurrence", required=True),
        Column("performer_npi", "BIGINT", "Who would have given it.", references="providers.npi",
               required=True),
        Column("encounter_id", "BIGINT", "The visit.", references="encounters.encounter_id",
               required=True),
    ),
)  # fmt: skip

ENCOUNTER_LOCATIONS = Table(
    name="encounter_locations",
    product="patientsim",
    grain="one row per stay or emergency visit, and place in it",
    key=("encounter_id", "sequence"),
    columns=(
        Column("encounter_id", "BIGINT", "The stay or visit.", required=True,
               references="encounters.encounter_id"),
        Column("sequence", "INTEGER", "Order of the places, from 1.", required=True),
        PERSON,
        Column("facility_id", "BIGINT", "The hospital.", references="facilities.facility_id"),
        Column("unit", "VARCHAR", "emergency, medical, surgical, telemetry, intensive care, "
               "operating room, maternity, pediatric, …", source="FHIR Encounter.location",
               required=True),
        Column("unit_code", "VARCHAR", "Role of the unit.", source="HL7 v3 RoleCode",
               required=True),
        Column("room", "VARCHAR", "Number of the room; made up. Two people may have one bed.",
               source="HL7 PV1-3", required=True),
        Column("bed", "VARCHAR", "Bed in the room.", source="HL7 PV1-3", required=True),
        Column("start_at", "TIMESTAMP", "From when.", required=True,
               source="FHIR Encounter.location.period"),
        Column("end_at", "TIMESTAMP", "Until when; the next place begins then.", required=True,
               source="FHIR Encounter.location.period"),
        Column("reason", "VARCHAR", "Why there, in words."),
    ),
)  # fmt: skip

MEDICATION_ADMINISTRATIONS = Table(
    name="medication_administrations",
    product="patientsim",
    grain="one row per dose that was given, or not, in an encounter",
    key=("administration_id",),
    columns=(
        Column("administration_id", "BIGINT", "Address of the dose.", required=True),
        PERSON,
        Column("rxnorm", "VARCHAR", "RxNorm concept: of a home drug the prescription's, else the "
               "ingredient.", source="FHIR MedicationAdministration.medication"),
        Column("drug", "VARCHAR", "Drug, in words.", required=True),
        Column("ingredient", "VARCHAR", "Active ingredient.", required=True),
        Column("status", "VARCHAR", "completed or not-done.", required=True,
               source="FHIR MedicationAdministration.status"),
        Column("status_reason_code", "VARCHAR", "Why not: b, c or d; null where it was given.",
               source="HL7 reason-medication-not-given"),
        Column("status_reason", "VARCHAR", "Why not, in words: away, asleep, vomiting."),
        Column("given_at", "TIMESTAMP", "When it was given or began to run, or was due.",
               required=True, source="FHIR MedicationAdministration.effective"),
        Column("ended_at", "TIMESTAMP", "When an infusion ended; null where the dose was given "
               "at once or not given, or runs on after the data.",
               source="FHIR MedicationAdministration.effective"),
        Column("dose", "DOUBLE", "How much, in `dose_unit`; null where it was not given.",
               decimals=2, source="FHIR MedicationAdministration.dosage.dose"),
        Column("dose_unit", "VARCHAR", "mg, unit, mL, tablet and the like; null as the dose."),
        Column("route", "VARCHAR", "How: oral, intravenous, subcutaneous and the like.",
               source="HL7 table 0162", required=True),
        Column("prescription_id", "BIGINT", "The home drug's prescription; null of orders of the "
               "stay.", references="prescriptions.prescription_id"),
        Column("procedure_id", "BIGINT", "The procedure that gave it; null of stays.",
               references="procedures.procedure_id"),
        Column("performer_npi", "BIGINT", "Who is answerable: the clinician of the encounter or "
               "procedure.", references="providers.npi", required=True),
        Column("encounter_id", "BIGINT", "In which encounter.", required=True,
               references="encounters.encounter_id"),
    ),
)  # fmt: skip

TABLES = (
    DEVICES, GOALS, IMMUNIZATIONS_NOT_GIVEN, ENCOUNTER_LOCATIONS, MEDICATION_ADMINISTRATIONS,
)  # fmt: skip
