"""Templates of the library, run as they stand: what the tests and the proofs of them share."""

from __future__ import annotations

import json
from atexit import register
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import numpy as np

from healthsim import library
from healthsim.audit import integrity
from healthsim.errors import SpecError
from healthsim.execution.job import Job
from healthsim.execution.prepare import prepare
from healthsim.execution.run import Chunk, chunks
from healthsim.operations import generate
from healthsim.operations.home import Home
from healthsim.operations.making import Engine, add_tallies
from healthsim.persistence.database import open_read
from healthsim.persistence.scenario import read_manifest
from healthsim.tables import Coded, Columns, join

SHELF = Path(str(library.library_folder("templates")))
FILES = sorted(SHELF.glob("*/*.json"))
PROFILES = [path.stem for path in FILES if path.parent.name == "profiles"]
JOURNEYS = [path.stem for path in FILES if path.parent.name == "journeys"]
LEAST = 0.2
"""Share of a profile's people who must be able to walk a journey for the two to be a pair."""
RARE = ("commercial-pediatric", "pediatric-asthma-year")
"""A pair although fewer can walk the journey: no profile has a fifth who can."""
DAILY = (
    ("bariatric-candidates", "outpatient-procedure-episode"),
    ("cardiac-surgery-candidates", "statin-adherence"),
    ("chip-children", "new-member-onboarding"),
    ("commercial-diabetic", "bariatric-episode"),
    ("commercial-family", "annual-wellness"),
    ("commercial-healthy", "cardiac-surgery-episode"),
    ("commercial-high-cost", "phase-1-dose-escalation"),
    ("commercial-maternity", "pregnancy"),
    RARE,
    ("diabetes-trial-candidates", "phase-3-trial"),
    ("medicaid-adult", "emergency-visit-episode"),
    ("medicaid-diabetic", "diabetic-annual"),
    ("medicaid-pediatric", "disenrolment"),
    ("medicare-advantage-complex", "annual-enrolment"),
    ("medicare-ckd", "diabetic-first-year"),
    ("medicare-copd", "copd-year"),
    ("medicare-diabetic", "ckd-lifecycle"),
    ("medicare-diabetic", "surgical-episode"),
    ("medicare-general", "care-transition"),
    ("medicare-heart-failure", "heart-failure-exacerbation"),
    ("medicare-heart-failure", "heart-failure-first-year"),
    ("newborn", "well-child-schedule"),
    ("oncology-trial-candidates", "oncology-treatment-cycle"),
    ("woman-58", "hero-infarction"),
)
"""Pairs that `make test` runs with some hundred people: every profile and every journey that a
fifth of one can walk, and `RARE`. `make proofs` runs all such pairs at 1,000
(`proofs/test_all_pairs.py`)."""

TOGETHER = (
    ("medicare-diabetic", ("new-member-onboarding", "diabetic-first-year", "surgical-episode")),
    ("medicare-diabetic", ("diabetic-annual", "care-transition", "emergency-visit-episode")),
    ("medicaid-pediatric", ("pediatric-asthma-year", "well-child-schedule", "disenrolment")),
)
"""Runs of several journeys at once."""

AUDITED = (
    TOGETHER[0],
    ("commercial-maternity", ("pregnancy",)),
)
"""Pinned runs that `make test` makes in `test_templates.py`, and `make proofs` audits as they are:
surgery, stays, births. Daily the demo's run is audited, a pregnancy in
`audit/test_members_audited.py`, a trial in `audit/test_trials.py`, vaccines and deaths where
everything happens to somebody (`promises/test_scenario_in_sql.py`, `test_families.py`). `make
proofs` audits every pair."""


def load(name: str) -> dict[str, Any]:
    (path,) = SHELF.glob(f"*/{name}.json")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def job_of(
    profile: str,
    journeys: tuple[str, ...],
    count: int,
    products: list[str] | None = None,
    detail: str = "",
) -> Job:
    document, walked = load(profile) | {"count": count}, [load(name) for name in journeys]
    if detail:
        document["detail"] = detail
    if products:
        document["products"] = products
    if any("trial" in one for one in walked):
        document["products"] = list(dict.fromkeys([*document["products"], "trialsim"]))
    return prepare(document, walked)


def whole(pieces: list[dict[str, Columns]]) -> dict[str, Columns]:
    found: dict[str, list[Columns]] = {}
    for tables in pieces:
        for name, columns in tables.items():
            found.setdefault(name, []).append(columns)
    return {
        name: {column: join([piece[column] for piece in parts]) for column in parts[0]}
        for name, parts in found.items()
    }


def run(
    profile: str, journeys: tuple[str, ...], count: int, products: list[str] | None = None
) -> dict[str, Columns]:
    """Run templates and return every older table whole."""
    job = job_of(profile, journeys, count, products, detail="core")
    return whole([chunk.tables for chunk in chunks(job)])


BIRTHS = ("commercial-maternity", ("pregnancy",), 75)
CANCERS = ("oncology-trial-candidates", ("oncology-treatment-cycle",), 10)
HEARTS = ("medicare-heart-failure", ("heart-failure-exacerbation",), 60)
KNEES = ("medicare-diabetic", ("diabetic-annual", "surgical-episode"), 60)
"""Runs that tests of several files read: `charts(*KNEES)`, or as a file `chart_file(*KNEES)`."""


@cache
def eligible(profile: str, journey: str) -> float:
    """Return the share of a profile's people who can walk a journey: 400 are asked."""
    document = load(journey)
    mark = {"do": "event", "id": "mark", "type": "referral", "details": {"specialty": "urology"}}
    kept = ("kind", "name", "title", "duration_days", "eligible", "begins")
    asked = {key: document[key] for key in kept if key in document} | {
        "phases": [{"name": "mark", "steps": [mark]}]
    }
    people = load(profile) | {"count": 400, "products": ["patientsim"], "expectations": []}
    try:
        job = prepare(people, [asked])
    except SpecError:
        return 0.0  # the door itself finds that nobody can
    tables = whole([chunk.tables for chunk in chunks(job)])
    return rows_of(tables["events"]) / rows_of(tables["patients"]) if "events" in tables else 0.0


def walked_by(profile: str) -> list[str]:
    """Return the journeys that a profile is a pair with: a fifth can walk them, or `RARE`."""
    return [name for name in JOURNEYS if is_pair(profile, name)]


def is_pair(profile: str, journey: str) -> bool:
    if load(journey).get("begins") == "birth":
        return False
    return (profile, journey) == RARE or eligible(profile, journey) >= LEAST


def rows_of(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def equals(column: object, text: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    assert isinstance(column, Coded)
    return column.equals(text)


def missed(profile: str, journey: str, count: int) -> list[str]:
    """Run a pair with some people; return what it expects and does not get.

    Rows of charts are the same without bills, so that bills are made only for who speaks of them.
    """
    try:
        job = job_of(profile, (journey,), count, ["patientsim"], detail="core")
    except SpecError:  # it speaks of other products, or of more tables
        job = job_of(profile, (journey,), count)
    totals: list[tuple[int, int]] = []
    happened = 0
    for chunk in chunks(job):
        totals = add_tallies(totals, chunk.tallies)
        happened += rows_of(chunk.tables["events"]) if "events" in chunk.tables else 0
    return ([] if happened else [f"{profile}, {journey}: nothing happened"]) + [
        f"{profile}, {journey}: {one['expectation']}, got {one['got']}"
        for one in job.judge(totals)
        if not one["met"]
    ]


def stored(folder: Path, profile: str, journeys: tuple[str, ...], count: int) -> Path:
    """Run templates and return the file of the finished run."""
    home = Home(folder)
    record = generate.run(home, job_of(profile, journeys, count))
    return home.runs / f"{record.run_id}.duckdb"


@cache
def kept(profile: str, journeys: tuple[str, ...], count: int) -> Path:
    """Return the file of a finished run that this process makes once, for tests that only read."""
    folder = mkdtemp(prefix="kept-")
    register(rmtree, folder, ignore_errors=True)
    return stored(Path(folder), profile, journeys, count)


def charts(profile: str, journeys: tuple[str, ...], count: int) -> dict[str, Columns]:
    """Return the tables of full charts, which this process makes once; nobody changes them."""
    return _charted(profile, journeys, count)[2]


@cache
def chart_file(profile: str, journeys: tuple[str, ...], count: int) -> Path:
    """Return the file of the run whose tables `charts` returns, for tests that only read."""
    folder = mkdtemp(prefix="charts-")
    register(rmtree, folder, ignore_errors=True)
    job, made, _ = _charted(profile, journeys, count)
    made_before = Engine(prepare, lambda _, **__: iter(made))
    record = generate.run(Home(Path(folder)), job, engine=made_before)
    return Home(Path(folder)).runs / f"{record.run_id}.duckdb"


@cache
def _charted(
    profile: str, journeys: tuple[str, ...], count: int
) -> tuple[Job, list[Chunk], dict[str, Columns]]:
    asked = {"count": count, "products": ["patientsim"], "expectations": []}
    job = prepare(load(profile) | asked, [load(name) | {"expectations": []} for name in journeys])
    made = list(chunks(job))
    return job, made, whole([chunk.tables for chunk in made])


def broken_rules(file: Path) -> list[str]:
    """Return the rules of the audit that a stored run breaks, with how many rows and one of them.

    They are the rules of every scenario: results follow from their inputs, stages of kidney
    disease show, nobody is in two beds or has a visit or a fill in one, conditions of a pregnancy
    begin in it, vaccines keep their ages and intervals, and no drug is taken that is unsafe.
    """
    found = integrity.check(file)
    return [f"{one.check}: {one.rows} rows, {one.where}" for one in found if one.rows]


def unmet(file: Path) -> list[str]:
    """Return what a stored run expects and does not get."""
    with open_read(file) as connection:
        expectations = read_manifest(connection, file).expectations
    return [f"{one['expectation']}, got {one['got']}" for one in expectations if not one["met"]]
