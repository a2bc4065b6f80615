"""One event, every product: the rules by which a cause in one appears as an effect in another.

This is the one place that names several products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.dates import NO_DAY, day_of
from healthsim.execution.cohort.identity import member_number
from healthsim.execution.people.logs import FOREVER, Span
from healthsim.execution.people.row_layout import lay_out_rows
from healthsim.execution.sync import clinical as records
from healthsim.execution.sync.claims import claim_tables
from healthsim.execution.sync.encounters import (
    SyncContext,
    encounter_diagnoses,
    encounters,
    events,
    patients,
)
from healthsim.execution.sync.pharmacy import fill_table, prescription_rows, prescriptions
from healthsim.execution.sync.subscribers import assign_subscribers
from healthsim.execution.sync.trials import trial_tables
from healthsim.products.membersim.plans import PlanTable
from healthsim.products.membersim.tables import ENROLLMENTS, MEMBERS
from healthsim.products.rxmembersim.tables import RX_MEMBERS
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Coded, Columns, take


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
    SyncRule("encounter: office, telehealth, urgent_care", "claims",
         ("encounter_id", "event_id", "rendering_npi", "from_date")),
    SyncRule("encounter: emergency, observation, outpatient_hospital, inpatient and other "
         "facilities", "claims",
         ("encounter_id", "event_id", "attending_npi", "facility_npi", "from_date",
                    "through_date", "drg", "discharge_status")),
    SyncRule("encounter diagnosis", "claim_diagnoses", ("sequence", "code", "poa")),
    SyncRule("lab, procedure, immunization", "claim_lines",
         ("event_id", "service_date", "procedure")),
    SyncRule("prescription", "fills", ("prescription_id", "event_id", "written_date", "ndc",
                                   "prescriber_npi")),
    SyncRule("trial: whoever comes to it", "subjects", ("person_id", "ssn")),
    SyncRule("trial_visit", "encounters", ("person_id", "event_id")),
    SyncRule("trial_visit; protocol visit, missed ones too", "trial_visits",
         ("encounter_id", "event_id")),
    SyncRule("trial_visit with routine_care, and no other", "claims", ("encounter_id", "event_id")),
)  # fmt: skip
"""The rules of this engine; a house test finds every effect and column in the tables."""


def synced_tables(made: SyncContext, profile: ProfileSpec, plans: PlanTable) -> dict[str, Columns]:
    """Fill the tables of the products that a profile asks for, and the events."""
    tables = {"events": events(made)}
    written = prescription_rows(made, profile)
    if "patientsim" in profile.products:
        tables |= {
            "patients": patients(made),
            "conditions": records.conditions(made),
            "encounters": encounters(made),
            "encounter_diagnoses": encounter_diagnoses(made),
            "procedures": records.procedures(made),
            "immunizations": records.immunizations(made),
            "vital_signs": records.vital_signs(made),
            "lab_results": records.lab_results(made),
            "prescriptions": prescriptions(made, written),
            "referrals": records.referrals(made),
            "care_plans": records.care_plans(made),
        }
    if "membersim" in profile.products:
        tables |= {"members": members(made, plans), "enrollments": enrollments(made, plans)}
        tables |= claim_tables(made, plans)
    if "trialsim" in profile.products:
        tables |= trial_tables(made)
    if "rxmembersim" in profile.products:
        as_of = day_of(profile.as_of.isoformat())
        tables |= {
            "rx_members": rx_members(made, plans),
            "fills": fill_table(made, written, plans, as_of),
        }
    return tables


def _medicare(made: SyncContext, plans: PlanTable) -> NDArray[np.bool_]:
    kinds = [design.kind.startswith("medicare") for design in plans.designs]
    return np.array([*kinds, False], dtype=np.bool_)[made.timeline.record.people.plan]


def members(made: SyncContext, plans: PlanTable) -> Columns:
    """Fill `members`: the anchor of a family is the subscriber of its dependants."""
    people, who = made.timeline.record.people, made.identity
    number = member_number(people, made.timeline.record.draws, _medicare(made, plans))
    held = assign_subscribers(people, plans)
    everyone = MEMBERS.complete({
        "person_id": people.person_id,
        "member_number": number,
        "ssn": who.ssn,
        "subscriber_id": people.person_id[held.subscriber],
        "person_code": held.person_code,
        "relationship_code": held.relationship,
        "household_id": people.person_id // 100,
        "given_name": who.given_name,
        "family_name": who.family_name,
        "birth_date": people.birth,
        "gender": people.gender,
        "county_fips": who.county_fips,
        "state": who.state,
        "zip": who.zip,
    })  # fmt: skip
    return take(everyone, people.present_rows)


def rx_members(made: SyncContext, plans: PlanTable) -> Columns:
    """Fill `rx_members`."""
    people, who = made.timeline.record.people, made.identity
    size = len(people)
    draws = made.timeline.record.draws
    groups = tuple(f"SYN{name.upper().replace(' ', '')[:12]}" for name in (*plans.names, "NONE"))
    plan = np.where(people.plan < 0, np.int32(len(plans.names)), people.plan)
    held = assign_subscribers(people, plans)
    number = member_number(people, draws, _medicare(made, plans))
    everyone = RX_MEMBERS.complete({
        "person_id": people.person_id,
        "cardholder_id": number[held.subscriber],
        "person_code": held.person_code,
        "bin": Coded.constant("999999", size),
        "pcn": Coded.constant("SYNTH", size),
        "rx_group": Coded(plan.astype(np.int32), groups),
        "ssn": who.ssn,
    })  # fmt: skip
    return take(everyone, people.present_rows)


def enrollments(made: SyncContext, plans: PlanTable) -> Columns:
    """Fill `enrollments`: every span of coverage that began by the end of the data."""
    record = made.timeline.record
    spans = [(span, _held(span, made)) for span in record.coverage.spans]
    found = lay_out_rows(
        spans,
        lambda pair: pair[1],
        lambda pair: made.numbering.number("enrollments", pair[0].address),
    )
    if not len(found):
        return ENROLLMENTS.empty()
    person = made.person_id[found.rows]
    last = np.minimum(
        found.row_values(lambda pair: pair[0].last[pair[1]]), record.death[found.rows]
    )
    died = (record.death[found.rows] <= last) & (last != FOREVER)
    reasons = (*record.coverage.reasons, "death")
    reason = found.row_values(lambda pair: pair[0].reason[pair[1]])
    premium = np.array(
        [round(design.premium_usd * 100) for design in plans.designs], dtype=np.int64
    )
    plan = found.row_values(lambda pair: pair[0].plan[pair[1]]).astype(np.int32)
    opened = found.row_values(lambda pair: pair[0].opened_by[pair[1]])
    event, _ = records.sources(made, opened, person)
    return ENROLLMENTS.complete({
        "enrollment_id": ids(
            person,
            found.segment_values(
                lambda pair: made.numbering.number("enrollments", pair[0].address), np.int64
            ),
        ),
        "person_id": person,
        "plan_id": Coded(plan, plans.names),
        "effective_date": found.row_values(lambda pair: pair[0].begin[pair[1]]),
        "term_date": np.where(last == FOREVER, NO_DAY, last).astype(np.int32),
        "reason": Coded(
            np.where(died, np.int32(len(reasons) - 1), reason).astype(np.int32), reasons
        ),
        "payer_order": np.ones(len(found), dtype=np.int32),
        "premium_usd": premium[plan],
        "event_id": event,
    })  # fmt: skip


def _held(span: Span, made: SyncContext) -> NDArray[np.intp]:
    """Return the people whom a span covers on at least one day of their life and the data."""
    last = np.minimum(np.minimum(span.last, made.timeline.record.death), np.int32(made.through))
    return np.flatnonzero((span.begin != NO_DAY) & (span.begin <= last))
