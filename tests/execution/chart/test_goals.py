"""Goals are set at visits for what people have, and their own results show how far they are."""

from __future__ import annotations

import numpy as np
import pytest

from healthsim.execution.sync.chart.goals import _achievement
from healthsim.medicine.goals import care_goals
from healthsim.tables import Coded, Columns
from template_runs import KNEES, charts

_ORDER = ("in-progress", "improving", "worsening", "no-change", "achieved", "sustaining",
          "not-achieved")  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> dict[str, Columns]:
    return charts(*KNEES)


def _said(before: float, latest: float, *, active: bool, low: float = np.nan) -> str | None:
    one = [np.array([value]) for value in (before, latest, low, 7.0)]
    place = int(_achievement(*one, np.array([active]))[0])
    return None if place < 0 else _ORDER[place]


def test_a_goal_is_as_far_as_its_latest_result_says() -> None:
    assert _said(9, 6.9, active=True) == "achieved"
    assert _said(6.5, 6.9, active=True) == "sustaining"
    assert _said(6.5, 6.9, active=False) == "achieved"
    assert _said(9, 7, active=True) == "improving"
    assert _said(9, 9.5, active=True) == "worsening"
    assert _said(9, 9, active=True) == "no-change"
    assert _said(9, 7, active=False) == "not-achieved"
    assert _said(np.nan, 8, active=True) == "in-progress"
    assert _said(9, np.nan, active=True) == "in-progress"
    assert _said(9, np.nan, active=False) is None
    assert _said(9, 3, active=False, low=4) == "not-achieved"


def test_older_people_with_heart_failure_have_a_milder_target(tables: dict[str, Columns]) -> None:
    goals, conditions = tables["goals"], tables["conditions"]
    codes = conditions["code"]
    assert isinstance(codes, Coded)
    assert isinstance(goals["description"], Coded)
    failing = {
        int(person)
        for person, code in zip(conditions["person_id"], codes.texts(), strict=True)
        if str(code).startswith("I50")
    }
    mild = goals["description"].equals("Hemoglobin A1c below 8 %")
    strict = goals["description"].equals("Hemoglobin A1c below 7 %")
    people = np.asarray(goals["person_id"])

    assert strict.sum() > mild.sum()
    assert failing.isdisjoint(people[strict].tolist())


def test_people_have_one_goal_of_a_kind(tables: dict[str, Columns]) -> None:
    goals = tables["goals"]
    assert isinstance(goals["description"], Coded)
    kind = {goal.description: goal.name for goal in care_goals()}
    held = list(zip(np.asarray(goals["person_id"]).tolist(),
                    [kind[str(text)] for text in goals["description"].texts()],
                    strict=True))  # fmt: skip

    assert len(held) > 80
    assert len(held) == len(set(held))


def test_a_goal_that_is_measured_and_over_is_achieved_or_not(tables: dict[str, Columns]) -> None:
    goals = tables["goals"]
    assert isinstance(goals["loinc"], Coded)
    assert isinstance(goals["status"], Coded)
    assert isinstance(goals["achievement"], Coded)
    said = [achieved for loinc, status, achieved in zip(
        *(column.texts() for column in (goals["loinc"], goals["status"], goals["achievement"])),
        strict=True) if loinc and status == "completed"]  # fmt: skip

    assert set(said) <= {"achieved", "not-achieved"}


def test_each_goal_that_is_measured_has_a_unit_and_one_target() -> None:
    for goal in care_goals():
        assert goal.is_measured == (goal.unit is not None) == bool(goal.loinc), goal.name
        assert goal.of_latest is None or goal.below is None, goal.name
