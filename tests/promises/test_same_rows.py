"""Promise 1: the same specifications give the same rows, wherever and however they are run."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from execution.running import charted, diabetic, first_year, listed
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.persistence.digest import Digest
from healthsim.products.reference import built_in

TESTS = Path(__file__).parent.parent
PROGRAM = """
import sys
from promises.test_same_rows import digest
print(digest(size=int(sys.argv[1]), threads=int(sys.argv[2])))
"""


def digest(*, size: int, threads: int, count: int = 20) -> str:
    job = prepare(diabetic(count=count), [first_year()])
    found, tables = Digest(job.tables), {table.name: table for table in job.tables}
    for chunk in chunks(job, size=size, threads=threads):
        for name, columns in chunk.tables.items():
            found.update(tables[name], columns)
    return found.total()


@pytest.fixture(scope="module")
def here() -> str:
    return digest(size=16_384, threads=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "threads"),
    [(7, 3), pytest.param(19, 2, marks=pytest.mark.proof),
     pytest.param(20, 4, marks=pytest.mark.proof), pytest.param(21, 1, marks=pytest.mark.proof)],
)  # fmt: skip
def test_chunks_and_threads_do_not_change_the_digest(size: int, threads: int, here: str) -> None:
    assert digest(size=size, threads=threads) == here


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hash_seed", "zone", "locale", "size", "threads"),
    [pytest.param("0", "UTC", "C", 7, 1, marks=pytest.mark.proof),
     ("4242", "Pacific/Kiritimati", "de_DE.UTF-8", 20, 4)],
)  # fmt: skip
def test_processes_that_differ_in_everything_else_give_one_digest(
    hash_seed: str, zone: str, locale: str, size: int, threads: int, here: str
) -> None:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": hash_seed,
        "TZ": zone,
        "LC_ALL": locale,
        "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
    }
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(size), str(threads)],
        capture_output=True, text=True, check=True, env=environment, cwd=TESTS.parent,
    )  # fmt: skip

    assert found.stdout.strip() == here


@pytest.mark.slow
def test_every_table_is_the_same_in_a_chunk_for_each_person() -> None:
    whole = charted(diabetic(count=3), first_year())
    parts = charted(diabetic(count=3), first_year(), size=1)

    assert whole.keys() == parts.keys()
    for name in whole:
        assert listed(whole[name]) == listed(parts[name]), name


@pytest.mark.slow
def test_a_job_is_the_same_when_its_own_text_is_read_back(here: str) -> None:
    job = prepare(diabetic(count=20), [first_year()])
    again = prepare(job.profile_text, job.journey_texts)
    found, tables = Digest(job.tables), {table.name: table for table in job.tables}
    for chunk in chunks(again):
        for name, columns in chunk.tables.items():
            found.update(tables[name], columns)

    assert found.total() == here
    assert again.key == job.key


def test_weights_in_another_order_are_another_job() -> None:
    other = diabetic()
    other["demographics"]["gender"] = {"F": 0.52, "M": 0.48}

    assert prepare(other).key != prepare(diabetic()).key


def test_an_imported_reference_changes_a_run_only_through_its_version() -> None:
    here = prepare(diabetic(), reference=replace(built_in(), versions={}))
    other = prepare(diabetic(), reference=replace(built_in(), versions={"nppes": "3f9a"}))
    assert here.key == prepare(diabetic()).key
    assert other.key != here.key
    assert other.references == {"nppes": "3f9a"}


@pytest.mark.slow
def test_another_seed_gives_other_people() -> None:
    one, other = charted(diabetic(count=20)), charted(diabetic(count=20, seed=43))

    for column in ("birth_date", "family_name", "ssn"):
        assert listed(one["patients"], column) != listed(other["patients"], column)


@pytest.mark.slow
def test_rows_are_in_the_order_of_person_and_key() -> None:
    tables = charted(diabetic(count=20), first_year())
    for table in prepare(diabetic(count=20), [first_year()]).tables:
        keys = tuple(dict.fromkeys(("person_id", *table.key)))
        if "person_id" not in table.by_name:
            continue
        rows = listed(tables[table.name], *keys)
        assert rows == sorted(rows), table.name
        assert len(set(rows)) == len(rows), table.name
