"""Previews: the very people of the run, and counts that the run then has."""

from __future__ import annotations

import json
import re
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from execution.families import family
from healthsim.addresses import BLOCK
from healthsim.building import templates
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.operations import estimate, generate, runs, scenarios, throughput
from healthsim.operations.home import Home
from healthsim.operations.throughput import Throughput
from processes import PATIENCE

PROFILE = templates.load("medicare-diabetic").fresh() | {"count": 300}
CHART: dict[str, Any] = {"products": ["patientsim"], "detail": "core"}
JOURNEY = templates.load("diabetic-first-year").fresh()


@pytest.mark.slow
def test_a_preview_shows_the_people_and_foretells_the_rows_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput, "LOOKED_AT", 200)
    monkeypatch.setattr(throughput, "MOST_LOOKED_AT", 200)
    many = PROFILE | {"count": 500}
    seen = estimate.preview(many, [JOURNEY], sample=3)
    home = Home(tmp_path)
    started = generate.start(home, many, [JOURNEY])
    record = generate.join(home, started.run_id, PATIENCE)
    names, rows = scenarios.sample(runs.file(home, record.run_id), "patients", 3)
    made = [dict(zip(names, row, strict=True)) for row in rows]

    assert [[row[0], row[1]] for row in seen.people] == [
        [person["person_id"], f"{person['given_name']} {person['family_name']}"] for person in made
    ]
    assert seen.count == 500
    for table, expected in seen.expected.items():
        assert abs(record.counts[table] - expected) <= 0.15 * expected + 20, table
    size = (tmp_path / "runs" / f"{record.run_id}.duckdb").stat().st_size / 1e6
    assert size / 1.5 < seen.megabytes < size * 1.5


@pytest.mark.slow
def test_another_seed_shows_other_people() -> None:
    one = estimate.preview(PROFILE | CHART, [], seed=1)
    two = estimate.preview(PROFILE | CHART, [], seed=2)

    assert one.people != two.people


@pytest.mark.slow
def test_quick_people_are_linked_plain_and_in_order_of_days() -> None:
    people = estimate.quick(PROFILE | {"count": 5}, [JOURNEY])

    assert json.loads(json.dumps(people)) == people
    assert [person["person_id"] for person in people] == [101, 201, 301, 401, 501]
    for person in people:
        days = [row[0] for row in person["encounters"]]
        assert days == sorted(days)
        assert person["claims"]
        assert all(len(row) == len(estimate.VIEWS[key])
                   for key in estimate.VIEWS for row in person.get(key, ()))  # fmt: skip


@pytest.mark.slow
def test_a_list_that_is_cut_says_of_how_many() -> None:
    run = prepare(PROFILE | {"count": 5}, [JOURNEY])
    chunk = next(chunk for chunk in chunks(run) if "patients" in chunk.tables)
    for person in estimate.quick(PROFILE | {"count": 5}, [JOURNEY]):
        for key, table, _, most in estimate._VIEWS:
            ids = chunk.tables.get(table, {}).get("person_id", np.zeros(0))
            rows = int((np.asarray(ids) == person["person_id"]).sum())
            said = f"{most} of {rows}" if rows > most else None
            assert person.get("cut", {}).get(key) == said
            assert len(person.get(key, ())) == min(rows, most)
        assert "role" not in person
        assert "people_shown" not in person


def test_people_who_are_not_shown_are_counted() -> None:
    children = {"children": {"number": 10}, "spouse": {"share": 1}}
    people = estimate.quick(family(count=1, household=children), [])

    assert len(people) == 10
    assert people[0]["people_shown"] == "10 of 12"
    assert [one["role"] for one in people[:3]] == ["self", "spouse", "child"]


@pytest.mark.parametrize(
    ("profile", "journeys", "people", "notes"),
    [({}, [], [{}], ["No coverage, claims and fills", "No visits, results: "]),
     ({"coverage": {"plan": {}}}, [], [{}], ["No visits, results and claims"]),
     ({"coverage": {"plan": {}}}, [], [{"encounters": []}], []),
     ({"coverage": {"plan": {}}}, [{}], [{"encounters": []}] * 2, []),
     ({"coverage": {"plan": {}}}, [{}], [{"role": "self"}, {"encounters": []}, {"person_id": 7}],
      ["No visits of self, 7: no journey is for them"]),
     ({}, [{}], [{"encounters": []}], ["No coverage"]),
     ({"coverage": {"plan": {}}, "products": ["membersim"]}, [], [{}], ["No chart"])],
)  # fmt: skip
def test_what_quick_people_lack_has_one_note(
    profile: dict[str, Any], journeys: list[Any], people: list[Any], notes: list[str]
) -> None:
    found = estimate.missing_parts(profile, journeys, people)

    assert len(found) == len(notes)
    assert all(one.startswith(start) for one, start in zip(found, notes, strict=True))


def test_people_of_a_payer_alone_are_shown_from_the_payers_side() -> None:
    payer = PROFILE | {"count": 3, "products": ["membersim"]}

    assert all(person["name"] and person["claims"] for person in estimate.quick(payer, [JOURNEY]))


@pytest.mark.slow
def test_a_preview_warns_of_what_comes_to_none_of_these_people() -> None:
    young = {"do": "event", "id": "young", "type": "encounter", "at": 3, "when": "age < 40",
             "details": {"procedures": ["99213"]}}  # fmt: skip
    phases = [*JOURNEY["phases"], {"name": "more", "steps": [young]}]
    seen = estimate.preview(PROFILE | CHART, [JOURNEY | {"phases": phases}])

    assert any("step 'young' never happens" in one for one in seen.warnings), seen.warnings
    assert estimate.preview(PROFILE | CHART, [JOURNEY]).warnings == []


@pytest.mark.slow
def test_a_preview_warns_where_none_of_many_drawn_people_is_eligible() -> None:
    many = PROFILE | CHART | {"count": 3000}
    rare = JOURNEY | {"eligible": "has('E11') and a1c > 12.9 and age > 94"}
    seen = estimate.preview(many, [rare])

    assert "is true for none of the first 2,000 people" in seen.warnings[0]


@pytest.mark.slow
def test_families_are_counted_by_what_their_people_have() -> None:
    home = {"spouse": {"share": 1}, "children": {"number": 2, "age": 9}}
    family = templates.load("commercial-healthy").fresh()
    family |= CHART | {"count": 600, "unit": "family", "household": home}
    expected = estimate.preview(family, []).expected

    assert 2000 <= expected["patients"] <= 2400


def _throughput(**changes: float) -> Throughput:
    known = {"census": 10.0, "chunk": 0.0, "unit": 0.001, "storing": 0.0053, "size": 10_000.0}
    return Throughput(tables={}, looked_at=500, **(known | changes))


def test_a_lake_takes_less_time_with_more_workers_but_not_more_workers_than_blocks() -> None:
    four_blocks = 4 * BLOCK
    times = [_throughput().lake_seconds(four_blocks, number) for number in (1, 2, 4, 8)]

    assert times[0] == pytest.approx(10.7 + four_blocks * (0.001 + 0.0043))
    assert times[1] - 10.7 == pytest.approx((times[0] - 10.7) / 2)
    assert times[2] - 10.7 == pytest.approx((times[0] - 10.7) / 4)
    assert times[3] == times[2]


def test_memory_of_a_worker_is_of_a_block_whatever_the_count() -> None:
    known = _throughput()

    assert known.worker_megabytes(BLOCK) == known.worker_megabytes(100_000_000)
    assert known.worker_megabytes(BLOCK) == pytest.approx(200 + 10_000 * BLOCK * 2.1 / 1e6)
    assert known.worker_megabytes(100) < 203


@pytest.mark.parametrize("count", [249_999, 250_000, 100_000_000])
def test_time_memory_and_disk_of_a_large_run_are_said(count: int, tmp_path: Path) -> None:
    said = list(estimate.size_warnings(_throughput(size=0.1), count, Home(tmp_path)))

    assert len(said) == (count >= 250_000)
    if said:
        assert re.match(rf"{count:,} units become a lake: about .* GB of memory", said[0])
        assert "by 8 workers" in said[0]


@pytest.mark.parametrize(("free", "short"), [(1000, True), (1100, False)])
def test_a_disk_without_room_is_said_with_what_to_do(
    free: int, short: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(estimate, "disk_usage", lambda _: usage(free * 1_000_000))
    known = _throughput(size=32_800)  # 100,000 people: 1,053.1 MB as one file
    said = list(estimate.size_warnings(known, 100_000, Home(tmp_path / "not" / "there")))

    assert len(said) == short
    assert all("has 1.0 GB free" in one for one in said)
    assert all("needs about 1.1 GB" in one and "set HEALTHSIM_HOME" in one for one in said)
