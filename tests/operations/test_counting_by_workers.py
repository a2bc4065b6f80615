"""Exact counts and randomisation on workers: each has the ranks of its own people alone."""

from __future__ import annotations

import pickle
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from execution.families import family
from execution.running import Document, diabetic, journey
from execution.test_population_steps import counted, fork, subjects, trial
from healthsim.errors import Cancelled, Refused, SpecError
from healthsim.execution.job import Job
from healthsim.execution.passes.rehearsal import settle_population_steps
from healthsim.execution.people.population_pass import PopulationPass
from healthsim.execution.prepare import prepare
from healthsim.execution.run import run_chunk
from healthsim.operations.home import Home
from healthsim.operations.job_text import JobText
from healthsim.operations.workers.census import packed, settle_by, unpacked
from healthsim.operations.workers.processes import Processes
from healthsim.operations.workers.runner import Threads
from healthsim.persistence.digest import Digest

NEVER = threading.Event()
KIDNEY: Document = {
    "primary": {"code": "E11.9", "onset": {"years_before": 2}},
    "comorbidities": [{"code": "N18.30", "exactly": [{"when": "gender == 'F'", "count": 20}]}],
}
QUOTAS = diabetic(count=260, clinical=KIDNEY)
FAMILIES = family(count=90, clinical=KIDNEY)
JOBS: dict[str, tuple[Document, list[Document]]] = {
    "quotas": (QUOTAS, []),
    "families": (FAMILIES, []),
    "randomisation": (subjects(count=200), [trial()]),
    "a branch after another": (diabetic(count=150), [journey(
        fork(counted(40), {"name": "b", "weight": 1}, id="one", at=10),
        fork(counted(30), {"name": "b", "weight": 1}, id="two", at=40),
        name="forks")]),
}  # fmt: skip


@pytest.fixture(scope="module", params=JOBS.values(), ids=JOBS)
def job(request: pytest.FixtureRequest) -> Job:
    return prepare(*request.param)


@pytest.fixture(scope="module")
def settled(job: Job) -> PopulationPass:
    return settle_population_steps(job)


def _same(one: PopulationPass, two: PopulationPass) -> bool:
    return one.settled.keys() == two.settled.keys() and all(
        one.settled[step].same_as(counts) and np.array_equal(one.settled[step].rank, counts.rank)
        for step, counts in two.settled.items()
    )


@pytest.mark.slow
def test_workers_count_what_one_process_counts(
    job: Job, settled: PopulationPass, tmp_path: Path
) -> None:
    text = JobText.of(job, Home(tmp_path))

    assert settled.settled
    assert _same(settle_by(Threads(2), job, text, NEVER, size=64), settled)


@pytest.mark.slow
def test_rows_of_a_block_need_the_ranks_of_its_own_people_alone(
    job: Job, settled: PopulationPass
) -> None:
    whole, own = unpacked(packed(settled)), settled.of_units(40, 40)

    assert {len(counts.persons) for counts in own.settled.values()} != {
        len(counts.persons) for counts in settled.settled.values()
    }
    assert _digest(job, own, 40) == _digest(job, whole, 40)


def _digest(job: Job, settled: PopulationPass, start: int) -> str:
    digest = Digest(job.tables)
    for name, columns in run_chunk(job, start, 40, settled)[0].tables.items():
        digest.update({table.name: table for table in job.tables}[name], columns)
    return digest.total()


@pytest.mark.proof
@pytest.mark.slow
def test_another_process_counts_alike(tmp_path: Path) -> None:
    """Daily, `test_runs_by_workers` has a process that counts for an exact count."""
    job = prepare(*JOBS["quotas"])
    with Processes(1) as runner:
        text = JobText.of(job, Home(tmp_path))
        assert _same(settle_by(runner, job, text, NEVER, size=64), settle_population_steps(job))


def test_too_few_for_an_exact_count_is_said_by_the_client(tmp_path: Path) -> None:
    job = prepare(
        diabetic(count=60),
        [journey(fork(counted(50), {"name": "b", "weight": 1}, when="gender == 'F'"))],
    )

    with pytest.raises(SpecError, match="asks for 50 of those who come"):
        settle_by(Threads(1), job, JobText.of(job, Home(tmp_path)), NEVER)


def test_a_stop_ends_the_count(tmp_path: Path) -> None:
    job, stop = prepare(*JOBS["quotas"]), threading.Event()
    stop.set()

    with pytest.raises(Cancelled):
        settle_by(Threads(1), job, JobText.of(job, Home(tmp_path)), stop)


def test_a_worker_of_another_version_refuses_with_both(tmp_path: Path) -> None:
    job = prepare(*JOBS["quotas"])
    text = pickle.loads(pickle.dumps(JobText.of(job, Home(tmp_path))))

    with pytest.raises(Refused, match=r"HealthSim 0\.0\.1 asks, and this worker has"):
        settle_by(Threads(1), job, replace(text, engine="0.0.1"), NEVER)
    other = replace(text, key="other", references=(("nppes", "abcdef"),))
    with pytest.raises(Refused, match="nppes abcdef asks, and this worker has none"):
        settle_by(Threads(1), job, other, NEVER)
