"""Import of CDC PLACES for counties: the GIS-friendly file, wide, and the long one."""

from __future__ import annotations

import re

import duckdb

from healthsim.persistence.database import literal, quoted
from healthsim.reference.csv_source import CsvSource
from healthsim.reference.layouts import Layout, needs
from healthsim.reference.staging import (
    STAGED,
    RowCheck,
    not_number,
    not_whole,
    numbers,
    refuse,
    refuse_twice,
)
from healthsim.reference.state_codes import counties_by_crosswalk, known_state, unknown_counties
from healthsim.reference.tables import COUNTY_MEASURES

_ENDING, _INTERVAL = "_CrudePrev", "_Crude95CI"

WIDE = Layout(
    "CDC PLACES county, GIS-friendly (wide)",
    needs("StateAbbr", "CountyFIPS"),
    endings=(_ENDING, _INTERVAL),
)
LONG = Layout(
    "CDC PLACES county, long form",
    (*needs("Year", "StateAbbr", "LocationID", "MeasureId", "Data_Value"),
     ("DataValueTypeID", "Data_Value_Type"), ("Low_Confidence_Limit",),
     ("High_Confidence_Limit",)),
)  # fmt: skip

_CRUDE = "(\"DataValueTypeID\" IN ('CrdPrv', 'Crude prevalence') AND \"StateAbbr\" <> 'US')"
_RELEASES = (
    re.compile(r"(20\d\d)[_ -]*release", re.IGNORECASE),
    re.compile(r"PLACES[_ ](20\d\d)", re.IGNORECASE),
)


def load_wide(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, year: int | None, as_of: str
) -> tuple[str, dict[str, object]]:
    """Fill the table `county_measures` from the layout of one column per measure."""
    columns = WIDE.ended(source.header, WIDE.endings[:1])
    refuse(connection, source, _county("CountyFIPS"))
    refuse_twice(connection, source, ("lpad(\"CountyFIPS\", 5, '0')",), "county {}")
    refuse(connection, source, [
        RowCheck(name.upper(), not_number(name.upper(), 0, 100),
                 "is {}, not a percentage from 0 to 100")
        for name in columns
    ])  # fmt: skip
    vintage = _release(source, as_of)
    have = {name.casefold() for name in source.header}
    for name in columns:
        measure = name[: -len(_ENDING)]
        interval = f"{measure}{_INTERVAL}".casefold() in have
        _take_measure(connection, measure, vintage, interval=interval)
    return vintage, _checks(connection)


def _take_measure(
    connection: duckdb.DuckDBPyConnection, measure: str, vintage: str, *, interval: bool
) -> None:
    value = quoted(f"{measure}{_ENDING}".upper())
    bounds = quoted(f"{measure}{_INTERVAL}".upper())
    low, high = (
        f"round(TRY_CAST(regexp_extract({bounds}, '([0-9.]+)[^0-9.]+([0-9.]+)', {part}) "
        "AS DOUBLE) / 100, 4)"
        if interval
        else "NULL"
        for part in (1, 2)
    )
    connection.execute(
        f"INSERT INTO {COUNTY_MEASURES.name} SELECT lpad(\"CountyFIPS\", 5, '0'), "
        f"{literal(measure.lower())}, round({value}::DOUBLE / 100, 4), {low}, {high}, NULL, "
        f"{literal(vintage)} FROM {STAGED} WHERE {value} IS NOT NULL ORDER BY 1"
    )


def load_long(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, year: int | None, as_of: str
) -> tuple[str, dict[str, object]]:
    """Fill the table `county_measures` from the layout of one row per county and measure."""
    refuse(connection, source, [
        RowCheck("DataValueTypeID",
                 "coalesce(\"DataValueTypeID\", '') NOT IN ('CrdPrv', 'AgeAdjPrv', "
                 "'Crude prevalence', 'Age-adjusted prevalence')",
                 "is {}, not a kind of prevalence"),
        RowCheck("MeasureId", '"MeasureId" IS NULL', "is {}"),
        RowCheck("StateAbbr", '"StateAbbr" IS NULL', "is {}"),
        *_county("LocationID", f"{_CRUDE} AND "),
        RowCheck("Year", not_whole("Year"), "is {}, not a year"),
        *(RowCheck(name, not_number(name, 0, 100), "is {}, not a percentage from 0 to 100")
          for name in ("Data_Value", "Low_Confidence_Limit", "High_Confidence_Limit")),
    ])  # fmt: skip
    key = ("lpad(\"LocationID\", 5, '0')", '"MeasureId"', '"DataValueTypeID"', '"StateAbbr"')
    refuse_twice(connection, source, key, "county {}, measure {}, {}")
    vintage = _release(source, as_of)
    limits = (f'round("{name}"::DOUBLE / 100, 4)' for name in
              ("Data_Value", "Low_Confidence_Limit", "High_Confidence_Limit"))  # fmt: skip
    connection.execute(
        f"INSERT INTO {COUNTY_MEASURES.name} SELECT lpad(\"LocationID\", 5, '0'), "
        f'lower("MeasureId"), {", ".join(limits)}, "Year"::INTEGER, {literal(vintage)} '
        f'FROM {STAGED} WHERE {_CRUDE} AND "Data_Value" IS NOT NULL'
    )
    return vintage, _checks(connection)


def _county(column: str, only: str = "") -> list[RowCheck]:
    fips, name = f"lpad({quoted(column)}, 5, '0')", quoted(column)
    return [
        RowCheck(column, f"{only}(regexp_full_match({name}, '[0-9]{{6,}}'))",
                 "is {}, longer than a county's five digits", "use the file of counties"),
        RowCheck(column, f"{only}({name} IS NULL OR NOT regexp_full_match({name}, '[0-9]{{4,5}}') "
                 f"OR NOT {known_state(fips)})", "is {}, not the five digits of a county"),
    ]  # fmt: skip


def _release(source: CsvSource, as_of: str) -> str:
    match = next((hit for pattern in _RELEASES if (hit := pattern.search(source.name))), None)
    year = match[1] if match else as_of
    return f"CDC PLACES {year} release" if year else "CDC PLACES, release not stated"


def _checks(connection: duckdb.DuckDBPyConnection) -> dict[str, object]:
    counties, measures = numbers(
        connection,
        "SELECT count(DISTINCT fips), count(DISTINCT measure) FROM county_measures",
    )
    return {
        "counties": counties,
        "measures": measures,
        "counties_unknown": numbers(connection, unknown_counties(COUNTY_MEASURES.name))[0],
        "counties_by_crosswalk": numbers(connection, counties_by_crosswalk(COUNTY_MEASURES.name))[
            0
        ],
    }
