"""Scenarios in an object store: a real server that speaks S3, started by the tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from healthsim.cli import app
from healthsim.errors import HealthSimError, Refused, StorageError
from healthsim.execution.prepare import prepare
from healthsim.operations import generate, remote, scenarios
from healthsim.operations.home import Home
from healthsim.operations.query import query
from healthsim.operations.store import Store
from healthsim.operations.verify import verify
from healthsim.persistence.names import lake_of
from operations.object_server import ADDRESS, BUCKET, BUSY, SECRET, empty_bucket, object_server

pytestmark = pytest.mark.slow

PROFILE = {"kind": "profile", "name": "few", "count": 30, "products": ["patientsim"],
           "detail": "core"}  # fmt: skip


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with object_server() as address:
        yield address


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("made"))
    for seed in (1, 2):
        run = generate.run(home, prepare(PROFILE | {"seed": seed}, []), store=Store("lake"))
        scenarios.save_run(home, run.run_id, f"lake-{seed}", description="thirty")
    run = generate.run(home, prepare(PROFILE, []), store=Store("file"))
    scenarios.save_run(home, run.run_id, "file")
    return home


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    shutil.copytree(made.scenarios, tmp_path / "scenarios")
    return Home(tmp_path)


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with empty_bucket(endpoint, monkeypatch) as found:
        yield found


def test_a_lake_is_put_proven_and_fetched_with_the_same_rows(home: Home, bucket: Any) -> None:
    remote.put(home, "lake-1", ADDRESS)
    proof = remote.prove(ADDRESS)
    remote.fetch(home, ADDRESS, "back")

    assert proof.wrong == ()
    assert proof.files == len(list(lake_of(scenarios.path(home, "lake-1")).rglob("*.parquet")))
    one, two = scenarios.describe(home, "lake-1"), scenarios.describe(home, "back")
    assert (one.digest, one.description, one.counts) == (two.digest, two.description, two.counts)
    assert two.name == "back"
    assert verify(home, "back").same
    assert query(home, "back", "SELECT count(*) FROM patients").rows == [[30]]


def test_another_scenario_takes_the_place_only_when_asked_and_leaves_nothing(
    home: Home, bucket: Any
) -> None:
    remote.put(home, "lake-1", ADDRESS)
    with pytest.raises(Refused, match="there is a scenario already"):
        remote.put(home, "lake-2", ADDRESS)
    remote.put(home, "lake-2", ADDRESS, replace=True)

    assert remote.prove(ADDRESS).wrong == ()
    assert remote.describe(ADDRESS).digest == scenarios.describe(home, "lake-2").digest
    with pytest.raises(Refused, match="one of this name already"):
        remote.fetch(home, ADDRESS, "lake-1")


def test_what_is_somebody_elses_stays_where_a_scenario_is_put(home: Home, bucket: Any) -> None:
    other = f"s3://{BUCKET}/some"
    bucket.put_object(Key="some/where/report.csv", Body=b"mine")
    remote.put(home, "lake-1", ADDRESS)
    remote.put(home, "lake-1", other)
    remote.put(home, "lake-2", other, replace=True)

    assert bucket.Object("some/where/report.csv").get()["Body"].read() == b"mine"
    assert remote.prove(ADDRESS).wrong == ("report.csv is not listed",)
    assert remote.describe(ADDRESS).digest == scenarios.describe(home, "lake-1").digest
    first = lake_of(scenarios.path(home, "lake-1"))
    generation = next(one.name for one in first.iterdir())
    kept = [one.key for one in bucket.objects.all() if one.key.endswith(".parquet")]
    assert not [key for key in kept if key.startswith(f"some/{generation}/")]


def test_a_damaged_list_in_the_store_is_replaced_when_asked(home: Home, bucket: Any) -> None:
    remote.put(home, "lake-1", ADDRESS)
    bucket.put_object(Key="some/where/scenario.duckdb", Body=b"cut")
    remote.put(home, "lake-1", ADDRESS, replace=True)

    assert remote.prove(ADDRESS).wrong == ()


def test_objects_that_are_changed_missing_or_added_are_named_and_never_fetched(
    home: Home, bucket: Any
) -> None:
    remote.put(home, "lake-1", ADDRESS)
    before = scenarios.names(home), {one.name for one in home.scenarios.iterdir()}
    keys = sorted(one.key for one in bucket.objects.all() if "patients" in one.key)
    body = bytearray(bucket.Object(keys[0]).get()["Body"].read())
    body[50] ^= 1
    bucket.put_object(Key=keys[0], Body=bytes(body))
    bucket.put_object(Key="some/where/more.parquet", Body=b"x")

    assert remote.prove(ADDRESS).wrong == (
        "patients/000000.parquet is not the one that is listed", "more.parquet is not listed",
    )  # fmt: skip
    with pytest.raises(StorageError, match=r"patients/000000\.parquet is not the one"):
        remote.fetch(home, ADDRESS, "back")
    bucket.Object(keys[0]).delete()
    assert "patients/000000.parquet is missing" in remote.prove(ADDRESS).wrong
    with pytest.raises(StorageError, match="it is not there"):
        remote.fetch(home, ADDRESS, "back")
    assert (scenarios.names(home), {one.name for one in home.scenarios.iterdir()}) == before


def test_what_is_no_lake_is_neither_put_nor_fetched(home: Home, bucket: Any) -> None:
    with pytest.raises(Refused, match="only lakes are put into object stores"):
        remote.put(home, "file", ADDRESS)
    bucket.upload_file(str(scenarios.path(home, "file")), "some/where/scenario.duckdb")
    with pytest.raises(StorageError, match="what is there is no lake"):
        remote.fetch(home, ADDRESS, "back")
    bucket.put_object(Key="some/where/scenario.duckdb", Body=b"no file of DuckDB" * 9)
    with pytest.raises(HealthSimError, match="not a DuckDB file"):
        remote.fetch(home, ADDRESS, "back")


def test_errors_say_what_to_mend_and_never_the_keys(
    home: Home, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    for address, words in (
        ("s3://no-such-bucket/x", "it is not there|no such bucket"),
        (f"s3://{BUCKET}/nothing", "it is not there"),
        ("s3://tester:key@lakes/x", "cannot be read; write s3://BUCKET/PREFIX"),
        ("s3://lakes", "cannot be read"),
        ("s3://lakes/../x", "cannot be read"),
        ("http://lakes/x", "cannot be read"),
    ):
        act = (
            remote.prove if "no-such" not in address else lambda at: remote.put(home, "lake-1", at)
        )
        with pytest.raises(HealthSimError, match=words) as error:
            act(address)
        said.append(str(error.value))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("healthsim.persistence.object_store._ATTEMPTS", 1)
    with pytest.raises(StorageError, match="cannot be reached; correct AWS_ENDPOINT_URL"):
        remote.prove(ADDRESS)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(Refused, match="the environment names no credentials"):
        remote.prove(ADDRESS)
    assert SECRET not in " ".join(said)
    kept = b"".join(one.read_bytes() for one in home.folder.rglob("*") if one.is_file())
    assert SECRET.encode() not in kept


def test_a_store_that_is_busy_for_a_while_is_asked_again(home: Home, bucket: Any) -> None:
    BUSY.left, BUSY.refused = 1, 0
    remote.put(home, "lake-1", ADDRESS)
    BUSY.left = 1
    proof = remote.prove(ADDRESS)

    assert BUSY.refused == 2
    assert (proof.wrong, proof.files > 0) == ((), True)


def test_a_query_of_an_address_is_refused_and_offers_to_fetch(home: Home) -> None:
    with pytest.raises(Refused, match=r"in an object store.*healthsim fetch ADDRESS NAME"):
        query(home, ADDRESS, "SELECT 1")


def test_the_commands_put_verify_and_fetch(
    home: Home, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALTHSIM_HOME", str(home.folder))
    run = CliRunner()

    assert "lake-1 is at" in run.invoke(app, ["put", "lake-1", ADDRESS]).output
    assert "are those that are listed" in run.invoke(app, ["verify", ADDRESS]).output
    assert "saved as back" in run.invoke(app, ["fetch", ADDRESS, "back"]).output
    bucket.put_object(Key="some/where/more.parquet", Body=b"x")
    assert run.invoke(app, ["verify", ADDRESS]).exit_code == 1
