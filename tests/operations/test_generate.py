"""Runs: background work that any process can join, check or cancel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from healthsim.errors import Cancelled, NotFound
from healthsim.operations import expiry, generate, making, runs, working
from healthsim.operations.expiry import Limit
from healthsim.operations.home import Home
from healthsim.persistence.database import open_read
from healthsim.persistence.digest import digest_stored
from healthsim.persistence.state import describe_file
from operations.small_engine import PROFILE, VISITS_EACH, SmallEngine
from processes import PATIENCE


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def done(home: Home, engine: SmallEngine, **changes: object) -> runs.RunRecord:
    record = generate.start(home, {**PROFILE, **changes}, [], engine)
    return generate.join(home, record.run_id, PATIENCE)


def left(home: Home) -> list[Path]:
    """Return what lies in the folder of runs once every lease is released: just after a record."""
    deadline = time.monotonic() + PATIENCE
    while list(home.runs.glob("*.lease")) and time.monotonic() < deadline:
        time.sleep(0.01)
    return sorted(home.runs.iterdir())


@pytest.mark.slow
def test_a_run_stores_what_the_engine_made(home: Home) -> None:
    record = done(home, SmallEngine(), count=100)

    assert (record.status, record.done, record.total) == ("done", 100, 100)
    assert record.counts == {"patients": 100, "encounters": 100 * VISITS_EACH, "plans": 2}
    found = describe_file(runs.file(home, record.run_id))
    assert found.manifest.digest == record.digest
    assert digest_stored(runs.file(home, record.run_id), found.tables).total() == record.digest
    with open_read(runs.file(home, record.run_id)) as connection:
        total = connection.execute("SELECT sum(charge_usd) FROM encounters").fetchone()
    assert total is not None
    assert total[0] > 0


def test_nothing_unfinished_is_left_beside_a_run(home: Home) -> None:
    record = done(home, SmallEngine())

    names = [path.name for path in left(home)]
    assert names == [f"{record.run_id}.duckdb", f"{record.run_id}.json"]


@pytest.mark.slow
def test_the_size_of_chunks_does_not_change_the_digest(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")

    assert done(home, SmallEngine(size=7)).digest == done(other, SmallEngine(size=64)).digest


def test_a_repeated_call_joins_the_run(home: Home) -> None:
    held = SmallEngine(gate=Event())
    first = generate.start(home, PROFILE, [], held)
    second = generate.start(home, PROFILE, [], SmallEngine(fail_after=0))

    assert (first.status, second.status) == ("running", "running")
    assert second.run_id == first.run_id
    held.gate.set()
    assert generate.join(home, first.run_id, PATIENCE).status == "done"
    assert generate.start(home, PROFILE, [], SmallEngine(fail_after=0)).status == "done"


@pytest.mark.slow
def test_another_seed_is_another_run(home: Home) -> None:
    one, other = done(home, SmallEngine(), seed=1), done(home, SmallEngine(), seed=2)

    assert one.run_id != other.run_id
    assert one.digest != other.digest


@pytest.mark.slow
def test_joining_waits_no_longer_than_it_was_told(home: Home) -> None:
    record = generate.start(home, PROFILE, [], SmallEngine(gate=Event()))

    assert generate.join(home, record.run_id, 0.1).status == "running"
    runs.cancel(home, record.run_id)
    assert generate.join(home, record.run_id, PATIENCE).status == "cancelled"


def test_a_cancelled_run_stops_within_a_chunk_and_leaves_no_rows(home: Home) -> None:
    record = generate.start(home, {**PROFILE, "count": 5000}, [], SmallEngine(pause=0.05))
    runs.cancel(home, record.run_id)
    record = generate.join(home, record.run_id, PATIENCE)

    assert record.status == "cancelled"
    assert record.done < 5000
    assert [path.suffix for path in left(home)] == [".json"]
    with pytest.raises(NotFound, match="it is cancelled"):
        runs.file(home, record.run_id)


@pytest.mark.slow
def test_a_cancelled_run_can_be_started_again(home: Home) -> None:
    record = generate.start(home, PROFILE, [], SmallEngine(gate=Event()))
    runs.cancel(home, record.run_id)
    assert generate.join(home, record.run_id, PATIENCE).status == "cancelled"

    assert done(home, SmallEngine()).status == "done"


def test_a_run_that_only_its_caller_waits_for_stops_when_that_gives_up(home: Home) -> None:
    record, ours = generate.begin(home, PROFILE, [], SmallEngine(gate=Event()))

    assert ours
    assert runs.abandon(home, record.run_id)
    assert generate.join(home, record.run_id, PATIENCE).status == "cancelled"


def test_a_run_that_another_call_has_joined_goes_on_when_its_caller_gives_up(home: Home) -> None:
    held = SmallEngine(gate=Event())
    record, _ = generate.begin(home, PROFILE, [], held)
    _, ours = generate.begin(home, PROFILE, [], SmallEngine())

    assert not ours
    assert not runs.abandon(home, record.run_id)
    assert not runs.is_cancelled(home, record.run_id)
    assert held.gate is not None
    held.gate.set()
    assert generate.join(home, record.run_id, PATIENCE).status == "done"


@pytest.mark.slow
def test_a_run_that_another_process_waits_for_goes_on_when_its_caller_gives_up(home: Home) -> None:
    record, _ = generate.begin(home, PROFILE, [], SmallEngine(gate=Event()))
    code = (
        "import sys, pathlib\n"
        "from healthsim.operations import runs\n"
        "from healthsim.operations.home import Home\n"
        "runs.share(Home(pathlib.Path(sys.argv[1])), sys.argv[2])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(home.folder), record.run_id], check=True)

    assert not runs.abandon(home, record.run_id)
    runs.cancel(home, record.run_id)
    assert generate.join(home, record.run_id, PATIENCE).status == "cancelled"


@pytest.mark.slow
def test_whoever_asks_for_a_run_just_given_up_begins_it_anew(home: Home) -> None:
    record, _ = generate.begin(home, PROFILE, [], SmallEngine(gate=Event()))
    assert runs.abandon(home, record.run_id)
    again, ours = generate.begin(home, PROFILE, [], SmallEngine())

    assert ours
    assert generate.join(home, again.run_id, PATIENCE).status == "done"


def test_a_run_that_has_ended_is_not_given_up(home: Home) -> None:
    record = done(home, SmallEngine())
    left(home)

    runs.abandon(home, record.run_id)

    assert runs.get(home, record.run_id).status == "done"
    assert done(home, SmallEngine(fail_after=0)).status == "done"


def test_a_run_says_what_it_is_doing_and_how_many_rows_it_has(home: Home) -> None:
    held = SmallEngine(size=50, gate=Event())
    record = generate.start(home, PROFILE, [], held)
    assert held.gate is not None
    deadline = time.monotonic() + PATIENCE
    phases = [""]
    while phases[-1] != "making" and time.monotonic() < deadline:
        phases.append(runs.get(home, record.run_id).phase)
        time.sleep(0.01)

    assert set(phases) <= {"", "counting", "making"}
    assert phases[-1] == "making"
    held.gate.set()
    record = generate.join(home, record.run_id, PATIENCE)
    assert (record.phase, record.rows) == ("", 100 + 100 * VISITS_EACH + 2)


@pytest.mark.slow
def test_a_run_that_fails_says_so_without_the_inside_and_can_be_repeated(home: Home) -> None:
    record = done(home, SmallEngine(fail_after=40))

    assert record.status == "failed"
    assert "HealthSim failed inside (RuntimeError)" in record.error
    assert "a fault inside" not in record.error
    assert [path.suffix for path in left(home)] == [".json"]
    assert done(home, SmallEngine()).status == "done"


def test_running_here_and_now_reports_progress(home: Home) -> None:
    told: list[tuple[int, int]] = []
    engine = SmallEngine(size=40)
    job = engine.prepare(PROFILE, [])

    record = generate.run(home, job, lambda done, total: told.append((done, total)), engine=engine)

    assert record.status == "done"
    assert told == [(40, 100), (80, 100), (100, 100), (100, 100)]


def test_running_here_and_now_can_be_stopped(home: Home) -> None:
    stop = Event()
    stop.set()
    engine = SmallEngine()

    with pytest.raises(Cancelled):
        generate.run(home, engine.prepare(PROFILE, []), stop=stop, engine=engine)


def test_a_run_whose_process_died_is_interrupted_and_taken_on_again(home: Home) -> None:
    key = SmallEngine().prepare(PROFILE, []).key
    code = (
        "import sys, pathlib\n"
        "from healthsim.operations import runs\n"
        "from healthsim.operations.home import Home\n"
        "runs.claim(Home(pathlib.Path(sys.argv[1])), sys.argv[2], 100)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(home.folder), key], check=True)
    name = runs.run_id(key)

    assert runs.get(home, name).status == "interrupted"
    assert done(home, SmallEngine()).status == "done"


def test_a_lease_without_a_heartbeat_is_stale(home: Home) -> None:
    record, mine = runs.claim(home, "aa" * 20, 10)
    assert mine
    assert runs.claim(home, "aa" * 20, 10) == (record, False)
    lease = home.runs / f"{record.run_id}.lease"
    long_ago = time.time() - 60
    os.utime(lease, (long_ago, long_ago))

    assert runs.get(home, record.run_id).status == "interrupted"
    assert runs.claim(home, "aa" * 20, 10)[1]


def test_a_heartbeat_keeps_the_lease(home: Home) -> None:
    record, _ = runs.claim(home, "aa" * 20, 10)
    lease = home.runs / f"{record.run_id}.lease"
    os.utime(lease, (0, 0))
    runs.heartbeat(home, record.run_id)

    assert runs.get(home, record.run_id).status == "running"


@pytest.mark.slow
def test_a_damaged_record_does_not_stand_in_the_way(home: Home) -> None:
    record = done(home, SmallEngine())
    (home.runs / f"{record.run_id}.json").write_text("{")

    assert done(home, SmallEngine()).status == "done"


@pytest.mark.slow
def test_runs_expire_by_age_and_by_size_oldest_first(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, middle, new = (done(home, SmallEngine(), seed=seed) for seed in (1, 2, 3))
    runs.write(home, replace(old, finished_at=time.time() - 8 * 86_400))

    assert runs.expire(home, time.time()) == [old.run_id]
    monkeypatch.setattr(expiry, "LIMITS", {"run": Limit(days=7, megabytes=2)})
    for record in (middle, new):
        with runs.file(home, record.run_id).open("ab") as file:
            file.truncate(1_500_000)
    assert runs.expire(home, time.time()) == []
    assert runs.expire(home, time.time() + expiry.FRESH + 60) == [middle.run_id]
    assert [record.run_id for record in runs.list_runs(home)] == [new.run_id]
    with pytest.raises(NotFound, match="has expired"):
        runs.get(home, old.run_id)


@pytest.mark.parametrize("name", ["run-nope", "../x", "", "run-../x"])
def test_an_unknown_run_is_not_found(home: Home, name: str) -> None:
    with pytest.raises(NotFound, match="no such run"):
        runs.get(home, name)


def test_a_process_that_ends_stops_its_runs(home: Home) -> None:
    record = generate.start(home, {**PROFILE, "count": 5000}, [], SmallEngine(pause=0.05))

    generate.stop_all()

    record = runs.get(home, record.run_id)
    assert (record.status, record.error) == ("interrupted", working.INTERRUPTED)
    assert [path.suffix for path in left(home)] == [".json"]


def test_a_run_is_interrupted_without_waiting_for_what_its_thread_is_doing(home: Home) -> None:
    busy, leave = Event(), Event()

    class Deaf(SmallEngine):
        def chunks(self, job: Any, **options: Any) -> Any:
            busy.set()
            leave.wait(PATIENCE)
            yield from super().chunks(job)

    record = generate.start(home, PROFILE, [], Deaf())
    assert busy.wait(PATIENCE)
    generate.interrupt_all()

    assert runs.get(home, record.run_id).status == "interrupted"
    assert [path.suffix for path in left(home)] == [".json"]
    leave.set()
    generate.stop_all()
    assert runs.get(home, record.run_id).status == "interrupted"
    assert [path.suffix for path in left(home)] == [".json"]


def test_few_people_make_a_small_file(home: Home) -> None:
    record = done(home, SmallEngine(), count=100)

    assert runs.file(home, record.run_id).stat().st_size < 600_000


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "block"), [(0, 16_384), (-1, 262_144)])
def test_few_people_with_many_rows_are_kept_in_large_blocks(
    home: Home, monkeypatch: pytest.MonkeyPatch, rows: int, block: int
) -> None:
    people = 50
    monkeypatch.setattr(making, "_FEW_ROWS", people * (1 + VISITS_EACH) + rows)
    record = done(home, SmallEngine(size=people), count=people)

    with open_read(runs.file(home, record.run_id)) as connection:
        found = connection.execute("SELECT max(block_size) FROM pragma_database_size()").fetchone()
    assert found == (block,)


_ON_A_FULL_DISK = """
import json, resource, sys
from pathlib import Path
from healthsim.errors import StorageError
from healthsim.operations import expiry, generate, runs
from healthsim.operations.expiry import Limit
from healthsim.operations.home import Home
from operations.small_engine import PROFILE, SmallEngine
from operations.test_generate import left
from processes import PATIENCE

sys.dont_write_bytecode = True  # else what is imported from here on is cut short for everybody

def limited(most):
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

class Filling(SmallEngine):
    def chunks(self, job, **options):
        limited(MOST)
        yield from super().chunks(job, **options)

for number, (MOST, count) in enumerate(json.loads(sys.argv[2])):
    home = Home(Path(sys.argv[1]) / str(number))
    record = generate.start(home, {**PROFILE, "count": count}, [], Filling(size=4096))
    record = generate.join(home, record.run_id, PATIENCE)
    suffixes = [path.suffix for path in left(home)]
    limited(resource.RLIM_INFINITY)
    again = generate.start(home, {**PROFILE, "count": count}, [], SmallEngine(size=4096))
    again = generate.join(home, again.run_id, PATIENCE)
    print(json.dumps([record.status, record.error, suffixes, again.status]))
"""


_LIMITS = [(0, 20), (20_000, 20), (300_000, 4_000)]
_MORE = [(1_000, 20), (60_000, 20), (2_000_000, 20_000)]
"""How many bytes a file may have, and how many people are asked for."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file-size limit")
@pytest.mark.parametrize("limits", [_LIMITS, pytest.param(_MORE, marks=pytest.mark.proof)])
def test_a_run_that_the_disk_does_not_take_says_so_and_leaves_no_rows(
    tmp_path: Path, limits: list[tuple[int, int]]
) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", _ON_A_FULL_DISK, str(tmp_path), json.dumps(limits)],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True,
    )  # fmt: skip
    answers = [json.loads(line) for line in answer.stdout.splitlines()]

    assert len(answers) == len(limits)
    for status, said, remaining, again in answers:
        assert status == "failed"
        assert "file-size limit); lift the limit" in said
        assert remaining == [".json"]
        assert again == "done"
