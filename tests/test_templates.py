"""Every template is valid, runs, says where its figures come from, and keeps its calibration."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from healthsim import library
from healthsim.errors import SpecError
from healthsim.execution.job import Job
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.operations.generate import added
from healthsim.tables import Coded, Columns, join

SHELF = Path(str(library.shelf("templates")))
FILES = sorted(SHELF.glob("*/*.json"))
SECTIONS = (SHELF / "README.md").read_text(encoding="utf-8").split("\n## ")
PROFILES = [path.stem for path in FILES if path.parent.name == "profiles"]
JOURNEYS = [path.stem for path in FILES if path.parent.name == "journeys"]
LEAST = 0.2
"""Share of a profile's people who must be able to walk a journey for the two to be a pair."""
TOGETHER = [
    ("medicare-diabetic", ("new-member-onboarding", "diabetic-first-year", "surgical-episode")),
    ("medicare-diabetic", ("diabetic-annual", "care-transition", "emergency-visit-episode")),
    ("medicaid-pediatric", ("pediatric-asthma-year", "well-child-schedule", "disenrolment")),
]


def _load(name: str) -> dict[str, Any]:
    (path,) = SHELF.glob(f"*/{name}.json")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _job(
    profile: str, journeys: tuple[str, ...], count: int, products: list[str] | None = None
) -> Job:
    document, walked = _load(profile) | {"count": count}, [_load(name) for name in journeys]
    if products:
        document["products"] = products
    if any("trial" in one for one in walked):
        document["products"] = list(dict.fromkeys([*document["products"], "trialsim"]))
    return prepare(document, walked)


def _whole(pieces: list[dict[str, Columns]]) -> dict[str, Columns]:
    found: dict[str, list[Columns]] = {}
    for tables in pieces:
        for name, columns in tables.items():
            found.setdefault(name, []).append(columns)
    return {
        name: {column: join([piece[column] for piece in parts]) for column in parts[0]}
        for name, parts in found.items()
    }


def _run(
    profile: str, journeys: tuple[str, ...], count: int, products: list[str] | None = None
) -> dict[str, Columns]:
    """Run templates and return every table whole."""
    job = _job(profile, journeys, count, products)
    return _whole([chunk.tables for chunk in chunks(job)])


@cache
def _eligible(profile: str, journey: str) -> float:
    """Return the share of a profile's people who can walk a journey: 400 are asked."""
    whole = _load(journey)
    mark = {"do": "event", "id": "mark", "type": "referral", "details": {"specialty": "urology"}}
    kept = ("kind", "name", "title", "duration_days", "eligible", "begins")
    asked = {key: whole[key] for key in kept if key in whole} | {
        "phases": [{"name": "mark", "steps": [mark]}]
    }
    document = _load(profile) | {"count": 400, "products": ["patientsim"], "expectations": []}
    try:
        job = prepare(document, [asked])
    except SpecError:
        return 0.0  # the door itself finds that nobody can
    tables = _whole([chunk.tables for chunk in chunks(job)])
    return _rows(tables["events"]) / _rows(tables["patients"]) if "events" in tables else 0.0


def _walked(profile: str) -> list[str]:
    return [
        name
        for name in JOURNEYS
        if _load(name).get("begins") != "birth" and _eligible(profile, name) >= LEAST
    ]


def _rows(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def _is(column: object, text: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    assert isinstance(column, Coded)
    return column.equals(text)


def _figures(value: Any, key: str = "") -> Iterator[float]:
    """Yield every share, mean and sd of a specification."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _figures(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _figures(inner, key)
    elif (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (key in ("mean", "sd") or 0 < value < 1)
    ):
        yield abs(value)


def _section(name: str) -> str:
    return next(part for part in SECTIONS if part.startswith(f"{name}\n"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_template_is_written_canonically_and_named_as_its_file(path: Path) -> None:
    text = path.read_bytes().decode()
    document = json.loads(text)

    assert text == json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    assert document["name"] == path.stem
    assert document["kind"] == path.parent.name.removesuffix("s")
    assert document["title"]
    assert document["description"]


def test_every_template_is_run_with_another() -> None:
    run = {name for profile, journeys in TOGETHER for name in (profile, *journeys)}
    for profile in PROFILES:
        run |= {profile, *_walked(profile)} if _walked(profile) else set()

    assert {path.stem for path in FILES} - run == set()


@pytest.mark.parametrize("profile", PROFILES)
def test_all_journeys_that_a_fifth_of_a_profile_can_walk_come_out_as_they_expect(
    profile: str,
) -> None:
    missed: list[str] = []
    for name in _walked(profile):
        job = _job(profile, (name,), 1000)
        totals: list[tuple[int, int]] = []
        happened = 0
        for chunk in chunks(job):
            totals = added(totals, chunk.tallies)
            happened += _rows(chunk.tables["events"]) if "events" in chunk.tables else 0
        missed += [] if happened else [f"{name}: nothing happened"]
        missed += [
            f"{name}: {one['expectation']}, got {one['got']}"
            for one in job.judged(totals)
            if not one["met"]
        ]

    assert missed == []


@pytest.mark.parametrize(("profile", "journeys"), TOGETHER, ids=lambda found: str(found))
def test_journeys_run_together(profile: str, journeys: tuple[str, ...]) -> None:
    tables = _run(profile, journeys, 200)

    assert _rows(tables["patients"]) == 200
    assert _rows(tables["members"]) == 200
    walked = tables["events"]["journey"]
    for name in journeys:
        assert _is(walked, name).any()
    assert _rows(tables["claims"]) > 0
    assert _rows(tables["fills"]) > 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_share_and_mean_has_its_source_in_the_readme(path: Path) -> None:
    section = _section(path.stem)
    missing = [
        figure
        for figure in dict.fromkeys(f"{figure:g}" for figure in _figures(_load(path.stem)))
        if not re.search(rf"(?<![\d.]){re.escape(figure)}(?!\d|\.\d)", section)
    ]

    assert missing == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_figure_of_the_readme_is_sourced_with_its_year_or_called_an_assumption(
    path: Path,
) -> None:
    lines = [line for line in _section(path.stem).splitlines() if line.startswith("| ")][1:]
    bare = [
        line
        for line in lines
        if not re.search(r"\b(19|20)\d\d\b", line.split("|")[3])
        and not any(mark in line.split("|")[4] for mark in "AMD")
    ]
    silent = [
        line for line in lines if line.split("|")[4].strip() == "A" and "the user's" not in line
        and "assumption" not in line and "definition" not in line and "reference user" not in line
    ]  # fmt: skip

    assert len(lines) >= 10
    assert bare == []
    assert silent == []


def test_22_percent_take_a_second_agent_at_six_months_because_their_a1c_is_above_8() -> None:
    tables = _run("medicare-diabetic", ("diabetic-first-year",), 20_000, ["patientsim"])
    events, labs = tables["events"], tables["lab_results"]
    second = _is(events["option"], "second agent")
    at_six_months = _is(events["step"], "a1c") & (events["occurrence"] == 2)
    ids = events["event_id"]
    results = labs["value"][np.isin(labs["event_id"], ids[at_six_months])]
    of_whom = labs["person_id"][np.isin(labs["event_id"], ids[at_six_months])]

    assert abs(second.sum() / 20_000 - 0.22) < 0.02
    assert np.array_equal(
        np.sort(events["person_id"][second]), np.sort(of_whom[results > 8.0])
    )  # exactly those, and for this reason


def test_the_reference_pair_has_visits_and_labs_enough_and_rows_not_too_many() -> None:
    tables = _run("medicare-diabetic", ("diabetic-first-year",), 4_000)
    per_person = {name: _rows(columns) / 4_000 for name, columns in tables.items()}

    assert per_person["encounters"] >= 4
    assert per_person["lab_results"] >= 8
    assert 80 <= sum(per_person.values()) <= 100


def test_lipids_of_one_draw_obey_their_relation() -> None:
    labs = _run("medicare-diabetic", ("diabetic-first-year",), 500, ["patientsim"])["lab_results"]
    mine = [_is(labs["loinc"], code) for code in ("13457-7", "2085-9", "2093-3", "2571-8")]
    ldl, hdl, total, triglycerides = (
        labs["value"][rows][np.argsort(labs["event_id"][rows])] for rows in mine
    )

    assert len(ldl) == len(total) == len(triglycerides)
    assert np.abs(total - ldl - hdl - triglycerides / 5).max() <= 0.5


def test_bloods_of_a_wellness_visit_agree_with_the_chart_and_each_other() -> None:
    tables = _run("medicare-general", ("annual-wellness",), 1_000, ["patientsim"])
    labs, conditions = tables["lab_results"], tables["conditions"]
    mine = {code: _is(labs["loinc"], code) for code in ("98979-8", "2160-0", "13457-7", "2093-3")}
    egfr, creatinine, ldl, total = (
        labs["value"][rows][np.argsort(labs["event_id"][rows])] for rows in mine.values()
    )
    kidneys = conditions["person_id"][_is(conditions["code"], "N18.30")]
    theirs = mine["98979-8"] & np.isin(labs["person_id"], kidneys)

    assert theirs.sum() > 50
    assert (labs["value"][theirs] >= 30).all()
    assert (labs["value"][theirs] < 60).all()
    assert np.abs(creatinine - 62 / egfr - 0.1).max() < 0.3
    assert (total > ldl + 22).all()


def test_images_alone_open_no_operating_room() -> None:
    products = ["patientsim", "membersim"]
    seen = {
        template: _run(profile, (template,), 400, products)["claim_lines"]["revenue_code"]
        for profile, template in (
            ("medicare-general", "annual-wellness"),
            ("oncology-trial-candidates", "oncology-treatment-cycle"),
        )
    }

    assert _is(seen["annual-wellness"], "0403").any()
    assert not _is(seen["annual-wellness"], "0360").any()
    assert not _is(seen["annual-wellness"], "0510").any()
    assert _is(seen["oncology-treatment-cycle"], "0320").any()


def test_drugs_of_one_class_exclude_each_other_and_keep_their_shares() -> None:
    written = _run("medicare-general", ("annual-wellness",), 3_000)["prescriptions"]
    taking = {
        drug: set(written["person_id"][_is(written["ingredient"], drug)])
        for drug in ("lisinopril", "losartan", "atorvastatin", "rosuvastatin", "omeprazole",
                     "pantoprazole", "sertraline", "escitalopram")
    }  # fmt: skip

    pairs = list(zip(list(taking)[::2], list(taking)[1::2], strict=True))
    assert [pair for pair in pairs if taking[pair[0]] & taking[pair[1]]] == []
    assert abs(len(taking["pantoprazole"]) / 3_000 - 0.2) < 3 * math.sqrt(0.2 * 0.8 / 3_000)


def test_readmissions_after_a_knee_replacement_are_near_the_published_share() -> None:
    count = 6_000
    tables = _run("medicare-diabetic", ("surgical-episode",), count, ["patientsim"])
    admitted = _is(tables["events"]["option"], "emergency visit, admitted").sum() / count

    assert abs(admitted - 0.056) < 3 * math.sqrt(0.056 * 0.944 / count)


def test_the_surgeon_s_visits_inside_the_global_period_are_not_paid() -> None:
    tables = _run("medicare-diabetic", ("surgical-episode",), 300)
    lines = tables["claim_lines"]
    after = _is(lines["procedure"], "99024")

    assert after.any()
    assert (lines["plan_paid_usd"][after] == 0).all()
    assert (lines["plan_paid_usd"][_is(lines["procedure"], "27447")] > 0).any()
