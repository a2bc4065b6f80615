"""Of the visits of a repeat that are alike, nobody has two on a day."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from execution.running import Document, diabetic, event, journey, listed, run, visit
from healthsim.dates import next_business_day

_MONDAY = {"begins": {"earliest": "2025-01-06", "latest": "2025-01-06"}}
_SATURDAY = {"begins": {"earliest": "2025-01-04", "latest": "2025-01-04"}}
_OPEN = {"business_days": True}


def _session(id: str, at: Any, **details: Any) -> Document:
    return visit(id, at, **{"specialty": "physical therapy", "procedures": ["97110"], **details})


def _repeat(every: Document, times: int, *steps: Document, **more: Any) -> Document:
    return {"do": "repeat", "id": "series", "at": 0, "every": every, "times": times,
            "steps": list(steps), **more}  # fmt: skip


def _days(tables: dict[str, Any], *steps: str) -> dict[int, list[int]]:
    """Return the days of each person's occurrences of some steps, in order."""
    found: dict[int, list[int]] = {}
    for person, step, day in listed(tables["events"], "person_id", "step", "event_date"):
        if step in steps:
            found.setdefault(person, []).append(day)
    return {person: sorted(own) for person, own in found.items()}


def _people(**changes: Any) -> Document:
    return diabetic(**{"count": 30, "products": ["patientsim"], "coverage": None, **changes})


def test_sessions_of_every_day_come_on_as_many_business_days() -> None:
    daily = _repeat({"days": 1}, 20, _session("therapy", {"day": 0, **_OPEN}))
    for days in _days(run(_people(), journey(daily, **_MONDAY)), "therapy").values():
        expected = [np.int32(days[0])]
        while len(expected) < 20:
            following = np.array([expected[-1] + 1], dtype=np.int32)
            expected.append(next_business_day(following)[0])
        assert days == expected


def test_a_session_on_a_holiday_goes_past_the_day_of_another_one() -> None:
    every_third = _repeat({"days": 3}, 8, _session("therapy", {"day": 0, **_OPEN}))
    begins = {"begins": {"earliest": "2025-01-18", "latest": "2025-01-18"}}
    tables = run(_people(), journey(every_third, **begins))
    first = [
        np.datetime64("1970-01-01") + day for day in next(iter(_days(tables, "therapy").values()))
    ]

    assert [str(day) for day in first[:3]] == ["2025-01-21", "2025-01-22", "2025-01-24"]


def test_sessions_of_one_week_that_are_alike_are_one_series() -> None:
    week = _repeat({"weeks": 1}, 6, *(
        _session(f"on_{day}", {"day": day, **_OPEN}) for day in (0, 2, 4)))  # fmt: skip
    found = _days(run(_people(), journey(week, **_SATURDAY)), "on_0", "on_2", "on_4")

    assert {len(days) for days in found.values()} == {18}
    assert all(a < b for days in found.values() for a, b in pairwise(days))


def test_two_that_are_stated_for_one_day_stay_on_it() -> None:
    twice = _repeat({"days": 1}, 10, _session("morning", 0), _session("evening", 0))
    tables = run(_people(), journey(twice, **_MONDAY))

    assert _days(tables, "morning") == _days(tables, "evening")


def test_visits_for_something_else_may_come_on_the_same_day() -> None:
    for other in ({"reason": "Diet"}, {"specialty": "dietetics"}, {"procedures": ["97802"]},
                  {"encounter_class": "telehealth"}):  # fmt: skip
        both = _repeat({"weeks": 1}, 6, _session("therapy", {"day": 0, **_OPEN}),
                       _session("other", {"day": 2, **_OPEN}, **other))  # fmt: skip
        tables = run(_people(), journey(both, **_SATURDAY))

        assert _days(tables, "therapy") == _days(tables, "other")


def test_sessions_that_keep_to_no_business_days_go_on_to_the_next_day() -> None:
    at = {"day": 0, "variance_days": 1}
    daily = _repeat({"days": 1}, 12, _session("therapy", at))
    found = _days(run(_people(), journey(daily, **_MONDAY)), "therapy")
    weekend = {(day + 3) % 7 for days in found.values() for day in days} & {5, 6}

    assert all(a < b for days in found.values() for a, b in pairwise(days))
    assert {len(days) for days in found.values()} == {12}
    assert weekend == {5, 6}


def test_visits_of_different_options_are_alike_from_beat_to_beat() -> None:
    ways = [{"name": name, "weight": 0.5, "steps": [_session(name, {"day": 0, **_OPEN})]}
            for name in ("left", "right")]  # fmt: skip
    daily = _repeat({"days": 1}, 14, {"do": "branch", "id": "side", "options": ways})
    found = _days(run(_people(), journey(daily, **_MONDAY)), "left", "right")

    assert all(a < b for days in found.values() for a, b in pairwise(days))


def test_of_an_earlier_journey_what_the_next_of_a_series_would_overtake_is_left_out() -> None:
    weekly = journey(_repeat({"days": 7}, 6, _session("therapy", 0)), name="first", **_MONDAY)
    stay = event("in", "encounter", 1, encounter_class="inpatient", los_days=25, drg="194",
                 diagnoses=["J18.9"])  # fmt: skip
    found = _days(run(_people(), weekly, journey(stay, name="second", **_MONDAY)), "therapy")

    assert {len(days) for days in found.values()} <= {2, 3, 4}
    assert all(a < b for days in found.values() for a, b in pairwise(days))


@pytest.mark.proof
def test_the_days_of_a_series_do_not_depend_on_chunks() -> None:
    """Each day `test_one_by_one.py` says so of random journeys with such steps."""
    daily = journey(_repeat({"days": 1}, 12, _session("therapy", {"day": 0, "variance_days": 2})))

    whole, parts = run(_people(), daily), run(_people(), daily, size=19)

    assert listed(whole["events"]) == listed(parts["events"])
