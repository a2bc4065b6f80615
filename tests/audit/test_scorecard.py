"""The scorecard: published figures against the tables, read as their sources define them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from healthsim.audit import scorecard
from healthsim.audit.statistics import STATISTICS
from healthsim.building import templates
from healthsim.codes.published import PublishedStatistic, published
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.operations import auditing
from healthsim.operations.scored import Scored, sentence
from healthsim.persistence.database import open_read
from healthsim.persistence.state import describe_file
from healthsim.products.catalogue import TABLES
from stand_ins import ask_few_rules
from storing import spec, stored

DAYS = (date(2025, 1, 1), date(2026, 3, 31))


def figure(name: str, **changed: Any) -> PublishedStatistic:
    return published().find(name, "test")._replace(**changed)


@pytest.fixture
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table of a scenario, empty."""
    with duckdb.connect() as connection:
        for table in TABLES:
            columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
            connection.execute(f"CREATE TABLE {table.name} ({columns})")
        yield connection


def put(connection: duckdb.DuckDBPyConnection, table: str, *rows: dict[str, Any]) -> None:
    """Write rows that state the same columns."""
    names = ", ".join(rows[0])
    marks = ", ".join(f"({', '.join('?' for _ in row)})" for row in rows)
    values = [value for row in rows for value in row.values()]
    connection.execute(f"INSERT INTO {table} ({names}) VALUES {marks}", values)


def people(connection: duckdb.DuckDBPyConnection, *ids: int, **changed: Any) -> None:
    plain = {"birth_date": date(1950, 6, 1), "gender": "F", **changed}
    put(connection, "patients", *({"person_id": one, **plain} for one in ids))


def read(connection: duckdb.DuckDBPyConnection, name: str, **changed: Any) -> tuple[Any, int]:
    mean, _, count, _ = scorecard.observed_statistics(connection, figure(name, **changed), DAYS)
    return mean, count


def stay(person: int, number: int, start: str, end: str, **changed: Any) -> dict[str, Any]:
    return {"person_id": person, "encounter_id": number, "encounter_class": "inpatient",
            "reason_code": "I50.22", "start_at": start, "end_at": end, "disposition": "01",
            "los_days": 3, **changed}  # fmt: skip


@pytest.mark.slow
def test_every_published_figure_is_well_formed_and_can_be_read(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    people(tables, 101)
    for one in published().rows.values():
        assert one.confidence in ("V", "V2", "D", "M"), one.code
        assert 1980 <= one.year <= 2026
        assert one.tolerance > 0
        assert (0 < one.value < 1) == (one.unit == "share"), one.code
        if one.statistic == "conditions":
            prefixes = [prefix for group in one.groups for prefix in group]
            assert all(re.fullmatch(r"[A-Z]\d\d(\.\d{1,2})?", prefix) for prefix in prefixes)
        scorecard.observed_statistics(tables, one, DAYS)
    assert STATISTICS.keys() == {one.statistic for one in published().rows.values()}


def test_people_with_enough_of_the_groups_of_conditions_are_counted(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    people(tables, 101, 201, 301, 401)
    for person, code, event in ((101, "I10", None), (101, "E78.5", None), (101, "I13.0", None),
                                (201, "I12.9", None), (301, "E78.5", 7), (301, "E11.9", None),
                                (101, "E11.9", None), (201, "E11.22", None)):  # fmt: skip
        put(tables, "conditions", {"person_id": person, "code": code, "event_id": event})

    assert read(tables, "ccw-2019-hypertension") == (0.5, 4)
    assert read(tables, "iglay-2016-hypertension-and-hyperlipidemia") == (1 / 3, 3)
    assert read(tables, "ccw-2019-hyperlipidemia") == (0.25, 4)  # one was found in a journey


def test_people_are_those_of_an_age_a_sex_and_a_plan(tables: duckdb.DuckDBPyConnection) -> None:
    people(tables, 101, birth_date=date(1950, 1, 1), gender="M")
    people(tables, 201, birth_date=date(1950, 1, 2))
    people(tables, 301, birth_date=date(2025, 6, 1))  # born in the run: of age 0
    put(tables, "plans", {"plan_id": "MA-HMO", "kind": "medicare_advantage"})
    put(tables, "enrollments", {"person_id": 201, "plan_id": "MA-HMO"})

    def counted(**changed: Any) -> int:
        return read(tables, "ccw-2019-women", **changed)[1]

    assert counted(ages=(75, 124)) == 1
    assert counted(ages=(74, 74)) == 1
    assert counted(ages=(0, 0)) == 1
    assert counted(sex="M") == 1
    assert counted(plan="MA-HMO") == counted(plan="medicare_advantage") == 1
    assert counted(plan="commercial") == 0


def test_a_readmission_is_within_30_days_of_a_stay_that_is_itself_none(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    people(tables, 101, 201, 301, 401)
    put(tables, "encounters",
        stay(101, 1, "2025-02-01", "2025-02-05"), stay(101, 2, "2025-03-07", "2025-03-09"),
        stay(101, 3, "2025-04-01", "2025-04-03"),  # within 30 days of a readmission: no stay anew
        stay(201, 4, "2025-02-01", "2025-02-05"), stay(201, 5, "2025-03-08", "2025-03-09"),
        stay(301, 6, "2025-02-01", "2025-02-05", disposition="20"),
        stay(401, 7, "2026-03-20", "2026-03-22"),  # the data end before 30 days have passed
    )  # fmt: skip

    # of 101 one stay, of 201 both; the one who died and the late one are left out
    assert read(tables, "bueno-2006-readmitted") == (1 / 3, 3)
    assert read(tables, "bueno-2006-died-in-hospital") == (1 / 7, 7)
    assert read(tables, "bueno-2006-stay-days") == (3, 7)


def test_a_new_prescription_is_filled_when_its_first_fill_is_paid_in_time(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    people(tables, 101, 201, 301, 401)
    plain = {"days_supply": 30, "refills": 11, "written_date": date(2025, 2, 1), "event_id": 9}
    for person in (101, 201, 301, 401):
        put(tables, "enrollments", {"person_id": person, "plan_id": "A",
                                    "effective_date": date(2025, 1, 1)})  # fmt: skip
        put(tables, "prescriptions", {"prescription_id": person, "person_id": person,
                                      "ingredient": "metformin", **plain})  # fmt: skip
    again = plain | {"written_date": date(2025, 5, 1), "ingredient": "metformin"}
    put(tables, "prescriptions", {"prescription_id": 7, "person_id": 101, **again})
    for person, day, status in ((101, date(2025, 2, 8), "paid"), (201, date(2025, 2, 20), "paid"),
                                (301, date(2025, 2, 1), "reversed")):  # fmt: skip
        put(tables, "fills", {"prescription_id": person, "person_id": person, "fill_number": 0,
                              "status": status, "fill_date": day})  # fmt: skip

    assert read(tables, "franklin-2018-filled-7-days") == (0.25, 4)
    assert read(tables, "franklin-2018-filled-30-days") == (0.5, 4)


def test_of_results_the_one_nearest_to_the_middle_of_the_data_counts_or_the_last(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    people(tables, 101, 201)
    for person, day, value in ((101, "2025-02-01", 9.5), (101, "2025-08-01", 6.9),
                               (101, "2026-02-01", 9.9), (201, "2025-02-01", 9.1)):  # fmt: skip
        put(tables, "lab_results", {"person_id": person, "loinc": "4548-4", "value": value,
                                    "lab_result_id": 1, "collected_at": day})  # fmt: skip
        put(tables, "conditions", {"person_id": person, "code": "E11.9"})

    assert read(tables, "fang-2018-a1c-under-7") == (0.5, 2)
    assert read(tables, "ndsr-2022-a1c-over-9") == (0.5, 2)
    assert read(tables, "niddk-2010-a1c-mean") == (8.0, 2)
    assert read(tables, "ndsr-2022-a1c-over-9", statistic="last_result") == (1.0, 2)


def test_visits_are_counted_for_everybody_and_by_the_year(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    people(tables, 101, 201)
    put(tables, "encounters", *(
        stay(101, number, "2025-02-01", "2025-02-01", encounter_class="emergency")
        for number in range(3)
    ))  # fmt: skip
    rate, count = read(tables, "nhamcs-2022-emergency")
    years = ((DAYS[1] - DAYS[0]).days + 1) / 365.25

    assert (round(rate, 9), count) == (round(100 * 1.5 / years, 9), 2)


def test_drugs_at_once_are_those_that_people_came_with(tables: duckdb.DuckDBPyConnection) -> None:
    people(tables, 101, 201, 301)
    for person, ingredient, event in (
        (101, "metformin", None), (101, "lisinopril", None), (101, "sertraline", 5),
        (201, "metformin", None),
    ):  # fmt: skip
        put(tables, "prescriptions", {"person_id": person, "ingredient": ingredient,
                                      "event_id": event})  # fmt: skip

    assert read(tables, "ellenbogen-2016-drugs-mean") == (1.5, 2)


def test_days_covered_are_those_of_fills_that_were_paid(tables: duckdb.DuckDBPyConnection) -> None:
    people(tables, 1, 101)
    for person, paid in ((1, 15), (101, 5)):
        put(tables, "prescriptions", {"prescription_id": person, "person_id": person,
                                      "ingredient": "metformin"})  # fmt: skip
        put(tables, "fills", *(
            {"prescription_id": person, "person_id": person, "fill_number": number,
             "fill_date": DAYS[0] + timedelta(days=30 * number), "days_supply": 30,
             "status": "paid" if number < paid else "reversed"}
            for number in range(15)
        ))  # fmt: skip

    assert read(tables, "stars-covered-diabetes") == (0.5, 2)


def _filled(
    tables: duckdb.DuckDBPyConnection, person: int, ingredient: str, every: int, times: int
) -> None:
    prescription = 10 * person + len(set(ingredient))
    put(tables, "prescriptions", {"prescription_id": prescription, "person_id": person,
                                  "ingredient": ingredient})  # fmt: skip
    put(tables, "fills", *(
        {"prescription_id": prescription, "person_id": person, "fill_number": number,
         "fill_id": prescription * 100 + number, "status": "paid", "days_supply": 30,
         "fill_date": DAYS[0] + timedelta(days=every * number)}
        for number in range(times)
    ))  # fmt: skip


def test_a_day_that_two_drugs_of_a_class_cover_is_covered_once(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    length = (DAYS[-1] - DAYS[0]).days
    people(tables, 1, 101)
    for ingredient in ("metformin", "glipizide"):  # together all of the time, each half of it
        _filled(tables, 1, ingredient, 30, length // 60)
        _filled(tables, 101, ingredient, 30, length // 30)

    assert read(tables, "stars-covered-diabetes") == (0.5, 2)


def test_what_is_filled_early_is_used_after_what_is_on_hand(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    people(tables, 1)
    _filled(tables, 1, "metformin", 20, int((DAYS[-1] - DAYS[0]).days * 0.9) // 30)

    assert read(tables, "stars-covered-diabetes") == (1.0, 1)


def test_tolerance_is_half_as_wide_again_for_figures_older_than_ten_years() -> None:
    recent, old = figure("ccw-2019-diabetes"), figure("lochner-2010-two-or-more")

    assert scorecard.tolerance(recent, 2025) == recent.tolerance
    assert scorecard.tolerance(old, 2020) == old.tolerance
    assert scorecard.tolerance(old, 2021) == 1.5 * old.tolerance


DECLARED = ["ccw-2019-women", "ccw-2019-diabetes", "iglay-2016-kidney", "namcs-2019-office",
            "hedis-2022-a1c-under-8-medicaid-mco"]  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    profile = spec("diabetic", count=600, detail="core", reproduces=DECLARED[:3])
    profile["demographics"]["gender"] = {"F": 0.547, "M": 0.453}
    journey = spec("first-year", reproduces=DECLARED[3:])
    return stored(tmp_path_factory.mktemp("scored"), profile, journey)


@pytest.mark.slow
def test_figures_of_profile_and_journeys_are_scored_in_their_order(ran: Path) -> None:
    manifest = describe_file(ran).manifest
    rows = auditing.scored(ran, manifest.profile, manifest.journeys)
    told = [dict(zip(auditing.SCORED, row, strict=True)) for row in rows]

    assert [one["id"] for one in told] == DECLARED
    assert [one["status"] for one in told] == ["met", "off", "off", "unverified", "not measured"]
    assert told[1]["observed"] == 1
    assert told[1]["difference"] == pytest.approx(1 - 0.275)
    assert told[0]["allowed"] == pytest.approx(0.02 + 3 * (0.547 * 0.453 / 600) ** 0.5, abs=1e-4)
    assert all(one["source"] and one["year"] for one in told)


@pytest.mark.slow
def test_a_figure_that_is_off_is_told_and_makes_no_audit_fail(
    ran: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_few_rules(monkeypatch)
    manifest = describe_file(ran).manifest
    found = auditing.audit_file(ran, manifest.profile, manifest.journeys)

    assert found.ok
    assert found.off == [figure(name).display for name in DECLARED[1:3]]
    assert found.score == (
        f"1 of 3 published figures are met; off: “{found.off[0]}”, “{found.off[1]}”; "
        "1 not verified in a source; 1 not measured"
    )


def test_an_unknown_figure_is_refused_with_near_names() -> None:
    profile = spec("diabetic", reproduces=["ccw-2019-diabetis"])
    journey = spec("first-year", reproduces=["ccw-2019-women", "ccw-2019-women"])
    with pytest.raises(SpecError) as caught:
        prepare(profile, [journey])
    said = str(caught.value)

    assert "profile.reproduces[0]: no published figure 'ccw-2019-diabetis'" in said
    assert "did you mean 'ccw-2019-diabetes'" in said
    assert "journeys[0].reproduces[1]: ccw-2019-women is listed twice" in said


@pytest.mark.slow
def test_a_figure_that_chance_may_move_by_half_is_not_judged(tmp_path: Path) -> None:
    claims = ["ccw-2019-hypertension", "ccw-2019-stroke"]
    path = stored(tmp_path, spec("diabetic", count=100, reproduces=claims))
    manifest = describe_file(path).manifest
    rows = auditing.scored(path, manifest.profile, manifest.journeys)

    assert [row[auditing.SCORED.index("status")] for row in rows] == ["off", "too few"]
    few = Scored.of(rows[1])
    assert few.verdict == f"too few: 100 of at least {few.needed:,} needed"
    share = few.published
    assert 3 * (share * (1 - share) / few.needed) ** 0.5 <= share / 2
    assert 3 * (share * (1 - share) / (few.needed - 1)) ** 0.5 > share / 2


def test_a_figure_that_is_met_is_told_with_how_far_it_may_be_off() -> None:
    near = Scored("a", "A", 0.6, 0.65, 0.05, 900, 0.09, "met", "s", 2020, "V", 30, "share")
    wide = near._replace(figure="B", published=0.114, allowed=0.0613)
    wider = near._replace(published=4.0, observed=1.5, allowed=5.0, unit="drugs")

    assert near.verdict == "met within ±9 points"
    assert wide.verdict == "met within ±6.1 points: even half of it would be"
    assert wider.verdict == "met within ±5 drugs: even twice or none of it would be"
    assert (near.amount(0.65), wider.amount(1.5)) == ("65 %", "1.5 drugs")
    assert sentence([near, wide]) == (
        "2 of 2 published figures are met; 1 of these by a tolerance that half of the figure "
        "would pass too: “B”"
    )


@pytest.mark.slow
def test_the_old_and_women_of_all_in_medicare_have_more_conditions_as_published(
    tmp_path: Path,
) -> None:
    profile = templates.load("medicare-general", "profile").fresh()
    profile |= {
        "count": 4_500, "expectations": [], "products": ["patientsim"], "detail": "core"
    }  # fmt: skip
    path = stored(tmp_path, profile)
    figures = [figure(name) for name in ("lochner-2010-two-or-more", "lochner-2010-four-or-more")]

    with open_read(path) as connection:

        def share(one: PublishedStatistic, **whose: Any) -> float:
            return float(scorecard.observed_statistics(connection, one._replace(**whose), DAYS)[0])

        for one in figures:
            ages = [share(one, ages=band) for band in ((65, 74), (75, 84), (85, 124))]
            assert ages == sorted(ages)
            for band in ((65, 74), (75, 84), (85, 124)):
                assert share(one, sex="F", ages=band) > share(one, sex="M", ages=band)


@pytest.mark.slow
def test_nothing_is_met_by_a_handful_of_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_few_rules(monkeypatch)
    journey = spec("first-year", reproduces=["niddk-2010-a1c-mean", "aam-2022-generic-fills"])
    for count in (1, 29):
        profile = spec(
            "diabetic", count=count, detail="core", reproduces=["iglay-2016-one-or-more"]
        )
        path = stored(tmp_path, profile, journey)
        manifest = describe_file(path).manifest
        found = auditing.scored(path, manifest.profile, manifest.journeys)
        told = [dict(zip(auditing.SCORED, row, strict=True)) for row in found]

        assert {one["status"] for one in told} <= {"too few", "not measured"}
        assert told[0]["status"] == told[1]["status"] == "too few"
        assert all(one["n"] <= count for one in told)
    assert auditing.audit_file(path, manifest.profile, manifest.journeys).score.startswith(
        "no published figure can be judged; 3 "
    )


@pytest.mark.slow
def test_a_share_near_1_is_judged_by_those_who_have_it_not(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    people(tables, *range(101, 40101, 100))  # 400 of them
    put(tables, "conditions", *(
        {"person_id": person, "code": "E11.9"} for person in range(101, 40101, 100)
    ))  # fmt: skip

    scored = scorecard._scored(
        tables,
        {"patients", "conditions"},
        figure("ccw-2019-diabetes", value=0.97, tolerance=0.02),
        DAYS,
    )

    assert (scored.status, scored.observed) == ("too few", 1)


@pytest.mark.slow
def test_fills_of_one_person_are_not_so_many_people(tables: duckdb.DuckDBPyConnection) -> None:
    people(tables, *range(101, 4101, 100))  # 40 of them
    put(tables, "fills", *(
        {"person_id": person, "status": "paid", "generic": True}
        for person in range(101, 4101, 100)
    ))  # fmt: skip
    tables.execute("INSERT INTO fills SELECT fills.* FROM fills, range(49)")
    generic = next(one for one in published().rows.values() if one.statistic == "generic")

    scored = scorecard._scored(tables, {"patients", "conditions", "fills"}, generic, DAYS)

    assert tables.execute("SELECT count(*) FROM fills").fetchall() == [(40 * 50,)]
    assert scored.count == 40
    error = (generic.value * (1 - generic.value) / 40) ** 0.5
    assert scored.allowed == pytest.approx(generic.tolerance + 3 * error, abs=0.02)
