"""What is asked of pictures in odd ways: each gets a clear answer, and nothing breaks."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from healthsim.errors import NotFound, Refused, StorageError
from healthsim.operations import drawing
from healthsim.operations.home import Home
from healthsim.pictures import render
from healthsim.pictures.measures import measure_named
from healthsim.pictures.picture import NothingToDraw
from healthsim.pictures.risk import at, curve

pytestmark = pytest.mark.slow


EVIL = "x'); DROP TABLE patients; --"


@pytest.fixture(scope="module")
def strange(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with a copy that holds texts of a stranger, many plans and no numbers."""
    own = _copied(home, tmp_path_factory.mktemp("strange"))
    _change(own,
            f"UPDATE events SET option = '{EVIL.replace(chr(39), chr(39) * 2)}' "
            "WHERE step = 'intensify'",
            "UPDATE conditions SET display = '<b onload=alert(1)>' || display",
            "UPDATE enrollments SET plan_id = (person_id // 100) % 30 || ' ' || repeat('🤖', 500)",
            "UPDATE lab_results SET value = 'NaN'::DOUBLE WHERE person_id = 101",
            "UPDATE lab_results SET value = 'inf'::DOUBLE WHERE person_id = 201")  # fmt: skip
    return own


def _copied(home: Home, folder: Path) -> Home:
    own = Home(folder)
    own.ensure(own.scenarios)
    shutil.copy(home.scenarios / "diabetes.duckdb", own.scenarios / "diabetes.duckdb")
    return own


def _change(home: Home, *statements: str) -> None:
    with duckdb.connect(str(home.scenarios / "diabetes.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("series", {"what": "a1d"}, "Hemoglobin A1c"),
        ("series", {"what": "fills_new_drugs"}, "a state that no test here measures"),
        ("series", {"what": "2345-7"}, "no result of diabetes is called '2345-7'"),
        ("series", {"by": "intensfy"}, "did you mean 'intensify'"),
        ("series", {"by": "sex, plan"}, "compare by one of them"),
        ("cumulative_incidence", {"what": "deth"}, "'death'"),
        ("cumulative_incidence", {"what": "initial_visits"}, "initial_visit"),
        ("cumulative_incidence", {"what": "readmission"}, "has no inpatient stay"),
        ("conditions", {"what": "Q99"}, "begins with 'Q99'"),
        ("journey", {"what": "diabetic-first-yaer"}, "diabetic-first-year"),
        ("person_timeline", {"what": "999999999"}, "did you mean"),
        ("cost_by_month", {"by": "plann"}, "'plan'"),
        ("conditions", {"by": "plan"}, "does not take it"),
        ("asked_against_got", {"what": "x"}, "leave what out"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_answered_with_what_is(
    home: Home, kind: str, options: dict[str, str], said: str
) -> None:
    with pytest.raises((NotFound, Refused)) as refused:
        drawing.draw(home, "diabetes", kind, **options)

    assert said in str(refused.value)


@pytest.fixture(scope="module")
def emptied(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with a copy without rows."""
    own = _copied(home, tmp_path_factory.mktemp("emptied"))
    with duckdb.connect(str(own.scenarios / "diabetes.duckdb")) as connection:
        tables = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
    _change(own, *(f'DELETE FROM "{name}"' for name in tables
                   if not name.startswith("healthsim_")))  # fmt: skip
    return own


@pytest.mark.parametrize("kind", sorted(set(drawing.KINDS) - {"asked_against_got"}))
def test_a_picture_of_nothing_says_so(emptied: Home, kind: str) -> None:
    with pytest.raises((NothingToDraw, NotFound)) as refused:
        drawing.draw(emptied, "diabetes", kind)

    assert "; " in str(refused.value)


def test_what_a_file_holds_is_never_read_as_sql_or_as_an_expression(strange: Home) -> None:
    by_way = drawing.draw(strange, "diabetes", "series", what="4548-4", by="intensify")
    conditions = drawing.draw(strange, "diabetes", "conditions")

    assert {row[1] for row in by_way.rows} == {EVIL}
    assert "<b onload" not in render.svg(conditions)


def test_a_column_of_another_type_is_a_file_that_cannot_be_read(home: Home, tmp_path: Path) -> None:
    own = _copied(home, tmp_path / "home")
    _change(own, "ALTER TABLE lab_results ALTER value TYPE VARCHAR")

    with pytest.raises((StorageError, NotFound, Refused)):
        drawing.draw(own, "diabetes", "series")


def test_more_groups_than_can_be_told_apart_become_one(strange: Home) -> None:
    picture = drawing.draw(strange, "diabetes", "population_pyramid", by="plan")

    assert all(len(row[1]) <= 40 for row in picture.rows)
    assert len({row[1] for row in picture.rows}) == 7
    assert sum(row[2] + row[3] for row in picture.rows) == 60


def test_values_that_are_no_numbers_are_left_out(strange: Home) -> None:
    picture = drawing.draw(strange, "diabetes", "series", what="4548-4")

    assert "nan" not in str(picture.rows)
    assert "inf" not in str(picture.rows)


def test_a_machine_without_the_renderer_is_told_what_to_do(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "vl_convert", None)
    picture = drawing.draw(home, "diabetes", "population_pyramid")

    with pytest.raises(render.NoRenderer, match="install vl-convert-python"):
        render.svg(picture)
    assert picture.rows


def test_a_width_out_of_range_is_refused(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "population_pyramid")

    for width in (279, 2_001):
        with pytest.raises(Refused, match="give 280 to 2000 pixels"):
            render.sized(picture, "light", width)
    for width in (280, 2_000):
        assert render.sized(picture, "light", width)["width"] == width


@pytest.mark.parametrize(
    ("meant", "loinc"),
    [("A1c", "4548-4"), ("a1c", "4548-4"), ("LDL", "13457-7"), ("egfr", "98979-8"),
     ("triglycerides", "2571-8"), ("blood pressure", "8480-6"), ("", "4548-4")],
)  # fmt: skip
def test_a_test_is_known_by_the_names_that_people_use(home: Home, meant: str, loinc: str) -> None:
    with drawing.opened(home, "diabetes") as source:
        assert measure_named(source, meant).loinc == loinc


def test_incidence_of_people_who_leave_is_that_of_aalen_and_johansen() -> None:
    # Worked by hand: 10 people; day 5: one event; day 8: two leave; day 10: two events, one ends.
    steps = curve([(5, 1, 0, 0), (8, 0, 2, 0), (10, 2, 0, 1), (20, 0, 0, 4)])

    assert [step.at_risk for step in steps] == [10, 9, 7, 4]
    assert steps[0].incidence == pytest.approx(1 / 10)
    assert steps[2].incidence == pytest.approx(1 / 10 + 9 / 10 * 7 / 9 * 2 / 7)
    assert at(steps, 9).at_risk == 7
    assert (at(steps, 10).events, at(steps, 10).others, at(steps, 10).censored) == (3, 2, 1)
    assert at(steps, 4).incidence == 0


def test_without_other_ways_to_leave_it_is_that_of_kaplan_and_meier() -> None:
    days = [(1, 1, 0, 0), (2, 0, 0, 3), (4, 2, 0, 0), (9, 1, 0, 3)]

    free = 1 - 1 / 10
    free *= 1 - 2 / 6
    free *= 1 - 1 / 4
    assert curve(days)[-1].incidence == pytest.approx(1 - free)
