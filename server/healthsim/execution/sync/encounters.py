"""What happened, as the tables of PatientSim and the journey's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.dates import NO_DAY
from healthsim.execution.cohort.identity import Identity
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.people import People
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.care_team import DirectoryUse, Network, ProviderRequest
from healthsim.execution.sync.numbering import Numbering
from healthsim.execution.sync.visits import DAY, VisitRows
from healthsim.execution.timeline.facts import OptionFacts, VisitFacts
from healthsim.execution.timeline.timeline import Timeline
from healthsim.execution.timeline.work import OccurrenceRows
from healthsim.products.events import EVENTS
from healthsim.products.patientsim import tables as chart
from healthsim.specification.journeys.plan import Beating, Occurrence
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.trial import TrialVisitDetails
from healthsim.tables import NO_NUMBER, Coded, Columns, take

_RESULTED_AFTER = {True: 90, False: DAY + 120}  # minutes, in a facility and outside: assumption
_MORNING = 8 * 60  # draws without a visit: assumption


@dataclass(frozen=True)
class SyncContext:
    """What the makers of charts look things up in, for one chunk."""

    timeline: Timeline
    visits: Mapping[tuple[int, int], VisitRows]
    network: Network
    numbering: Numbering
    identity: Identity
    through: int
    directory_use: DirectoryUse

    @property
    def person_id(self) -> NDArray[np.int64]:
        """Ids of the chunk's people."""
        return self.timeline.record.people.person_id

    def of_type(self, *kinds: type[StepHead]) -> list[OccurrenceRows]:
        """Return what happened of these types, in document order."""
        return [one for one in self.timeline.occurrences if isinstance(one.occurrence.step, kinds)]

    def visit_of(self, one: OccurrenceRows) -> VisitRows | None:
        """Return the encounter that something happened in."""
        return self.visits.get((one.journey, one.occurrence.encounter))

    @cached_property
    def by_visit(self) -> Mapping[tuple[int, int], list[OccurrenceRows]]:
        """What happened during each visit, in document order, by the visit's key."""
        found: dict[tuple[int, int], list[OccurrenceRows]] = {}
        for one in self.timeline.occurrences:
            found.setdefault((one.journey, one.occurrence.encounter), []).append(one)
        return found

    @cached_property
    def admissions(self) -> tuple[tuple[VisitRows, VisitRows, Rows], ...]:
        """Every emergency visit that led to a stay, the stay, and the people of both."""
        stays = [one for one in self.visits.values() if _is_stay(one)]
        emergencies = [one for one in self.visits.values() if _is_emergency(one)]
        return tuple(
            (one, stay, rows) for one in emergencies for stay, rows in _stays_after(one, stays)
        )

    def event_number(self, occurrence: Occurrence) -> int:
        """Return the number of an event."""
        return self.numbering.number("events", occurrence.address)

    def encounter_ids(self, one: OccurrenceRows) -> NDArray[np.int64]:
        """Return the encounter that something happened in; `NO_NUMBER` where in none."""
        around = self.visit_of(one)
        if around is None or not around.is_encounter:
            return np.full(len(one.rows), NO_NUMBER)
        number = self.numbering.number("encounters", around.occurrence.address)
        return ids(self.person_id[one.rows], number)

    def treating_provider(
        self, one: OccurrenceRows, specialty: str | None = None
    ) -> NDArray[np.int32]:
        """Return the directory row of who did something: of its visit, else primary care."""
        around = self.visit_of(one)
        if specialty is not None:
            return self.network.provider(self._provider_request(specialty, one, around))
        if around is None:
            return self.network.primary_care[one.rows]
        return around.provider[around.position_of(one.rows)]

    def _provider_request(
        self, specialty: str, one: OccurrenceRows, around: VisitRows | None
    ) -> ProviderRequest:
        address = one.occurrence.address
        if around is not None:
            return around.provider_request(specialty, address, one.rows)
        covered = self.timeline.record.coverage.plan(one.rows, one.days)
        return ProviderRequest(specialty, address, one.rows, self.network.plan(one.rows, covered))

    def use_provider(self, provider: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the NPI of directory rows, and remember that they are used."""
        self.directory_use.providers[provider] = True
        return self.network.directory.providers.npi[provider]

    def performed_at(self, one: OccurrenceRows) -> NDArray[np.int64]:
        """Return when something was done: early in its visit, or on the morning of its day."""
        around = self.visit_of(one)
        u = self.timeline.record.draws.uniform(f"{one.occurrence.address}/minute", one.rows)
        later = np.floor(u * 15).astype(np.int64)
        morning = one.days.astype(np.int64) * DAY + _MORNING + later
        if around is None:
            return morning
        place = around.position_of(one.rows)
        same = one.days == around.first[place]
        return np.where(same, around.start_at[place] + later, morning)


def event_ids(
    made: SyncContext,
    found: RowLayout[VisitRows] | RowLayout[OccurrenceRows],
    person: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the ids of the events that rows were caused by."""
    numbers = [made.event_number(one.occurrence) for one in found.segments]
    return ids(person, np.array(numbers, dtype=np.int64)[found.segment])


def patients(made: SyncContext) -> Columns:
    """Fill `patients`."""
    people, who = made.timeline.record.people, made.identity
    death = made.timeline.record.death
    everyone = chart.PATIENTS.complete({
        "person_id": people.person_id,
        "mrn": who.mrn,
        "ssn": who.ssn,
        "given_name": who.given_name,
        "middle_name": who.middle_name,
        "family_name": who.family_name,
        "birth_date": people.birth,
        "death_date": np.where(death <= made.through, death, NO_DAY).astype(np.int32),
        "gender": people.gender,
        "race": people.race,
        "ethnicity": people.ethnicity,
        "language": people.language,
        "marital_status": people.marital_status,
        "street": who.street,
        "city": who.city,
        "county_fips": who.county_fips,
        "state": who.state,
        "zip": who.zip,
        "phone": who.phone,
        "email": who.email,
        "household_id": people.person_id // 100,
        "mother_person_id": _mothers(people),
        "pcp_npi": _primary_care(made, people.present_rows),
    })  # fmt: skip
    return take(everyone, people.present_rows)


def _mothers(people: People) -> NDArray[np.int64]:
    """Return the mother of those born in the run; `NO_NUMBER` for others."""
    if people.households is None:
        return np.full(len(people), NO_NUMBER)
    mother = people.households.mother
    return np.where(mother >= 0, people.person_id[mother], NO_NUMBER)


def _primary_care(made: SyncContext, rows: Rows | slice) -> NDArray[np.int64]:
    """Return whose patient each of some people is; `NO_NUMBER` for others."""
    found = np.full(len(made.person_id), NO_NUMBER)
    found[rows] = made.use_provider(made.network.primary_care[rows])
    return found


def encounters(made: SyncContext) -> Columns:
    """Fill `encounters`."""
    charted = [one for one in made.visits.values() if one.is_encounter]
    found = lay_out_rows(charted, lambda one: one.rows, _encounter_number(made))
    if not len(found):
        return chart.ENCOUNTERS.empty()
    person = made.person_id[found.rows]
    facility = found.row_values(lambda one: one.facility)
    made.directory_use.facilities[facility[facility >= 0]] = True
    return chart.ENCOUNTERS.complete({
        "encounter_id": ids(person, found.segment_values(_encounter_number(made), np.int64)),
        "person_id": person,
        "encounter_class": found.segment_texts(lambda one: one.details.encounter_class),
        "reason": found.segment_texts(lambda one: getattr(one.details, "reason", "") or None),
        "reason_code": found.row_texts(_reason_code),
        "start_at": found.row_values(lambda one: one.start_at),
        "end_at": found.row_values(lambda one: one.end_at),
        "los_days": found.row_values(lambda one: one.nights),
        "admit_type": found.row_texts(lambda one: _admit_type(made, one)),
        "admit_source": found.segment_texts(
            lambda one: _ADMITTED.get(one.details.encounter_class, _NO)[1]
        ),
        "disposition": found.row_texts(lambda one: disposition(made, one)),
        "drg": found.segment_texts(lambda one: one.details.drg),
        "facility_id": np.where(facility >= 0, facility.astype(np.int64), NO_NUMBER),
        "attending_npi": made.use_provider(found.row_values(lambda one: one.provider)),
        "parent_encounter_id": found.row_values(lambda one: _parent(made, one)),
        "event_id": event_ids(made, found, person),
    })  # fmt: skip


_EMERGENCY, _ADMITTED_HERE = "1", "09"
_NO = (None, None)
_ADMITTED = {"inpatient": ("3", "1"), "emergency": ("1", "1"), "observation": ("1", "1"),
             "snf": ("3", "4")}  # fmt: skip
# UB-04 FL14: 1 emergency, 3 elective; FL15: 1 from home, 4 from a hospital


def disposition(made: SyncContext, one: VisitRows) -> Coded:
    """Return the discharge status of a visit: stated, home, admitted here, or dead."""
    stated = one.source_rows.facts_as(VisitFacts).disposition
    usual = Coded.constant("01", len(one.rows)) if stated is None else stated
    words = (*usual.vocabulary, _ADMITTED_HERE, "20")
    codes = usual.codes.copy()
    for _, rows in admissions_of(made, one):
        codes[one.position_of(rows)] = len(words) - 2
    codes[made.timeline.record.death[one.rows] <= one.last] = len(words) - 1
    return Coded(codes, words)


def _reason_code(one: VisitRows) -> Coded:
    first = Coded.of([codes[0] if codes else None for codes in one.stated.lists])
    return first.take(one.stated.chosen)


def _encounter_number(made: SyncContext) -> Callable[[VisitRows], int]:
    return lambda one: made.numbering.number("encounters", one.occurrence.address)


def _is_stay(one: VisitRows) -> bool:
    return one.details.encounter_class == "inpatient" and not _is_trial_visit(one)


def _is_emergency(one: VisitRows) -> bool:
    return one.details.encounter_class == "emergency" and not _is_trial_visit(one)


def _is_trial_visit(one: VisitRows) -> bool:
    """Tell whether it is a visit of a trial, with a bill of its own or none."""
    return isinstance(one.details, TrialVisitDetails)


def _stays_after(one: VisitRows, stays: Sequence[VisitRows]) -> Iterator[tuple[VisitRows, Rows]]:
    """Yield the stays that an emergency visit led to: the same person's, begun within a day."""
    free = np.ones(len(one.rows), dtype=np.bool_)
    for stay in stays:
        if stay.is_encounter != one.is_encounter:
            continue
        _, mine, other = np.intersect1d(one.rows, stay.rows, return_indices=True)
        gap = stay.first[other] - one.first[mine]
        chosen = mine[(gap >= 0) & (gap <= 1) & free[mine]]
        free[chosen] = False
        if len(chosen):
            yield stay, one.rows[chosen]


def admissions_of(made: SyncContext, one: VisitRows) -> list[tuple[VisitRows, Rows]]:
    """Return the stays that a visit led to, each with its people."""
    if not _is_emergency(one):
        return []
    return [(stay, rows) for visit, stay, rows in made.admissions if visit is one]


def admit_after_emergency(made: SyncContext) -> None:
    """Let a stay begin where and when the emergency visit that led to it has ended."""
    for one, stay, rows in made.admissions:
        at = stay.position_of(rows)
        stay.facility[at] = one.facility[one.position_of(rows)]
        if (sought := stay.treating_request(rows)).on_duty:
            stay.provider[at] = made.network.provider(sought)
        stay.start_at[at] = np.maximum(stay.start_at[at], one.end_at[one.position_of(rows)])
        stay.end_at[at] = np.maximum(stay.end_at[at], stay.start_at[at])


def _admit_type(made: SyncContext, one: VisitRows) -> Coded:
    """Return the priority of admission: emergency where an emergency visit led to the stay."""
    usual = Coded.constant(_ADMITTED.get(one.details.encounter_class, _NO)[0], len(one.rows))
    words = (*usual.vocabulary, _EMERGENCY)
    codes = usual.codes.copy()
    for _, stay, rows in made.admissions:
        if stay is one:
            codes[one.position_of(rows)] = len(words) - 1
    return Coded(codes, words)


def _parent(made: SyncContext, one: VisitRows) -> NDArray[np.int64]:
    parent = np.full(len(one.rows), NO_NUMBER)
    for stay, rows in admissions_of(made, one):
        number = made.numbering.number("encounters", stay.occurrence.address)
        parent[one.position_of(rows)] = ids(made.person_id[rows], number)
    return parent


@dataclass(frozen=True)
class DiagnosisLists:
    """Lists of codes laid out as rows.

    Attributes:
        of: shape (n,), which visit each row belongs to.
        sequence: int32, from 1.
    """

    of: NDArray[np.intp]
    sequence: NDArray[np.int32]
    code: Coded


def flatten_lists(
    lists: Sequence[tuple[str, ...]], chosen: NDArray[np.int32], most: int
) -> DiagnosisLists:
    """Lay out each visit's list of codes, at most `most` of them."""
    words = tuple(dict.fromkeys(code for codes in lists for code in codes))
    place = {code: number for number, code in enumerate(words)}
    sizes = np.array([min(len(codes), most) for codes in lists] or [0], dtype=np.int64)
    flat = np.array([place[code] for codes in lists for code in codes[:most]], dtype=np.int32)
    starts = np.cumsum(sizes) - sizes
    count = sizes[chosen]
    of = np.repeat(np.arange(len(chosen)), count)
    within = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    code = flat[starts[chosen[of]] + within] if len(of) else np.zeros(0, dtype=np.int32)
    return DiagnosisLists(of, (within + 1).astype(np.int32), Coded(code.astype(np.int32), words))


def distinct_lists(
    visits: Sequence[VisitRows],
) -> tuple[list[tuple[str, ...]], list[NDArray[np.int32]]]:
    """Return all lists of several visits, and each visit's choices among them."""
    lists: list[tuple[str, ...]] = []
    chosen = []
    for one in visits:
        chosen.append(one.stated.chosen + np.int32(len(lists)))
        lists += one.stated.lists
    return lists, chosen


def encounter_diagnoses(made: SyncContext) -> Columns:
    """Fill `encounter_diagnoses`."""
    charted = [one for one in made.visits.values() if one.is_encounter]
    found = lay_out_rows(charted, lambda one: one.rows, _encounter_number(made))
    if not len(found):
        return chart.ENCOUNTER_DIAGNOSES.empty()
    lists, chosen = distinct_lists(found.segments)
    laid = flatten_lists(lists, np.concatenate(chosen)[found.order], 25)
    person = made.person_id[found.rows]
    encounter = ids(person, found.segment_values(_encounter_number(made), np.int64))
    stay = found.segment_values(lambda one: one.details.encounter_class == "inpatient", np.bool_)
    return chart.ENCOUNTER_DIAGNOSES.complete({
        "encounter_id": encounter[laid.of],
        "sequence": laid.sequence,
        "person_id": person[laid.of],
        "code": laid.code,
        "poa": Coded(np.where(stay[laid.of], 0, -1).astype(np.int32), ("Y",)),
    })  # fmt: skip


def events(made: SyncContext) -> Columns:
    """Fill `events`: the journey as it happened."""
    told = [one for one in made.timeline.occurrences
            if not isinstance(one.occurrence.step, Beating)]  # fmt: skip
    found = lay_out_rows(told, lambda one: one.rows, lambda one: made.event_number(one.occurrence))
    if not len(found):
        return EVENTS.empty()
    person = made.person_id[found.rows]
    names = [plan.journey.name for plan in made.timeline.record.layouts_walked]
    return EVENTS.complete({
        "event_id": event_ids(made, found, person),
        "person_id": person,
        "journey": found.segment_texts(lambda one: names[one.journey]),
        "phase": found.segment_texts(lambda one: one.occurrence.phase),
        "step": found.segment_texts(lambda one: one.occurrence.step.id),
        "occurrence": found.segment_values(lambda one: one.occurrence.beat, np.int32),
        "option": found.row_texts(_option),
        "type": found.segment_texts(_type),
        "event_date": found.row_values(lambda one: one.days),
    })  # fmt: skip


def _type(one: OccurrenceRows) -> str:
    step = one.occurrence.step
    return str(getattr(step, "type", None) or getattr(step, "do", "event"))


def _option(one: OccurrenceRows) -> Coded:
    if isinstance(one.facts, OptionFacts):
        return one.facts.option
    return Coded.constant(None, len(one.rows))
