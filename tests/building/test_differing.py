"""Where two specifications differ, in lines that `refine_spec` could repeat."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.building import refining, templates
from healthsim.building.differing import differences
from healthsim.building.draft import Draft

COPD = {"code": "J44.9", "share": 0.2}


def lines(before: Any, after: Any) -> list[str]:
    return differences({"profile": before}, {"profile": after})


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ({"count": 5}, {"count": 9}, "count: 5 -> 9"),
        ({}, {"seed": 3}, "seed: nothing -> 3"),
        ({"seed": 3}, {}, "seed: 3 -> nothing"),
        ({"age": {"mean": 72, "sd": 8}}, {"age": {"mean": 74, "sd": 8}}, "age.mean: 72 -> 74"),
        ({"s": {"TX": 1}}, {"s": {"OH": 1}}, 's: {"TX": 1} -> {"OH": 1}'),
        ({"age": {"low": 1, "high": 9, "type": "uniform"}}, {"age": {"mean": 3, "type": "normal"}},
         'age: {"type": "uniform", "low": 1, "high": 9} -> {"type": "normal", "mean": 3}'),
        ({"s": {"TX": 0.8, "OK": 0.2}}, {"s": {"TX": 0.8, "OK": 0.3}}, "s.OK: 0.2 -> 0.3"),
        ({"c": [{"code": "I10", "share": 0.7}]}, {"c": [{"code": "I10", "share": 0.8}]},
         "c[I10].share: 0.7 -> 0.8"),
        ({"c": [{"code": "I10"}]}, {"c": []}, 'c[I10]: {"code": "I10"} -> nothing'),
        ({"c": [{"code": "A"}, {"code": "B"}]}, {"c": [{"code": "B"}, {"code": "A"}]},
         'c: ["A", "B"] -> ["B", "A"]'),
        ({"c": [{"id": "2", "x": 1}]}, {"c": [{"id": "2", "x": 2}]}, 'c["2"].x: 1 -> 2'),
        ({"p": ["a"]}, {"p": ["a", "b"]}, 'p: ["a"] -> ["a", "b"]'),
        ({"p": [{"x": 1}, {"x": 2}]}, {"p": [{"x": 1}, {"x": 3}]}, "p[1].x: 2 -> 3"),
        ({"p": [{"x": 1}]}, {"p": [{"x": 1}, {"x": 3}]}, 'p: [{"x": 1}] -> [{"x": 1}, {"x": 3}]'),
    ],
)  # fmt: skip
def test_each_place_that_differs_is_one_line(before: Any, after: Any, line: str) -> None:
    assert lines(before, after) == [line]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"s": {"TX": 1}}, {"s": {"type": "categorical", "weights": {"TX": 1.0}}}),
        ({"x": 0.2}, {"x": {"type": "constant", "value": 0.2, "decimals": 4}}),
        ({"x": None}, {}),
        ({"c": [{"code": "I10", "share": None}]}, {"c": [{"code": "I10"}]}),
    ],
)
def test_short_and_full_forms_and_null_and_absent_are_the_same(before: Any, after: Any) -> None:
    assert lines(before, after) == []


def test_a_constant_with_other_decimals_is_not_the_same() -> None:
    two = {"type": "constant", "value": 0.25, "decimals": 1}

    assert len(lines({"x": 0.25}, {"x": two})) == 1


def test_a_long_value_is_cut() -> None:
    [line] = lines({}, {"description": "x" * 500})

    assert len(line) < 130
    assert line.endswith("...")


@pytest.mark.parametrize(
    "change",
    [
        {"op": "set", "path": "demographics.location.states", "value": {"OH": 1.0}},
        {"op": "set", "path": "clinical.comorbidities[I10].share", "value": 0.5},
        {"op": "append", "path": "clinical.comorbidities", "value": COPD},
        {"op": "set", "path": "journey.steps[quarter].times", "value": 2},
        {"op": "set", "path": "journey.duration_days", "value": 400},
    ],
)
def test_the_path_of_a_line_is_one_that_refine_spec_takes(change: dict[str, Any]) -> None:
    old = Draft(
        profile=templates.load("medicare-diabetic").fresh(),
        journeys=(templates.load("diabetic-first-year").fresh(),),
    )
    new, _ = refining.refine(old, [change])
    before = {"profile": old.profile, "journeys": old.journeys}
    after = {"profile": new.profile, "journeys": new.journeys}

    [line] = differences(before, after)
    path = line.split(": ")[0]
    pieces, _ = refining.resolve({"profile": new.profile, "journeys": list(new.journeys)}, path)
    assert pieces[0] in ("profile", "journeys")
    assert differences(after, before)[0].startswith(f"{path}: ")


def test_a_journey_in_place_of_another_is_told_by_their_names() -> None:
    one, other = {"name": "one", "steps": []}, {"name": "other", "steps": []}

    told = differences({"journeys": [one]}, {"journeys": [other]})

    assert [line.split(":")[0] for line in told] == ["journeys.one", "journeys.other"]
