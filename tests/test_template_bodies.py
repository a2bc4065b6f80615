"""What templates say of kidneys, blood and hearts fits together from visit to visit."""

from __future__ import annotations

import numpy as np
import pytest

from execution.running import diabetic, listed, run
from healthsim.tables import Columns
from template_runs import equals, load

_HEALS = 60  # days from a fistula's making to its first use, at least (KDOQI 2019: 4 to 8 weeks)


@pytest.fixture(scope="module")
def failing() -> dict[str, Columns]:
    """Two years of people whose kidneys have nearly failed."""
    profile = diabetic(
        count=80, products=["patientsim"], mortality="none", vital_signs="none",
        as_of="2023-01-01", through="2024-12-31",
        clinical={"primary": {"code": "N18.5", "onset": {"years_before": 1}}},
        demographics={"age": {"type": "uniform", "low": 50, "high": 64}},
    )  # fmt: skip
    return run(profile, load("ckd-lifecycle"))


def _first(tables: dict[str, Columns], step: str) -> dict[int, int]:
    """Return person -> first day of a step."""
    rows = listed(tables["events"], "person_id", "event_date", "step")
    found: dict[int, int] = {}
    for person, day, name in rows:
        if name == step:
            found[person] = min(day, found.get(person, day))
    return found


def test_dialysis_begins_with_its_codes_and_with_a_fistula_that_has_healed(
    failing: dict[str, Columns],
) -> None:
    made, sessions = _first(failing, "fistula_5"), _first(failing, "dialysis_session")
    since = {person: day for person, code, day in
             listed(failing["conditions"], "person_id", "code", "onset_date")
             if code == "N18.6"}  # fmt: skip
    both = made.keys() & sessions.keys()

    assert len(sessions) > 20
    assert len(both) > 10
    assert all(sessions[person] - made[person] >= _HEALS for person in both)
    assert all(0 <= day - since[person] <= 12 for person, day in sessions.items())
    assert np.median([day - since[person] for person, day in sessions.items()]) <= 4


def test_haemoglobin_of_a_month_goes_on_from_that_of_the_month_before(
    failing: dict[str, Columns],
) -> None:
    labs = failing["lab_results"]
    mine = equals(labs["loinc"], "718-7")
    order = np.lexsort((labs["collected_at"][mine], labs["person_id"][mine]))
    person, value = labs["person_id"][mine][order], labs["value"][mine][order]
    changes = np.abs(np.diff(value))[person[1:] == person[:-1]]

    assert len(changes) > 100
    assert np.mean(changes > 2) < 0.02
