"""The directory: searched by place, and real where it was imported and asked for."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

import publishing
from execution.running import diabetic, journey, visit
from healthsim import cli
from healthsim.audit import claim_people, days, facility_bills, identity, integrity, links, money
from healthsim.audit import network as rules
from healthsim.errors import NotFound, Refused
from healthsim.operations import generate, network
from healthsim.operations.home import Home
from healthsim.operations.reference import reference_for
from healthsim.reference import kinds
from healthsim.reference.kind import ImportRequest
from processes import PATIENCE

REAL = (1234567893, 1000000012, 1000000038)
HEART = {"Healthcare Provider Taxonomy Code_1": "207RC0001X"}  # electrophysiology
ASKED = {"network": {"source": "nppes"}}


OF_CLINICIANS = (
    *links.RULES, *rules.RULES, *claim_people.RULES, *facility_bills.RULES, *days.RULES,
    *identity.RULES, *money.RULES,
)  # fmt: skip
"""Rules that speak of who treats and who bills, beside those of the data dictionary."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home into which made-up clinicians of Houston and hospitals were imported."""
    folder = tmp_path_factory.mktemp("imported")
    home = Home(folder / "home")
    home.folder.mkdir()
    rows = [publishing.provider(REAL[0]), publishing.provider(REAL[1]),
            publishing.provider(REAL[2], **HEART)]  # fmt: skip
    bring(home, "nppes", publishing.nppes(folder, rows))
    bring(home, "cms-hospitals", publishing.hospitals(folder))
    return home


def bring(home: Home, kind: str, file: Path) -> None:
    stop = threading.Event()
    kinds.import_source(
        kind, ImportRequest(home.reference, file, None, "", lambda what, share: None, stop)
    )


def houston(**changes: Any) -> dict[str, Any]:
    people = {"age": 60, "gender": {"F": 1}, "location": {"counties": {"48201": 1}}}
    return diabetic(count=20, detail="core", demographics=people, **changes)


def find(home: Home, **asked: Any) -> list[dict[str, Any]]:
    return network.search(home, **{"place": "Harris County, TX", "specialty": "cardiology"} | asked)


def test_whoever_is_near_comes_nearest_first_then_by_capacity(home: Home) -> None:
    found = find(home, within_miles=60, limit=100)

    order = [(one["miles"], -one["capacity"]) for one in found]
    assert order == sorted(order)
    assert found[0]["county"] == "Harris County"
    assert found[0]["miles"] == 0
    assert 0 < found[-1]["miles"] <= 60
    assert {one["specialty"] for one in found} == {"cardiology"}
    assert len(find(home, limit=2)) == 2


@pytest.mark.parametrize("place", ["harris county, tx", "Harris, TX", "48201", "Houston, Texas"])
def test_a_place_may_be_said_in_several_ways(home: Home, place: str) -> None:
    assert find(home, place=place, limit=3) == find(home, limit=3)


def test_facilities_and_pharmacies_are_found_too(home: Home) -> None:
    (hospital,) = find(home, specialty="hospital", limit=1)
    (pharmacy,) = find(home, specialty="pharmacy", limit=1)

    assert hospital["capacity"] > 100
    assert pharmacy["county"] == "Harris County"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"specialty": "cardiologist"}, "did you mean 'cardiology'"),
        ({"place": "Huston, TX"}, "did you mean 'Houston'"),
        ({"place": "Harris County"}, "names no state"),
        ({"place": "Houston"}, "did you mean 'Houston, TX'"),
        ({"place": "Xqzzy, TX"}, "write a county .*, a city .* or a ZIP code"),
        ({"place": "99999"}, "no county or ZIP code"),
        ({"source": "nppes"}, "healthsim reference import nppes"),
    ],
)
def test_what_is_not_there_is_named_with_the_mend(
    home: Home, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(NotFound, match=told):
        find(home, **asked)


def test_distances_and_limits_that_cannot_be_are_refused(home: Home) -> None:
    with pytest.raises(Refused, match="within_miles"):
        find(home, within_miles=-1)
    with pytest.raises(Refused, match="limit"):
        find(home, limit=0)


@pytest.mark.slow
def test_the_command_prints_what_was_found(full: Home) -> None:
    said = ["--home", str(full.folder), "network", "search", "--specialty", "cardiology",
            "--near", "Houston, TX", "--source", "nppes", "--json"]  # fmt: skip
    done = CliRunner().invoke(cli.app, said)

    assert [one["npi"] for one in json.loads(done.stdout)] == [REAL[2]]


@pytest.mark.slow
def test_imported_clinicians_treat_only_who_asks_for_them(full: Home) -> None:
    assert not reference_for(full, houston()).versions
    asked = reference_for(full, houston(**ASKED), [journey(visit("v", 1))])

    assert set(asked.versions) == {"nppes", "cms-hospitals"}
    assert asked.directory.sources == {"clinicians": "nppes", "hospitals": "cms-hospitals"}


@pytest.mark.slow
def test_a_scenario_with_imported_clinicians_is_whole(
    full: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "NAMED", OF_CLINICIANS)
    steps = [visit("pcp", 1), visit("heart", 9, specialty="cardiology")]
    record = generate.start(full, houston(**ASKED), [journey(*steps)])
    record = generate.join(full, record.run_id, PATIENCE)
    path = full.runs / f"{record.run_id}.duckdb"
    with duckdb.connect(str(path), read_only=True) as file:
        real = dict(
            file.sql("SELECT npi, specialty FROM providers WHERE source = 'nppes'").fetchall()
        )
        billed = {npi for (npi,) in file.sql("SELECT DISTINCT billing_npi FROM claims").fetchall()}

    assert record.status == "done", record.error
    assert real[REAL[2]] == "cardiology"
    assert {npi for npi, what in real.items() if what == "family medicine"} <= set(REAL[:2])
    assert REAL[2] in billed
    assert [one.check for one in integrity.check(path) if one.rows] == []
    clinicians, hospitals = network.directory_note(path)
    assert clinicians.startswith(f"{len(real)} of ")
    assert "internal medicine" in clinicians
    assert "Every patient is invented" in clinicians
    assert hospitals.startswith("0 of 0 hospitals")


def test_nothing_imported_is_refused_with_what_to_import(home: Home) -> None:
    with pytest.raises(NotFound, match="healthsim reference import nppes FILE"):
        generate.start(home, houston(**ASKED), [journey(visit("v", 1))])
