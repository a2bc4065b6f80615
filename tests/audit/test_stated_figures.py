"""Every kind of figure that a journey states: its row, its bounds, and what makes it off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.requested import Document
from healthsim.audit.fidelity import Comparison
from healthsim.audit.realized_figures import RealizedFigure
from healthsim.operations.auditing import compared_run, worst_first
from healthsim.persistence.state import describe_file
from storing import stored

pytestmark = pytest.mark.slow  # its runs

PEOPLE = 500


def step(id: str, type: str = "encounter", at: Any = 0, **more: Any) -> Document:
    details: Document = {"encounter_class": "office", "diagnoses": ["Z00.00"]}
    return {"do": "event", "id": id, "type": type, "at": at,
            "details": details if type == "encounter" else {}} | more  # fmt: skip


def by_age(young: Any, old: Any) -> Document:
    return {"type": "conditional", "cases": [{"when": "age >= 60", "then": old}],
            "otherwise": young}  # fmt: skip


def visits(id: str, **more: Any) -> Document:
    return {"do": "repeat", "id": id, "times": 20, "steps": [step(f"{id}_seen")]} | more


STAGES = {
    "do": "stages", "id": "course", "start": {"well": 0.7, "ill": 0.3}, "stages": [
        {"name": "well", "moves": [{"to": "ill", "hazard": {"per_year": 0.8}},
                                   {"to": "gone", "hazard": {"per_year": by_age(0.2, 0.6)}}]},
        {"name": "ill", "stays": {"days": {"type": "gamma", "mean": 60, "sd": 30}},
         "moves": [{"to": "better", "weight": 0.6}, {"to": "gone", "weight": 0.4}]},
        {"name": "better", "final": True}, {"name": "gone", "final": True}]}  # fmt: skip
STEPS = [
    step("alike", chance=0.3),
    step("by_age", chance=by_age(0.1, 0.4)),
    step("drawn", chance={"type": "uniform", "low": 0.2, "high": 0.6}),
    step("some", when="age >= 60", chance=0.25),
    step("later", at={"day": {"type": "normal", "mean": 60, "sd": 10, "low": 0,
                        "decimals": 0}}),
    {"do": "event", "id": "dies", "type": "death", "at": 0, "hazard": {"per_year": 0.4}},
    step("month", hazard={"share": 0.5, "within_days": 30}),
    step("half_year", hazard={"share": by_age(0.3, 0.8), "within_days": 180}),
    step("rate", hazard={"per_year": by_age(0.5, 2)}),
    step("weibull", hazard={"per_year": 1, "shape": 2}),
    step("winter", hazard={"per_year": 1, "by_month": {"1": 3, "2": 2, "7": 0.2}}),
    step("bands", hazard={"per_year": 1, "bands": [{"until_day": 60, "factor": 3},
                                                   {"factor": 0.5}]}),
    step("renewed", hazard={"per_year": 1, "renew_days": 45}),
    step("open_days", at={"day": 1, "business_days": True}, hazard={"per_year": 1}),
    visits("calls", every={"hazard": {"per_year": 3}}),
    visits("until", every={"hazard": {"per_year": 6}}, until="count('until_seen') > 2"),
    {"do": "branch", "id": "groups", "options": [
        {"name": "a", "when": "age >= 60", "weight": 0.2},
        {"name": "b", "when": "age >= 60", "weight": 0.8},
        {"name": "c", "otherwise": True, "weight": 0.5},
        {"name": "d", "otherwise": True, "weight": 0.5}]},
    {"do": "branch", "id": "table", "options": [{"name": "x"}, {"name": "y"}], "table": {"rows": [
        {"when": {"age": [60, 120]}, "weights": {"x": 0.9, "y": 0.1}},
        {"weights": {"x": 0.3, "y": 0.7}}]}},
    {"do": "branch", "id": "race", "within_days": 120, "options": [
        {"name": "fast", "hazard": {"per_year": 3}}, {"name": "slow", "hazard": {"per_year": 1}},
        {"name": "neither", "otherwise": True}]},
    {"do": "protocol", "id": "plan", "at": 5, "cycles": 6, "cycle_days": 30, "visits": [
        {"id": "early", "day": 1, "window": {"before": 3, "after": 2},
         "first_window": {"after": 2}, "missed": 0.1,
         "outside": by_age(0.05, 0.2), "steps": [step("early_seen")]},
        {"id": "mid", "day": 15, "window": {"before": 2, "after": 2}, "cycles": [2, 4],
         "steps": []}],
     "unscheduled": {"id": "extra", "hazard": {"per_year": 2}, "times": 6,
                     "steps": [step("extra_seen")]}},
    {"do": "change", "id": "falls", "state": "a1c", "at": 30,
     "by": {"type": "normal", "mean": -1, "sd": 0.4}},
    step("reads", "lab", 40, details={"loinc": "4548-4", "result": {"from": "a1c"}}),
    step("measured", "lab", 50, details={"loinc": "2160-0", "result": {
        "type": "lognormal", "mean": 1.1, "sd": 0.3, "decimals": 2}}),
    step("oxygen", "vital", 50, details={"loinc": "59408-5", "result": {
        "type": "formula", "value": "99 - age / 40"}}),
    step("pulse", "vital", 50, details={"loinc": "8867-4", "result": by_age(70, 75)}),
    {"do": "change", "id": "rises", "state": "a1c", "at": 60, "by": by_age(
        {"type": "normal", "mean": 1, "sd": 0.3}, 0.5)},
    step("stay", at=70, details={
        "encounter_class": "inpatient", "diagnoses": ["Z00.00"],
        "los_days": by_age({"type": "gamma", "mean": 3, "sd": 2, "decimals": 0}, 6),
        "disposition": by_age({"01": 0.9, "06": 0.1}, {"01": 0.5, "06": 0.5})}),
    STAGES,
]  # fmt: skip
PROFILE = {
    "kind": "profile", "name": "asked", "count": PEOPLE, "seed": 3, "as_of": "2025-01-01",
    "products": ["patientsim"], "detail": "core", "through": "2025-12-31",
    "demographics": {"age": {"type": "uniform", "low": 40, "high": 80}},
    "attributes": {
        "a1c": {"type": "normal", "mean": 8, "sd": 1, "decimals": 1},
        "bmi": {"type": "normal", "mean": 29, "sd": 4, "decimals": 2},
        "frail": by_age({"yes": 0.1, "no": 0.9}, {"yes": 0.4, "no": 0.6})},
    "correlations": [{"between": ["a1c", "bmi"], "rank": 0.4}],
    "clinical": {"comorbidities": [{"code": "I10", "share": {
        "type": "conditional", "cases": [{"when": "frail == 'yes'", "then": 0.9}],
        "otherwise": 0.3}}]},
}  # fmt: skip
JOURNEY = {
    "kind": "journey", "name": "way", "duration_days": 330,
    "begins": {"earliest": "2025-01-01", "latest": "2025-03-01"},
    "state": {"a1c": {"start": "attribute", "low": 4, "high": 15}},
    "phases": [{"name": "all", "steps": STEPS}],
}  # fmt: skip
STATED = {
    "way: begins, days after the earliest": 29.5, "way/alike: chance": 0.3,
    "way/by_age: chance, where age >= 60": 0.4, "way/by_age: chance, otherwise": 0.1,
    "way/drawn: chance": None, "way/some: chance": 0.25, "way/later: day": None,
    "way/dies: events a year": 0.4, "way/month: within 30 days": 0.5,
    "way/half_year: within 180 days, where age >= 60": 0.8,
    "way/half_year: within 180 days, otherwise": 0.3,
    "way/rate: events a year, where age >= 60": 2.0, "way/rate: events a year, otherwise": 0.5,
    "way/weibull: events a year": 1.0, "way/winter: events a year": 1.0,
    "way/bands: events a year": 1.0, "way/renewed: events a year": 1.0,
    "way/open_days: events a year": 1.0, "way/calls: events a year": 3.0,
    "way/until: events a year": 6.0, "way/groups: a": 0.2, "way/groups: b": 0.8,
    "way/groups: c": 0.5, "way/table: x, of age 60 to 120": 0.9,
    "way/table: x, of the others": 0.3, "way/race: fast: events a year": 3.0,
    "way/race: slow: events a year": 1.0, "way/early: missed": 0.1,
    "way/early: outside of its window, where age >= 60": 0.2,
    "way/early: outside of its window, otherwise": 0.05,
    "way/early: days from its planned day": -0.5,
    "way/early: days from its planned day, of the first cycle": 1.0,
    "way/mid: days from its planned day": 0.0, "way/extra: events a year": 2.0,
    "way/rises: by, otherwise": None, "way/stay: los, otherwise": None,
    "way/stay: disposition, otherwise: 06": 0.1,
    "way/stay: disposition, where age >= 60: 06": 0.5,
    "way/falls: by": None, "way/measured: result, mean": None,
    "way/measured: result, standard deviation": None, "way/course: starts in ill": 0.3,
    "way/course: well to ill: events a year": 0.8,
    "way/course: well to gone: events a year, where age >= 60": 0.6,
    "way/course: well to gone: events a year, otherwise": 0.2,
    "way/course: ill to better": 0.6, "way/course: ill to gone": 0.4,
    "way/course: stays in ill": None,
    "attribute a1c: mean": None, "attribute a1c: standard deviation": None,
    "attribute frail yes": None, "rank correlation of a1c and bmi": 0.4,
}  # fmt: skip
"""The row of each figure, and what was asked where the specification says it as it is."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(tmp_path_factory.mktemp("stated"), PROFILE, JOURNEY)


@pytest.fixture(scope="module")
def found(made: Path) -> dict[str, Comparison]:
    return {str(row[0]): Comparison(*row) for row in compared_run(made)}


def figures(path: Path) -> Sequence[Sequence[Any]]:
    counted = describe_file(path).manifest.figures
    assert counted is not None
    return counted


@pytest.mark.parametrize("what", STATED)
def test_a_stated_figure_has_a_row_with_what_was_asked_and_its_bounds(
    found: dict[str, Comparison], what: str
) -> None:
    row = found[what]

    assert row.ok is True, row
    assert STATED[what] is None or row.asked == pytest.approx(STATED[what], rel=1e-6)
    assert isinstance(row.low, float)
    assert isinstance(row.high, float)
    assert row.low < row.high


def test_no_figure_is_off_and_each_that_is_not_judged_says_why(
    found: dict[str, Comparison],
) -> None:
    unjudged = [row for row in found.values() if row.ok is None]

    assert [row for row in found.values() if row.ok is False] == []
    assert [row for row in unjudged if not str(row.asked).startswith("not judged: ")] == []
    assert {row.what for row in unjudged} == {"way/oxygen: result, mean"}
    assert (found["way/pulse: result, where age >= 60"].asked, found["way/stay: los, where "
            "age >= 60"].got) == (75.0, 6.0)  # fmt: skip


def test_a_condition_whose_share_depends_on_an_attribute_is_judged(
    found: dict[str, Comparison],
) -> None:
    row = next(row for what, row in found.items() if what.startswith("condition I10"))

    assert row.ok is True


def test_each_figure_that_came_out_a_fifth_or_more_away_is_off(made: Path) -> None:
    judged = set()
    for counted in figures(made):
        figure = RealizedFigure(*counted)
        if figure.kind == "mean" or figure.asked * (figure.due or figure.level) < 3e5:
            continue
        judged.add(figure.kind)
        for factor in (0.75, 1.3):
            wrong = replace(figure, got=round(figure.got * factor))
            assert wrong.judged("wrong").ok is False, wrong
    assert judged == {"share", "rate"}


def test_a_mean_that_is_off_by_half_a_deviation_is_off(made: Path) -> None:
    means = [figure for figure in (RealizedFigure(*row) for row in figures(made))
             if figure.kind == "mean"]  # fmt: skip
    assert len(means) > 5
    for figure in means:
        deviation = (figure.variance / figure.asked) ** 0.5 or 1
        off = replace(figure, got=figure.got + 0.5 * deviation * figure.asked)
        assert off.judged("wrong").ok is False, figure


def test_people_who_are_cut_short_are_not_taken_for_people_to_whom_nothing_happened(
    found: dict[str, Comparison], made: Path
) -> None:
    (figure,) = (RealizedFigure(*row) for row in figures(made)
                 if row[1] == "half_year" and row[4] == 0.8)  # fmt: skip
    row = found["way/half_year: within 180 days, where age >= 60"]

    assert (
        figure.cut > PEOPLE / 20
    )  # those who die, or whose journey ends, before half a year is over
    assert figure.got / figure.asked < 0.8 - 0.05
    assert isinstance(row.got, float)
    assert row.got > figure.got / figure.asked
    assert row.ok


def test_what_nobody_came_to_says_so(tmp_path: Path) -> None:
    nobody = {"do": "branch", "id": "fork", "options": [
        {"name": "a", "when": "age > 200", "steps": [step("never", chance=0.5)]},
        {"name": "b", "otherwise": True}]}  # fmt: skip
    steps = [step("when_old", when="age > 79", chance=0.5), nobody]
    way = {**JOURNEY, "state": {}, "phases": [{"name": "all", "steps": steps[:1]}]}
    profile = {**PROFILE, "count": 5, "attributes": {}, "correlations": [], "clinical": {},
               "demographics": {"age": 50}}  # fmt: skip
    found = {row[0]: row for row in compared_run(stored(tmp_path, profile, way))}

    assert found["way/when_old: chance"][1] == "not judged: nobody came to it"


def test_rows_beyond_chance_are_shown_first_and_those_without_a_verdict_last() -> None:
    rows = [["a: oldest", 1, 1, 1, 1, True], ["b", "not judged: x", 1, None, None, None],
            ["c", 1, 2, 1, 1, False], ["d", 1, 1, 1, 1, True]]  # fmt: skip

    assert [row[0] for row in worst_first(rows)] == ["c", "d", "a: oldest", "b"]


def test_what_is_stated_and_judged_nowhere_has_its_reason(tmp_path: Path) -> None:
    drug = {"drug": "metformin 500 mg tablet", "share": 0.4, "adherence": 0.7}
    plan = {"kind": "commercial", "network": {"in_share": 0.5}}
    profile = {
        **PROFILE, "count": 20, "products": ["patientsim", "membersim"], "correlations": [],
        "attributes": {"a1c": {"type": "normal", "mean": 8, "sd": 1, "decimals": 1}},
        "coverage": {"plan": {"narrow": 1}, "plans": {"narrow": plan}},
        "clinical": {"medications": [drug], "comorbidities": [
            {"code": "I10", "share": 0.5, "onset": {"years_before": 3}}]},
    }  # fmt: skip
    noisy = {"do": "change", "id": "noisy", "state": "a1c", "noise": {"sd": 0.2}}
    reads = step("reads", "lab", 9, details={"loinc": "4548-4", "result": {
        "from": "a1c", "noise": {"type": "normal", "mean": 0, "sd": 0.1}}})  # fmt: skip
    fills = step("fills", "prescription", 10, details={
        "drug": "lisinopril 10 mg tablet", "first_fill_share": by_age(0.5, 0.9)})  # fmt: skip
    way = {**JOURNEY, "phases": [{"name": "all", "steps": [noisy, reads, fills]}]}
    told = {row[0]: row[1] for row in compared_run(stored(tmp_path, profile, way))
            if row[-1] is None}  # fmt: skip

    assert {what: why for what, why in told.items() if not why.startswith("not judged: ")} == {}
    assert told.keys() >= {
        "condition I10: onset", "medication metformin 500 mg tablet: adherence",
        "plan narrow: network.in_share", "way/noisy: noise", "way/reads: noise of the result",
        "way/fills: first_fill_share",
    }  # fmt: skip
