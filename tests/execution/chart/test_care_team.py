"""The care team follows from visits; `detail` leaves tables out and changes no other."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from execution.running import charted, diabetic, first_year, run
from healthsim.products.patientsim.detail import BEYOND_CORE
from template_runs import HEARTS, chart_file

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    path = chart_file(*HEARTS)
    with duckdb.connect(str(path), read_only=True) as opened:
        yield opened


def test_everybody_has_primary_care_from_the_first_day_until_death(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    found = connection.execute("""
        SELECT count(*), count(*) FILTER (end_date IS NOT DISTINCT FROM death_date),
               count(death_date)
        FROM patients JOIN care_team_members USING (person_id)
        WHERE role = 'primary_care' AND member_npi = pcp_npi AND start_date = DATE '2025-01-01'
        """).fetchone()
    assert found is not None
    assert found[:2] == (60, 60)
    assert found[2] > 0


def test_others_are_those_who_treated_and_their_days_those_of_their_visits(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    stays = "encounter_class IN ('inpatient', 'observation', 'snf')"
    seen = (
        "encounter_class IN ('office','telehealth','outpatient_hospital','dialysis','home_health')"
    )
    wanted = connection.execute(f"""
        WITH visits AS (
            SELECT person_id, attending_npi, start_at, end_at, death_date,
                   CASE WHEN {stays} THEN 'hospital' ELSE 'specialist' END AS role
            FROM encounters JOIN patients USING (person_id)
            WHERE {stays} OR ({seen} AND attending_npi <> pcp_npi)
        )
        SELECT person_id, attending_npi, role, min(start_at)::DATE,
               CASE WHEN role = 'hospital' THEN max(end_at)::DATE ELSE any_value(death_date) END
        FROM visits GROUP BY person_id, attending_npi, role ORDER BY ALL
        """).fetchall()
    told = connection.execute(
        "SELECT * FROM care_team_members WHERE role <> 'primary_care' ORDER BY ALL"
    ).fetchall()
    assert told == wanted
    assert {row[2] for row in told} == {"hospital", "specialist"}


def test_a_core_chart_leaves_tables_out_and_changes_no_other() -> None:
    profile = diabetic(count=4)
    whole, core = charted(profile, first_year()), run(profile, first_year())
    added = {table.name for tables in BEYOND_CORE.values() for table in tables}
    assert whole.keys() - core.keys() == added
    for name, columns in core.items():
        for column, array in columns.items():
            assert repr(array) == repr(whole[name][column])
