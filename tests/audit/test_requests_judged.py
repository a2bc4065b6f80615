"""Four requests of users: each figure has a row, with its bounds of chance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from audit import requested
from audit.requested import Document
from healthsim.audit.fidelity import Comparison
from healthsim.operations.auditing import compared_run, worst_first
from healthsim.persistence.database import open_write
from storing import stored

pytestmark = pytest.mark.slow  # its runs

Said = Callable[[], tuple[Document, Document]]
Compared = dict[str, Comparison]
SAID = {
    requested.sepsis: {
        "people": 300, "condition A41.9": 300, "sepsis/level: icu": 0.35,
        "sepsis/dies: chance": 0.18, "sepsis/again: within 30 days": 0.17,
        "sepsis/antibiotics: within 1 hour": 0.5, "sepsis/antibiotics: within 3 hours": 0.35,
        "attribute frail yes": 0.25, "sepsis/stay: los_days, mean": None,
        "sepsis/lactate: result, mean": None,
    },
    requested.trial: {
        "people": 320, "attribute screens fails": 0.25,
        "trial ONC-301: arm drug, of those randomised": 0.6667,
        "onc/neutropenia: chance, where arm == 'drug'": 0.18,
        "onc/neutropenia: chance, otherwise": 0.06,
        "onc/neutropenia: grade 3": 0.7,
        "onc/dropout: within 168 days": 0.1,
        "onc/dosing: missed": 0.04,
        "onc/dosing: days from its planned day": 0.0,
    },
    requested.emergency: {"people": 500, "care/er_visits: events a year": 0.3, "us_state OH": 0.5},
    requested.maternity: {
        "people": 500, "gender F": 1.0, "pregnancy/mode: caesarean": 0.32,
        "attribute gdm yes": 0.08, "pregnancy/epds: chance": 0.9,
        "pregnancy/epds: result, mean": None,
    },
}  # fmt: skip
"""Each request, its figures by the names of their rows, and what was asked where it is said."""


def compared(path: Path) -> Compared:
    return {str(row[0]): Comparison(*row) for row in compared_run(path)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[Said, Path]:
    """Return the file of each request."""
    return {said: stored(tmp_path_factory.mktemp(said.__name__), *said()) for said in SAID}


@pytest.fixture(scope="module")
def rows(made: dict[Said, Path]) -> dict[Said, list[list[Any]]]:
    return {said: compared_run(path) for said, path in made.items()}


@pytest.fixture(scope="module")
def answered(rows: dict[Said, list[list[Any]]]) -> dict[Said, Compared]:
    return {said: {str(row[0]): Comparison(*row) for row in found} for said, found in rows.items()}


@pytest.mark.parametrize("said", SAID, ids=lambda request: request.__name__)
def test_each_figure_of_a_request_has_a_row_that_is_judged(
    answered: dict[Said, Compared], said: Said
) -> None:
    found = answered[said]
    for what, asked in SAID[said].items():
        row = found[what]
        assert row.ok is True, row
        assert asked is None or row.asked == asked, row
        assert row.low is not None
        assert row.high is not None


@pytest.mark.parametrize("said", SAID, ids=lambda request: request.__name__)
def test_nothing_that_a_request_states_is_off_or_left_without_a_reason(
    answered: dict[Said, Compared], said: Said
) -> None:
    found = answered[said]
    assert [row for row in found.values() if row.ok is False] == []
    assert all(str(row.asked).startswith("not judged: ") for row in found.values()
               if row.ok is None and row.asked != "population")  # fmt: skip


OFF = {
    requested.sepsis: {
        "DELETE FROM events WHERE step = 'dies' AND person_id // 100 % 3 > 0":
            "sepsis/dies: chance",
        "DELETE FROM events WHERE step = 'again' AND person_id // 100 % 4 > 0":
            "sepsis/again: within 30 days",
        "UPDATE events SET option = 'icu' WHERE step = 'level' AND person_id < 9000":
            "sepsis/level: icu",
        "UPDATE lab_results SET value = value + 1 WHERE person_id // 100 % 2 = 1":
            "sepsis/lactate: result, mean",
        "UPDATE encounters SET los_days = los_days * 2":
            "sepsis/stay: los_days, standard deviation",
    },
    requested.emergency: {
        "DELETE FROM events WHERE step = 'er' AND person_id // 100 % 2 = 0":
            "care/er_visits: events a year",
    },
    requested.trial: {
        "DELETE FROM events WHERE step = 'neutropenia' AND person_id // 100 % 5 = 1":
            "onc/neutropenia: chance, rows of events",
        "UPDATE adverse_events SET grade = 4": "onc/neutropenia: grade 3",
    },
    requested.maternity: {
        "UPDATE person_attributes SET text = 'yes' WHERE person_id // 100 % 10 < 2":
            "attribute gdm yes",
    },
}  # fmt: skip
"""Changes of a request's rows, none of which moves the figure of another, and what is off then."""


@pytest.mark.parametrize("said", OFF, ids=lambda request: request.__name__)
def test_rows_that_are_not_as_asked_are_off(
    made: dict[Said, Path], tmp_path: Path, said: Said
) -> None:
    path = tmp_path / made[said].name
    copyfile(made[said], path)
    with open_write(path) as connection:
        for change in OFF[said]:
            connection.execute(change)
    found = compared(path)

    assert [what for what in OFF[said].values() if found[what].ok is not False] == []


def test_a_rate_is_judged_against_the_one_that_was_asked(tmp_path: Path) -> None:
    """The figures above have the same request with 0.3 events a year, 20 per cent more."""
    found = compared(stored(tmp_path, *requested.emergency(0.25)))["care/er_visits: events a year"]

    assert found.asked == 0.25
    assert found.ok


@pytest.mark.parametrize("said", SAID, ids=lambda request: request.__name__)
def test_the_first_rows_of_a_comparison_hold_the_figures_that_were_said(
    rows: dict[Said, list[list[Any]]], said: Said
) -> None:
    shown = {row[0] for row in worst_first(rows[said])[:16]}

    assert [what for what, asked in SAID[said].items() if asked and what not in shown] == []
