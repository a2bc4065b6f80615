"""Import of the CDC/ATSDR Social Vulnerability Index for counties: SVI_YYYY_US_county.csv."""

from __future__ import annotations

import re

import duckdb

from healthsim.persistence.database import quoted
from healthsim.reference.csv_source import CsvSource
from healthsim.reference.layouts import Layout
from healthsim.reference.staging import STAGED, RowCheck, numbers, refuse, refuse_twice
from healthsim.reference.state_codes import counties_by_crosswalk, known_state, unknown_counties
from healthsim.reference.tables import COUNTY_SVI

RANKS = ("RPL_THEMES", "RPL_THEME1", "RPL_THEME2", "RPL_THEME3", "RPL_THEME4")
_MISSING = -999  # the publisher's value for a missing figure (SVI documentation)

COUNTY = Layout(
    "CDC SVI county",
    (("STCNTY", "FIPS"), *((name,) for name in RANKS)),
    takes=(("E_TOTPOP",),),
)
_RELEASE = re.compile(r"SVI[_ ]?(20\d\d)", re.IGNORECASE)
_FIPS = "lpad(\"STCNTY\", 5, '0')"


def load(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, year: int | None, as_of: str
) -> tuple[str, dict[str, object]]:
    """Fill the table `county_svi`: percentile ranks, null where the publisher has -999.

    Returns:
        The vintage, and the results of the checks.
    """
    _refuse_rows(connection, source)
    ranks = ", ".join(f"round(nullif({_number(name)}, {_MISSING}), 4)" for name in RANKS)
    connection.execute(
        f"INSERT INTO {COUNTY_SVI.name} SELECT {_FIPS}, {ranks}, "
        f"nullif({_number('E_TOTPOP')}, {_MISSING})::BIGINT FROM {STAGED} ORDER BY 1"
    )
    named = _RELEASE.search(source.name)
    release = named[1] if named else as_of
    counties, missing = numbers(
        connection,
        f"SELECT count(*), count(*) FILTER (overall_share IS NULL) FROM {COUNTY_SVI.name}",
    )
    return f"SVI {release or 'of a release not stated'}", {
        "counties": counties,
        "without_rank": missing,
        "counties_unknown": numbers(connection, unknown_counties(COUNTY_SVI.name))[0],
        "counties_by_crosswalk": numbers(connection, counties_by_crosswalk(COUNTY_SVI.name))[0],
    }


def _refuse_rows(connection: duckdb.DuckDBPyConnection, source: CsvSource) -> None:
    refuse(connection, source, [
        RowCheck("STCNTY", "regexp_full_match(\"STCNTY\", '[0-9]{6,}')",
                 "is {}, longer than a county's five digits", "use the file of counties"),
        RowCheck("STCNTY", "\"STCNTY\" IS NULL OR NOT regexp_full_match(\"STCNTY\", '[0-9]{4,5}') "
                 f"OR NOT {known_state(_FIPS)}", "is {}, not the five digits of a county"),
        *(RowCheck(name, f"coalesce({_number(name)} <> {_MISSING} AND NOT {_number(name)} "
                   "BETWEEN 0 AND 1, true)", "is {}, neither a rank from 0 to 1 nor -999")
          for name in RANKS),
        RowCheck("E_TOTPOP", f"{quoted('E_TOTPOP')} IS NOT NULL AND {_number('E_TOTPOP')} IS NULL",
                 "is {}, not a number"),
    ])  # fmt: skip
    refuse_twice(connection, source, (_FIPS,), "county {}")


def _number(column: str) -> str:
    return f"TRY_CAST({quoted(column)} AS DOUBLE)"
