"""Rows of every table of several runs have a line or a rule, and a reason: none is left unknown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest

from healthsim.execution.job import Job
from healthsim.execution.passes.rehearsal import settle_population_steps
from healthsim.execution.people.population_pass import PopulationPass
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.execution.trace.trace import UnitTrace, trace_unit
from healthsim.operations.estimate import cells
from healthsim.operations.explaining.case import Documents, Reasons, RowCase, plain_rows
from healthsim.operations.explaining.explain import reasons_of
from healthsim.products.catalogue import NOT_PER_PERSON, TABLES
from healthsim.tables import Coded, Table
from storing import spec
from template_runs import load

RUNS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "diabetes": ("medicare-diabetic", ("new-member-onboarding", "diabetic-first-year"), 20),
    "families": ("commercial-family", ("annual-wellness", "care-transition"), 8),
    "births": ("commercial-maternity", ("pregnancy",), 2),
    "trial": ("diabetes-trial-candidates", ("phase-3-trial",), 12),
    "lungs": ("medicare-copd", ("copd-year",), 12),
    "kidneys": ("medicare-ckd", ("ckd-lifecycle",), 1),
    "heart": ("woman-58", ("hero-infarction",), 1),
    "payer alone": ("medicare-general", ("annual-enrolment",), 10),
    "leaving": ("medicaid-pediatric", ("pediatric-asthma-year", "disenrolment"), 6),
}
_FAMILY = {
    "kind": "profile", "name": "listed-members", "count": 4, "unit": "family",
    "products": ["patientsim", "membersim"],
    "demographics": {"age": {"type": "uniform", "low": 32, "high": 44}, "gender": {"M": 1}},
    "household": {"members": [
        {"role": "self", "conditions": [{"code": "I10"}]},
        {"role": "spouse", "gender": "F", "age": {"type": "uniform", "low": 30, "high": 40},
         "pregnant": {"weeks": 20}},
        {"role": "child", "age": 6, "conditions": [{"code": "J45.20", "share": 0.9}]}]},
    "coverage": {"plan": {"Commercial-PPO": 1}},
}  # fmt: skip
EACH_TIME = ("births", "kidneys", "every event", "listed members", "graded")
"""Runs that have rows of every table, units of several people, and stages of a disease."""
CORE = ("births", "kidneys", "leaving", "trial")
"""Runs without charts: `every event` has rows of those tables."""
EACH, UNITS = 2, 2
"""Rows of each table of each unit, and units of each run, that are explained."""


def _proof(name: str) -> Any:
    return pytest.param(name, marks=pytest.mark.proof)


def _job(name: str) -> Job:
    if name == "listed members":
        return prepare(_FAMILY)
    if name == "every event":
        adults = spec("every-event-adults") | {"count": 6, "safety": {"allow_violations": 1.0}}
        for one in adults["clinical"]["comorbidities"]:
            one["share"] = 1 if one["code"] == "I50.22" else one["share"]
        return prepare(adults, [spec("every-event")])
    if name == "graded":
        high = {"loinc": "2160-0", "result": 2.4}
        text = json.dumps(spec("trial")).replace('{"loinc": "2160-0"}', json.dumps(high))
        return prepare(spec("trial-candidates") | {"count": 40}, [json.loads(text)])
    profile, journeys, count = RUNS[name]
    walked = [load(journey) | {"expectations": []} for journey in journeys]
    document = load(profile) | {"count": count, "expectations": []}
    if name in CORE:
        document["detail"] = "core"
    if name == "kidneys":
        document["products"] = ["patientsim"]  # stages are what it is for
        walked[0]["duration_days"] = 1_100
    if name == "payer alone":
        document["products"] = ["membersim", "rxmembersim"]
    if any("trial" in journey for journey in walked):
        document["products"] = list(dict.fromkeys([*document["products"], "trialsim"]))
    return prepare(document, walked)


@cache
def _cases_of(name: str) -> tuple[RowCase, ...]:
    """Return rows of every table of a run."""
    return tuple(_cases(_job(name)))


def _cases(job: Job) -> Iterator[RowCase]:
    """Yield rows of every table: of the units to whom most happens, and of what is of nobody."""
    documents = Documents(json.loads(job.profile_text), [json.loads(x) for x in job.journey_texts])
    settled = settle_population_steps(job)
    *pieces, last = chunks(job)
    people = [piece.tables["events"]["person_id"] for piece in (*pieces, last)
              if "events" in piece.tables]  # fmt: skip
    happened = np.concatenate([np.asarray(who) // 100 for who in people])
    units = sorted(range(1, min(job.count, 6) + 1), key=lambda unit: -(happened == unit).sum())
    for trace in (trace_unit(job, unit, settled) for unit in units[:UNITS]):
        for table in job.tables:
            if table.name not in NOT_PER_PERSON:
                for row in _some(table, trace):
                    yield RowCase(table, row, job, documents, trace)
    for table in job.tables:
        if table.name in NOT_PER_PERSON:
            columns = last.tables[table.name]
            values = [cells(array, table.by_name[name].type, np.arange(min(EACH, len(array))))
                      for name, array in columns.items()]  # fmt: skip
            for cell in zip(*values, strict=True):
                yield RowCase(table, dict(zip(columns, cell, strict=True)), job, documents)


def _some(table: Table, trace: UnitTrace) -> list[dict[str, Any]]:
    """Return rows of a unit, spread over the table."""
    rows = list(plain_rows(trace, table.name)) if trace.tables[table.name] else []
    return rows[:: max(1, len(rows) // EACH)][: EACH + 1]


def _faults(reasons: Reasons) -> Iterator[str]:
    if len(reasons.made_by) < 2:
        yield "no line or rule beside that of the table"
    if not reasons.because:
        yield "no reason"
    text = str([reasons.made_by, reasons.because])
    if found := re.search(r"unknown|\bNone\b|\bnan\b|not stated", text):
        yield f"says {found[0]}"
    yield from (f"misdated: {line}" for line in reasons.because if _misdated(line))
    for line in reasons.because:
        if line.startswith("chance: "):
            uniform, share = (float(one) for one in re.findall(r"\d+(?:\.\d+)?", line)[:2])
            if not uniform < share:
                yield f"a chance that was not taken: {line}"


_DAY = re.compile(r"(?:in \w+: )?day (\S+): (\d{4}-\d\d-\d\d) \([^)]*\)([^;]*)")


def _misdated(line: str) -> bool:
    """Tell whether a day is not the sum of what it is counted from, where nothing moved it."""
    told = _DAY.fullmatch(line)
    if told is None or " gives " in line or "business days" in line or "month" in line:
        return False
    shifts = [int(one) for one in re.findall(r", ([+-]\d+) (?:days|of ±)", told[3])]
    counted = date.fromisoformat(told[2]) + timedelta(days=sum(shifts))
    return counted.isoformat() != told[1]


def _size(reasons: Reasons) -> int:
    return len(str([reasons.made_by, reasons.because, reasons.draws]))


def _condition(profile: dict[str, Any], code: str, unit: int) -> Reasons:
    """Return why the anchor of a unit has a condition."""
    job, settled = _settled(json.dumps(profile))
    documents = Documents(json.loads(job.profile_text), [])
    trace = trace_unit(job, unit, settled)
    table = next(table for table in TABLES if table.name == "conditions")
    row = next(row for row in plain_rows(trace, "conditions") if row["code"] == code)
    return reasons_of(RowCase(table, row, job, documents, trace))


@cache
def _settled(profile: str) -> tuple[Job, PopulationPass]:
    job = prepare(json.loads(profile))
    return job, settle_population_steps(job)


def _holders(profile: dict[str, Any], code: str) -> list[int]:
    """Return the units whose anchors have a condition."""
    tables = [chunk.tables for chunk in chunks(prepare(profile))]
    columns = tables[0]["conditions"]
    codes = columns["code"]
    assert isinstance(codes, Coded)
    return (np.asarray(columns["person_id"])[codes.equals(code)] // 100).tolist()


def _profile(**changed: Any) -> dict[str, Any]:
    return {
        "kind": "profile", "name": "counted", "count": 24, "seed": 3, "products": ["patientsim"],
        "detail": "core",
        "demographics": {"age": {"type": "uniform", "low": 30, "high": 80}},
        "clinical": {"comorbidities": [{"code": "I10", **changed}]},
    }  # fmt: skip


def test_a_day_that_does_not_add_up_is_noticed() -> None:
    right = "day 2025-03-04: 2025-02-25 (first day), +10 days, -3 of ±3 (uniform 0.083807)"

    assert not _misdated(right)
    assert _misdated(right.replace("+10", "+11"))
    assert _misdated(f"in visit: {right.replace('-3 of', '-2 of')}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "most"),
    [({"exactly": 7}, 7), ({"exactly": [{"when": "gender == 'F'", "count": 5}]}, 5)],
)  # fmt: skip
def test_an_exact_count_shows_the_place_that_is_within_it(
    changed: dict[str, Any], most: int
) -> None:
    profile = _profile(**changed)
    holders = _holders(profile, "I10")
    places = [
        int(re.findall(r"place (\d+) of", " ".join(_condition(profile, "I10", unit).because))[0])
        for unit in holders
    ]

    assert sorted(places) == list(range(1, most + 1))


@pytest.mark.slow
def test_an_exact_option_shows_the_place_that_is_within_it() -> None:
    few, rest = {"name": "few", "exactly": 3}, {"name": "rest", "weight": 1}
    fork = {"do": "branch", "id": "fork", "options": [few | {"steps": []}, rest | {"steps": []}]}
    journey = {"kind": "journey", "name": "forked", "duration_days": 30,
               "phases": [{"name": "first", "steps": [fork]}]}  # fmt: skip
    job = prepare(_profile(share=0.2) | {"count": 12}, [journey])
    documents = Documents(json.loads(job.profile_text), [json.loads(x) for x in job.journey_texts])
    settled, places = settle_population_steps(job), dict[int, str]()
    for unit in range(1, 13):
        trace = trace_unit(job, unit, settled)
        (row,) = plain_rows(trace, "events")
        table = next(table for table in TABLES if table.name == "events")
        told = " ".join(reasons_of(RowCase(table, row, job, documents, trace)).because)
        places[int(re.findall(r"place (\d+) of 12", told)[0])] = row["option"]

    assert [places[place] for place in range(1, 13)] == ["few"] * 3 + ["rest"] * 9


@pytest.mark.slow
def test_a_stage_says_which_test_moved_the_day_of_its_diagnosis() -> None:
    def step(id: str, type: str, day: int, **details: Any) -> dict[str, Any]:
        return {"do": "event", "id": id, "type": type, "at": day, "details": details}

    steps = [
        step("since", "diagnosis", 0, code="N18.31"),
        step("worse", "diagnosis", 30, code="N18.32"),
        step("kidneys", "lab", 80, loinc="98979-8", result=40),
    ]
    walked = {"kind": "journey", "name": "stages", "duration_days": 200,
              "phases": [{"name": "all", "steps": steps}]}  # fmt: skip
    job = prepare(_profile(share=0.5), [walked])
    documents = Documents(json.loads(job.profile_text), [json.loads(job.journey_texts[0])])
    trace = trace_unit(job, 1, settle_population_steps(job))
    table = next(table for table in TABLES if table.name == "events")
    row = next(row for row in plain_rows(trace, "events") if row["step"] == "worse")

    told = " ".join(reasons_of(RowCase(table, row, job, documents, trace)).because)
    assert "the first result of 98979-8 that shows it" in told


@pytest.mark.slow
def test_what_is_usual_in_a_stay_comes_from_the_line_of_the_stay() -> None:
    facts = {"encounter_class": "inpatient", "los_days": 5, "diagnoses": ["J18.9"]}
    low = {"do": "event", "id": "low", "type": "lab", "at": {"day": 1},
           "details": {"loinc": "718-7", "result": 6.5}}  # fmt: skip
    stay = {"do": "event", "id": "lungs", "type": "encounter", "at": 3, "details": facts,
            "with": [low]}  # fmt: skip
    walked = {"kind": "journey", "name": "stays", "duration_days": 60,
              "phases": [{"name": "all", "steps": [stay]}]}  # fmt: skip
    job = prepare(_profile(share=0.5), [walked])
    documents = Documents(json.loads(job.profile_text), [json.loads(job.journey_texts[0])])
    trace = trace_unit(job, 1, settle_population_steps(job))
    table = next(table for table in TABLES if table.name == "procedures")
    lines = {row["code"]: reasons_of(RowCase(table, row, job, documents, trace)).made_by[0]
             for row in plain_rows(trace, "procedures")}  # fmt: skip

    assert {"71046", "36430"} <= set(lines)
    assert all(line.startswith("journeys[stays].phases[all].steps[lungs]: lungs")
               for line in lines.values())  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("sampling", ["independent", "balanced"])
def test_a_share_shows_the_uniform_that_decided_also_where_it_is_stratified(sampling: str) -> None:
    profile = _profile(share=0.25) | {"sampling": sampling}
    holders = _holders(profile, "I10")
    for unit in holders:
        line = next(x for x in _condition(profile, "I10", unit).because if x.startswith("share"))
        assert float(line.split()[2]) < 0.25
    if sampling == "balanced":
        assert len(holders) == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [*EACH_TIME, *(_proof(name) for name in RUNS if name not in EACH_TIME)]
)
def test_every_row_has_a_line_or_a_rule_and_a_reason(name: str) -> None:
    sizes, faults = list[int](), list[str]()
    for case in _cases_of(name):
        reasons = reasons_of(case)
        faults += [f"{case.table.name} {one}: {reasons} {case.row}" for one in _faults(reasons)]
        sizes.append(_size(reasons))
    sizes.sort()

    assert faults == []
    assert sizes[len(sizes) // 2] <= 1_600
    assert sizes[int(0.95 * len(sizes))] <= 3_000


@pytest.mark.slow
@pytest.mark.parametrize("name", [_proof("diabetes"), "births"])
def test_where_the_people_are_not_made_again_the_line_is_still_shown(name: str) -> None:
    for case in _cases_of(name):
        reasons = reasons_of(replace(case, trace=None))

        assert len(reasons.made_by) >= 2, case.row
        assert reasons.draws == [], case.row


@pytest.mark.slow
def test_the_runs_above_have_rows_of_every_table() -> None:
    names = ("births", "every event", "graded")
    filled = {case.table.name for name in names for case in _cases_of(name)}

    assert filled == {table.name for table in TABLES}
