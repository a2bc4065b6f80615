"""A note that says what the chart does not hold is told, and a chart that its notes deny."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.note_finding_tampering import OF_NOTE_FINDINGS
from audit.note_list_tampering import OF_NOTE_LISTS
from audit.note_tampering import OF_NOTES, OF_SOURCES, said_otherwise
from audit.scenes import Scenario, few_by_all, opened
from audit.tampering import Tampering
from healthsim.audit import note_findings, note_lists, notes
from healthsim.codes.loinc import loinc
from healthsim.execution.sync.chart.notes.vocabulary import unit
from healthsim.tables import Coded
from template_runs import load

pytestmark = pytest.mark.slow  # its runs

RESULT = "a result in a note is a result of the person"
OWN = [rule.name for rule in (*notes.RULES, *note_findings.RULES, *note_lists.RULES)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    profile = load("medicare-heart-failure") | {"count": 12, "expectations": []}
    journey = load("heart-failure-exacerbation") | {"expectations": []}
    with opened(tmp_path_factory.mktemp("notes"), profile, journey, only=OWN) as scenario:
        yield scenario


def test_the_engines_notes_break_no_rule(made: Scenario) -> None:
    assert made.unchanged == {}


@pytest.mark.parametrize(
    ("change", "by_all"),
    few_by_all([*OF_NOTES, *OF_SOURCES, *OF_NOTE_FINDINGS, *OF_NOTE_LISTS]),
)
def test_a_note_that_differs_from_the_chart_is_told_by_its_rule(
    made: Scenario, change: Tampering, by_all: bool
) -> None:
    asked = OWN if by_all else change.breaks

    assert made.all_after(change.sql, asked) == set(change.breaks)


@pytest.mark.parametrize("name", ["25-hydroxyvitamin D", "CA 19-9", "interleukin 6", "HIV-1 RNA"])
def test_a_number_in_the_name_of_a_test_is_no_result_of_it(made: Scenario, name: str) -> None:
    assert made.after([said_otherwise(f"{name} \\1 pg/mL")], RESULT) == 0
    assert made.after([said_otherwise(f"{name} 7.7 pg/mL")], RESULT) == 1


def test_a_result_is_read_with_every_unit(made: Scenario) -> None:
    codes = Coded.of([one.unit for one in loinc().rows.values() if one.unit])
    units = dict.fromkeys(unit(codes).to_pylist())

    told = [one for one in units if made.after([said_otherwise(f"sodium 7.7{one}")], RESULT)]

    assert told == list(units)
