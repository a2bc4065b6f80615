"""Scenarios by name, the proof that they are what they say, and two servers on one home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from shutil import copytree
from threading import Event

import duckdb
import pytest

import healthsim
from healthsim.errors import NotFound, Refused, StorageError
from healthsim.operations import generate, query, runs, scenarios
from healthsim.operations.home import Home
from healthsim.operations.verify import verify
from healthsim.persistence.judgement import trust
from operations import small_engine as small
from operations.small_engine import PROFILE, SmallEngine
from processes import PATIENCE, started

JOURNEY = {"kind": "journey", "name": "small"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with a run and the scenario `one` of it, which tests only read."""
    home = Home(tmp_path_factory.mktemp("kept"))
    record = generate.start(home, PROFILE, [JOURNEY], SmallEngine())
    generate.join(home, record.run_id, PATIENCE)
    scenarios.save_run(home, record.run_id, "one", "for a test", ["demo"])
    return home


@pytest.fixture(scope="module")
def run_id(kept: Home) -> str:
    return runs.list_runs(kept)[0].run_id


@pytest.fixture
def home(kept: Home, tmp_path: Path) -> Home:
    """Return a home of the test alone, with the same run and scenario."""
    for name in ("runs", "scenarios"):
        copytree(kept.folder / name, tmp_path / name)
    for file in tmp_path.rglob("*.duckdb"):
        trust(file)
    return Home(tmp_path)


@pytest.mark.slow
def test_a_run_is_kept_under_a_name_with_all_that_made_it(kept: Home, run_id: str) -> None:
    found = scenarios.describe(kept, "one")

    assert (found.name, found.description, found.tags) == ("one", "for a test", ("demo",))
    assert (found.count, found.seed) == (100, 7)
    assert found.digest == runs.get(kept, run_id).digest
    assert json.loads(found.profile) == PROFILE
    assert [json.loads(text) for text in found.journeys] == [JOURNEY]
    assert found.engine_version == healthsim.ENGINE


def test_tables_columns_and_a_sample_are_shown(kept: Home) -> None:
    assert scenarios.tables(kept, "one") == [
        ["patients", 100, "one row per person"],
        ["encounters", 300, "one row per visit"],
        ["plans", 2, "one row per plan"],
    ]
    assert scenarios.columns(kept, "one", "plans") == [["plan_id", "VARCHAR", "Name."]]
    names, rows = scenarios.sample_of(kept, "one", "encounters", 1)
    first = dict(zip(names, rows[0], strict=True))
    assert first["person_id"] == 101
    assert isinstance(first["charge_usd"], float)
    assert str(first["start_at"]).startswith("20")


def test_an_unknown_table_or_scenario_suggests_near_ones(kept: Home) -> None:
    with pytest.raises(NotFound, match="did you mean 'encounters'"):
        scenarios.columns(kept, "one", "encounter")
    with pytest.raises(NotFound, match="did you mean 'one'"):
        scenarios.describe(kept, "oone")


def test_a_run_where_a_scenario_is_meant_is_answered_with_how_to_save_it(
    kept: Home, run_id: str
) -> None:
    said = f"is a run, and not a saved scenario; save_scenario\\(run_id='{run_id}', name=...\\)"
    with pytest.raises(NotFound, match=said):
        scenarios.describe(kept, run_id)
    with pytest.raises(NotFound, match=said):
        scenarios.path(kept, run_id)
    with pytest.raises(NotFound, match="no such scenario"):
        scenarios.describe(kept, "run-000000000000")


@pytest.mark.slow
def test_a_taken_name_is_refused_before_any_work(home: Home, run_id: str) -> None:
    with pytest.raises(Refused, match="one of this name"):
        scenarios.refuse_taken(home, "one")
    with pytest.raises(Refused, match="one of this name"):
        scenarios.save_run(home, run_id, "one")
    scenarios.refuse_taken(home, "one", replace=True)
    assert scenarios.save_run(home, run_id, "one", "new", replace=True).description == "new"


def test_only_a_finished_run_can_be_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    record = generate.start(home, PROFILE, [], SmallEngine(gate=Event()))

    with pytest.raises(NotFound, match="it is running; wait for it with check_run"):
        scenarios.save_run(home, record.run_id, "one")
    runs.cancel(home, record.run_id)
    generate.join(home, record.run_id, PATIENCE)


def test_a_list_shows_a_damaged_scenario_as_damaged(home: Home) -> None:
    (home.scenarios / "bad.duckdb").write_bytes(b"x" * 5000)
    whole = (home.scenarios / "one.duckdb").read_bytes()
    (home.scenarios / "cut.duckdb").write_bytes(whole[: len(whole) // 2])

    found = {item.name: item for item in scenarios.list_all(home)}

    assert found["one"].count == 100
    assert found["one"].broken == ""
    assert "not a DuckDB file" in found["bad"].broken
    assert "cut short" in found["cut"].broken
    with pytest.raises(StorageError, match="not a DuckDB file"):
        scenarios.describe(home, "bad")


def test_a_deleted_scenario_is_gone(home: Home) -> None:
    scenarios.delete(home, "one")

    assert scenarios.list_all(home) == []


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"x" * 5000, b"half"])
def test_a_damaged_scenario_can_be_looked_at_and_deleted(home: Home, content: bytes) -> None:
    whole = scenarios.path(home, "one").read_bytes()
    damaged = whole[: len(whole) // 2] if content == b"half" else content
    (home.scenarios / "bad.duckdb").write_bytes(damaged)

    assert scenarios.look(home, "bad").broken
    assert scenarios.look(home, "one").count == 100
    scenarios.delete(home, "bad")

    assert [item.name for item in scenarios.list_all(home)] == ["one"]
    with pytest.raises(NotFound):
        scenarios.look(home, "bad")


def test_a_scenario_is_verified_by_making_it_again(kept: Home, run_id: str) -> None:
    found = verify(kept, "one", engine=SmallEngine(size=33))

    assert found.same
    assert found.digest == runs.get(kept, run_id).digest


@pytest.mark.slow
def test_verifying_names_the_table_that_was_changed_by_hand(home: Home) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{home.scenarios / 'one.duckdb'}' AS f")
        connection.execute("UPDATE f.encounters SET charge_usd = charge_usd + 1 WHERE rowid = 5")

    found = verify(home, "one", engine=SmallEngine())

    assert not found.same
    assert (found.changed, found.remade, found.differs) == (
        ("encounters",),
        (),
        ("encounters",),
    )


def test_verifying_names_the_tables_that_come_out_differently(kept: Home) -> None:
    found = verify(kept, "one", engine=SmallEngine(skew=1))

    assert found.changed == ()
    assert found.remade == ("encounters", "patients")


SERVER = """
import pathlib, sys
from healthsim.operations import generate, query, scenarios
from healthsim.operations.home import Home
from operations.small_engine import PROFILE, SmallEngine
from processes import PATIENCE
home, me = Home(pathlib.Path(sys.argv[1])), sys.argv[2]
for turn in range(2):
    record = generate.start(home, {**PROFILE, "seed": turn}, [], SmallEngine())
    assert generate.join(home, record.run_id, PATIENCE).status == "done"
    scenarios.save_run(home, record.run_id, "shared", f"{me} {turn}", replace=True)
    scenarios.save_run(home, record.run_id, f"{me}-{turn}")
    found = query.query(home, "shared", "SELECT count(*) FROM patients")
    assert found.rows == [[100]], found
"""


@pytest.mark.slow
def test_two_server_processes_share_a_home_and_never_lock_each_other_out(tmp_path: Path) -> None:
    home = Home(tmp_path)
    paths = [str(Path(healthsim.__file__).parents[1]), str(Path(small.__file__).parents[1])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with ExitStack() as both:
        servers = [
            both.enter_context(
                started(
                    [sys.executable, "-c", SERVER, str(home.folder), me],
                    env=environment, stderr=subprocess.PIPE, text=True,
                )
            )
            for me in ("one", "two")
        ]  # fmt: skip
        said = [server.communicate(timeout=PATIENCE)[1] for server in servers]

    assert [server.returncode for server in servers] == [0, 0], said
    names = {item.name for item in scenarios.list_all(home)}
    assert names == {"shared", *(f"{me}-{turn}" for me in ("one", "two") for turn in range(2))}
    assert query.query(home, "shared", "SELECT count(*) FROM encounters").rows == [[300]]
