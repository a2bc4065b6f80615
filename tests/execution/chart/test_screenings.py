"""Questionnaires: answers add up to the result, and needs are those of codes and shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from audit.chart_tampering import OF_SCREENINGS
from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from execution.running import event, journey, patients, visit
from healthsim.medicine.instruments import NEEDS, instruments

pytestmark = pytest.mark.slow  # its run

_TOTALS = {one.total: one for one in instruments().values() if one.total}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    asked = [event(f"q{number}", "lab", 20, loinc=code) for number, code in enumerate(_TOTALS)]
    worst = event("worst", "lab", 90, loinc="44261-6", result=27)
    clinical: dict[str, Any] = {
        "primary": {"code": "E11.9", "onset": {"years_before": 3}},
        "comorbidities": [{"code": "Z59.41", "share": 0.3}],
    }
    profile = patients(count=60, attributes={}, clinical=clinical)
    steps = journey(visit("v", 20), *asked, worst, visit("w", 400), duration_days=500)
    with opened(tmp_path_factory.mktemp("asked"), profile, steps) as scenario:
        yield scenario


@pytest.fixture
def scenario(made: Scenario) -> Iterator[Scenario]:
    """A scenario in which every change is undone."""
    made.connection.execute("BEGIN")
    yield made
    made.connection.execute("ROLLBACK")


def _rows(made: Scenario, sql: str) -> list[tuple[Any, ...]]:
    return made.connection.execute(sql).fetchall()


def test_answers_add_up_to_each_result(made: Scenario) -> None:
    assert made.told(made.about("screenings", "screening_answers")) == {}
    counts = dict(_rows(made, "SELECT instrument, count(*) FROM screenings GROUP BY ALL"))
    assert counts.keys() == instruments().keys()
    assert counts["PHQ-9"] == 120
    assert _rows(made, "SELECT DISTINCT value FROM screening_answers JOIN screenings USING "
                       "(screening_id) WHERE score = 27") == [(3,)]  # fmt: skip
    assert {word for (word,) in _rows(
        made, "SELECT interpretation FROM screenings WHERE instrument = 'PHQ-9' AND score = 27"
    )} == {"severe"}  # fmt: skip


def test_needs_are_asked_once_a_year_and_agree_with_codes(made: Scenario) -> None:
    asked = f"FROM screenings WHERE instrument = '{NEEDS}'"
    people = _rows(made, f"SELECT count(DISTINCT person_id), count(*) {asked}")[0]
    hungry = "(SELECT person_id FROM conditions WHERE code = 'Z59.41')"
    answers = _rows(made, "SELECT DISTINCT a.answer, s.interpretation FROM screening_answers AS a "
                          "JOIN screenings AS s USING (screening_id) WHERE a.loinc = '88122-7' "
                          f"AND s.person_id IN {hungry}")  # fmt: skip

    assert 10 < people[0] < 40
    assert people[1] == 2 * people[0]
    assert answers == [("Often true", "need")]
    assert {one for (one,) in _rows(made, f"SELECT interpretation {asked}")} == {"need", "no need"}


def test_who_has_no_need_gave_the_first_answer_to_every_question(made: Scenario) -> None:
    first = {item.loinc: item.answers[0].text for item in instruments()[NEEDS].items}
    told = _rows(made, "SELECT a.loinc, answer FROM screening_answers AS a JOIN screenings "
                       "USING (screening_id) WHERE interpretation = 'no need'")  # fmt: skip
    with_need = _rows(made, "SELECT list(a.loinc), list(answer) FROM screening_answers AS a JOIN "
                            "screenings USING (screening_id) WHERE interpretation = 'need' "
                            "GROUP BY screening_id")  # fmt: skip

    assert told
    assert all(first[loinc] == answer for loinc, answer in told)
    assert all(
        any(first[loinc] != answer for loinc, answer in zip(*lists, strict=True))
        for lists in with_need
    )


@pytest.mark.parametrize("change", OF_SCREENINGS, ids=lambda change: change.breaks[0])
def test_a_changed_row_is_told_by_its_rule_and_no_other(made: Scenario, change: Tampering) -> None:
    assert made.tried(change) == set(change.breaks)
