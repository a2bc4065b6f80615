"""Visits and stays: time of day, clinician, facility and diagnoses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.errors import Problem, SpecError
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.visits.care_team import (
    PLACES,
    PRIMARY_CARE,
    USUAL,
    Network,
    ProviderRequest,
)
from healthsim.execution.sync.visits.measured_coding import MeasuredCoding
from healthsim.execution.sync.visits.signs_taken import SignsTaken, VisitDays
from healthsim.execution.sync.visits.visit_coding import VisitCodes, VisitCoding, VisitsToCode
from healthsim.execution.sync.visits.visit_hours import (
    DAY,
    Minutes,
    ToTime,
    VisitKey,
    done_during,
    visit_hours,
)
from healthsim.execution.timeline.facts import VisitFacts
from healthsim.execution.timeline.record import Record
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.execution.timeline.timeline import Timeline
from healthsim.medicine.arrivals import is_operation
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import ClaimDetails, CodedDiagnosis, EncounterDetails
from healthsim.specification.journeys.plan import Occurrence
from healthsim.specification.profiles.profile import ProfileSpec

__all__ = ["DAY", "Minutes", "VisitKey", "VisitRows", "build_visits"]
_ACUTE = frozenset({"emergency", "inpatient", "observation", "urgent_care", "asc",
                    "outpatient_hospital"})  # fmt: skip
"""Classes in which injuries and strokes are treated actively."""
_HOSPITAL = ("emergency", "inpatient", "observation")
"""Classes in which people are short of oxygen: elsewhere they would be sent here."""


@dataclass(frozen=True)
class VisitRows:
    """One encounter, or one claim without one, of many people; arrays of shape (n,).

    Attributes:
        source: the occurrence that the visit is.
        first, last: int32, first and last day.
        start_at, end_at: int64, minutes since 1970.
        planned: bool, whether it is a stay that was planned.
        provider: int32, directory row of who treats.
        facility: int32, directory row of where; -1 outside of facilities.
        plan: int32, whose network provider and facility come from; -1 where everybody's.
        diagnoses: the codes of the diagnoses, in order.
    """

    source: OccurrenceRows
    details: EncounterDetails | ClaimDetails
    first: Days
    last: Days
    start_at: Minutes
    end_at: Minutes
    planned: NDArray[np.bool_]
    specialty: str
    provider: NDArray[np.int32]
    facility: NDArray[np.int32]
    plan: NDArray[np.int32]
    diagnoses: VisitCodes

    @property
    def key(self) -> VisitKey:
        """The journey's position in the run and the occurrence's in the journey."""
        return _key(self.source)

    @property
    def rows(self) -> Rows:
        """Positions of the people in the chunk, ascending."""
        return self.source.rows

    @property
    def occurrence(self) -> Occurrence:
        """The occurrence that the visit is."""
        return self.source.occurrence

    @property
    def is_encounter(self) -> bool:
        """Whether it is an encounter of the chart, and not a claim alone."""
        return isinstance(self.details, EncounterDetails)

    @property
    def nights(self) -> NDArray[np.int32]:
        """Nights stayed."""
        return (self.last - self.first).astype(np.int32)

    def provider_request(self, specialty: str, address: str, rows: Rows) -> ProviderRequest:
        """Return the request for a clinician who does something in the visit for `rows`."""
        at = self.position_of(rows)
        return ProviderRequest(specialty, address, rows, self.plan[at], facility=self.facility[at])

    def treating_request(self, rows: Rows) -> ProviderRequest:
        """Return the request for the clinician who treats `rows`, some of its people."""
        request = self.provider_request(self.specialty, self.occurrence.address, rows)
        return replace(request, clinician=_clinician(self.details))

    def position_of(self, rows: Rows) -> NDArray[np.intp]:
        """Return the positions in the visit of `rows`, all of them people of it; intp."""
        return np.searchsorted(self.rows, rows)


@dataclass(frozen=True)
class _Coder:
    """What visits are coded with.

    Attributes:
        primary: the code of visits that list none that holds.
        measured: lets codes follow what is measured.
    """

    record: Record
    coding: VisitCoding
    primary: str | None
    measured: MeasuredCoding


@dataclass(frozen=True)
class _Source:
    """An occurrence whose visits are completed; `last` is their last days, int32."""

    source: OccurrenceRows
    details: EncounterDetails | ClaimDetails
    last: Days


def build_visits(
    timeline: Timeline, profile: ProfileSpec, network: Network, through: int
) -> dict[VisitKey, VisitRows]:
    """Complete every encounter and every claim without one, by their keys.

    Args:
        timeline: what happened to the people of a chunk.
        profile: who they are; its primary condition is the default diagnosis.
        network: their clinicians and facilities.
        through: last day of the data.
    """
    primary = profile.clinical.primary.code if profile.clinical.primary else None
    record = timeline.record
    sources = [
        _Source(source, source.occurrence.step.details, _last_days(source, record, through))
        for source in timeline.occurrences
        if isinstance(source.occurrence.step, events.Encounter | events.Claim)
    ]
    taken = SignsTaken.of(timeline.occurrences, [one.source for one in sources])
    measured = MeasuredCoding(record, taken, usual=profile.vital_signs != "none")
    diagnoses = _diagnoses(sources, _Coder(record, VisitCoding(record), primary, measured))
    during = done_during(timeline.occurrences)
    to_time = (
        ToTime(one.source, one.details, one.last, codes, during.get(_key(one.source), ()))
        for one, codes in zip(sources, diagnoses, strict=True)
    )
    visits = (_visit(one, record, network) for one in to_time)
    return {visit.key: visit for visit in visits}


def _last_days(source: OccurrenceRows, record: Record, through: int) -> Days:
    discharge = source.days + source.facts_as(VisitFacts).nights
    last = np.minimum(np.minimum(discharge, record.death[source.rows]), np.int32(through))
    return np.asarray(last, dtype=np.int32)


def _key(source: OccurrenceRows) -> VisitKey:
    return source.journey, source.occurrence.number


def _visit(of: ToTime, record: Record, network: Network) -> VisitRows:
    source, details, rows = of.source, of.details, of.source.rows
    hours = visit_hours(of, record.draws)
    specialty = details.specialty or USUAL.get(details.encounter_class, PRIMARY_CARE[0])
    plan = network.plan(rows, record.coverage.plan(rows, source.days))
    facility = _facility(details.encounter_class, rows, plan, network)
    request = ProviderRequest(
        specialty, source.occurrence.address, rows, plan, _clinician(details), facility
    )
    return VisitRows(
        source=source,
        details=details,
        first=source.days,
        last=of.last,
        start_at=hours.start_at,
        end_at=hours.end_at,
        planned=hours.planned,
        specialty=specialty,
        provider=network.provider(request),
        facility=facility,
        plan=plan,
        diagnoses=of.diagnoses,
    )


def _clinician(details: EncounterDetails | ClaimDetails) -> str | None:
    return details.clinician if isinstance(details, EncounterDetails) else None


def _facility(
    encounter_class: str, rows: Rows, plan: NDArray[np.int32], network: Network
) -> NDArray[np.int32]:
    """Return the directory row of the facility, int32; -1 outside of facilities."""
    kind = PLACES.get(encounter_class)
    if kind is None:
        return np.full(len(rows), -1, dtype=np.int32)
    return network.facility(kind, rows, plan, emergency=encounter_class == "emergency")


def _diagnoses(sources: Sequence[_Source], coder: _Coder) -> list[VisitCodes]:
    """Return the diagnoses of the visits of each occurrence; all are coded at once."""
    if not sources:
        return []
    to_code = [_to_code(one, coder) for one in sources]
    codes = coder.coding.code(to_code)
    sizes = [len(one.rows) for one in to_code]
    on = VisitDays(
        np.repeat(np.arange(len(sources)), sizes),
        np.concatenate([one.rows for one in to_code]),
        np.concatenate([one.first for one in to_code]),
    )
    last = np.concatenate([one.last for one in to_code])
    in_office, in_hospital = (
        np.repeat([one.details.encounter_class in classes for one in sources], sizes)
        for classes in (("office",), _HOSPITAL)
    )
    codes = coder.measured.follow(codes, on, last, in_office, in_hospital)
    ends = np.cumsum(sizes).tolist()
    return [codes.take(slice(end - size, end)) for end, size in zip(ends, sizes, strict=True)]


def _done(details: EncounterDetails | ClaimDetails) -> list[str]:
    """Return the codes of the procedures that a visit lists."""
    listed = [one if isinstance(one, str) else one.code for one in details.procedures or ()]
    return [*listed, *(details.icd10pcs if isinstance(details, EncounterDetails) else ())]


def _to_code(of: _Source, coder: _Coder) -> VisitsToCode:
    """Return visits with the listed diagnoses that hold, else the primary condition."""
    primary, record, source, details = coder.primary, coder.record, of.source, of.details
    listed = [
        diagnosis.code if isinstance(diagnosis, CodedDiagnosis) else diagnosis
        for diagnosis in details.diagnoses
    ]
    mask = source.facts_as(VisitFacts).diagnosis_mask & np.int64((1 << len(listed)) - 1)
    if primary is not None:
        if primary not in listed:
            listed.append(primary)
        bit = np.where(record.people.number[source.rows] == 1, 1 << listed.index(primary), 0)
        mask = np.where(mask, mask, bit.astype(np.int64))
    if not mask.all():
        raise SpecError([Problem(
            f"step {source.occurrence.step.id!r}: details.diagnoses",
            f"none holds for {int((mask == 0).sum())} people of one chunk, and they have no "
            "primary condition (in a household it is the anchor's alone)",
            "give one without a when",
        )])  # fmt: skip
    layout = record.layouts_walked[source.journey]
    own = layout.diagnosed(source.occurrence.number) if record.conditions.lives else ()
    return VisitsToCode(
        rows=source.rows, first=source.days, last=of.last, listed=listed, holds=mask,
        own=sorted(own), comorbidities=details.comorbidities,
        acute=details.encounter_class in _ACUTE,
        emergency=details.encounter_class == "emergency",
        operated=details.encounter_class == "inpatient" and any(map(is_operation, _done(details))),
    )  # fmt: skip
