"""What is followed where nobody names an outcome, what it is called, and where nothing happened."""

from __future__ import annotations

import pytest

from healthsim.operations import drawing
from healthsim.operations.home import Home
from healthsim.pictures.telling import usual
from pictures.reading import rows

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["diabetes", "kidneys", "trial", "leaving", "births"])
def test_what_is_followed_by_itself_happened_and_is_no_planned_test(home: Home, name: str) -> None:
    picture = drawing.draw(home, name, "cumulative_incidence")

    assert picture.rows[-1][2] > 0
    with drawing.opened(home, name) as source:
        chosen = usual(source)
    planned = rows(home, name, "SELECT DISTINCT step FROM events WHERE type IN ('lab', 'vital', "
                               "'encounter', 'trial_visit', 'branch', 'change')")  # fmt: skip
    assert not {str(value) for value in chosen.values} & {step for (step,) in planned}
    assert "_" not in picture.title


def test_death_is_followed_before_others_where_some_died(home: Home) -> None:
    died = rows(home, "kidneys", "SELECT count(*) FROM patients WHERE death_date IS NOT NULL")[0][0]

    assert died >= 5
    assert drawing.draw(home, "kidneys", "cumulative_incidence").title.startswith("Death by")


def test_a_stay_in_hospital_is_the_first_after_the_start(home: Home) -> None:
    picture = drawing.draw(home, "kidneys", "cumulative_incidence", what="hospital stay")

    sql = """SELECT count(DISTINCT person_id) FROM encounters JOIN (SELECT person_id,
        min(event_date) AS day FROM events GROUP BY 1) USING (person_id)
        WHERE encounter_class = 'inpatient' AND start_at::DATE >= day"""
    assert picture.rows[-1][2] == rows(home, "kidneys", sql)[0][0] > 0


@pytest.mark.parametrize(
    ("name", "what", "title"),
    [
        ("kidneys", "N18.4", "Chronic kidney disease, stage 4 (severe) (N18.4) by"),
        ("diabetes", "metformin_after_all", "(metformin after all) by"),
        ("diabetes", "second_glipizide", "A prescription of glipizide"),
    ],
)
def test_a_step_or_code_is_called_by_its_words(
    home: Home, name: str, what: str, title: str
) -> None:
    picture = drawing.draw(home, name, "cumulative_incidence", what=what)

    assert title in picture.title
    assert what not in picture.title or what[0] == "N"


def test_what_never_happened_is_a_line_at_the_bottom_of_an_axis_that_begins_with_zero(
    home: Home,
) -> None:
    picture = drawing.draw(home, "diabetes", "cumulative_incidence", what="death")

    heights = picture.spec["encoding"]["y"]["scale"]
    assert rows(home, "diabetes", "SELECT count(death_date) FROM patients") == [(0,)]
    assert picture.title.startswith("No death among 60 people")
    assert heights == {"domainMin": 0, "domainMax": 0.1}


def test_the_axis_of_time_ends_where_nobody_is_at_risk(home: Home) -> None:
    picture = drawing.draw(home, "kidneys", "cumulative_incidence", what="death")

    last = picture.rows[-1]
    assert last[1] == 0
    first, end = picture.spec["encoding"]["x"]["scale"]["domain"]
    assert first == 0
    assert end == pytest.approx(last[0] / 365.25)
