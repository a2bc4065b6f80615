"""Every promise holds for families and those born in them, kept by the real operations."""

from __future__ import annotations

from types import ModuleType

import pytest

from execution.births import WOMEN, delivery, pregnancy, well_child
from execution.families import family
from execution.running import Document
from healthsim.audit import (
    accumulators,
    benefits,
    chart_people,
    claim_people,
    days,
    identity,
    integrity,
    links,
    money,
    vaccines,
)
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.operations import estimate, generate, scenarios
from healthsim.operations.home import Home
from healthsim.operations.verify import verify
from healthsim.persistence.digest import Digest
from stand_ins import ask_rules_of

OF_FAMILIES = (accumulators, benefits, chart_people, claim_people, days, identity, links, money,
               vaccines)  # fmt: skip
"""Modules of the audit with rules about members, mothers, children and what they share."""
AT_HOME = f"{WOMEN} and role != 'child'"


def journeys() -> list[Document]:
    twins = delivery(chance=0.6, details={"number": {"1": 0.9, "2": 0.1}})
    return [well_child(), pregnancy(twins, eligible=AT_HOME)]


def digest(size: int, threads: int) -> str:
    job = prepare(family(count=10), journeys())
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
     pytest.param(9, 1, marks=pytest.mark.proof), pytest.param(11, 4, marks=pytest.mark.proof)],
)  # fmt: skip
def test_chunks_and_threads_do_not_change_a_familys_digest(
    size: int, threads: int, whole: str
) -> None:
    assert digest(size, threads) == whole


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with the scenario `families`."""
    home = Home(tmp_path_factory.mktemp("home"))
    record = generate.run(home, prepare(family(count=12), journeys()))
    scenarios.save_run(home, record.run_id, "families")
    return home


@pytest.mark.slow
def test_a_scenario_of_families_is_kept_and_made_again(home: Home) -> None:
    kept = scenarios.describe(home, "families")

    assert kept.count == kept.counts["patients"] > 24
    assert verify(home, "families").same


@pytest.mark.slow
@pytest.mark.parametrize(
    "modules", [OF_FAMILIES, pytest.param((), marks=pytest.mark.proof)], ids=["few", "all"]
)
def test_no_rule_of_integrity_is_broken(
    home: Home, modules: tuple[ModuleType, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`audit/test_members_audited.py` asks all rules of a family without full charts."""
    if modules:
        ask_rules_of(monkeypatch, *modules)
    found = integrity.check(scenarios.path(home, "families"))

    assert len(found) > 100
    assert [one.check for one in found if one.rows] == []


@pytest.mark.slow
def test_a_preview_of_families_counts_their_people() -> None:
    profile = family(count=300, detail="core")
    seen = estimate.preview(profile, journeys())
    whole = sum(len(chunk.tables["patients"]["person_id"]) for chunk in chunks(
        prepare(profile, journeys())) if "patients" in chunk.tables)  # fmt: skip

    assert seen.count == 300
    assert abs(seen.expected["patients"] - whole) < 0.1 * whole


def test_a_quick_family_shows_everyone_of_it() -> None:
    found = estimate.quick(family(count=1, household={"spouse": {"share": 1},
                                                      "children": {"number": 2}}), [])  # fmt: skip

    assert [one["person_id"] for one in found] == [101, 102, 103, 104]
