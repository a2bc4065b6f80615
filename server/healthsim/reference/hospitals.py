"""Import of the CMS Hospital General Information file."""

from __future__ import annotations

import re

import duckdb

from healthsim.persistence.database import quoted
from healthsim.reference.csv_source import CsvSource
from healthsim.reference.layouts import Layout
from healthsim.reference.staging import STAGED, RowCheck, numbers, refuse, refuse_twice
from healthsim.reference.state_codes import state_fips
from healthsim.reference.tables import HOSPITALS

GENERAL = Layout(
    "CMS Hospital General Information",
    (
        ("Facility ID", "Provider ID"),
        ("Facility Name", "Hospital Name"),
        ("City/Town", "City"),
        ("State",),
        ("ZIP Code",),
        ("County/Parish", "County Name"),
        ("Hospital Type",),
    ),
    takes=(("Hospital Ownership",), ("Emergency Services",)),
)
_DAY = re.compile(r"(20\d\d)[-_]?(\d\d)[-_]?(\d\d)")
_KINDS = " *(county|parish|borough|census area|municipality|city and borough|municipio)$"


def _plain(column: str) -> str:
    """Return SQL of a county's name without its kind, dots and capitals."""
    return f"regexp_replace(lower(replace({column}, '.', '')), '{_KINDS}', '')"


def load(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, year: int | None, as_of: str
) -> tuple[str, dict[str, object]]:
    """Fill the table `hospitals`; a county is found by its name, else by the ZIP code.

    Returns:
        The vintage, and the results of the checks.
    """
    _refuse_rows(connection, source)
    connection.execute(
        f"INSERT INTO {HOSPITALS.name} SELECT lpad(\"Facility ID\", 6, '0') AS ccn, "
        '"Facility Name", "City/Town", file."State", file.zip, "County/Parish", '
        "coalesce(by_name.county_fips, known_zip.county_fips), "
        '"Hospital Type", "Hospital Ownership", "Emergency Services" = \'Yes\' '
        f"FROM (SELECT *, left(lpad(\"ZIP Code\", 5, '0'), 5) AS zip, "
        f"{_plain(quoted('County/Parish'))} AS plain FROM {STAGED}) AS file "
        "LEFT JOIN known_zip USING (zip) "
        f"LEFT JOIN (SELECT min(county_fips) AS county_fips, state, {_plain('name')} "
        "AS plain FROM known_county GROUP BY ALL HAVING count(*) = 1) AS by_name "
        'ON by_name.state = file."State" AND by_name.plain = file.plain ORDER BY ccn'
    )
    hospitals, states_seen, placed = numbers(
        connection,
        f"SELECT count(*), count(DISTINCT state), count(county_fips) FROM {HOSPITALS.name}",
    )
    day = _DAY.search(source.name)
    vintage = "-".join(day.groups()) if day else as_of or "release not stated"
    return vintage, {
        "hospitals": hospitals,
        "states": states_seen,
        "without_county": hospitals - placed,
    }


def _refuse_rows(connection: duckdb.DuckDBPyConnection, source: CsvSource) -> None:
    states = ", ".join(f"'{code}'" for code in sorted(state_fips()))
    refuse(connection, source, [
        RowCheck("Facility ID", "\"Facility ID\" IS NULL OR NOT "
                 "regexp_full_match(\"Facility ID\", '[0-9][0-9A-Z]{4,5}')",
                 "is {}, not a certification number of six characters"),
        RowCheck("Facility Name", '"Facility Name" IS NULL', "is {}"),
        RowCheck("State", f'"State" IS NULL OR "State" NOT IN ({states})', "is {}, not a state"),
        RowCheck("ZIP Code", "\"ZIP Code\" IS NOT NULL AND NOT "
                 "regexp_full_match(\"ZIP Code\", '[0-9]{3,5}(-?[0-9]{4})?')",
                 "is {}, not a ZIP code"),
        RowCheck("Hospital Type", '"Hospital Type" IS NULL', "is {}"),
        RowCheck("Emergency Services", "\"Emergency Services\" NOT IN ('Yes', 'No')",
                 "is {}, neither Yes nor No"),
    ])  # fmt: skip
    refuse_twice(connection, source, ("lpad(\"Facility ID\", 6, '0')",), "hospital {}")
