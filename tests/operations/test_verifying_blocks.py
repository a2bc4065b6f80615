"""Verifying a scenario of several blocks: which differ, and a sample of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from healthsim.errors import Refused
from healthsim.execution.prepare import prepare
from healthsim.operations import generate, scenarios
from healthsim.operations.home import Home
from healthsim.operations.verify import verify, where_differs
from healthsim.persistence.database import open_write
from healthsim.persistence.digest import digest_stored
from healthsim.persistence.scenario import read_manifest, rewrite_manifest
from healthsim.persistence.state import describe_file
from stand_ins import have_small_blocks

BLOCK = 64
COUNT = 2 * BLOCK + 30
PROFILE: dict[str, Any] = {
    "kind": "profile", "name": "many", "count": COUNT, "products": ["patientsim"], "detail": "core",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _blocks_are_small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        have_small_blocks(patch, BLOCK)
        yield


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    run = generate.run(home, prepare(PROFILE, []))
    scenarios.save_run(home, run.run_id, "many")
    return home


@pytest.fixture
def home(kept: Home) -> Iterator[Home]:
    """Return the home; its scenario is as it was after the test."""
    path = scenarios.path(kept, "many")
    whole = path.read_bytes()
    yield kept
    path.write_bytes(whole)


def _spoil(home: Home, statement: str) -> None:
    with open_write(scenarios.path(home, "many")) as connection:
        connection.execute(statement)


def _manifest(home: Home, change: dict[str, Any]) -> None:
    path = scenarios.path(home, "many")
    with open_write(path) as connection:
        rewrite_manifest(connection, replace(read_manifest(connection, path), **change))


@pytest.mark.slow
def test_every_block_is_made_again_and_is_the_same(home: Home) -> None:
    found = verify(home, "many")

    assert found.same
    assert (found.sampled, found.of_blocks) == (0, 3)


@pytest.mark.slow
def test_what_differs_is_named_by_table_and_block(home: Home) -> None:
    _spoil(home, f"UPDATE patients SET city = 'Elsewhere' WHERE person_id = {BLOCK + 5}01")

    found = verify(home, "many")

    assert found.differs == ("patients",)
    assert dict(found.blocks) == {"patients": (1,)}
    assert where_differs(found) == "patients (block 1 of 3)"


@pytest.mark.slow
def test_a_sample_looks_at_its_blocks_alone(home: Home) -> None:
    _spoil(home, f"UPDATE patients SET city = 'Elsewhere' WHERE person_id = {BLOCK + 5}01")
    done: list[tuple[int, int]] = []

    two = verify(home, "many", progress=lambda *of: done.append(of), sample=2)

    assert (two.sampled, two.of_blocks) == (2, 3)
    assert dict(two.blocks) == {"patients": (1,)}
    assert done == [(BLOCK, 2 * BLOCK), (2 * BLOCK, 2 * BLOCK)]
    assert verify(home, "many", sample=1).same  # block 0, which is as it was


@pytest.mark.slow
def test_a_sample_sees_rows_that_are_gone_and_directories_that_differ(home: Home) -> None:
    _spoil(home, f"DELETE FROM patients WHERE person_id <= {BLOCK}99")
    _spoil(
        home,
        "UPDATE providers SET specialty = 'other' WHERE npi = (SELECT min(npi) FROM providers)",
    )

    found = verify(home, "many", sample=1)

    assert found.differs == ("patients", "providers")
    assert dict(found.blocks) == {"patients": (0,)}


@pytest.mark.slow
def test_a_file_from_before_there_were_blocks_is_not_sampled(home: Home) -> None:
    _manifest(home, {"blocks": {}})

    with pytest.raises(Refused, match="before scenarios had digests of blocks"):
        verify(home, "many", sample=1)


@pytest.mark.slow
def test_a_large_file_from_before_there_were_blocks_is_verified_whole(home: Home) -> None:
    path = scenarios.path(home, "many")
    described = describe_file(path)
    one_stream = digest_stored(path, described.tables, units=0).tables()
    assert one_stream["patients"] != described.manifest.digests["patients"]
    _manifest(home, {"blocks": {}, "digests": one_stream})

    assert verify(home, "many").same
    _spoil(home, "UPDATE patients SET city = 'Elsewhere' WHERE person_id = 101")
    assert where_differs(verify(home, "many")) == "patients"
