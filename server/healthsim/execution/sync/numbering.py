"""The numbers of every record that a run can make, settled before anybody walks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import ceil

from healthsim.addresses import Addresses
from healthsim.codes.icd10cm import COMBINATIONS
from healthsim.codes.loinc import panel
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import LabDetails, VitalDetails
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence, StageLeave
from healthsim.specification.journeys.step import EventHead, StepHead
from healthsim.specification.journeys.trial import TrialSpec
from healthsim.specification.profiles.profile import ProfileSpec

FORMS = ("837P", "837I")


class Numbering:
    """Numbers of addresses, by table; the later of two that collide is hashed again."""

    def __init__(self, profile: ProfileSpec, plans: Sequence[JourneyLayout], renewals: int) -> None:
        """Settle every number.

        Args:
            profile: who.
            plans: the journeys, laid out.
            renewals: how often a standing prescription is written at most.
        """
        self._tables: dict[str, Addresses] = defaultdict(Addresses)
        clinical = profile.clinical
        for code in clinical.codes:
            self._condition(code)
        for medication in clinical.medications:
            fills = ongoing_fills(medication.days_supply)
            for address in (f"~profile/{medication.drug}/{again}" for again in range(renewals)):
                self.reserve("prescriptions", [address])
                self.reserve("fills", [f"{address}/{fill}" for fill in range(fills)])
        self.reserve("enrollments", ["~profile/coverage"])
        for plan in plans:
            if plan.journey.trial is not None:
                self.reserve("subjects", [subject_address(plan.journey.trial.id)])
            for one in plan.occurrences:
                if not (one.tick or isinstance(one.step, StageLeave)):
                    self._settle(one)
                if isinstance(one.step, events.Screening) and plan.journey.trial is not None:
                    answers = answer_addresses(one.address, plan.journey.trial)
                    self.reserve("eligibility_results", answers)

    def number(self, table: str, address: str) -> int:
        """Return the number of an address that was settled; KeyError for any other."""
        return self._tables[table].known(address)

    def reserve(self, table: str, addresses: Sequence[str]) -> None:
        """Settle numbers in this order."""
        for address in addresses:
            self._tables[table].number(address)

    def _condition(self, code: str) -> None:
        kept = [rule.becomes for rule in COMBINATIONS if rule.keep and code.startswith(rule.code)]
        self.reserve("conditions", [code, *(f"{code}+{product}" for product in kept)])

    def _settle(self, one: Occurrence) -> None:
        step, address = one.step, one.address
        self.reserve("events", [address])
        if isinstance(step, events.Encounter | events.Claim):
            self.reserve("claims", [f"{address}/{form}" for form in FORMS])
        if isinstance(step, events.Encounter):
            self.reserve("encounters", [address])
            codes = step.details.icd10pcs
            self.reserve("procedures", [f"{address}/{n}" for n in range(len(codes))])
            self._settle_rest(step, address)
        elif isinstance(step, events.Lab | events.Vital):
            table = "lab_results" if isinstance(step, events.Lab) else "vital_signs"
            self.reserve(table, [result_address(address, step.details, code)
                                 for code in analytes(step.details)])  # fmt: skip
        elif isinstance(step, events.Prescription):
            self.reserve("prescriptions", [address])
            refills = range(step.details.refills + 1)
            self.reserve("fills", [f"{address}/{fill}" for fill in refills])
        elif isinstance(step, events.Diagnosis):
            self._condition(step.details.code)
        else:
            self._settle_rest(step, address)

    def _settle_rest(self, step: StepHead, address: str) -> None:
        if isinstance(step, events.Procedure) and step.details.specialty is not None:
            self.reserve("claims", [f"{address}/837P"])
        if isinstance(step, EventHead) and step.table:
            self.reserve(step.table, [address])


def ongoing_fills(days_supply: int) -> int:
    """Return how many fills a year's standing prescription allows."""
    return ceil(365 / days_supply)


def analytes(details: LabDetails | VitalDetails) -> tuple[str, ...]:
    """Return the LOINC codes that an order measures."""
    group = details.panel if isinstance(details, LabDetails) else None
    if group is not None:
        return panel(group)
    return (details.loinc or "",)


def result_address(address: str, details: LabDetails | VitalDetails, code: str) -> str:
    """Return the address of one result of an order."""
    grouped = isinstance(details, LabDetails) and details.panel is not None
    return f"{address}/{code}" if grouped else address


def subject_address(trial: str) -> str:
    """Return the address of a person as a subject of a trial."""
    return f"~trial/{trial}"


def answer_addresses(screening: str, trial: TrialSpec) -> list[str]:
    """Return the addresses of the answers that a screening gives, in the criteria's order."""
    return [f"{screening}/{kind}/{one.name}" for kind, one in trial.criteria()]
