"""Pregnancies: pressures that are raised and treated, what was there before, what newborns have."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pytest

from execution.births import women
from execution.running import event, journey, listed, run, visit
from template_runs import BIRTHS, chart_file

_SYSTOLIC = "8480-6"


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    path = chart_file(*BIRTHS)
    with duckdb.connect(str(path), read_only=True) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize(("code", "middle", "severe"), [
    ("O13.3", 141, 0.05), ("O14.03", 145, 0.1), ("O14.13", 163, 0.8),
])  # fmt: skip
def test_pressures_of_a_pregnancy_are_about_what_their_code_says_and_severe_ones_rare(
    code: str, middle: float, severe: float
) -> None:
    stated = {"sbp": {"type": "normal", "mean": 114, "sd": 10, "decimals": 0}}
    seen = [visit(f"seen_{day}", day) | {"with": [
        event(f"pressure_{day}", "vital", 0, loinc=_SYSTOLIC)]}
        for day in (70, 90, 110)]  # fmt: skip
    people = women(count=150, attributes=stated)
    signs = run(people, journey(event("raised", "diagnosis", 60, code=code), *seen))
    found = np.array([value for loinc, value in listed(signs["vital_signs"], "loinc", "value")
                      if loinc == _SYSTOLIC])  # fmt: skip

    assert abs(found.mean() - middle) < 3
    assert abs((found >= 160).mean() - severe) < max(severe, 0.2)
    assert found.max() < 215


def test_raised_pressure_of_a_pregnancy_is_read_twice_before_it_has_a_name(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    raised = connection.execute("""
        SELECT count(DISTINCT v.measured_at::DATE), bool_or(v.measured_at::DATE = c.onset_date),
            max(v.value) FILTER (v.loinc = '8480-6') >= 160
            OR max(v.value) FILTER (v.loinc = '8462-4') >= 110
        FROM conditions AS c LEFT JOIN vital_signs AS v ON v.person_id = c.person_id
            AND (v.loinc = '8480-6' AND v.value >= 140 OR v.loinc = '8462-4' AND v.value >= 90)
            AND v.measured_at::DATE BETWEEN c.onset_date - 140 AND c.onset_date
        WHERE c.code LIKE 'O13%' GROUP BY c.condition_id
        """).fetchall()
    measured = connection.execute("""
        SELECT count(*), count(*) FILTER (a.booked_at >= (SELECT max(v.end_at) FROM encounters AS v
                WHERE v.person_id = e.person_id AND v.end_at < e.start_at
                AND v.reason = 'Prenatal visit')),
            count(*) FILTER (EXISTS (FROM lab_results AS l WHERE l.loinc = '2890-2'
                AND l.encounter_id = e.encounter_id))
        FROM encounters AS e JOIN appointments AS a USING (encounter_id)
        WHERE e.reason = 'Blood pressure check'
        """).fetchall()[0]

    assert len(raised) > 3
    assert all(on_the_day and (days >= 2 or severe) for days, on_the_day, severe in raised)
    assert measured[0] == measured[1] == measured[2] > 3


def test_drugs_begin_at_the_pressures_of_the_guideline(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """ACOG: at 140/90 where it is chronic, at 160/110 where the pregnancy brought it."""
    treated = connection.execute("""
        SELECT max(v.value) FILTER (v.loinc = '8480-6') >= 160
            OR max(v.value) FILTER (v.loinc = '8462-4') >= 110
        FROM prescriptions AS p JOIN conditions AS c ON c.person_id = p.person_id
            AND c.code LIKE 'O13%' JOIN vital_signs AS v ON v.person_id = p.person_id
            AND v.measured_at::DATE = p.written_date
        WHERE p.ingredient IN ('labetalol', 'nifedipine') AND p.written_date < c.abatement_date - 42
        GROUP BY p.prescription_id
        """).fetchall()
    chronic = connection.execute("""
        SELECT count(DISTINCT c.person_id), count(DISTINCT p.person_id) FROM conditions AS c
        LEFT JOIN prescriptions AS p ON p.person_id = c.person_id
            AND p.ingredient IN ('labetalol', 'nifedipine') WHERE c.code LIKE 'O10%'
        """).fetchall()[0]

    assert all(severe for (severe,) in treated)
    assert chronic[0] == chronic[1] > 0


def test_visits_after_a_birth_come_when_their_reason_says(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """ACOG: within three weeks and by twelve; AAP: two or three days after the newborn's stay."""
    days = dict(
        connection.execute("""
        SELECT e.reason, [min(e.start_at::DATE - b.born), max(e.start_at::DATE - b.born)]
        FROM encounters AS e JOIN (SELECT mother_person_id AS who, birth_date AS born FROM patients
            UNION SELECT person_id, birth_date FROM patients WHERE mother_person_id IS NOT NULL)
            AS b ON b.who = e.person_id GROUP BY ALL
        """).fetchall()
    )

    assert 14 <= days["Three weeks after birth"][0] <= days["Three weeks after birth"][1] <= 27
    assert 36 <= days["Six weeks after birth"][0] <= days["Six weeks after birth"][1] <= 50
    assert 2 <= days["First week of life"][0] <= days["First week of life"][1] <= 10


def test_a_mother_has_lost_about_what_was_born_by_the_next_visit(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Child, placenta, fluid and blood, 5 to 6 kg, at once; then a third of the rest in a month."""
    lost = connection.execute("""
        WITH weights AS (SELECT v.person_id, v.value AS kg, v.measured_at::DATE - b.born AS day
            FROM vital_signs AS v JOIN (SELECT mother_person_id AS who, min(birth_date) AS born
                FROM patients GROUP BY ALL) AS b ON b.who = v.person_id WHERE loinc = '29463-7')
        SELECT max_by(kg, day) FILTER (day BETWEEN -14 AND 0)
            - min_by(kg, day) FILTER (day BETWEEN 1 AND 28) AS kg
        FROM weights GROUP BY person_id HAVING kg IS NOT NULL
        """).fetchall()

    assert len(lost) > 20
    assert min(kg for (kg,) in lost) > 2.5
    assert 5 < np.mean([kg for (kg,) in lost]) < 9


def test_hypertension_that_was_there_before_a_pregnancy_is_in_the_chart_before_it(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    held = connection.execute("""
        SELECT o.onset_date - b.onset_date, b.abatement_date - o.onset_date
        FROM conditions AS o LEFT JOIN conditions AS b ON b.person_id = o.person_id
            AND b.code = 'I10' AND b.onset_date < o.onset_date
        WHERE o.code LIKE 'O10%'
        """).fetchall()

    assert held
    assert all(days > 180 for days, _ in held)
    assert {gap for _, gap in held} == {-1}


def test_the_stay_of_a_birth_states_what_the_newborn_has(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    has, stated = connection.execute("""
        SELECT count(*), count(*) FILTER (EXISTS (SELECT 1 FROM encounter_diagnoses AS d
            JOIN encounters AS e USING (encounter_id) WHERE e.person_id = c.person_id
            AND e.encounter_class = 'inpatient' AND d.code = c.code))
        FROM conditions AS c JOIN patients AS p USING (person_id)
        WHERE c.code LIKE 'P0%' AND c.onset_date = p.birth_date
        """).fetchall()[0]

    assert has == stated > 5


def test_the_tests_of_a_pregnancy_are_done_and_carriers_are_given_penicillin_in_labor(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    people, *first = connection.execute("""
        SELECT (SELECT count(*) FROM patients WHERE mother_person_id IS NULL),
            count(DISTINCT person_id) FILTER (loinc = '883-9'),
            count(DISTINCT person_id) FILTER (loinc = '56888-1'),
            count(DISTINCT person_id) FILTER (loinc = '48683-7')
        FROM lab_results
        """).fetchall()[0]
    negative, given = connection.execute("""
        SELECT count(DISTINCT l.person_id), count(DISTINCT p.person_id) FROM lab_results AS l
        LEFT JOIN procedures AS p ON p.person_id = l.person_id AND p.code = 'J2790'
        WHERE l.loinc = '10331-7' AND l.value_text = 'Negative'
        """).fetchall()[0]
    carriers, treated = connection.execute("""
        SELECT count(DISTINCT d.encounter_id), count(DISTINCT m.encounter_id)
        FROM encounter_diagnoses AS d JOIN encounters AS e USING (encounter_id)
        LEFT JOIN medication_administrations AS m ON m.encounter_id = d.encounter_id
            AND m.ingredient IN ('penicillin G', 'vancomycin')
        WHERE d.code = 'O99.824' AND e.reason = 'Birth'
        """).fetchall()[0]

    assert first[:2] == [people, people]
    assert first[2] > 0.75 * people
    assert 0 < negative == given
    assert 0 < 0.7 * carriers <= treated
