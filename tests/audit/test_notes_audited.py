"""A note that says what the chart does not hold is told, and a chart that its notes deny."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.note_tampering import OF_NOTES, OF_SOURCES
from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from healthsim.audit import notes
from template_runs import load

pytestmark = pytest.mark.slow  # its runs

OWN = [rule.name for rule in notes.RULES]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    profile = load("medicare-heart-failure") | {"count": 30, "expectations": []}
    journey = load("heart-failure-exacerbation") | {"expectations": []}
    with opened(tmp_path_factory.mktemp("notes"), profile, journey, only=OWN) as scenario:
        yield scenario


def test_the_engines_notes_break_no_rule(made: Scenario) -> None:
    assert made.unchanged == {}


@pytest.mark.parametrize("change", [*OF_NOTES, *OF_SOURCES], ids=lambda one: one.sql[0][:90])
def test_a_note_that_differs_from_the_chart_is_told_by_its_rule(
    made: Scenario, change: Tampering
) -> None:
    told = {name for name in OWN if made.after(change.sql, name)}

    assert told >= set(change.breaks)
