"""People have appointments for planned visits; some were missed, and some are yet to come."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from healthsim.medicine.appointments import figures
from template_runs import BIRTHS, CANCERS, HEARTS, KNEES, chart_file

pytestmark = pytest.mark.slow  # its runs


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    path = chart_file(*KNEES)
    with duckdb.connect(str(path), read_only=True) as opened:
        yield opened


def test_a_planned_visit_has_one_appointment_and_no_other_has(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    told = connection.execute("""
        SELECT e.encounter_class, count(*), count(a.appointment_id),
            count(*) FILTER (a.appointment_id = e.encounter_id AND a.start_at <= e.start_at
                AND a.practitioner_npi = e.attending_npi AND a.status = 'fulfilled')
        FROM encounters AS e LEFT JOIN appointments AS a USING (encounter_id) GROUP BY ALL
        """).fetchall()
    planned = {kind: rest for kind, *rest in told}
    assert len(set(planned.pop("office"))) == 1
    assert planned["inpatient"][1:] == [0, 0]


def test_missed_ones_are_about_as_many_as_the_table_says_and_lie_a_week_or_two_before(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    found = connection.execute("""
        SELECT count(*) FILTER (status = 'fulfilled'), count(*) FILTER (status = 'noshow'),
            count(*) FILTER (status = 'cancelled'), count(*) FILTER (status = 'booked')
        FROM appointments
        """).fetchone()
    assert found is not None
    kept, missed, cancelled, booked = found
    assert 0.35 * figures()["noshow"] < missed / kept < 1.3 * figures()["noshow"]
    assert 0.4 * figures()["cancelled"] < cancelled / kept < 1.3 * figures()["cancelled"]
    assert booked > 5
    apart = connection.execute("""
        SELECT DISTINCT date_diff('day', m.start_at, f.start_at) FROM appointments AS m
        JOIN appointments AS f ON m.person_id = f.person_id AND f.status = 'fulfilled'
            AND f.practitioner_npi = m.practitioner_npi AND f.booked_at >= m.start_at
            AND f.start_at::TIME = m.start_at::TIME AND f.start_at < m.start_at + INTERVAL 15 DAY
        WHERE m.status IN ('noshow', 'cancelled') ORDER BY ALL
        """).fetchall()
    assert {(7,), (14,)} <= set(apart)


def test_what_is_booked_comes_after_the_data_and_after_two_visits(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    wrong = connection.execute("""
        SELECT a.appointment_id, max(e.start_at), count(e.encounter_id) FROM appointments AS a
        LEFT JOIN encounters AS e ON e.person_id = a.person_id
            AND e.attending_npi = a.practitioner_npi AND e.end_at <= a.booked_at
        WHERE a.status = 'booked' GROUP BY a.appointment_id, a.start_at
        HAVING a.start_at < DATE '2026-01-01' OR count(e.encounter_id) < 2
        """).fetchall()
    assert wrong == []


def test_a_visit_is_booked_after_what_it_comes_of_and_an_attack_the_day_before_at_most() -> None:
    path = chart_file(*HEARTS)
    with duckdb.connect(str(path), read_only=True) as opened:
        early = opened.execute("""
            SELECT count(*), count(*) FILTER (a.booked_at < e.end_at) FROM appointments AS a
            JOIN encounters AS e USING (person_id) WHERE a.reason LIKE 'After a stay%'
                AND e.reason = 'Worsening heart failure'
            """).fetchone()
    assert early is not None
    assert early[0] > 3
    assert early[1] == 0
    path = chart_file("medicaid-pediatric", ("pediatric-asthma-year",), 60)
    with duckdb.connect(str(path), read_only=True) as opened:
        ahead = opened.execute("""
            SELECT count(*), max(date_diff('day', booked_at, start_at)) FROM appointments
            WHERE reason = 'Asthma attack'
            """).fetchone()
    assert ahead is not None
    assert ahead[0] > 0
    assert ahead[1] <= 1


def test_a_visit_before_an_operation_is_booked_once_the_operation_is_decided(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    found = connection.execute("""
        SELECT count(*), count(*) FILTER (a.booked_at >= f.seen),
            count(*) FILTER (a.booked_at::DATE = f.seen::DATE)
        FROM appointments AS a JOIN (SELECT person_id, min(end_at) AS seen FROM encounters
            WHERE reason = 'Knee pain' GROUP BY ALL) AS f USING (person_id)
        WHERE a.reason IN ('Clearance for surgery', 'Knee replacement')
        """).fetchone()
    assert found is not None
    asked, later, at_once = found
    assert asked == later > 20
    assert 0 < at_once < later


def test_nobody_books_for_a_child_before_the_stay_of_its_birth_ends() -> None:
    path = chart_file(*BIRTHS)
    with duckdb.connect(str(path), read_only=True) as opened:
        found = opened.execute("""
            SELECT count(*), count(*) FILTER (a.booked_at >= e.end_at)
            FROM appointments AS a JOIN patients AS p USING (person_id) JOIN encounters AS e
                ON e.person_id = p.person_id AND e.start_at::DATE = p.birth_date
            WHERE p.mother_person_id IS NOT NULL AND e.encounter_class = 'inpatient'
            """).fetchone()
    assert found is not None
    assert found[0] == found[1] > 20


def test_what_a_test_of_the_day_finds_is_not_why_the_visit_was_booked() -> None:
    path = chart_file(*CANCERS)
    with duckdb.connect(str(path), read_only=True) as opened:
        put_off = opened.execute("""
            SELECT count(*), count(*) FILTER (a.reason_code = 'Z51.11'
                AND a.reason IN ('FOLFOX', 'FOLFIRI'))
            FROM appointments AS a JOIN encounters AS e USING (encounter_id)
            WHERE e.reason = 'Treatment deferred: neutropenia'
            """).fetchone()
    assert put_off is not None
    assert put_off[0] == put_off[1] > 10
    path = chart_file(*BIRTHS)
    with duckdb.connect(str(path), read_only=True) as opened:
        found = opened.execute("""
            SELECT count(*) FILTER (e.reason_code = 'O99.820'),
                count(*) FILTER (a.reason_code = 'O99.820' AND a.booked_at::DATE < c.onset_date),
                count(*) FILTER (a.reason_code = 'O99.820')
            FROM appointments AS a JOIN encounters AS e USING (encounter_id)
            JOIN conditions AS c ON c.person_id = a.person_id AND c.code = 'O99.820'
            """).fetchone()
    assert found is not None
    assert found[0] > found[2] > 5
    assert found[1] == 0
