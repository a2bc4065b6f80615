"""What the tables of one chunk are made from: the timeline, and the visits completed from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.dates import NO_DAY, day_of, whole_years
from healthsim.execution.cohort.identity import Identity, draw_identities
from healthsim.execution.people.people import People
from healthsim.execution.sync.numbering import Numbering
from healthsim.execution.sync.visits.admissions import Admission, find_admissions, with_admissions
from healthsim.execution.sync.visits.births import with_births
from healthsim.execution.sync.visits.care_team import Network, Networks, ProviderRequest
from healthsim.execution.sync.visits.discharges import discharge_status
from healthsim.execution.sync.visits.drgs import StayDrgs, stay_drgs
from healthsim.execution.sync.visits.same_day import one_after_another
from healthsim.execution.sync.visits.stay_hours import in_sequence
from healthsim.execution.sync.visits.visits import DAY, Minutes, VisitKey, VisitRows, build_visits
from healthsim.execution.timeline.record import Record
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.execution.timeline.timeline import Timeline
from healthsim.products.membersim.plans import PlanTable
from healthsim.products.networksim.directory import Directory
from healthsim.specification.journeys.plan import Occurrence
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import NO_NUMBER

_MORNING = 8 * 60  # what is done outside of a visit: assumption


@dataclass(frozen=True, eq=False)
class SyncContext:
    """What the tables of one chunk are made from; nothing in it changes any more.

    Attributes:
        visits: every visit of the chunk, completed, by its key.
        admissions: emergency visits that led to a stay.
        identity: names, addresses and numbers of the people.
        through: last day of the data.
    """

    profile: ProfileSpec
    timeline: Timeline
    network: Network
    visits: Mapping[VisitKey, VisitRows]
    admissions: tuple[Admission, ...]
    numbering: Numbering
    identity: Identity
    through: int

    @classmethod
    def of(
        cls,
        profile: ProfileSpec,
        timeline: Timeline,
        networks: Networks,
        numbering: Numbering,
        through: int,
    ) -> SyncContext:
        """Complete the visits of a timeline, and draw who the people are."""
        record = timeline.record
        as_of = np.full(len(record.people), day_of(profile.as_of.isoformat()), dtype=np.int32)
        ages = whole_years(record.people.birth, as_of)
        network = Network(record.people, record.draws, ages, networks)
        visits = build_visits(timeline, profile, network, through)
        admissions = find_admissions(visits)
        in_order = with_admissions(visits, admissions, network)
        if record.beds is not None:
            in_order = one_after_another(in_sequence(in_order, admissions))
        in_order = with_births(in_order, record.people, record.draws)
        return cls(
            profile=profile,
            timeline=timeline,
            network=network,
            visits=in_order,
            admissions=admissions,
            numbering=numbering,
            identity=draw_identities(record.people, record.draws),
            through=through,
        )

    @property
    def record(self) -> Record:
        """The record of the chunk's people as it is at the end of the data."""
        return self.timeline.record

    @property
    def people(self) -> People:
        """The people of the chunk."""
        return self.timeline.record.people

    @property
    def person_id(self) -> NDArray[np.int64]:
        """Ids of the chunk's people, int64, shape (people,)."""
        return self.timeline.record.people.person_id

    @property
    def plans(self) -> PlanTable:
        """The plans of the run."""
        return self.network.networks.plans

    @property
    def directory(self) -> Directory:
        """The clinicians, facilities and pharmacies of the run."""
        return self.network.directory

    @property
    def as_of(self) -> int:
        """First day of the data."""
        return day_of(self.profile.as_of.isoformat())

    @property
    def captures_charges(self) -> bool:
        """Whether bills follow from what happened; otherwise they have only what is stated."""
        return self.profile.charge_capture == "usual"

    @cached_property
    def family_coverage(self) -> NDArray[np.bool_]:
        """Who has others of the household on a plan, bool, shape (people, plans)."""
        anchor = np.arange(len(self.people))
        if self.people.households is not None:
            anchor = self.people.households.anchor
        on_plan = np.zeros((len(self.people), len(self.plans.names)), dtype=np.bool_)
        for span in self.record.coverage.spans:
            rows = np.flatnonzero((span.begin != NO_DAY) & (span.plan >= 0))
            on_plan[rows, span.plan[rows]] = True
        covered = np.zeros(on_plan.shape, dtype=np.int32)
        np.add.at(covered, anchor, on_plan)
        return on_plan & (covered[anchor] > 1)

    def of_type(self, *kinds: type[StepHead]) -> list[OccurrenceRows]:
        """Return the occurrences of steps of these types, in document order."""
        return [
            source
            for source in self.timeline.occurrences
            if isinstance(source.occurrence.step, kinds)
        ]

    def visit_of(self, source: OccurrenceRows) -> VisitRows | None:
        """Return the visit during which something happened; None where during none."""
        return self.visits.get((source.journey, source.occurrence.encounter))

    @cached_property
    def born_at(self) -> Minutes:
        """When everybody was born, int64: their stay of that day begins then, else midnight."""
        birth = self.people.birth
        born = birth.astype(np.int64) * DAY
        for visit in self.visits.values():
            if visit.details.encounter_class == "inpatient":
                here = np.flatnonzero(visit.first == birth[visit.rows])
                rows, start = visit.rows[here], visit.start_at[here]
                first = born[rows] == birth[rows].astype(np.int64) * DAY
                born[rows] = np.where(first, start, np.minimum(born[rows], start))
        return born

    @cached_property
    def by_visit(self) -> Mapping[VisitKey, list[OccurrenceRows]]:
        """What happened during each visit, in document order, by the visit's key."""
        during: dict[VisitKey, list[OccurrenceRows]] = defaultdict(list)
        for source in self.timeline.occurrences:
            during[source.journey, source.occurrence.encounter].append(source)
        return during

    @cached_property
    def drgs(self) -> Mapping[VisitKey, StayDrgs]:
        """The DRGs of every inpatient visit, by its key."""
        return {
            key: stay_drgs(
                visit,
                self.by_visit.get(key, ()),
                discharge_status(visit, self.admissions_of(visit), self.record.death),
                self.people.gender,
            )
            for key, visit in self.visits.items()
            if visit.details.encounter_class == "inpatient"
        }

    def admissions_of(self, visit: VisitRows) -> list[Admission]:
        """Return the admissions to which an emergency visit led."""
        return [admission for admission in self.admissions if admission.emergency == visit.key]

    def event_number(self, occurrence: Occurrence) -> int:
        """Return the number of an event."""
        return self.numbering.number("events", occurrence.address)

    def encounter_number(self, visit: VisitRows) -> int:
        """Return the number of a visit that is an encounter."""
        return self.numbering.number("encounters", visit.occurrence.address)

    def encounter_ids(self, source: OccurrenceRows) -> NDArray[np.int64]:
        """Return the encounter during which something happened, int64; `NO_NUMBER` where none."""
        visit = self.visit_of(source)
        if visit is None or not visit.is_encounter:
            return np.full(len(source.rows), NO_NUMBER)
        return ids(self.person_id[source.rows], self.encounter_number(visit))

    def treating_provider(
        self, source: OccurrenceRows, specialty: str | None = None
    ) -> NDArray[np.int32]:
        """Return the directory row, int32, of who did something.

        It is a clinician of the specialty, if one is given; else whoever treats in the visit, and
        outside of visits the primary care provider.
        """
        visit = self.visit_of(source)
        if specialty is not None:
            return self.network.provider(self._provider_request(specialty, source, visit))
        if visit is None:
            return self.network.primary_care[source.rows]
        return visit.provider[visit.position_of(source.rows)]

    def _provider_request(
        self, specialty: str, source: OccurrenceRows, visit: VisitRows | None
    ) -> ProviderRequest:
        address, rows = source.occurrence.address, source.rows
        if visit is not None:
            return visit.provider_request(specialty, address, rows)
        covered = self.record.coverage.plan(rows, source.days)
        return ProviderRequest(specialty, address, rows, self.network.plan(rows, covered))

    def npi(self, provider: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the NPI of directory rows of clinicians, int64, same shape."""
        return self.directory.providers.npi[provider]

    def performed_at(self, source: OccurrenceRows) -> Minutes:
        """Return when something was done: early in its visit, or on the morning of its day.

        It stays on its day where the visit begins just before midnight.
        """
        visit = self.visit_of(source)
        u = self.record.draws.uniform(f"{source.occurrence.address}/minute", source.rows)
        later = np.floor(u * 15).astype(np.int64)
        morning = source.days.astype(np.int64) * DAY + _MORNING + later
        if visit is None:
            return morning
        at = visit.position_of(source.rows)
        last_minute = (source.days.astype(np.int64) + 1) * DAY - 1
        early = np.minimum(visit.start_at[at] + later, last_minute)
        return np.where(source.days == visit.first[at], early, morning)

    def ends_at(self, source: OccurrenceRows) -> Minutes:
        """Return when there is no more time for something: its visit ends, or its day."""
        visit = self.visit_of(source)
        last_minute = (source.days.astype(np.int64) + 1) * DAY - 1
        if visit is None:
            return last_minute
        end = visit.end_at[visit.position_of(source.rows)]
        return np.where(source.days == end // DAY, np.minimum(end, last_minute), last_minute)
