"""Every promise holds for families and those born in them, kept by the real operations."""

from __future__ import annotations

from pathlib import Path

import pytest

from execution.births import WOMEN, delivery, pregnancy, well_child
from execution.families import family
from execution.running import Document
from healthsim.audit import integrity
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.operations import estimate, generate, scenarios
from healthsim.operations.home import Home
from healthsim.operations.verify import verify
from healthsim.persistence.digest import Digest

AT_HOME = f"{WOMEN} and role != 'child'"


def journeys() -> list[Document]:
    twins = delivery(chance=0.6, details={"number": {"1": 0.9, "2": 0.1}})
    return [well_child(), pregnancy(twins, eligible=AT_HOME)]


def digest(size: int, threads: int) -> str:
    job = prepare(family(count=20), journeys())
    found, tables = Digest(job.tables), {table.name: table for table in job.tables}
    for chunk in chunks(job, size=size, threads=threads):
        for name, columns in chunk.tables.items():
            found.update(tables[name], columns)
    return found.total()


@pytest.fixture(scope="module")
def whole() -> str:
    return digest(16_384, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "threads"),
    [pytest.param(1, 2, marks=pytest.mark.proof), (7, 3),
     pytest.param(19, 1, marks=pytest.mark.proof), pytest.param(21, 4, marks=pytest.mark.proof)],
)  # fmt: skip
def test_chunks_and_threads_do_not_change_a_familys_digest(
    size: int, threads: int, whole: str
) -> None:
    assert digest(size, threads) == whole


@pytest.mark.slow
def test_a_scenario_of_families_is_kept_audited_and_made_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    record = generate.run(home, prepare(family(count=30), journeys()))
    scenarios.save_run(home, record.run_id, "families")

    kept = scenarios.describe(home, "families")
    assert kept.count == kept.counts["patients"] > 60
    assert verify(home, "families").same
    found = integrity.check(scenarios.path(home, "families"))
    assert [one.check for one in found if one.rows] == []


@pytest.mark.slow
def test_a_preview_of_families_counts_their_people() -> None:
    profile = family(count=600, detail="core")
    seen = estimate.preview(profile, journeys())
    whole = sum(len(chunk.tables["patients"]["person_id"]) for chunk in chunks(
        prepare(profile, journeys())) if "patients" in chunk.tables)  # fmt: skip

    assert seen.count == 600
    assert abs(seen.expected["patients"] - whole) < 0.1 * whole


def test_a_quick_family_shows_everyone_of_it() -> None:
    found = estimate.quick(family(count=1, household={"spouse": {"share": 1},
                                                      "children": {"number": 2}}), [])  # fmt: skip

    assert [one["person_id"] for one in found] == [101, 102, 103, 104]
