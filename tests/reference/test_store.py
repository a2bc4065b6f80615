"""The file of imported data: changed as a whole, readable while it is, and by its key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import publishing
from healthsim.errors import NotFound, Refused, StorageError
from healthsim.persistence.database import ddl
from healthsim.reference import read, store
from healthsim.reference.store import ImportRecord
from healthsim.reference.tables import COUNTY_PEOPLE
from healthsim.tables import Coded
from hostile_files import change

ROWS = [("48201", "M", 0, 5, 10), ("48201", "F", 0, 5, 11), ("01001", "F", 85, 100, 3)]


def _import(name: str, digest: str = "d") -> ImportRecord:
    return ImportRecord(
        name, "census-population", COUNTY_PEOPLE.name, "f.csv", digest, 3, "2024", {"a": 1}
    )


def _put(path: Path, name: str = "census-population", digest: str = "d") -> None:
    with store.edit_reference(path, lambda one: one.table == COUNTY_PEOPLE.name) as connection:
        connection.execute(ddl(COUNTY_PEOPLE))
        connection.executemany("INSERT INTO county_people VALUES (?, ?, ?, ?, ?)", ROWS)
        store.record_import(connection, _import(name, digest))


def _texts(column: object) -> list[str | None]:
    assert isinstance(column, Coded)
    return column.texts()


def test_rows_come_back_as_columns_in_the_order_of_their_key(tmp_path: Path) -> None:
    path = tmp_path / "reference.duckdb"
    _put(path)

    found = publishing.stored(path, "county_people")

    assert _texts(found["fips"]) == ["01001", "48201", "48201"]
    assert _texts(found["sex"]) == ["F", "F", "M"]
    assert np.array_equal(found["people"], np.array([3, 11, 10]))
    assert np.asarray(found["age_low"]).dtype == np.int32


def test_a_county_can_be_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "reference.duckdb"
    _put(path)

    found = publishing.stored(path, "county_people", ["48201"])

    assert set(_texts(found["fips"])) == {"48201"}


@pytest.mark.slow
def test_a_change_that_fails_leaves_the_old_reference_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "reference.duckdb"
    _put(path, digest="old")

    def fail() -> None:
        with store.edit_reference(path, lambda one: True) as connection:
            connection.execute(ddl(COUNTY_PEOPLE))
            raise Refused("file", "is wrong half way", "mend it")

    with pytest.raises(Refused, match="half way"):
        fail()

    assert read.versions(path) == {"census-population": "old"}
    assert len(publishing.stored(path, "county_people")["people"]) == 3
    assert {one.name for one in tmp_path.iterdir()} == {path.name, f".{path.name}.lock"}


@pytest.mark.slow
def test_a_change_keeps_what_it_does_not_replace(tmp_path: Path) -> None:
    path = tmp_path / "reference.duckdb"
    _put(path)

    with store.edit_reference(path, lambda one: False):
        pass

    assert store.imports(path) == (_import("census-population"),)
    assert len(publishing.stored(path, "county_people")["people"]) == 3


@pytest.mark.slow
def test_of_two_changes_at_once_the_second_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reference.duckdb"

    with (
        store.edit_reference(path, lambda one: False),
        pytest.raises(Refused, match="under way"),
        store.edit_reference(path, lambda one: False),
    ):
        pass

    _put(path)
    assert read.versions(path) == {"census-population": "d"}


@pytest.mark.slow
def test_it_can_be_read_while_it_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "reference.duckdb"
    _put(path, digest="old")

    with store.edit_reference(path, lambda one: True):
        assert read.versions(path) == {"census-population": "old"}
        with read.open_reference(path) as reading:
            assert reading.versions() == {"census-population": "old"}

    assert read.versions(path) == {}


def test_what_was_not_imported_is_refused_with_the_command_that_imports_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="healthsim reference import cdc-places FILE"):
        publishing.stored(tmp_path / "reference.duckdb", "county_measures", ["diabetes"])

    assert read.versions(tmp_path / "reference.duckdb") == {}


def test_a_reference_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "reference.duckdb"
    path.write_bytes(b"not a database" * 1000)

    with pytest.raises(StorageError, match=r"reference\.duckdb"):
        read.versions(path)
    with pytest.raises(StorageError, match=r"reference\.duckdb"):
        _put(path)
    assert path.read_bytes().startswith(b"not a database")


@pytest.mark.slow
def test_a_reference_with_a_view_or_a_table_of_others_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "reference.duckdb"
    _put(path)
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    change(path, f"CREATE VIEW hospitals AS FROM read_text('{secret}')")

    for use in (store.imports, lambda file: _put(file), lambda file: read.versions(file)):
        with pytest.raises(StorageError, match="it has a view, 'hospitals', which no reference"):
            use(path)
    change(path, "DROP VIEW hospitals", "CREATE TABLE mine AS SELECT 1 AS a")
    with pytest.raises(StorageError, match="a table that HealthSim does not know, 'mine'"):
        store.imports(path)
