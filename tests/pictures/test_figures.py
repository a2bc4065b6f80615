"""Every figure of a picture's table is what a query of its own gives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from healthsim.operations import auditing, drawing
from healthsim.operations.home import Home
from healthsim.pictures.picture import Picture
from pictures.reading import rows

pytestmark = pytest.mark.slow

AS_OF = "DATE '2025-01-01'"


def _row(picture: Picture, **known: Any) -> dict[str, Any]:
    listed = [dict(zip(picture.columns, row, strict=True)) for row in picture.rows]
    (found,) = [row for row in listed if known.items() <= row.items()]
    return found


def test_the_pyramid_by_plan_adds_up_to_the_people_of_each_plan(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "population_pyramid", by="plan")

    plans: dict[str, int] = {}
    for _, plan, women, men in picture.rows:
        plans[plan] = plans.get(plan, 0) + women + men
    assert plans == dict(rows(home, "diabetes",
                              "SELECT plan_id, count(*) FROM enrollments GROUP BY 1"))  # fmt: skip


def test_those_who_are_born_in_the_run_have_a_band_of_their_own(home: Home) -> None:
    picture = drawing.draw(home, "births", "population_pyramid")

    born = rows(home, "births", f"SELECT count(*) FROM patients WHERE birth_date > {AS_OF}")[0][0]
    later = _row(picture, age="born later")
    assert later["female"] + later["male"] == born > 0


def test_conditions_are_shares_of_people_and_marked_where_one_share_was_asked(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "conditions")

    sql = "SELECT code, count(DISTINCT person_id) FROM conditions GROUP BY 1"
    counted = dict(rows(home, "diabetes", sql))
    assert {row[0]: row[2] for row in picture.rows} == counted
    assert _row(picture, code="E78.5")["asked_share"] == 0.772
    assert _row(picture, code="E11.9")["asked_share"] is None  # E11.22 takes its place for some
    assert list(picture.rows) == sorted(picture.rows, key=lambda row: (-row[2], row[0]))


def test_cost_is_equal_to_the_cent(home: Home) -> None:
    picture = drawing.draw(home, "kidneys", "cost_by_month")

    care = rows(home, "kidneys", "SELECT sum(plan_paid_usd), sum(deductible_usd + coinsurance_usd "
                                 "+ copay_usd) FROM claims")[0]  # fmt: skip
    drugs = rows(home, "kidneys", "SELECT sum(plan_paid_usd), sum(deductible_usd + copay_usd) "
                                  "FROM fills WHERE status = 'paid'")[0]  # fmt: skip
    for line, (plan, member) in (("medical", care), ("pharmacy", drugs)):
        mine = [row for row in picture.rows if row[1] == line]
        assert sum(Decimal(row[2]) for row in mine) == plan
        assert sum(Decimal(row[3]) for row in mine) == member
    assert len({row[0] for row in picture.rows}) <= 60  # six years: by quarter


@pytest.mark.parametrize("by", ["plan", "line", "sex"])
def test_cost_by_group_loses_nothing(home: Home, by: str) -> None:
    whole = drawing.draw(home, "diabetes", "cost_by_month")
    parts = drawing.draw(home, "diabetes", "cost_by_month", by=by)

    for column in (2, 3):
        total = sum(Decimal(row[column]) for row in whole.rows)
        assert sum(Decimal(row[column]) for row in parts.rows) == total


def test_asked_against_got_has_the_figures_of_the_audit_what_is_off_first(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "asked_against_got")

    path = home.scenarios / "diabetes.duckdb"
    judged = [row for row in auditing.compared_run(path) if row[-1] is not None]
    numbers = {row[0]: tuple(row[1:5]) for row in judged}
    assert len(picture.rows) == min(60, len(judged))
    assert all(numbers[row[0]] == tuple(row[1:5]) for row in picture.rows)
    verdicts = [row[-1] for row in picture.rows]
    assert verdicts == sorted(verdicts)  # "no" before "yes"


def test_a_step_of_the_journey_has_the_people_who_got_it(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "journey")

    counted = rows(home, "diabetes", "SELECT step, option, count(DISTINCT person_id), count(*) "
                                     "FROM events GROUP BY ALL")  # fmt: skip
    by_name = {f"{step}: {option}" if option else step: (people, events)
               for step, option, people, events in counted}  # fmt: skip
    shown = [row for row in picture.rows if row[1] in ("event", "option")]
    assert len(shown) > 8
    for name, _, people, share, events, *_ in shown:
        assert by_name.get(name, (0, 0)) == (people, events), name
        assert share == pytest.approx(people / 60, abs=1e-4)


def test_mothers_are_the_people_of_a_pregnancy_and_children_are_counted_apart(home: Home) -> None:
    picture = drawing.draw(home, "births", "journey")

    assert "20 people" in picture.title
    assert "_" not in picture.title
    assert _row(picture, step="first_visit")["share"] == 1.0
    assert "born" in picture.spec["title"]["subtitle"]


def test_a_missed_visit_of_a_trial_is_not_counted_as_one(home: Home) -> None:
    picture = drawing.draw(home, "trial", "journey")

    sql = ("SELECT count(DISTINCT person_id), count(*) FROM events WHERE step = 'dosing_visit' "
           "AND option IS DISTINCT FROM 'missed'")  # fmt: skip
    row = _row(picture, step="dosing_visit")
    assert (row["people"], row["events"]) == rows(home, "trial", sql)[0]


def test_a_series_has_median_and_quartiles_of_each_time_and_arm(home: Home) -> None:
    picture = drawing.draw(home, "trial", "series", what="a1c", by="arm")

    assert picture.columns[0] == "quarters_since_start"
    counted = rows(
        home,
        "trial",
        """
        SELECT round((collected_at::DATE - randomized_date) / 91.3125)::INT, arm, count(*),
               round(median(value), 4), round(quantile_cont(value, 0.25), 4),
               round(quantile_cont(value, 0.75), 4)
        FROM lab_results JOIN subjects USING (person_id)
        WHERE loinc = '4548-4' AND arm IS NOT NULL GROUP BY 1, 2""",
    )
    assert sorted(map(tuple, picture.rows)) == sorted(counted)


def test_a_series_can_be_of_a_vital_sign_by_sex_as_a_mean_or_by_the_calendar(home: Home) -> None:
    mean = drawing.draw(home, "diabetes", "series", what="blood pressure", by="sex, mean")
    quarters = drawing.draw(home, "diabetes", "series", what="8480-6", by="calendar")

    sql = ("SELECT round(avg(value), 4) FROM vital_signs JOIN patients USING (person_id) "
           "WHERE loinc = '8480-6' AND gender = 'F'")  # fmt: skip
    of_women = [row for row in mean.rows if row[1] == "female"]
    measured = sum(row[2] for row in of_women)
    together = sum(row[2] * row[3] for row in of_women)
    assert together / measured == pytest.approx(rows(home, "diabetes", sql)[0][0], abs=0.5)
    first = rows(
        home,
        "diabetes",
        """SELECT date_trunc('quarter', measured_at)::DATE, count(*)
        FROM vital_signs WHERE loinc = '8480-6' GROUP BY 1 ORDER BY 1""",
    )[0]
    assert (quarters.rows[0][0], quarters.rows[0][1]) == (str(first[0]), first[1])


def test_the_incidence_of_death_is_the_share_that_died_where_all_are_followed(home: Home) -> None:
    picture = drawing.draw(home, "kidneys", "cumulative_incidence", what="death")

    died = rows(home, "kidneys", "SELECT count(*) FROM patients WHERE death_date IS NOT NULL")[0][0]
    last = picture.rows[-1]
    assert (last[2], last[5]) == (died, pytest.approx(died / 24, abs=1e-4))
    assert "Kaplan–Meier" in picture.says


def test_death_competes_with_a_step_of_the_journey(home: Home) -> None:
    picture = drawing.draw(home, "kidneys", "cumulative_incidence", what="dialysis_status")

    got = rows(home, "kidneys", "SELECT count(DISTINCT person_id) FROM events "
                                "WHERE step = 'dialysis_status'")[0][0]  # fmt: skip
    last = picture.rows[-1]
    assert last[2] == got
    assert last[5] == pytest.approx(got / 24, abs=1e-4)
    assert "Aalen–Johansen" in picture.says


def test_a_condition_is_followed_in_those_who_do_not_have_it(home: Home) -> None:
    picture = drawing.draw(home, "kidneys", "cumulative_incidence", what="N18.4")

    sql = ("SELECT count(*) FILTER (onset_date > DATE '2025-01-01'), count(*) FROM (SELECT "
           "person_id, min(onset_date) AS onset_date FROM conditions WHERE code LIKE 'N18.4%' "
           "GROUP BY 1)")  # fmt: skip
    new, _ = rows(home, "kidneys", sql)[0]
    assert picture.rows[-1][2] == new


def test_coverage_ends_on_the_first_day_without_it(home: Home) -> None:
    picture = drawing.draw(home, "leaving", "cumulative_incidence", what="disenrollment")

    sql = ("SELECT count(DISTINCT person_id), count(DISTINCT person_id) FILTER (term_date IS NOT "
           "NULL AND (person_id, term_date + 1) NOT IN "
           "(SELECT (person_id, effective_date) FROM enrollments)) FROM enrollments")  # fmt: skip
    insured, left = rows(home, "leaving", sql)[0]
    assert f"among {insured} people" in picture.says
    assert picture.rows[-1][2] == left > 0


def test_a_stay_after_a_discharge_is_a_readmission(home: Home) -> None:
    picture = drawing.draw(home, "kidneys", "cumulative_incidence", what="readmission")

    sql = """WITH s AS (SELECT person_id, end_at::DATE AS out, lead(start_at::DATE) OVER
        (PARTITION BY person_id ORDER BY start_at) AS again FROM encounters
        WHERE encounter_class = 'inpatient')
        SELECT count(*) FILTER (again - out <= 90) FROM s JOIN patients USING (person_id)
        WHERE (death_date IS NULL OR death_date > out) AND (again IS NULL OR again > out)"""
    assert picture.rows[-1][2] == rows(home, "kidneys", sql)[0][0]


def test_a_timeline_has_everything_dated_of_one_person(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "person_timeline", what="101")

    kinds: dict[str, int] = {}
    for row in picture.rows:
        kinds[row[2]] = kinds.get(row[2], 0) + 1
    tables = (("visits", "encounters"), ("results", "lab_results"), ("conditions", "conditions"),
              ("drugs", "prescriptions"), ("coverage", "enrollments"))  # fmt: skip
    for kind, table in tables:
        sql = f"SELECT count(*) FROM {table} WHERE person_id = 101"
        assert kinds.get(kind, 0) == rows(home, "diabetes", sql)[0][0], kind
