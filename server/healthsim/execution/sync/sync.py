"""One event, every product: which rows of other products an event causes.

This is the one place that names several products.
"""

from __future__ import annotations

from dataclasses import dataclass

from healthsim.execution.sync.attribute_values import person_attributes
from healthsim.execution.sync.bills.adjudication import Decided
from healthsim.execution.sync.bills.claims import UnpricedClaims
from healthsim.execution.sync.chart.chart import chart_tables
from healthsim.execution.sync.chart.locations import encounter_locations
from healthsim.execution.sync.clinical import CLINICAL_TABLES
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.coverage import enrollments, members, rx_members
from healthsim.execution.sync.drugs.pharmacy import dispensed_fills
from healthsim.execution.sync.drugs.planted import planted_table
from healthsim.execution.sync.drugs.prescriptions import prescription_rows, prescription_table
from healthsim.execution.sync.encounters import encounter_diagnoses, encounters, patients
from healthsim.execution.sync.event_log import events
from healthsim.execution.sync.recorded import recorded_when_reported
from healthsim.execution.sync.stay_tests import with_stay_tests
from healthsim.execution.sync.trials.trials import trial_tables
from healthsim.execution.sync.vitals.signs import vital_signs
from healthsim.tables import Columns


@dataclass(frozen=True, slots=True)
class SyncRule:
    """What one record causes in another table.

    Attributes:
        cause: what happens, in the words of a journey.
        effect: table that gets rows for it.
        carries: columns of the effect that hold the cause's own values.
    """

    cause: str
    effect: str
    carries: tuple[str, ...]


RULES = (
    SyncRule("person", "members", ("person_id", "ssn")),
    SyncRule("person", "rx_members", ("person_id", "ssn")),
    SyncRule("coverage", "enrollments", ("person_id", "plan_id")),
    SyncRule(
        "encounter: office, telehealth, urgent_care",
        "claims",
        ("encounter_id", "event_id", "rendering_npi", "from_date"),
    ),
    SyncRule(
        "encounter: emergency, observation, outpatient_hospital, inpatient and other facilities",
        "claims",
        ("encounter_id", "event_id", "attending_npi", "facility_npi", "from_date", "through_date",
         "drg", "discharge_status"),
    ),
    SyncRule("encounter, and the person's age", "vital_signs", ("encounter_id",)),
    SyncRule("encounter diagnosis", "claim_diagnoses", ("sequence", "code", "poa")),
    SyncRule(
        "lab, procedure, immunization", "claim_lines", ("event_id", "service_date", "procedure")
    ),
    SyncRule(
        "prescription",
        "fills",
        ("prescription_id", "event_id", "written_date", "ndc", "prescriber_npi"),
    ),
    SyncRule("encounter, and primary care", "care_team_members", ()),
    SyncRule(
        "lab, procedure, referral", "service_requests", ("encounter_id", "event_id")
    ),
    SyncRule("lab", "specimens", ("encounter_id", "collected_at")),
    SyncRule("lab", "diagnostic_reports", ("encounter_id", "event_id")),
    SyncRule("lab", "diagnostic_report_results", ("lab_result_id",)),
    SyncRule("encounter that is planned", "appointments", ("encounter_id", "facility_id")),
    SyncRule("procedure, and the person's conditions and drugs", "devices", ("procedure_id",)),
    SyncRule("person, and what the person is given", "allergies", ("person_id",)),
    SyncRule("encounter, and the person's conditions and results", "goals", ("encounter_id",)),
    SyncRule("encounter, and what the chart holds of it", "clinical_notes", ("encounter_id",)),
    SyncRule(
        "encounter: emergency, observation, inpatient, snf", "encounter_locations",
        ("encounter_id", "facility_id"),
    ),
    SyncRule(
        "encounter: emergency, observation, inpatient; procedure that injects",
        "medication_administrations", ("encounter_id", "procedure_id", "prescription_id"),
    ),
    SyncRule("encounter without a dose that is due", "immunizations_not_given", ("encounter_id",)),
    SyncRule("person, encounter, condition, birth", "observations", ("person_id", "encounter_id")),
    SyncRule("lab: a total of a questionnaire", "screenings", ("encounter_id",)),
    SyncRule("screening", "screening_answers", ("screening_id",)),
    SyncRule("person, and household", "related_persons", ("person_id",)),
    SyncRule("person, and conditions of parents", "family_history", ("person_id",)),
    SyncRule("trial: everyone who takes part", "subjects", ("person_id", "ssn")),
    SyncRule("trial_visit", "encounters", ("person_id", "event_id")),
    SyncRule(
        "trial_visit; protocol visit, missed ones too", "trial_visits", ("encounter_id", "event_id")
    ),
    SyncRule("trial_visit with routine_care, and no other", "claims", ("encounter_id", "event_id")),
)  # fmt: skip
"""The rules between products; a house test finds every effect and column in the tables."""


def synced_tables(ctx: SyncContext) -> dict[str, Columns]:
    """Fill the tables of the products that the profile asks for, and the events."""
    products = ctx.profile.products
    tables = {"events": events(ctx)}
    if ctx.profile.attributes:
        tables["person_attributes"] = person_attributes(ctx)
    written = prescription_rows(ctx)
    decided = Decided.of(
        ctx,
        UnpricedClaims.of(ctx) if "membersim" in products else None,
        dispensed_fills(ctx, written) if "rxmembersim" in products else None,
    )
    if ctx.profile.plants_violations:
        tables["planted_violations"] = planted_table(ctx, written)
    if "patientsim" in products:
        tables |= {name: fill(ctx) for name, fill in CLINICAL_TABLES.items()}
        tables |= {
            "patients": patients(ctx),
            "encounters": encounters(ctx),
            "encounter_diagnoses": encounter_diagnoses(ctx),
            "prescriptions": prescription_table(ctx, written),
        }
        places = encounter_locations(ctx, tables)
        tables["vital_signs"] = vital_signs(ctx, places)
        tables["lab_results"] = with_stay_tests(ctx, tables)
        tables["conditions"] = recorded_when_reported(tables)
        tables |= chart_tables(ctx, tables, {"encounter_locations": places})
    if "membersim" in products:
        tables |= {"members": members(ctx), "enrollments": enrollments(ctx)}
        tables |= decided.claim_tables()
        tables["accumulator_events"] = decided.accumulator_events()
    if "trialsim" in products:
        tables |= trial_tables(ctx)
    if "rxmembersim" in products:
        tables |= {"rx_members": rx_members(ctx), **decided.fill_tables()}
    return tables
