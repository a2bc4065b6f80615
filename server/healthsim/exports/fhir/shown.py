"""What the queries of a FHIR export see: the scenario's tables, macros, terms, texts of codes.

What is shared is made once, in DuckDB's own memory: macros, and tables of this room's files. Each
connection that works sees the scenario's tables as views of its own, cut to one range of people
after another, so that no query holds more than the rows of a range.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from healthsim.codes.diagnoses import icd10cm
from healthsim.codes.imported_books import SNOMED_MAP, imported_book, imported_codes
from healthsim.exports.fhir.resources import GUIDE, Guide
from healthsim.medicine.problems import outlasts_visit
from healthsim.persistence.database import SCHEMA, quoted
from healthsim.persistence.judgement import LISTING
from healthsim.persistence.lake import sums
from healthsim.products.catalogue import TABLES
from healthsim.products.populationsim.reference import geography

NAMESPACE = "https://healthsim.example"
"""Begins the addresses of identifiers that HealthSim makes up; `.example` belongs to nobody."""

Range = tuple[int, int]
"""First and last person_id."""

IN_RANGE = "person_id BETWEEN getvariable('first') AND getvariable('last')"
"""The rows of a range of people, which `cut` sets."""

HERE = files("healthsim.exports.fhir")
"""The room of these exports, with its SQL and its data."""

_MEMORY = "memory.main"
_CODED = (("encounters", "reason_code"), ("encounter_diagnoses", "code"),
          ("prescriptions", "indication"), ("patients", "death_cause"),
          ("service_requests", "reason_code"), ("appointments", "reason_code"),
          ("diagnostic_reports", "conclusion_code"))  # fmt: skip
_VIEWS = """
CREATE OR REPLACE TEMP VIEW people AS
SELECT person_id, coalesce(zone, 'America/New_York') AS zone
FROM patients LEFT JOIN states USING (state);
CREATE OR REPLACE TEMP VIEW visit_codes AS
SELECT encounter_id, min(procedure) AS procedure
FROM claims JOIN claim_lines USING (claim_id)
WHERE form = '837P' AND regexp_full_match(procedure, '99[2-4][0-9][0-9]')
GROUP BY encounter_id
"""
_ROWS = 400_000  # of all tables in a range: more are faster, and take more memory
_UNIT = 100  # a person's id is that of the unit they live in times this, and their place in it


def prepare(
    connection: duckdb.DuckDBPyConnection, tables: Collection[str], guide: Guide = GUIDE
) -> None:
    """Make what all connections share; the scenario is the current schema."""
    texts = _diagnosis_texts(connection, tables)
    connection.execute("USE memory")
    macros = (HERE / "sql" / "_macros.sql").read_text(encoding="utf-8")
    version = "" if guide == GUIDE else f"|{guide}"
    for mark, text in (("namespace", NAMESPACE), ("guide", guide), ("version", version)):
        macros = macros.replace("{{" + mark + "}}", text)
    connection.execute(macros)
    for name in ("terms", "states"):
        _fill(connection, name, read(name))
    _fill(connection, "diagnosis_texts", texts)
    _fill(connection, "snomed_map", _snomed_map())
    _fill(connection, "places", _places())
    for table in TABLES:
        if table.name not in tables:
            columns = ", ".join(f"{quoted(one.name)} {one.type}" for one in table.columns)
            connection.execute(f"CREATE TABLE {_MEMORY}.{quoted(table.name)} ({columns})")


def ranges(connection: duckdb.DuckDBPyConnection) -> list[Range]:
    """Return the ranges of people whose rows are read at once, in order; units stay together.

    How many people are in one follows from the scenario's rows alone.
    """
    row = connection.execute(
        "SELECT sum(estimated_size) FROM duckdb_tables() WHERE database_name = ? "
        "AND table_name <> ?", [SCHEMA, LISTING],
    ).fetchone()  # fmt: skip
    whole = connection.execute(f"SELECT count(*) FROM {SCHEMA}.patients").fetchone()  # noqa: S608
    rows, everybody = int(row[0] or 0) if row else 0, int(whole[0]) if whole else 0
    rows += sums(connection)[1]
    people = max(_ROWS * everybody // max(rows, 1), 1)
    found = connection.execute(
        "SELECT min(unit), max(unit) FROM (SELECT unit, "  # noqa: S608  numbers
        f"(sum(people) OVER (ORDER BY unit) - people) // {people} AS part FROM "
        f"(SELECT person_id // {_UNIT} AS unit, count(*) AS people FROM patients GROUP BY unit)) "
        "GROUP BY part ORDER BY part"
    ).fetchall()
    return [(first * _UNIT, last * _UNIT + _UNIT - 1) for first, last in found]


def show(
    connection: duckdb.DuckDBPyConnection, tables: Collection[str], condition: str = ""
) -> None:
    """Let names show the scenario's rows, where they do not show some already.

    Args:
        connection: where temporary views are made.
        tables: that the scenario has.
        condition: which rows of people are shown; all where it is empty.
    """
    for table in TABLES:
        if table.name in tables:
            kept = f"WHERE {condition}" if condition and "person_id" in table.by_name else ""
            connection.execute(
                f"CREATE TEMP VIEW IF NOT EXISTS {quoted(table.name)} AS "  # noqa: S608
                f"SELECT * FROM {SCHEMA}.{quoted(table.name)} {kept}"
            )
    connection.execute(_VIEWS)


def cut(connection: duckdb.DuckDBPyConnection, people: Range) -> None:
    """Set the range of people that `IN_RANGE` speaks of."""
    first, last = people
    connection.execute(f"SET VARIABLE first = {first}::BIGINT; SET VARIABLE last = {last}::BIGINT")


def _fill(connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, Any]) -> None:
    """Make a table of columns."""
    connection.register("filled", pa.table(dict(columns)))
    connection.execute(f"CREATE TABLE {_MEMORY}.{name} AS FROM filled")
    connection.unregister("filled")


def _places() -> dict[str, Any]:
    """Return the cities and ZIP codes of each county, numbered from 0, as columns."""
    geo = geography()
    start, county = geo.place_start.astype(np.int64), geo.place_county
    area_codes = np.array([own[0] if own else 0 for own in geo.area_codes])
    state = geo.county_state[county]
    return {
        "county": [geo.county_fips[one] for one in county],
        "number": np.arange(len(county)) - start[county],
        "places": np.diff(start)[county],
        "city": geo.place_city.texts(),
        "zip": list(geo.place_zip),
        "state": [geo.states[one] for one in state],
        "area_code": area_codes[state],
    }


@cache
def read(name: str) -> dict[str, list[str | None]]:
    """Return the columns of a file of this room; what is empty there is null."""
    text = (HERE / "data" / f"{name}.csv").read_text(encoding="utf-8")
    columns = zip(*csv.reader(text.splitlines()), strict=True)
    return {names: [field or None for field in fields] for names, *fields in columns}


def _snomed_map() -> dict[str, Any]:
    """Return the user's own map to SNOMED CT: system and code, concept, term; none by default."""
    book = imported_book(SNOMED_MAP)
    codes = () if book is None else tuple(imported_codes(book))
    return {
        "source": pa.array([one.code for one in codes], pa.string()),
        "snomed": pa.array([one.facts["snomed"] for one in codes], pa.string()),
        "display": pa.array([one.display or None for one in codes], pa.string()),
    }


def _diagnosis_texts(
    connection: duckdb.DuckDBPyConnection, tables: Collection[str]
) -> dict[str, Any]:
    """Return the texts of all diagnoses that are named without one, and which go on."""
    book = icd10cm()
    codes = sorted(set(_codes(connection, tables)))
    texts = [book.display(code) if code in book else None for code in codes]
    return {"code": pa.array(codes, pa.string()), "display": pa.array(texts, pa.string()),
            "goes_on": pa.array(map(outlasts_visit, codes), pa.bool_())}  # fmt: skip


def _codes(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> Iterator[str]:
    for table, column in _CODED:
        if table in tables:
            query = f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608
            yield from (code for (code,) in connection.execute(query).fetchall())
