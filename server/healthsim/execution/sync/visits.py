"""Visits and stays: when in the day, with whom, where, and for which diagnoses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.errors import Problem, SpecError
from healthsim.execution.people.diagnoses import VisitCodes
from healthsim.execution.people.draws import Draws, Rows
from healthsim.execution.sync.care_team import PLACES, PRIMARY_CARE, USUAL, Network, ProviderRequest
from healthsim.execution.timeline.facts import VisitFacts
from healthsim.execution.timeline.record import Record
from healthsim.execution.timeline.work import OccurrenceRows
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import ClaimDetails, CodedDiagnosis, EncounterDetails
from healthsim.specification.journeys.plan import Occurrence

DAY = 24 * 60
Minutes = NDArray[np.int64]

_ANY_HOUR = frozenset({"emergency", "inpatient", "observation"})
_OPENS, _CLOSES = 8 * 60, 17 * 60  # assumption: an office day
_LENGTHS = {  # minutes of a visit, shortest and longest: assumption, by class
    "office": (15, 45), "telehealth": (10, 30), "urgent_care": (30, 90),
    "emergency": (90, 480), "outpatient_hospital": (60, 300), "asc": (120, 360),
    "home_health": (30, 60), "dialysis": (210, 270),
}  # fmt: skip
_LEAVES = (10 * 60, 16 * 60)  # assumption: the hours in which stays end


@dataclass(frozen=True)
class VisitRows:
    """One encounter, or one claim without one, of many people; arrays of shape (n,).

    Attributes:
        first, last: int32, first and last day.
        start_at, end_at: int64, minutes since 1970.
        provider: int32, directory row of who treats.
        facility: int32, directory row of where; -1 outside of facilities.
        plan: int32, whose network provider and facility come from; -1 where everybody's.
        stated: the diagnoses.
    """

    source_rows: OccurrenceRows
    details: EncounterDetails | ClaimDetails
    first: Days
    last: Days
    start_at: Minutes
    end_at: Minutes
    specialty: str
    provider: NDArray[np.int32]
    facility: NDArray[np.int32]
    plan: NDArray[np.int32]
    stated: VisitCodes

    @property
    def rows(self) -> Rows:
        """Positions of the people in the chunk, ascending."""
        return self.source_rows.rows

    @property
    def occurrence(self) -> Occurrence:
        """The occurrence that the visit is."""
        return self.source_rows.occurrence

    @property
    def is_encounter(self) -> bool:
        """Whether it is an encounter of the chart, and not a claim alone."""
        return isinstance(self.details, EncounterDetails)

    @property
    def nights(self) -> NDArray[np.int32]:
        """Nights stayed."""
        return (self.last - self.first).astype(np.int32)

    def provider_request(self, specialty: str, address: str, rows: Rows) -> ProviderRequest:
        """Say who is looked for to do something in the visit for some of its people."""
        at = self.position_of(rows)
        return ProviderRequest(specialty, address, rows, self.plan[at], facility=self.facility[at])

    def treating_request(self, rows: Rows) -> ProviderRequest:
        """Say who is looked for to treat some of its people."""
        clinician = getattr(self.details, "clinician", None)
        return replace(self.provider_request(self.specialty, self.occurrence.address, rows),
                       clinician=clinician)  # fmt: skip

    def position_of(self, rows: Rows) -> NDArray[np.intp]:
        """Return where each of `rows`, all of them people of the visit, stands in it."""
        return np.searchsorted(self.rows, rows)


def build_visit(
    happening: OccurrenceRows, primary: str | None, record: Record, network: Network, through: int
) -> VisitRows:
    """Complete a visit that befell some people."""
    step = happening.occurrence.step
    if not isinstance(step, events.Encounter | events.Claim):
        raise TypeError(type(step))
    details, rows, first = step.details, happening.rows, happening.days
    nights = happening.facts_as(VisitFacts).nights
    last = np.minimum(np.minimum(first + nights, record.death[rows]), np.int32(through))
    start_at, end_at = _hours(happening, details.encounter_class, last, record.draws)
    specialty = details.specialty or USUAL.get(details.encounter_class, PRIMARY_CARE[0])
    plan = network.plan(rows, record.coverage.plan(rows, first))
    facility = _facility(details.encounter_class, rows, plan, network)
    clinician = getattr(details, "clinician", None)
    address = happening.occurrence.address
    return VisitRows(
        source_rows=happening,
        details=details,
        first=first,
        last=last.astype(np.int32),
        start_at=start_at,
        end_at=end_at,
        specialty=specialty,
        provider=network.provider(
            ProviderRequest(specialty, address, rows, plan, clinician, facility)
        ),
        facility=facility,
        plan=plan,
        stated=_stated(happening, details, primary, record),
    )


def _facility(
    encounter_class: str, rows: Rows, plan: NDArray[np.int32], network: Network
) -> NDArray[np.int32]:
    """Return where a visit is; -1 outside of facilities."""
    kind = PLACES.get(encounter_class)
    if kind is None:
        return np.full(len(rows), -1, dtype=np.int32)
    return network.facility(kind, rows, plan, emergency=encounter_class == "emergency")


def _hours(
    happening: OccurrenceRows, encounter_class: str, last: Days, draws: Draws
) -> tuple[Minutes, Minutes]:
    """Return arrival and departure; one draw gives the hour, its remainder the length."""
    u = draws.uniform(f"{happening.occurrence.address}/hour", happening.rows)
    opens, closes = (0, DAY) if encounter_class in _ANY_HOUR else (_OPENS, _CLOSES)
    quarters = (closes - opens) // 15
    slot = np.floor(u * quarters)
    rest = u * quarters - slot
    arrival = happening.days.astype(np.int64) * DAY + opens + slot.astype(np.int64) * 15
    shortest, longest = _LENGTHS.get(encounter_class, (30, 120))
    leaves = arrival + shortest + np.floor(rest * (longest - shortest + 1)).astype(np.int64)
    earliest, latest = _LEAVES
    discharge = last.astype(np.int64) * DAY + earliest + np.floor(rest * (latest - earliest))
    stays = last > happening.days
    midnight = happening.days.astype(np.int64) * DAY + DAY - 1
    return arrival, np.where(stays, discharge.astype(np.int64), np.minimum(leaves, midnight))


def _stated(
    happening: OccurrenceRows,
    details: EncounterDetails | ClaimDetails,
    primary: str | None,
    record: Record,
) -> VisitCodes:
    """Return what each visit states: what is listed and holds, else the primary condition."""
    listed = [one.code if isinstance(one, CodedDiagnosis) else one for one in details.diagnoses]
    said = happening.facts_as(VisitFacts).diagnosis_mask & np.int64((1 << len(listed)) - 1)
    if primary is not None:
        if primary not in listed:
            listed.append(primary)
        bit = np.where(record.people.number[happening.rows] == 1, 1 << listed.index(primary), 0)
        said = np.where(said, said, bit.astype(np.int64))
    if not said.all():
        raise SpecError([Problem(
            f"step {happening.occurrence.step.id!r}: details.diagnoses",
            f"none holds for {int((said == 0).sum())} people of one chunk, and they have no "
            "primary condition (in a household it is the anchor's alone)",
            "give one without a when",
        )])  # fmt: skip
    moment = record.moment(happening.rows, happening.days)
    return record.conditions.visit_codes(listed, said, moment, include_active=details.comorbidities)
