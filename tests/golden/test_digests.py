"""Rows that the templates make are those that are pinned, until somebody changes them knowingly."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from golden.runs import JOURNEYS_OF, LONG, changes, digests_of, mark_of, pinned, runs_of
from healthsim import ENGINE, ROWS, library

SHELF = Path(str(library.library_folder("templates")))
MEND = (
    "make golden writes the file anew: do so only if these rows were to change, and say why; then "
    "make docs writes what pages show, and make proofs checks all that may have moved"
)


@pytest.mark.slow
@pytest.mark.parametrize("profile", JOURNEYS_OF)
def test_the_runs_of_a_template_give_the_rows_that_are_pinned(profile: str) -> None:
    kept = pinned()
    mine = {name: kept.get(name, {}) for name, _ in runs_of(profile) if name not in LONG}
    found = digests_of(profile, long=False)

    assert changes(mine, found) == [], MEND
    assert found == mine, MEND


def test_an_engine_that_makes_other_rows_has_another_version() -> None:
    assert mark_of(pinned()) == ROWS, MEND
    assert ENGINE.endswith(ROWS)


def test_every_profile_is_pinned_and_every_journey_twice() -> None:
    walked = Counter(
        journey for profile in JOURNEYS_OF for _, both in runs_of(profile) for journey in both
    )

    assert set(JOURNEYS_OF) == {path.stem for path in SHELF.glob("profiles/*.json")}
    assert set(walked) == {path.stem for path in SHELF.glob("journeys/*.json")}
    assert [journey for journey, times in walked.items() if times < 2] == []


def test_each_journey_of_a_long_run_is_pinned_in_a_short_one_too() -> None:
    short = {
        journey
        for profile in JOURNEYS_OF
        for name, both in runs_of(profile)
        if name not in LONG
        for journey in both
    }

    assert {journey for name in LONG for journey in name.split(" x ")[1:]} <= short


def test_something_happens_in_every_pinned_run_with_journeys() -> None:
    still = [
        name for name, run in pinned().items() if " x " in name and run["events"].startswith("0 ")
    ]

    assert still == []


def test_no_run_is_pinned_that_nobody_makes() -> None:
    made = {name for profile in JOURNEYS_OF for name, _ in runs_of(profile)}

    assert set(pinned()) == made


def test_a_change_is_told_by_its_run_its_table_and_its_rows() -> None:
    before = {"one": {"all tables": "a", "claims": "3 aaa", "fills": "2 bbb"}}
    after = {"one": {"all tables": "b", "claims": "4 ccc", "vital_signs": "1 ddd"}}

    assert changes(before, after) == [
        "one, claims: 3 -> 4 rows, changed",
        "one, fills: 2 -> - rows, gone",
        "one, vital_signs: - -> 1 rows, new",
    ]
