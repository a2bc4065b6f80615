"""PatientSim: what is ordered, what is taken for it, and what is reported of it."""

from __future__ import annotations

from healthsim.products.patientsim.tables import ENCOUNTER, EVENT, PERSON
from healthsim.tables import Column, Table

_REQUEST = Column(
    "request_id", "BIGINT", "The order that it answers.",
    references="service_requests.request_id", required=True,
)  # fmt: skip
_FACILITY = Column(
    "facility_id", "BIGINT", "Where, when it was in a facility.",
    references="facilities.facility_id",
)  # fmt: skip
_PROCEDURE = Column(
    "procedure_id", "BIGINT", "The procedure; null of laboratory tests.",
    references="procedures.procedure_id",
)  # fmt: skip

SERVICE_REQUESTS = Table(
    name="service_requests",
    product="patientsim",
    grain="one row per order: of a test or panel, a study, an operation, or a referral",
    key=("request_id",),
    columns=(
        Column("request_id", "BIGINT", "Address of the order: of the first result, the procedure "
               "or the referral that it led to.", required=True),
        PERSON,
        Column("kind", "VARCHAR", "laboratory, imaging, procedure or referral.",
               source="FHIR ServiceRequest.category", required=True),
        Column("code", "VARCHAR", "What is ordered; null of referrals, and of panels for which "
               "LOINC has no code.", source="FHIR ServiceRequest.code"),
        Column("code_system", "VARCHAR", "LOINC, CPT, HCPCS or ICD-10-PCS; null without a code."),
        Column("display", "VARCHAR", "What is ordered, in words; of CPT our own.", required=True),
        Column("status", "VARCHAR", "completed, active or revoked, at the end of the data.",
               source="FHIR ServiceRequest.status", required=True),
        Column("priority", "VARCHAR", "routine, urgent or stat.",
               source="FHIR ServiceRequest.priority", required=True),
        Column("ordered_at", "TIMESTAMP", "When it was ordered.",
               source="FHIR ServiceRequest.authoredOn", required=True),
        Column("occurrence_date", "DATE", "Day on which it was done; null while it is not.",
               source="FHIR ServiceRequest.occurrence"),
        Column("requester_npi", "BIGINT", "Who ordered it.", references="providers.npi",
               source="FHIR ServiceRequest.requester", required=True),
        Column("performer_npi", "BIGINT", "Who does it; null of laboratory tests.",
               references="providers.npi", source="FHIR ServiceRequest.performer"),
        _FACILITY,
        Column("reason_code", "VARCHAR", "First diagnosis of the encounter, ICD-10-CM.",
               source="FHIR ServiceRequest.reasonCode"),
        _PROCEDURE,
        Column("referral_id", "BIGINT", "The referral; null of other orders.",
               references="referrals.referral_id"),
        ENCOUNTER,
        EVENT,
    ),
)  # fmt: skip

SPECIMENS = Table(
    name="specimens",
    product="patientsim",
    grain="one row per specimen: a tube or vessel of an order",
    key=("specimen_id",),
    columns=(
        Column("specimen_id", "BIGINT", "Address of the specimen: of the first result that is "
               "measured in it, or of the study of a tissue.", required=True),
        PERSON,
        Column("accession", "VARCHAR", "Number that the laboratory gave it: year, then one of its "
               "own.", source="FHIR Specimen.accessionIdentifier", required=True),
        Column("type", "VARCHAR", "What it is: SER, WB, PPP, UR and the like.",
               source="HL7 table 0487", required=True),
        Column("additive", "VARCHAR", "What the tube holds: SST, EDTK, C32 and the like.",
               source="HL7 table 0371", required=True),
        Column("collected_at", "TIMESTAMP", "When it was taken.",
               source="FHIR Specimen.collection.collected", required=True),
        Column("received_at", "TIMESTAMP", "When the laboratory had it.",
               source="FHIR Specimen.receivedTime", required=True),
        _REQUEST,
        ENCOUNTER,
    ),
)  # fmt: skip

DIAGNOSTIC_REPORTS = Table(
    name="diagnostic_reports",
    product="patientsim",
    grain="one row per report of an order",
    key=("report_id",),
    columns=(
        Column("report_id", "BIGINT", "Address of the report: that of its order.", required=True),
        PERSON,
        Column("category", "VARCHAR", "LAB, RAD, SP, CP, EC, CUS, PF and the like.",
               source="HL7 table 0074", required=True),
        Column("loinc", "VARCHAR", "What is reported; 11502-2 of a panel for which LOINC has no "
               "code.", source="FHIR DiagnosticReport.code; LOINC", required=True),
        Column("display", "VARCHAR", "Text of the code.", required=True),
        Column("status", "VARCHAR", "final.", source="FHIR DiagnosticReport.status",
               required=True),
        Column("effective_at", "TIMESTAMP", "When the specimen was taken or the study done.",
               source="FHIR DiagnosticReport.effective", required=True),
        Column("issued_at", "TIMESTAMP", "When the report came out: with its last result.",
               source="FHIR DiagnosticReport.issued", required=True),
        Column("performer_npi", "BIGINT", "Who did the study; null of laboratory tests.",
               references="providers.npi", source="FHIR DiagnosticReport.performer"),
        _FACILITY,
        _REQUEST,
        _PROCEDURE,
        Column("conclusion", "VARCHAR", "What was found, in sentences.",
               source="FHIR DiagnosticReport.conclusion"),
        Column("conclusion_code", "VARCHAR", "The person's condition that the first finding is "
               "of, ICD-10-CM; null without one.",
               source="FHIR DiagnosticReport.conclusionCode"),
        ENCOUNTER,
        EVENT,
    ),
)  # fmt: skip

DIAGNOSTIC_REPORT_RESULTS = Table(
    name="diagnostic_report_results",
    product="patientsim",
    grain="one row per result of a report; questionnaires and vital signs are in none",
    key=("report_id", "lab_result_id"),
    columns=(
        PERSON,
        Column("report_id", "BIGINT", "The report.", required=True,
               references="diagnostic_reports.report_id",
               source="FHIR DiagnosticReport.result"),
        Column("lab_result_id", "BIGINT", "The result; it is in one report only.", required=True,
               references="lab_results.lab_result_id"),
        Column("specimen_id", "BIGINT", "What it was measured in; null of tracings and the like.",
               references="specimens.specimen_id", source="FHIR Observation.specimen"),
    ),
)  # fmt: skip

APPOINTMENTS = Table(
    name="appointments",
    product="patientsim",
    grain="one row per appointment: kept, missed, cancelled, or booked for after the data",
    key=("appointment_id",),
    columns=(
        Column("appointment_id", "BIGINT", "Address of the appointment; one that was kept has "
               "that of its encounter.", required=True),
        PERSON,
        Column("status", "VARCHAR", "fulfilled, noshow, cancelled, or booked (after the last day "
               "of the data).", source="FHIR Appointment.status", required=True),
        Column("type", "VARCHAR", "CHECKUP, FOLLOWUP or ROUTINE.",
               source="FHIR Appointment.appointmentType; HL7 table 0276", required=True),
        Column("encounter_class", "VARCHAR", "office, telehealth, outpatient_hospital or asc.",
               source="FHIR Appointment.serviceCategory", required=True),
        Column("booked_at", "TIMESTAMP", "When it was booked; may be before the data.",
               source="FHIR Appointment.created", required=True),
        Column("start_at", "TIMESTAMP", "When it was to begin.",
               source="FHIR Appointment.start", required=True),
        Column("end_at", "TIMESTAMP", "When it was to end.", source="FHIR Appointment.end",
               required=True),
        Column("practitioner_npi", "BIGINT", "With whom.", references="providers.npi",
               source="FHIR Appointment.participant", required=True),
        _FACILITY,
        Column("reason_code", "VARCHAR", "First diagnosis of the visit, ICD-10-CM.",
               source="FHIR Appointment.reasonCode"),
        Column("reason", "VARCHAR", "Why, in words.", source="FHIR Appointment.description"),
        Column("cancel_reason", "VARCHAR", "pat (the patient), prov (the provider) or other; null "
               "unless cancelled.",
               source="FHIR Appointment.cancelationReason; HL7 appointment-cancellation-reason"),
        Column("encounter_id", "BIGINT", "The visit; null where there was none.",
               references="encounters.encounter_id"),
    ),
)  # fmt: skip

TABLES = (
    SERVICE_REQUESTS, SPECIMENS, DIAGNOSTIC_REPORTS, DIAGNOSTIC_REPORT_RESULTS, APPOINTMENTS,
)  # fmt: skip
