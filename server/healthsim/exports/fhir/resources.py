"""What is exported as FHIR: each resource type, the tables that it needs, and its SQL."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import duckdb

from healthsim.codes.diagnoses import icd10cm

NAMESPACE = "https://healthsim.example"
"""Begins the addresses of identifiers that HealthSim makes up; `.example` belongs to nobody."""

_HERE = files("healthsim.exports.fhir")
_PEOPLE = """
CREATE TEMP TABLE people AS
SELECT person_id, coalesce(zone, 'America/New_York') AS zone
FROM patients LEFT JOIN states USING (state)
"""
_DIAGNOSES = "SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY 1"
_CODED = (("encounters", "reason_code"), ("encounter_diagnoses", "code"),
          ("prescriptions", "indication"))  # fmt: skip
_VISIT_CODES = """
CREATE TEMP TABLE visit_codes AS
SELECT encounter_id, min(procedure) AS procedure
FROM claims JOIN claim_lines USING (claim_id)
WHERE form = '837P' AND regexp_full_match(procedure, '99[2-4][0-9][0-9]')
GROUP BY encounter_id
"""
_NO_VISIT_CODES = (
    "CREATE TEMP TABLE visit_codes AS SELECT 0::BIGINT AS encounter_id, '' AS procedure LIMIT 0"
)


@dataclass(frozen=True)
class ResourceType:
    """One type of resource.

    Attributes:
        name: as FHIR spells it; its SQL is in `sql/<name>.sql` and gives the columns person_id
            (null of what belongs to nobody), place (the order of a person's resources), id and
            resource (the JSON, on one line).
        needs: tables that it is made from; without one of them there are no such resources.
    """

    name: str
    needs: tuple[str, ...]

    @property
    def sql(self) -> str:
        """The query."""
        return (_HERE / "sql" / f"{self.name}.sql").read_text(encoding="utf-8")


TYPES = (
    ResourceType("Organization", ("facilities", "providers")),
    ResourceType("Location", ("facilities",)),
    ResourceType("Practitioner", ("providers",)),
    ResourceType("PractitionerRole", ("providers",)),
    ResourceType("Patient", ("patients",)),
    ResourceType("RelatedPerson", ("patients",)),
    ResourceType("Coverage", ("enrollments", "members", "plans")),
    ResourceType("CareTeam", ("patients", "providers")),
    ResourceType("Encounter", ("encounters", "providers")),
    ResourceType("Condition", ("conditions", "encounter_diagnoses", "encounters")),
    ResourceType("Observation", ("vital_signs", "lab_results")),
    ResourceType("DiagnosticReport", ("lab_results",)),
    ResourceType("Procedure", ("procedures",)),
    ResourceType("Immunization", ("immunizations",)),
    ResourceType("MedicationRequest", ("prescriptions",)),
    ResourceType("MedicationDispense", ("fills", "prescriptions")),
    ResourceType("ServiceRequest", ("referrals",)),
    ResourceType("CarePlan", ("care_plans",)),
)
"""In the order in which a server can load them: what is pointed at comes first."""


def prepare(connection: duckdb.DuckDBPyConnection, tables: set[str]) -> None:
    """Make what the queries use: macros, terms, states, texts of diagnoses, zones of people."""
    macros = (_HERE / "sql" / "_macros.sql").read_text(encoding="utf-8")
    connection.execute(macros.replace("{{namespace}}", NAMESPACE))
    for name in ("terms", "states"):
        _load(connection, name)
    _diagnosis_texts(connection, tables)
    connection.execute(_PEOPLE)
    billed = {"claims", "claim_lines"} <= tables
    connection.execute(_VISIT_CODES if billed else _NO_VISIT_CODES)


def _load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Make a temporary table of a file of this room; empty fields are null."""
    columns, *rows = _rows(name)
    declared = ", ".join(f"{column} VARCHAR" for column in columns)
    connection.execute(f"CREATE TEMP TABLE {name} ({declared})")
    marks = ", ".join("?" for _ in columns)
    connection.executemany(
        f"INSERT INTO {name} VALUES ({marks})",  # noqa: S608  names of this module
        [[field or None for field in row] for row in rows],
    )


@cache
def _rows(name: str) -> tuple[tuple[str, ...], ...]:
    text = (_HERE / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(map(tuple, csv.reader(text.splitlines())))


def _diagnosis_texts(connection: duckdb.DuckDBPyConnection, tables: set[str]) -> None:
    """Make a table of the texts of all diagnoses that are named without one."""
    book = icd10cm()
    codes = sorted(set(_codes(connection, tables)))
    texts = [[code, book.display(code) if code in book else None] for code in codes]
    connection.execute("CREATE TEMP TABLE diagnosis_texts (code VARCHAR, display VARCHAR)")
    if texts:
        connection.executemany("INSERT INTO diagnosis_texts VALUES (?, ?)", texts)


def _codes(connection: duckdb.DuckDBPyConnection, tables: set[str]) -> Iterator[str]:
    for table, column in _CODED:
        if table in tables:
            query = _DIAGNOSES.format(table=table, column=column)
            yield from (code for (code,) in connection.execute(query).fetchall())
