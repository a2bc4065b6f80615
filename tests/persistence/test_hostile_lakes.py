"""Lakes from elsewhere: Parquet files that are not what the scenario's file lists are refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from healthsim.errors import HealthSimError, StorageError
from healthsim.execution.prepare import prepare
from healthsim.operations import generate, scenarios
from healthsim.operations.home import Home
from healthsim.operations.query import query
from healthsim.operations.store import Store
from healthsim.persistence.database import open_read
from healthsim.persistence.judging import footer_of
from healthsim.persistence.names import lake_of
from healthsim.persistence.parquet import sha256_of

pytestmark = pytest.mark.slow

PROFILE = {"kind": "profile", "name": "few", "count": 30, "products": ["patientsim"],
           "detail": "core"}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("made"))
    for seed in (1, 2):
        run = generate.run(home, prepare(PROFILE | {"seed": seed}, []), store=Store("lake"))
        scenarios.save_run(home, run.run_id, f"lake-{seed}")
    return home


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    shutil.copytree(made.scenarios, tmp_path / "scenarios")
    return Home(tmp_path)


def _file(home: Home, name: str = "lake-1", table: str = "patients") -> Path:
    (found,) = lake_of(scenarios.path(home, name)).glob(f"*/{table}/000000.parquet")
    return found


def _cut(home: Home) -> None:
    file = _file(home)
    file.write_bytes(file.read_bytes()[:-200])


def _swap(home: Home) -> None:
    """Put the patients of the other scenario in the place, as long as the right ones."""
    size, other = _file(home).stat().st_size, _file(home, "lake-2").read_bytes()
    _file(home).write_bytes(other)
    _change(home, f"UPDATE healthsim_files SET size_bytes = {len(other)} WHERE rows = 30 "
                  f"AND size_bytes = {size}")  # fmt: skip


def _remove(home: Home) -> None:
    _file(home).unlink()


def _add(home: Home) -> None:
    shutil.copyfile(_file(home), _file(home).with_name("000001.parquet"))


def _add_folder(home: Home) -> None:
    (_file(home).parent / "more").mkdir()
    (_file(home).parent / "more" / "x.parquet").write_bytes(b"x")


def _link(home: Home) -> None:
    file, elsewhere = _file(home), home.folder / "elsewhere.parquet"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


def _foreign(home: Home) -> None:
    file = _file(home)
    rows = pq.read_table(file)
    pq.write_table(rows.rename_columns(["who", *rows.schema.names[1:]]), file)
    _listed(home, file)


def _other_type(home: Home) -> None:
    file = _file(home)
    rows = pq.read_table(file)
    pq.write_table(rows.set_column(0, "person_id", rows.column(0).cast("string")), file)
    _listed(home, file)


def _fewer_rows(home: Home) -> None:
    file = _file(home)
    pq.write_table(pq.read_table(file).slice(1), file)
    _listed(home, file)


def _no_parquet(home: Home) -> None:
    file = _file(home)
    file.write_bytes(b"PAR1" + b"\0" * 100 + (40).to_bytes(4, "little") + b"PAR1")
    _listed(home, file)


def _listed(home: Home, file: Path) -> None:
    """Let the scenario's file list a Parquet file as it is now, as its maker could."""
    _change(home, f"UPDATE healthsim_files SET size_bytes = {file.stat().st_size}, "
                  f"sha256 = '{sha256_of(file)}', footer = '{footer_of(str(file))}' "
                  "WHERE table_name = 'patients'")  # fmt: skip


def _change(home: Home, sql: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{scenarios.path(home, 'lake-1')}' AS scenario")
        connection.execute("USE scenario")
        connection.execute(sql)


def _outside(home: Home) -> None:
    _change(home, "UPDATE healthsim_files SET file = '../../lake-2.lake/000000.parquet' "
                  "WHERE table_name = 'patients'")  # fmt: skip


def _generation(home: Home) -> None:
    _change(home, "UPDATE healthsim_manifest SET value = '\"../lake-2.lake\"' WHERE key = 'lake'")


def _no_generation(home: Home) -> None:
    _change(home, "DELETE FROM healthsim_manifest WHERE key = 'lake'")


def _own_table(home: Home) -> None:
    _change(home, "CREATE TABLE patients AS SELECT 1::BIGINT AS person_id")


def _twice(home: Home) -> None:
    _change(home, "INSERT INTO healthsim_files FROM healthsim_files")


def _other_list(home: Home) -> None:
    _change(home, "ALTER TABLE healthsim_files DROP COLUMN footer")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_cut, "was cut short or changed"),
        (_swap, r"'patients/000000.parquet' is not the one that it lists"),
        (_remove, r"'patients/000000.parquet' is missing"),
        (_add, r"holds what it does not list, 'patients/000001.parquet'"),
        (_add_folder, r"holds what it does not list, 'patients/more'"),
        (_link, "is no regular file"),
        (_foreign, "has other columns than its dictionary says"),
        (_other_type, "has other columns than its dictionary says"),
        (_fewer_rows, "claims 29 rows, and should have 30"),
        (_no_parquet, "a Parquet file of patients cannot be read"),
        (_outside, "lists a Parquet file with a strange name"),
        (_generation, "does not say in which folder they are"),
        (_no_generation, "does not say in which folder they are"),
        (_own_table, "has a table 'patients' of its own"),
        (_twice, "lists a Parquet file twice"),
        (_other_list, "healthsim_files does not have the columns that it should"),
    ],
)
def test_a_lake_that_is_not_as_its_file_lists_is_refused_with_words(
    home: Home, spoil: Callable[[Home], None], words: str
) -> None:
    spoil(home)

    with pytest.raises(StorageError, match=words), open_read(scenarios.path(home, "lake-1")):
        pass


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_fewer_rows, "claims 29 rows, and should have 30"),
        pytest.param(_cut, "was cut short or changed", marks=pytest.mark.proof),
        (_outside, "lists a Parquet file with a strange name"),
    ],
)
def test_a_spoilt_lake_is_refused_to_queries_and_listed_beside_the_others_and_can_be_deleted(
    home: Home, spoil: Callable[[Home], None], words: str
) -> None:
    spoil(home)

    with pytest.raises(StorageError, match=words):
        query(home, "lake-1", "SELECT count(*) FROM patients")
    assert query(home, "lake-2", "SELECT count(*) FROM patients").rows == [[30]]
    assert {one.name for one in scenarios.list_all(home)} == {"lake-1", "lake-2"}
    assert scenarios.look(home, "lake-1").broken
    scenarios.delete(home, "lake-1")
    assert not lake_of(home.scenarios / "lake-1.duckdb").exists()


def test_a_file_that_is_mended_is_read_again_and_one_that_is_spoilt_later_is_not(
    home: Home,
) -> None:
    file, sql = _file(home), "SELECT count(*) FROM patients"
    whole = file.read_bytes()
    assert query(home, "lake-1", sql).rows == [[30]]

    file.write_bytes(whole[:-1])
    with pytest.raises(StorageError, match="cut short"):
        query(home, "lake-1", sql)
    file.write_bytes(whole)
    assert query(home, "lake-1", sql).rows == [[30]]
    _add(home)
    with pytest.raises(StorageError, match="does not list"):
        query(home, "lake-1", sql)


def test_a_lake_whose_folder_was_left_behind_says_so(home: Home) -> None:
    shutil.rmtree(lake_of(scenarios.path(home, "lake-1")))

    with pytest.raises(HealthSimError, match="is missing"):
        query(home, "lake-1", "SELECT 1")


def test_a_lake_under_another_name_and_on_another_disk_is_read(home: Home) -> None:
    path = scenarios.path(home, "lake-1")
    lake_of(path).rename(home.scenarios / "moved.lake")
    path.rename(home.scenarios / "moved.duckdb")

    assert query(home, "moved", "SELECT count(*) FROM patients").rows == [[30]]
