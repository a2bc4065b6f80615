"""Running a job: its people chunk by chunk, as columns of every table."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from healthsim.dates import day_of, whole_years
from healthsim.execution.cohort.identity import draw_identities
from healthsim.execution.job import CHUNK, Job
from healthsim.execution.passes.rehearsal import settle_population_steps, walk_chunk
from healthsim.execution.people.population_pass import PopulationPass
from healthsim.execution.people.threads import map_chunks
from healthsim.execution.sync.care_team import DirectoryUse, Network
from healthsim.execution.sync.encounters import SyncContext, admit_after_emergency
from healthsim.execution.sync.sync import synced_tables
from healthsim.execution.sync.trials import trial_arms
from healthsim.execution.sync.visits import build_visit
from healthsim.execution.tallies import Tally
from healthsim.products.catalogue import NOT_PER_PERSON
from healthsim.products.membersim.tables import PLAN_NETWORKS
from healthsim.products.networksim.tables import FACILITIES, PHARMACIES, PROVIDERS
from healthsim.specification.journeys import events
from healthsim.tables import Columns


@dataclass(frozen=True)
class Chunk:
    """The rows of some units; the last chunk has none and holds the tables that are not per person.

    Attributes:
        tables: complete, each sorted by (person_id, key).
        tallies: what the rows add to each figure of the expectations.
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
        size: units of a chunk.
        threads: how many chunks are run in parallel.
        stop: set it to stop within one chunk.

    Raises:
        Cancelled: when `stop` was set.
        SpecError: people cannot meet an exact count; no rows have been made then.
    """
    population_pass = settle_population_steps(job, size=size, threads=threads, stop=stop)
    directory_use = DirectoryUse.empty(job.reference.directory)

    def run_one(start: int, count: int) -> tuple[Chunk, DirectoryUse]:
        return run_chunk(job, start, count, population_pass)

    for chunk, used in map_chunks(run_one, job.count, size, threads, stop):
        directory_use.add(used)
        yield chunk
    rows = _not_per_person(job, directory_use)
    yield Chunk(job.count, 0, rows, job.tally.tally_rows(rows))


def run_chunk(
    job: Job, start: int, count: int, population_pass: PopulationPass | None = None
) -> tuple[Chunk, DirectoryUse]:
    """Make the rows of one chunk: a pure function of the job and the range of its people.

    Args:
        job: what `prepare` returned.
        start: index of the first unit.
        count: units in the chunk.
        population_pass: the settled population steps; settled here by default.
    """
    settled = settle_population_steps(job) if population_pass is None else population_pass
    timeline = walk_chunk(job, settled, start, count)
    people, draws = timeline.record.people, timeline.record.draws
    as_of = np.full(len(people), day_of(job.profile.as_of.isoformat()), dtype=np.int32)
    network = Network(people, draws, whole_years(people.birth, as_of), job.networks)
    primary = job.profile.clinical.primary.code if job.profile.clinical.primary else None
    visits = {
        (rows.journey, rows.occurrence.number): build_visit(
            rows, primary, timeline.record, network, job.through
        )
        for rows in timeline.occurrences
        if isinstance(rows.occurrence.step, events.Encounter | events.Claim)
    }
    identity = draw_identities(people, draws)
    used = DirectoryUse.empty(network.directory)
    ctx = SyncContext(timeline, visits, network, job.numbering, identity, job.through, used)
    admit_after_emergency(ctx)
    synced = synced_tables(ctx, job.profile, job.plan_table)
    tables = {
        table.name: table.complete(synced[table.name]) if synced.get(table.name) else table.empty()
        for table in job.tables
        if table.name not in NOT_PER_PERSON
    }
    return Chunk(start, count, tables, job.tally.tally_chunk(timeline, tables)), ctx.directory_use


def _not_per_person(job: Job, used: DirectoryUse) -> dict[str, Columns]:
    """Return the tables that are about plans, trials and the directory."""
    directory = job.reference.directory
    used = used.with_hospitals(directory)
    providers = np.flatnonzero(used.providers).astype(np.int32)
    providers = providers[np.argsort(directory.providers.npi[providers])]
    facilities = np.flatnonzero(used.facilities).astype(np.int32)
    pharmacies = np.flatnonzero(used.pharmacies).astype(np.int32)
    pharmacies = pharmacies[np.argsort(directory.pharmacies.npi[pharmacies])]
    tables = {
        "providers": PROVIDERS.complete(directory.provider_columns(providers)),
        "facilities": FACILITIES.complete(directory.facility_columns(facilities)),
        "pharmacies": PHARMACIES.complete(directory.pharmacy_columns(pharmacies)),
    }
    names = {table.name for table in job.tables}
    if "plans" in names:
        tables["plans"] = job.plan_table.rows()
        tables["plan_networks"] = PLAN_NETWORKS.complete(job.networks.rows(used))
    if "trial_arms" in names:
        tables["trial_arms"] = trial_arms(job.journeys)
    return {name: tables[name] for name in NOT_PER_PERSON if name in names}
