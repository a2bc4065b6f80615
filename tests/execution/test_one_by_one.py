"""The engine against an interpreter that walks one person at a time.

`make proofs` walks 20 to 75 times as many journeys (proofs/test_more_examples.py).
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from execution.journeys import PEOPLE, journeys
from execution.one_by_one import Interpreter
from execution.person_stages import EnteredTooOftenError
from execution.running import listed, run
from healthsim.errors import SpecError
from healthsim.execution.job import Job
from healthsim.execution.prepare import prepare
from healthsim.execution.run import run_chunk
from healthsim.specification.journeys.plan import StageLeave

COLUMNS = ("days", "occurrences", "options", "values")


def logs_of_the_engine(job: Job) -> list[dict[str, Any]]:
    """Return (days, occurrences, options, values) of each person, as the tables say."""
    chunk, _ = run_chunk(job, 0, job.count)
    events, labs = chunk.tables["events"], chunk.tables["lab_results"]
    address = {
        job.numbering.number("events", one.address): one.address
        for plan in job.layouts
        for one in plan.occurrences
        if not (one.tick or isinstance(one.step, StageLeave))
    }
    found: list[dict[str, Any]] = [{name: {} for name in COLUMNS} for _ in range(job.count)]
    names = ("person_id", "event_id", "event_date", "occurrence", "option")
    for person, event, day, time, option in listed(events, *names):
        log = found[person // 100 - 1]
        log["days"][address[event % 2**29]] = day
        log["occurrences"][address[event % 2**29]] = time
        if option is not None:
            log["options"][address[event % 2**29]] = option
    for person, event, code, value in listed(labs, "person_id", "event_id", "loinc", "value"):
        found[person // 100 - 1]["values"][address[event % 2**29], code] = value
    return found


def assert_same_logs(job: Job) -> None:
    interpreter = Interpreter(job)
    try:
        engine = logs_of_the_engine(job)
    except SpecError:  # the only fault of people that is found while they walk
        with pytest.raises(EnteredTooOftenError):
            list(map(interpreter.run, range(job.count)))
        return
    for row in range(job.count):
        _, logs = interpreter.run(row)
        for name in COLUMNS:
            alone: dict[Any, Any] = {}
            for log in logs:
                alone |= getattr(log, name)
            assert plain(engine[row][name]) == plain(alone), f"person {row}: {name}"


def plain(found: dict[Any, Any]) -> dict[Any, Any]:
    """Return a log with None for NaN, which equals nothing."""
    return {key: None if value != value else value for key, value in sorted(found.items())}


@pytest.mark.slow
@settings(max_examples=5, deadline=None, derandomize=True,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(documents=journeys())
def test_every_person_walks_as_if_alone(documents: list[dict[str, Any]]) -> None:
    try:
        job = prepare(PEOPLE, documents)
    except SpecError:
        assume(False)
    assert_same_logs(job)


@pytest.mark.slow
@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(documents=journeys(most=5), size=st.sampled_from([1, 4, 9]))
def test_who_shares_a_chunk_changes_nothing(documents: list[dict[str, Any]], size: int) -> None:
    profile = {**PEOPLE, "count": 10}
    try:
        whole = run(profile, *documents)
    except SpecError:
        assume(False)
    parts = run(profile, *documents, size=size, threads=2)

    for name in whole:
        assert listed(parts[name]) == listed(whole[name]), name
