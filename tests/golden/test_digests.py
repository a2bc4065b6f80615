"""Rows that the templates make are those that are pinned, until somebody changes them knowingly."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from golden.runs import (
    DAILY,
    JOURNEYS_OF,
    MEND,
    changes,
    digests_of,
    every_run,
    mark_of,
    pinned,
)
from healthsim import ENGINE, ROWS, library
from template_runs import AUDITED

SHELF = Path(str(library.library_folder("templates")))


@pytest.mark.slow
@pytest.mark.parametrize("name", DAILY)
def test_a_run_of_templates_gives_the_rows_that_are_pinned(name: str) -> None:
    mine, found = {name: pinned()[name]}, {name: digests_of(*every_run()[name])}

    assert changes(mine, found) == [], MEND
    assert found == mine, MEND


def test_an_engine_that_makes_other_rows_has_another_version() -> None:
    assert mark_of(pinned()) == ROWS, MEND
    assert ENGINE.endswith(ROWS)


def test_every_profile_is_pinned_and_every_journey_twice() -> None:
    walked = Counter(journey for _, journeys in every_run().values() for journey in journeys)

    assert set(JOURNEYS_OF) == {path.stem for path in SHELF.glob("profiles/*.json")}
    assert set(walked) == {path.stem for path in SHELF.glob("journeys/*.json")}
    assert [journey for journey, times in walked.items() if times < 2] == []


def test_every_profile_and_every_journey_is_run_daily() -> None:
    daily = {name for run in DAILY for name in run.split(" x ")}
    daily |= {name for profile, journeys in AUDITED for name in (profile, *journeys)}

    assert daily == {path.stem for path in SHELF.glob("*/*.json")}


def test_something_happens_in_every_pinned_run_with_journeys() -> None:
    still = [
        name for name, run in pinned().items() if " x " in name and run["events"].startswith("0 ")
    ]

    assert still == []


def test_no_run_is_pinned_that_nobody_makes() -> None:
    assert set(pinned()) == set(every_run())


def test_a_change_is_told_by_its_run_its_table_and_its_rows() -> None:
    before = {"one": {"all tables": "a", "claims": "3 aaa", "fills": "2 bbb"}}
    after = {"one": {"all tables": "b", "claims": "4 ccc", "vital_signs": "1 ddd"}}

    assert changes(before, after) == [
        "one, claims: 3 -> 4 rows, changed",
        "one, fills: 2 -> - rows, gone",
        "one, vital_signs: - -> 1 rows, new",
    ]
