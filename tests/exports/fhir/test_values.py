"""FHIR: resources say what the rows of the scenario say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from exports.fhir.conftest import JOBS, Files
from healthsim.exports.fhir import mapping
from healthsim.operations import scenarios
from healthsim.operations.home import Home
from healthsim.products import catalogue


def test_there_is_a_resource_for_every_row(home: Home, files: Files) -> None:
    compared: Counter[str] = Counter()
    for name in JOBS:
        with duckdb.connect(str(scenarios.path(home, name)), read_only=True) as connection:
            stored = {table for (table,) in connection.execute("SHOW TABLES").fetchall()}
            for fate in mapping.fates().values():
                if fate.letter and fate.table in stored:
                    rows = connection.execute(
                        f"SELECT '{fate.letter}' || {fate.key} FROM {fate.table} "
                        f"WHERE {fate.condition or 'true'}"
                    ).fetchall()
                    made = {one["id"] for one in files[name].get(fate.resource, [])}
                    assert {key for (key,) in rows} <= made, fate.table
                    compared[fate.resource] += len(rows)
            if "related_persons" not in stored:
                mothers = connection.execute("SELECT count(mother_person_id) FROM patients")
                assert mothers.fetchone() == (len(files[name].get("RelatedPerson", [])),)
        assert len({one["id"] for one in files[name]["Observation"]}) == (
            len(files[name]["Observation"])
        )
    for kind in ("Condition", "Observation", "Encounter", "MedicationDispense", "Coverage"):
        made = sum(len(files[name].get(kind, [])) for name in JOBS)
        others = sum(one["id"].startswith(("z", "q")) for name in JOBS for one in files[name][kind])
        assert compared[kind] == made - others, kind


def _at(column: str) -> str:
    return f"strftime({column}, '%Y-%m-%dT%H:%M:%S')"


_PERSON = ("$.subject.reference", "'Patient/p' || person_id")
_VISIT = ("$.encounter.reference", "'Encounter/e' || encounter_id")
COMPARED: dict[str, tuple[tuple[str, str], ...]] = {
    "patients": (
        ("$.name[0].family", "family_name"),
        ("$.name[0].given[0]", "given_name"),
        ("$.birthDate", "birth_date"),
        ("$.deceasedDateTime", "death_date"),
        ("$.address[0].postalCode", "zip"),
        ("$.identifier[0].value", "mrn"),
    ),
    "conditions": (
        ("$.code.coding[0].code", "code"),
        ("$.onsetDateTime", "onset_date"),
        ("$.abatementDateTime", "abatement_date"),
        ("$.recordedDate", "recorded_date"),
        _PERSON,
        _VISIT,
    ),
    "encounters": (
        ("$.period.start", _at("start_at")),
        ("$.period.end", _at("end_at")),
        _PERSON,
        ("$.participant[0].individual.reference", "'Practitioner/n' || attending_npi"),
    ),
    "encounter_diagnoses": (("$.code.coding[0].code", "code"), _PERSON, _VISIT),
    "lab_results": (
        ("$.code.coding[0].code", "loinc"),
        ("$.effectiveDateTime", _at("collected_at")),
        ("$.issued", _at("resulted_at")),
        ("$.valueQuantity.code", "CASE WHEN value IS NOT NULL THEN unit END"),
        ("$.valueString", "value_text"),
        _PERSON,
        _VISIT,
    ),
    "vital_signs": (("$.effectiveDateTime", _at("measured_at")), _PERSON, _VISIT),
    "prescriptions": (
        ("$.authoredOn", "written_date"),
        ("$.dosageInstruction[0].text", "sig"),
        ("$.dispenseRequest.numberOfRepeatsAllowed", "refills"),
        ("$.status", "status"),
        _PERSON,
    ),
    "fills": (
        ("$.identifier[0].value", "rx_number"),
        ("$.daysSupply.value", "days_supply"),
        _PERSON,
    ),
    "immunizations": (
        ("$.vaccineCode.coding[0].code", "cvx"),
        ("$.occurrenceDateTime", "given_date"),
        ("$.lotNumber", "lot"),
    ),
    "procedures": (
        ("$.code.coding[0].code", "code"),
        ("$.performedDateTime", "performed_date"),
        _PERSON,
    ),
    "enrollments": (("$.period.start", "effective_date"), ("$.period.end", "term_date")),
    "allergies": (
        ("$.code.coding[0].code", "code"),
        ("$.onsetDateTime", "onset_date"),
        ("$.criticality", "criticality"),
    ),
    "service_requests": (
        ("$.authoredOn", _at("ordered_at")),
        ("$.status", "status"),
        _PERSON,
        _VISIT,
    ),
    "specimens": (
        ("$.collection.collectedDateTime", _at("collected_at")),
        ("$.type.coding[0].code", "type"),
    ),
    "diagnostic_reports": (
        ("$.issued", _at("issued_at")),
        ("$.code.coding[0].code", "loinc"),
        ("$.conclusion", "conclusion"),
        _PERSON,
    ),
    "observations": (
        ("$.code.coding[0].code", "loinc"),
        ("$.valueCodeableConcept.coding[0].code", "value_code"),
    ),
    "devices": (
        ("$.serialNumber", "serial"),
        ("$.udiCarrier[0].carrierHRF", "udi_hrf"),
        ("$.status", "status"),
    ),
    "goals": (
        ("$.startDate", "start_date"),
        ("$.target[0].dueDate", "due_date"),
        ("$.lifecycleStatus", "status"),
    ),
    "appointments": (
        ("$.start", _at("start_at")),
        ("$.created", _at("booked_at")),
        ("$.status", "status"),
    ),
    "related_persons": (("$.birthDate", "birth_date"), ("$.name[0].family", "family_name")),
    "screenings": (("$.authored", _at("taken_at")), _PERSON, _VISIT),
    "medication_administrations": (
        ("$.effectiveDateTime", f"CASE WHEN ended_at IS NULL THEN {_at('given_at')} END"),
        (
            "$.effectivePeriod.start",
            f"CASE WHEN ended_at IS NOT NULL THEN {_at('given_at')} END",
        ),
        ("$.effectivePeriod.end", _at("ended_at")),
        ("$.status", "status"),
        _PERSON,
    ),
    "immunizations_not_given": (
        ("$.vaccineCode.coding[0].code", "cvx"),
        ("$.statusReason.coding[0].code", "reason_code"),
    ),
    "clinical_notes": (("$.date", _at("authored_at")), ("$.type.coding[0].code", "type")),
}
"""Table -> where a resource has what its row says: a path, and SQL on the row."""


@pytest.mark.slow
def test_values_dates_codes_and_references_are_those_of_the_rows(
    home: Home, folders: Mapping[str, Path]
) -> None:
    compared: Counter[str] = Counter()
    for name, folder in folders.items():
        with duckdb.connect(str(scenarios.path(home, name)), read_only=True) as connection:
            stored = {table for (table,) in connection.execute("SHOW TABLES").fetchall()}
            for table, pairs in COMPARED.items():
                fate = mapping.fates()[table]
                if table not in stored or not (folder / f"{fate.resource}.ndjson").exists():
                    continue
                columns = ", ".join(
                    f"count(*) FILTER (CAST({value} AS VARCHAR) IS DISTINCT FROM "
                    + (f"left(json->>'{path}', 19)" if "strftime" in value else f"json->>'{path}'")
                    + ")" for path, value in pairs
                )  # fmt: skip
                rows, *differ = connection.execute(
                    f"SELECT count(*), {columns} FROM "
                    f"(FROM {table} WHERE {fate.condition or 'true'}) AS rows "
                    f"JOIN read_ndjson_objects('{folder / fate.resource}.ndjson') "
                    f"ON json->>'$.id' = '{fate.letter}' || {fate.key}"
                ).fetchall()[0]
                assert differ == [0] * len(pairs), (
                    name,
                    table,
                    list(zip(pairs, differ, strict=True)),
                )
                compared[table] += rows
            values = connection.execute(
                "SELECT count(*) FILTER (value <> CAST(json->>'$.valueQuantity.value' AS DOUBLE)), "
                "count(*) FROM lab_results JOIN "
                f"read_ndjson_objects('{folder}/Observation.ndjson') "
                "ON json->>'$.id' = 'l' || lab_result_id WHERE value IS NOT NULL"
            ).fetchall()
            assert values[0][0] == 0 < values[0][1]
    tables = {table.name for table in catalogue.TABLES}
    assert (set(COMPARED) & tables) - compared.keys() == set()
    assert all(compared.values()), compared


def test_instants_have_the_offset_of_the_person_s_state_on_that_day(files: Files) -> None:
    state = {
        resource["id"]: resource["address"][0]["state"] for resource in files["heart"]["Patient"]
    }
    usual = {"TX": ("-06:00", "-05:00"), "FL": ("-05:00", "-04:00"), "CA": ("-08:00", "-07:00"),
             "NY": ("-05:00", "-04:00"), "IL": ("-06:00", "-05:00"),
             "AZ": ("-07:00", "-07:00")}  # fmt: skip
    seen = set()
    for types in files.values():
        state |= {one["id"]: one["address"][0]["state"] for one in types["Patient"]}
        for visit in types["Encounter"]:
            where = state[visit["subject"]["reference"].removeprefix("Patient/")]
            start = visit["period"]["start"]
            if where in usual and start[5:7] in ("01", "07"):
                assert start[19:] == usual[where][start[5:7] == "07"], (where, start)
                seen.add(start[5:7])
    assert seen == {"01", "07"}
