"""A scenario as a lake of Parquet files: everything that is done with one works on it alike."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from healthsim.errors import Refused
from healthsim.execution.prepare import prepare
from healthsim.exports import Filter
from healthsim.operations import generate, scenarios, storage
from healthsim.operations.auditing import audit
from healthsim.operations.comparing import compare
from healthsim.operations.exporting import export_to
from healthsim.operations.home import Home
from healthsim.operations.query import query
from healthsim.operations.store import LAKE_FROM, Store, store_named
from healthsim.operations.verify import verify
from healthsim.persistence.database import open_read
from healthsim.persistence.names import lake_of
from healthsim.persistence.state import describe_file
from stand_ins import ask_few_rules, export_types
from storing import spec

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with the same rows as a file and as a lake."""
    home = Home(tmp_path_factory.mktemp("home"))
    profile = spec("every-event-adults", count=6, detail="core")
    job = prepare(profile, [spec("every-event")])
    for kind in ("file", "lake"):
        run = generate.run(home, job, store=Store(kind))
        scenarios.save_run(home, run.run_id, f"as-{kind}", description=kind, tags=["both"])
    return home


def test_a_lake_has_the_digest_and_the_manifest_of_the_file(home: Home) -> None:
    file, lake = (describe_file(scenarios.path(home, f"as-{kind}")) for kind in ("file", "lake"))

    assert lake.tables == file.tables
    assert lake.manifest.lake
    assert not file.manifest.lake
    for part in ("digest", "digests", "rows", "blocks", "figures", "expectations", "engine_key"):
        assert getattr(lake.manifest, part) == getattr(file.manifest, part), part


def test_its_rows_are_in_parquet_files_beside_a_small_file(home: Home) -> None:
    path = scenarios.path(home, "as-lake")
    files = [one for one in lake_of(path).rglob("*") if one.is_file()]
    held = {one.parent.name for one in files}
    filled = {name for name, rows in describe_file(path).manifest.rows.items() if rows}

    assert {one.suffix for one in files} == {".parquet"}
    assert held == filled
    described = scenarios.describe(home, "as-lake")
    assert described.size_bytes == path.stat().st_size + sum(one.stat().st_size for one in files)
    assert scenarios.list_all(home)[0].size_bytes in {
        described.size_bytes, scenarios.describe(home, "as-file").size_bytes
    }  # fmt: skip


def test_every_row_is_the_same_in_both(home: Home) -> None:
    found = compare(home, "as-file", "as-lake")

    assert found.tables == []
    assert found.money == []
    assert found.asked == []
    assert found.notes == []
    described = describe_file(scenarios.path(home, "as-lake"))
    assert found.same_tables == len(described.tables)


def test_it_is_verified_and_audited_like_the_file(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_few_rules(monkeypatch)
    assert verify(home, "as-lake").changed == ()
    assert audit(home, "as-lake") == audit(home, "as-file")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with the run of a few charts as a file and as a lake, for tests of files."""
    home = Home(tmp_path_factory.mktemp("small"))
    job = prepare(spec("every-event-adults", count=2, detail="core", products=["patientsim"]), [])
    for kind in ("file", "lake"):
        generate.run(home, job, store=Store(kind))
    return home


@pytest.mark.parametrize(
    ("form", "chosen"),
    [("csv", Filter(where="gender = 'F'")),
     pytest.param("fhir", Filter(people="1-2"), marks=pytest.mark.proof),
     pytest.param("parquet", Filter(people="1-2"), marks=pytest.mark.proof)],
)  # fmt: skip
def test_exports_of_both_are_the_same_bytes_also_of_people_who_are_chosen_by_a_condition(
    home: Home, tmp_path: Path, form: str, chosen: Filter, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_types(monkeypatch, "Organization", "Patient", "Encounter", "Observation")
    folders = {kind: tmp_path / kind for kind in ("file", "lake")}
    for kind, folder in folders.items():
        export_to(home, f"as-{kind}", folder, form, chosen=chosen)  # type: ignore[arg-type]

    one, two = (
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
         if path.is_file() and "SYNTHETIC" not in path.name}
        for folder in folders.values()
    )  # fmt: skip
    names = {name for name in one if one[name] != two.get(name)}
    assert one.keys() == two.keys()
    assert form != "csv" or one["patients.csv"].count(b"\n") > 2
    assert {name for name in names if b"as-file" not in one[name]} == set()


def test_it_is_queried_alone_and_beside_the_file(home: Home) -> None:
    sql = "SELECT count(*), min(birth_date), max(ssn) FROM {}patients"
    alone = query(home, "as-lake", sql.format("")).rows
    both = query(home, "as-file", sql.format("other."), "as-lake").rows
    other = query(home, "as-lake", sql.format("other."), "as-file").rows

    assert alone == both == other == query(home, "as-file", sql.format("")).rows
    assert ["patients"] in query(home, "as-lake", "SHOW TABLES").rows


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM read_parquet('*.parquet')", "table function read_parquet"),
        ("SELECT * FROM '/etc/passwd'", "(Permission|Catalog) Error"),
        pytest.param("SELECT * FROM 'as-file.duckdb'", "Error", marks=pytest.mark.proof),
        ("SELECT * FROM 'runs/x.parquet'", "Permission Error"),
        ("CREATE TABLE x AS SELECT 1", "statement"),
        pytest.param("COPY patients TO 'x.csv'", "statement", marks=pytest.mark.proof),
    ],
)
def test_queries_reach_no_other_file_and_change_nothing(home: Home, sql: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        query(home, "as-lake", sql)


def test_queries_do_not_see_where_the_files_are(home: Home) -> None:
    views = query(home, "as-lake", "SELECT sql FROM duckdb_views() WHERE NOT internal").rows
    plan = query(home, "as-lake", "EXPLAIN SELECT sum(person_id) FROM patients").rows
    with pytest.raises(Refused) as wrong:
        query(home, "as-lake", "SELECT nothing FROM patients")

    assert any("read_parquet" in text for (text,) in views)
    assert str(home.folder) not in f"{views}{plan}{wrong.value}"


def test_reading_a_lake_in_the_server_reaches_no_other_file_either(home: Home) -> None:
    path, other = scenarios.path(home, "as-lake"), scenarios.path(home, "as-file")
    with open_read(path) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM patients").fetchall() == [(True,)]
        for sql in (
            f"ATTACH '{other}' AS more (READ_ONLY)",
            f"SELECT * FROM glob('{path.parent}/*')",
            "SET enable_external_access = true",
        ):
            with pytest.raises(Exception, match=r"Permission|locked|Cannot"):
                connection.execute(sql)


def test_a_save_takes_no_room_and_replaces_and_deletes_whole(small: Home) -> None:
    home = small
    run = next(one.stem for one in home.runs.glob("*.lake"))
    scenarios.save_run(home, run, "again")
    path = scenarios.path(home, "again")
    first = {one.stat().st_ino for one in lake_of(path).rglob("*.parquet")}
    of_run = {one.stat().st_ino for one in lake_of(home.runs / f"{run}.duckdb").rglob("*.parquet")}
    scenarios.save_run(home, run, "again", replace=True)
    generations = list(lake_of(path).iterdir())

    assert first == of_run
    assert [one.name for one in generations] == [describe_file(path).manifest.lake]
    file = next(one.stem for one in home.runs.glob("*.duckdb") if one.stem != run)
    scenarios.save_run(home, file, "again", replace=True)
    assert not lake_of(path).exists(), "files of the lake that was replaced by a file"
    scenarios.save_run(home, run, "again", replace=True)
    scenarios.delete(home, "again")
    assert not lake_of(path).exists()
    assert "again" not in scenarios.names(home)


def test_a_run_that_expires_takes_its_lake_with_it(small: Home, tmp_path: Path) -> None:
    shutil.copytree(small.runs, tmp_path / "runs")
    other = Home(tmp_path)
    sizes = {item.name: item.size for item in storage.items(other)}
    lake = next(one for one in other.runs.glob("*.lake"))

    assert sizes[lake.stem] > sum(one.stat().st_size for one in lake.rglob("*.parquet"))
    storage.sweep(other, time.time() + 30 * 86_400)
    assert not lake.exists()


def test_large_runs_become_lakes_by_themselves_and_others_on_request() -> None:
    assert Store().is_lake(LAKE_FROM)
    assert not Store().is_lake(LAKE_FROM - 1)
    assert not Store("file").is_lake(LAKE_FROM)
    assert store_named("lake").is_lake(1)
    with pytest.raises(Refused, match="'pond'; choose 'file'"):
        store_named("pond")
