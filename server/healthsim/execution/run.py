"""The one door to execution: specifications in, columns out, people chunk by chunk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from healthsim.dates import day_of, whole_years
from healthsim.execution.cohort.identity import identify
from healthsim.execution.job import CHUNK, Job
from healthsim.execution.passes.rehearsal import lived, take_census
from healthsim.execution.people.census import Census
from healthsim.execution.people.pooling import side_by_side
from healthsim.execution.sync.care_team import Network, Used
from healthsim.execution.sync.encounters import Chart, admit_after_emergency
from healthsim.execution.sync.sync import linked
from healthsim.execution.sync.trials import trial_arms
from healthsim.execution.sync.visits import visit
from healthsim.execution.tallies import Tally
from healthsim.products.membersim.tables import PLAN_NETWORKS
from healthsim.products.networksim.tables import FACILITIES, PHARMACIES, PROVIDERS
from healthsim.specification.journeys import events
from healthsim.tables import Columns


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


def work(job: Job, start: int, count: int, census: Census | None = None) -> tuple[Chunk, Used]:
    """Make the rows of one chunk: a pure function of the job and the range of its people.

    Args:
        job: what `prepare` returned.
        start: index of the first unit.
        count: units in the chunk.
        census: what `take_census` found; taken here where it is not given.
    """
    known = take_census(job) if census is None else census
    timeline = lived(job, known, start, count)
    people, draws = timeline.record.people, timeline.record.draws
    as_of = np.full(len(people), day_of(job.profile.as_of.isoformat()), dtype=np.int32)
    network = Network(people, draws, whole_years(people.birth, as_of), job.networks)
    primary = job.profile.clinical.primary.code if job.profile.clinical.primary else None
    visits = {
        (one.journey, one.occurrence.number): visit(
            one, primary, timeline.record, network, job.through
        )
        for one in timeline.happenings
        if isinstance(one.occurrence.step, events.Encounter | events.Claim)
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
