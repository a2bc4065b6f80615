"""The one door to execution: specifications in, columns out, people chunk by chunk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim import __version__
from healthsim.dates import day_of, iso, whole_years
from healthsim.errors import Problem, SpecError
from healthsim.execution.cohort.cohort import drawing_order, people_of, sketched
from healthsim.execution.cohort.drawing import Drawing
from healthsim.execution.cohort.household import families
from healthsim.execution.cohort.identity import identify
from healthsim.execution.cohort.measures import Figures
from healthsim.execution.cohort.quotas import QuotaStep, quota_levels
from healthsim.execution.cohort.unborn import expecting
from healthsim.execution.passes.access import too_far
from healthsim.execution.passes.counting import (
    everybody,
    has_population_steps,
    note_outlived,
    settle_journeys,
    settle_level,
)
from healthsim.execution.passes.eligibility import (
    MOST_DRAWN,
    decided,
    nobody_enters,
    without_steps,
)
from healthsim.execution.passes.tallies import Ledger, Tally
from healthsim.execution.people.census import Census
from healthsim.execution.people.people import Draws, Homes, People
from healthsim.execution.people.pooling import side_by_side
from healthsim.execution.sync.care_team import Network, Networks, Used
from healthsim.execution.sync.catalogue import tables_of
from healthsim.execution.sync.encounters import Chart, admit_after_emergency
from healthsim.execution.sync.numbering import Numbering
from healthsim.execution.sync.pharmacy import renewals
from healthsim.execution.sync.sync import linked
from healthsim.execution.sync.trials import trial_arms
from healthsim.execution.sync.visits import visit
from healthsim.execution.timeline.timeline import Book, Timeline, live
from healthsim.products.known import known
from healthsim.products.membersim.plans import BUILT_IN, PlanBook, is_uninsured
from healthsim.products.membersim.tables import PLAN_NETWORKS
from healthsim.products.networksim.tables import FACILITIES, PHARMACIES, PROVIDERS
from healthsim.products.populationsim.reference import geography
from healthsim.products.reference import Reference, built_in
from healthsim.specification.checks.check import check_job
from healthsim.specification.document import read
from healthsim.specification.journeys import journey as say
from healthsim.specification.journeys.journey import JourneySpec, in_walking_order
from healthsim.specification.journeys.newborns import birth_slots, slot_count, walked_plans
from healthsim.specification.journeys.nominal_days import ROOM_DAYS
from healthsim.specification.journeys.plan import Plan, lay_out
from healthsim.specification.profiles.profile import PlanDesign, ProfileSpec
from healthsim.tables import Columns, Table

CHUNK = 16_384
"""People worked at once; the rows do not depend on it."""

_DRAWN_AT_ONCE = 1_000_000  # places of people, where only they are asked for
_LAST_YEAR_ENDS = "2199-12-31"
_YEAR = 364  # days after `as_of` that a profile without journeys covers


@dataclass(frozen=True)
class Job:
    """What is to be run, checked and laid out.

    Attributes:
        tables: every table that the job fills, in the order in which they are stored.
        through: last day of the data.
        births: address of a birth -> number of its first child among all that one woman can bear.
        children: how many children one woman can bear.
        ledger: what is expected of the rows.
        quotas: the profile's population steps; those of one level do not need each other.
        counts_journeys: whether a journey has a population step.
    """

    profile: ProfileSpec
    journeys: tuple[JourneySpec, ...]
    plans: tuple[Plan, ...]
    parts: tuple[Drawing, ...]
    quotas: tuple[tuple[QuotaStep, ...], ...]
    counts_journeys: bool
    book: PlanBook
    numbering: Numbering
    through: int
    births: Mapping[str, int]
    children: int
    tables: tuple[Table, ...]
    ledger: Ledger
    reference: Reference
    figures: Figures

    @cached_property
    def networks(self) -> Networks:
        """The directory, and what the plans have contracts with."""
        return Networks(self.reference.directory, self.book)

    @property
    def count(self) -> int:
        """How many units are asked for."""
        return self.profile.count

    @property
    def seed(self) -> int:
        """The seed of every number."""
        return self.profile.seed

    @property
    def profile_text(self) -> str:
        """The profile as canonical JSON."""
        return self.profile.text()

    @property
    def journey_texts(self) -> tuple[str, ...]:
        """The journeys as canonical JSON."""
        return tuple(journey.text() for journey in self.journeys)

    @property
    def references(self) -> Mapping[str, str]:
        """Digest of each imported reference that rows are drawn from, by name."""
        return self.reference.versions

    def judged(self, totals: Sequence[Tally]) -> tuple[dict[str, Any], ...]:
        """Judge what is expected by the sums of all chunks' tallies; as plain data."""
        return tuple(one.plain() for one in self.ledger.judged(totals))

    @property
    def key(self) -> str:
        """Digest of what the job runs: specifications, seed, count, engine and references."""
        imported = [f"{name} {digest}" for name, digest in sorted(self.references.items())]
        told = "\n".join([__version__, self.profile_text, *self.journey_texts, *imported])
        return sha256(told.encode()).hexdigest()


@dataclass(frozen=True)
class Chunk:
    """The rows of some people; the last chunk has none and holds what is not per person.

    Attributes:
        tables: complete, each sorted by (person_id, key).
        tallies: what they add to each figure that is expected.
    """

    start: int
    count: int
    tables: dict[str, Columns]
    tallies: tuple[Tally, ...] = ()


def prepare(
    profile_document: Mapping[str, object] | str | ProfileSpec,
    journey_documents: Sequence[Mapping[str, object] | str | JourneySpec] = (),
    reference: Reference | None = None,
) -> Job:
    """Check specifications and lay out what they ask for.

    Args:
        profile_document: who.
        journey_documents: what happens, in the order in which they are listed.
        reference: the figures and the directory that people are drawn from; by default those that
            are built in.

    Raises:
        SpecError: with everything that is wrong with them.
    """
    profile = (
        profile_document
        if isinstance(profile_document, ProfileSpec)
        else read(ProfileSpec, profile_document, "profile")
    )
    journeys = tuple(
        one if isinstance(one, JourneySpec) else read(JourneySpec, one, f"journeys[{place}]")
        for place, one in enumerate(journey_documents)
    )
    _refuse(check_job(profile, journeys, known()))
    reference = reference or built_in()
    figures = Figures(profile, reference.population)
    _refuse(figures.problems())
    journeys = in_walking_order(journeys)
    plans = tuple(lay_out(one, f"journeys[{place}]") for place, one in enumerate(journeys))
    plans = walked_plans(journeys, plans)
    through, tables = last_day(profile, journeys), tables_of(profile.products)
    _refuse(_beyond_the_calendar(through))
    job = Job(
        profile=profile,
        journeys=journeys,
        plans=plans,
        parts=drawing_order(profile),
        quotas=quota_levels(profile),
        counts_journeys=has_population_steps(plans),
        book=PlanBook.of(plan_designs(profile, journeys)),
        numbering=Numbering(profile, plans, renewals(profile, through)),
        through=through,
        births=birth_slots(plans),
        children=slot_count(plans),
        tables=tables,
        ledger=Ledger.of(profile, journeys, _places(journeys, plans), tables, through),
        reference=reference,
        figures=figures,
    )
    if job.count <= MOST_DRAWN:
        _refuse(nobody_eligible(job))
    if profile.network.radius_miles is not None:
        _refuse(too_far(job.networks, journeys, counties_of(job), profile.network.radius_miles))
    return job


def counties_of(job: Job) -> NDArray[np.int32]:
    """Return the counties in which people of a job live, int32, rising."""
    names = [part.name for part in job.parts]
    parts = job.parts[: names.index("us_state") + 1]
    census = _quotas_settled(job, CHUNK, 1, None)
    found = np.zeros(0, dtype=np.int32)
    for start in range(0, job.count, _DRAWN_AT_ONCE):
        size = min(_DRAWN_AT_ONCE, job.count - start)
        draws = Draws(job.seed, start, size, job.count, census)
        sketch = sketched(job.profile, parts, draws, job.book.names)
        found = np.union1d(found, sketch.columns["county"])
    return found.astype(np.int32)


def _beyond_the_calendar(through: int) -> list[Problem]:
    """Refuse data that go on after the years for which prices and holidays are known."""
    last = day_of(_LAST_YEAR_ENDS)
    if through <= last:
        return []
    found = f"is {iso(through)}, and the calendar ends on {_LAST_YEAR_ENDS}"
    return [Problem("profile.through", found, "set through, or as_of and duration_days, earlier")]


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise SpecError(problems)


def nobody_eligible(job: Job) -> list[Problem]:
    """Return the journeys that none of the first people may enter, of up to `MOST_DRAWN` units.

    Only where the profile alone decides it. Of a population as small as that it is everybody.
    """
    places, count = decided(job.journeys), min(job.count, MOST_DRAWN)
    if not places:
        return []
    try:
        census = _quotas_settled(job, CHUNK, 1, None)
        timeline = _lived(job, census, 0, count, without_steps(job.journeys))
    except SpecError:
        return []  # a fault of the people themselves is told when they are made
    whole = f"the first {count:,} units" if count < job.count else f"all {count:,} units"
    whole = whole.replace("units", "people") if job.profile.unit == "person" else whole
    return list(nobody_enters(job.journeys, places, timeline.begun, whole))


def _places(journeys: Sequence[JourneySpec], plans: Sequence[Plan]) -> list[int]:
    """Return the position of each journey among the plans."""
    return [
        next(place for place, plan in enumerate(plans) if plan.journey is journey)
        for journey in journeys
    ]


def plan_designs(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> dict[str, PlanDesign]:
    """Return the plans that specifications name, in the order in which they name them."""
    if profile.coverage is None:
        return {}
    named = list(profile.coverage.plan.labels)
    for journey in journeys:
        named += [
            step.details.plan
            for _, step in journey.steps()
            if isinstance(step, say.Enrollment) and step.details.plan is not None
        ]
    known = {**BUILT_IN, **profile.coverage.plans}
    return {name: known[name] for name in dict.fromkeys(named) if not is_uninsured(name)}


def last_day(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> int:
    """Return the last day of the data: `through`, or the end of the longest journey.

    A journey's end leaves the same room whatever its steps are, so that an edit of one step does
    not lengthen the data of people to whom it does not come.
    """
    if profile.through is not None:
        return day_of(profile.through.isoformat())
    as_of = day_of(profile.as_of.isoformat())
    ends, borne = [as_of + _YEAR] if not journeys else [], as_of
    for journey in sorted(journeys, key=lambda one: one.from_birth):
        begins = day_of(journey.window(profile.as_of)[1].isoformat())
        if journey.from_birth:  # whoever begins it last is born on the last day of what bears
            begins = borne
        ends.append(begins + journey.duration_days + ROOM_DAYS)
        borne = borne if journey.from_birth else max(ends)
    return max(ends)


def chunks(
    job: Job,
    *,
    size: int = CHUNK,
    threads: int = 2,
    stop: threading.Event | None = None,
) -> Iterator[Chunk]:
    """Yield the rows of a job, in the order of its people.

    Args:
        job: what `prepare` returned.
        size: units worked at once.
        threads: how many chunks are worked side by side.
        stop: set it to stop within one chunk.

    Raises:
        Cancelled: when `stop` was set.
        SpecError: people cannot meet an exact count; nothing has been made then.
    """
    census = take_census(job, size=size, threads=threads, stop=stop)
    used = Used.none(job.reference.directory)

    def made(start: int, count: int) -> tuple[Chunk, Used]:
        return work(job, start, count, census)

    for chunk, seen in side_by_side(made, job.count, size, threads, stop):
        used.add(seen)
        yield chunk
    rows = _not_per_person(job, used)
    yield Chunk(job.count, 0, rows, job.ledger.of_rows(rows))


def take_census(
    job: Job, *, size: int = CHUNK, threads: int = 2, stop: threading.Event | None = None
) -> Census:
    """Settle the population steps of a job, pass by pass; nothing to do where it has none.

    Args:
        job: what `prepare` returned.
        size: units looked at at once; the census does not depend on it.
        threads: how many chunks are looked at side by side.
        stop: set it to stop within one chunk.

    Raises:
        Cancelled: when `stop` was set.
        SpecError: people cannot meet an exact count.
    """
    census = _quotas_settled(job, size, threads, stop)
    if job.counts_journeys:
        lived = everybody(partial(_looked_at, job), job.count, size, threads, stop)
        census = settle_journeys(census, job.plans, lived)
    return census


def _quotas_settled(job: Job, size: int, threads: int, stop: threading.Event | None) -> Census:
    census = Census(last_day=job.through)
    for level in job.quotas:
        drawn = everybody(_drawn(job, level), job.count, size, threads, stop)
        census = settle_level(census, level, drawn)
    return census


def _drawn(job: Job, level: Sequence[QuotaStep]) -> Callable[[Census, int, int], object]:
    """Return what draws as much of people as decides who is in some quotas."""
    wanted = {name for step in level for name in step.needs}
    parts = [part for part in job.parts if part.name in wanted]

    def drawn(census: Census, start: int, count: int) -> None:
        draws = Draws(job.seed, start, count, job.count, census, job.figures)
        if job.profile.household is None:
            sketched(job.profile, parts, draws, job.book.names)
        else:  # who lives with an anchor rests on all of it
            families(job.profile, job.parts, draws, job.book.names)

    return drawn


def work(job: Job, start: int, count: int, census: Census | None = None) -> tuple[Chunk, Used]:
    """Make the rows of one chunk: a pure function of the job and the range of its people.

    Args:
        job: what `prepare` returned.
        start: index of the first unit.
        count: units in the chunk.
        census: what `take_census` found; taken here where it is not given.
    """
    known = take_census(job) if census is None else census
    timeline = _lived(job, known, start, count)
    people, draws = timeline.record.people, timeline.record.draws
    as_of = np.full(len(people), day_of(job.profile.as_of.isoformat()), dtype=np.int32)
    network = Network(people, draws, whole_years(people.birth, as_of), job.networks)
    primary = job.profile.clinical.primary.code if job.profile.clinical.primary else None
    visits = {
        (one.journey, one.occurrence.number): visit(
            one, primary, timeline.record, network, job.through
        )
        for one in timeline.happenings
        if isinstance(one.occurrence.step, say.Encounter | say.Claim)
    }
    identity = identify(people, draws)
    used = Used.none(network.directory)
    made = Chart(timeline, visits, network, job.numbering, identity, job.through, used)
    admit_after_emergency(made)
    found = linked(made, job.profile, job.book)
    tables = {
        table.name: table.complete(found[table.name]) if found.get(table.name) else table.empty()
        for table in job.tables
        if table.name not in _WHOLE
    }
    return Chunk(start, count, tables, job.ledger.of_chunk(timeline, tables)), made.used


def _looked_at(job: Job, census: Census, start: int, count: int) -> None:
    """Note in a census who of a chunk comes to the steps of journeys that see everybody."""
    note_outlived(census, _lived(job, census, start, count))


def _lived(
    job: Job, census: Census, start: int, count: int, plans: Sequence[Plan] | None = None
) -> Timeline:
    """Draw the people of a chunk and let them walk through every journey, or through `plans`."""
    people, draws = _people(job, Draws(job.seed, start, count, job.count, census, job.figures))
    book = Book(
        names=job.book.names,
        first_months=tuple(job.book.first_month.tolist()),
        states=geography().states,
        through=job.through,
    )
    return live(job.profile, job.plans if plans is None else plans, people, draws, book)


def _people(job: Job, draws: Draws) -> tuple[People, Draws]:
    """Return the people of a chunk of units, and the numbers of them all."""
    sketch = families(job.profile, job.parts, draws, job.book.names)
    if job.children:
        sketch, homes = expecting(sketch, job.births, job.children, job.through)
        return people_of(sketch, homes), sketch.draws
    roll = sketch.draws.roll
    return people_of(sketch, None if roll is None else Homes.of(roll)), sketch.draws


_WHOLE = ("plans", "plan_networks", "trial_arms", "providers", "facilities", "pharmacies")


def _not_per_person(job: Job, used: Used) -> dict[str, Columns]:
    here = job.reference.directory
    used = used.with_hospitals(here)
    providers = np.flatnonzero(used.providers).astype(np.int32)
    providers = providers[np.argsort(here.providers.npi[providers])]
    facilities = np.flatnonzero(used.facilities).astype(np.int32)
    pharmacies = np.flatnonzero(used.pharmacies).astype(np.int32)
    pharmacies = pharmacies[np.argsort(here.pharmacies.npi[pharmacies])]
    found = {
        "providers": PROVIDERS.complete(here.provider_columns(providers)),
        "facilities": FACILITIES.complete(here.facility_columns(facilities)),
        "pharmacies": PHARMACIES.complete(here.pharmacy_columns(pharmacies)),
    }
    wanted = {table.name for table in job.tables}
    if "plans" in wanted:
        found["plans"] = job.book.rows()
        found["plan_networks"] = PLAN_NETWORKS.complete(job.networks.rows(used))
    if "trial_arms" in wanted:
        found["trial_arms"] = trial_arms(job.journeys)
    return {name: found[name] for name in _WHOLE if name in wanted}
