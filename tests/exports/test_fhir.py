"""FHIR: what the chart holds, in resources that readers accept, the same bytes each time."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import duckdb
import pytest
from fhir.resources.R4B import get_fhir_model_class

import us_core
from healthsim.errors import Cancelled, Refused, StorageError
from healthsim.exports.fhir import bulk, lines, mapping, resources, shown
from healthsim.operations import exporting, generate, scenarios
from healthsim.operations.home import Home
from healthsim.products import catalogue
from healthsim.specification.journeys.details import EncounterClass
from healthsim.watching import Watch, watched_by
from template_runs import job_of, load

JOBS = {
    "birth": ("commercial-maternity", ("pregnancy",), 12),
    "heart": ("medicare-advantage-complex", ("heart-failure-exacerbation", "annual-enrolment"), 8),
    "annual": ("medicare-diabetic", ("diabetic-annual",), 12),
}
WITHOUT_PROFILE = {"Device", "Appointment", "FamilyMemberHistory", "MedicationAdministration"}
"""Types of which US Core has no profile, or not for all."""
Resource = dict[str, Any]
_REFERENCE = re.compile(r'"reference": "([^"]+)"')
Files = Mapping[str, Mapping[str, list[Resource]]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    found = Home(tmp_path_factory.mktemp("home"))
    for name, (profile, journeys, count) in JOBS.items():
        run = generate.run(found, job_of(profile, journeys, count))
        scenarios.save_run(found, run.run_id, name)
    return found


@pytest.fixture(scope="module")
def folders(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Return scenario -> folder of its export."""
    found = {name: tmp_path_factory.mktemp(name) for name in JOBS}
    for name, folder in found.items():
        bulk.export(scenarios.path(home, name), name, folder)
    return found


@pytest.fixture(scope="module")
def files(folders: Mapping[str, Path]) -> Files:
    """Return scenario -> type -> resources."""
    return {
        name: {
            path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            for path in folder.glob("*.ndjson")
        }
        for name, folder in folders.items()
    }


def _all(files: Files) -> Iterator[Resource]:
    for types in files.values():
        for kind in types.values():
            yield from kind


def test_every_type_of_resource_is_made_by_one_of_the_scenarios(files: Files) -> None:
    made = {kind for types in files.values() for kind in types}

    tables = {table.name for table in catalogue.TABLES}
    assert made == {kind.name for kind in resources.TYPES if kind.sql(tables)}


@pytest.mark.slow
def test_an_independent_reader_accepts_every_resource(files: Files) -> None:
    for resource in _all(files):
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_every_class_of_encounter_has_a_term() -> None:
    terms = shown.read("terms")
    known = {word for kind, word in zip(terms["kind"], terms["word"], strict=True)
             if kind == "encounter"}  # fmt: skip

    assert known >= set(get_args(EncounterClass))


def test_every_reference_is_to_a_resource_of_the_export(files: Files) -> None:
    for name, types in files.items():
        ids = {f"{kind}/{resource['id']}" for kind, all_of in types.items() for resource in all_of}
        assert len(ids) == sum(map(len, types.values())), name
        named = {match for kind in types.values() for resource in kind
                 for match in _REFERENCE.findall(json.dumps(resource))}  # fmt: skip
        assert named - ids == set(), name
        assert named


def test_every_resource_is_marked_as_test_data_and_says_its_profile_and_text(files: Files) -> None:
    for resource in _all(files):
        (mark,) = resource["meta"]["security"]
        assert mark["code"] == "HTEST"
        if resource["resourceType"] not in WITHOUT_PROFILE:
            (profile,) = resource["meta"]["profile"]
            assert profile.startswith("http://hl7.org/fhir/us/core/StructureDefinition/")
        assert resource["text"]["div"].startswith('<div xmlns="http://www.w3.org/1999/xhtml">')


def test_every_resource_has_what_its_profile_requires(files: Files) -> None:
    coverage = us_core.Coverage()
    for resource in _all(files):
        coverage.add(resource)

    assert coverage.lacking() == set()
    assert len(coverage.resources) > 35


def test_an_element_of_us_core_is_filled_or_the_page_says_why_not(files: Files) -> None:
    coverage = us_core.Coverage()
    for resource in _all(files):
        coverage.add(resource)
    never = coverage.never()
    explained = {(row["profile"], row["element"]) for row in us_core.listed() if row["reason"]}

    assert explained <= never
    assert len(never - explained) <= 0.1 * (len(us_core.listed()) - len(explained))


def test_every_table_is_mapped_or_left_out_for_a_reason_and_the_page_says_so() -> None:
    fates = mapping.fates()

    listed = us_core.TABLES.read_text("utf-8").split("<!-- tables -->")[1]
    assert {table.name for table in catalogue.TABLES} <= fates.keys()
    assert all(listed.count(f"| `{table}` |") == 1 for table in fates)
    assert all(fate.resource or fate.note for fate in fates.values())
    assert us_core.listed_tables() == us_core.TABLES.read_text("utf-8")


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
        ("$.effectiveDateTime", _at("given_at")),
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


def test_a_pressure_is_one_observation_with_both_of_its_parts(files: Files) -> None:
    pressures = [resource for resource in files["heart"]["Observation"]
                 if resource["code"]["coding"][0]["code"] == "85354-9"]  # fmt: skip

    assert sum("valueQuantity" in part for one in pressures for part in one["component"]) > 50
    for resource in pressures:
        codes = [part["code"]["coding"][0]["code"] for part in resource["component"]]
        assert codes == ["8480-6", "8462-4"]
        assert all(("valueQuantity" in part) != ("dataAbsentReason" in part)
                   for part in resource["component"])  # fmt: skip
        assert "valueQuantity" not in resource


def test_a_report_names_the_results_of_one_collection_and_each_of_them_once(files: Files) -> None:
    for types in files.values():
        named = Counter(
            result["reference"]
            for report in types["DiagnosticReport"]
            for result in report.get("result", [])
        )
        by_id = {f"Observation/{one['id']}": one for one in types["Observation"]}
        assert set(named.values()) == {1}
        for report in types["DiagnosticReport"]:
            results = report.get("result", [])
            times = {by_id[result["reference"]]["effectiveDateTime"] for result in results}
            assert times <= {report["effectiveDateTime"]}
            assert results or report["presentedForm"]


def test_an_ecg_is_a_diagnostic_order_and_a_cesarean_a_surgical_one(files: Files) -> None:
    found: dict[str, set[str]] = {}
    for types in files.values():
        for order in types["ServiceRequest"]:
            for coding in order["code"].get("coding", ()):
                kind = order["category"][0]["coding"][0]["code"]
                found.setdefault(coding["code"], set()).add(kind)

    assert found["93010"] == {"103693007"}, "a diagnostic procedure"
    assert found["10D00Z1"] == {"387713003"}, "a surgical one"
    assert {"363679005", "108252007"} <= set().union(*found.values())


def test_us_core_7_declares_its_version_and_adds_to_what_6_1_has(
    home: Home, files: Files, tmp_path: Path
) -> None:
    exporting.export_to(home, "heart", tmp_path / "out", "fhir-us-core-7")
    newer = {path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()]
             for path in (tmp_path / "out").glob("*.ndjson")}  # fmt: skip
    older = files["heart"]

    def ids(resources: list[Resource]) -> set[str]:
        return {one["id"] for one in resources}

    assert {kind: ids(made) for kind, made in older.items() if kind != "Observation"} == {
        kind: ids(made) for kind, made in newer.items() if kind != "Observation"
    }
    assert ids(newer["Observation"]) >= ids(older["Observation"])
    added = [one for one in newer["Observation"] if one["id"].startswith("av")]
    assert len(added) == len(newer["Observation"]) - len(older["Observation"]) > 0
    for one in added:
        get_fhir_model_class("Observation").model_validate(one)
    for one in newer["Patient"]:
        assert one["meta"]["profile"] == [f"{us_core.PROFILE}us-core-patient|7.0.0"]
        assert one["extension"][-1]["url"].endswith("us-core-sex")
    for kind in ("Encounter", "DiagnosticReport"):
        assert all("lastUpdated" in one["meta"] for one in newer[kind])
        assert not any("lastUpdated" in one["meta"] for one in older[kind])


def test_two_exports_of_a_scenario_are_equal_byte_by_byte(home: Home, tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written.append(bulk.export(scenarios.path(home, "heart"), "heart", tmp_path / name))

    assert [path.read_bytes() for path in written[0]] == [path.read_bytes() for path in written[1]]


def test_the_same_is_written_whatever_the_size_of_a_range_of_people(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    for name, rows in (("one", 10**9), ("many", 1)):
        monkeypatch.setattr(shown, "_ROWS", rows)
        (tmp_path / name).mkdir()
        written.append(bulk.export(scenarios.path(home, "birth"), "birth", tmp_path / name))

    assert [path.read_bytes() for path in written[0]] == [path.read_bytes() for path in written[1]]


def test_a_disk_that_fills_up_half_way_leaves_nothing(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = lines.Lines.add

    def full(self: lines.Lines, *arguments: Any) -> None:
        if self.kind.name == "Observation":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        whole(self, *arguments)

    monkeypatch.setattr(lines.Lines, "add", full)

    with pytest.raises(StorageError, match="disk"):
        exporting.export_to(home, "birth", tmp_path / "out", "fhir")
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_is_told_to_stop_stops_and_leaves_nothing(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch("export")
    whole = lines.Lines.add

    def slow(self: lines.Lines, *arguments: Any) -> None:
        if self.kind.name == "Encounter":
            watch.stop()
        whole(self, *arguments)

    monkeypatch.setattr(lines.Lines, "add", slow)
    with pytest.raises(Cancelled), watched_by(watch):
        exporting.export_to(home, "heart", tmp_path / "out", "fhir")
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_counts_the_lines_of_every_file(home: Home, tmp_path: Path) -> None:
    done = exporting.export_to(home, "birth", tmp_path / "out", "fhir")
    manifest = json.loads((done.folder / bulk.MANIFEST).read_text("utf-8"))
    listed = {one["url"]: one["count"] for one in manifest["output"]}
    lines = {path.name: len(path.read_text("utf-8").splitlines())
             for path in done.folder.glob("*.ndjson")}  # fmt: skip

    assert listed == lines
    assert min(lines.values()) > 0
    assert manifest["synthetic"] is True


def test_an_export_takes_the_place_of_the_one_before(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    exporting.export_to(home, "birth", folder, "fhir")
    exporting.export_to(home, "heart", folder, "fhir", replace=True)
    manifest = json.loads((folder / bulk.MANIFEST).read_text("utf-8"))

    assert manifest["scenario"] == "heart"
    assert {path.name for path in folder.glob("*.ndjson")} == {
        one["url"] for one in manifest["output"]
    }
    assert (folder / "CarePlan.ndjson").exists()


def test_hostile_texts_stay_texts(home: Home, tmp_path: Path) -> None:
    text = '</div><script>"x\\" & \x01\n,\'; DROP é 🙂'
    path = home.scenarios / "hostile.duckdb"
    shutil.copyfile(scenarios.path(home, "heart"), path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE patients SET family_name = ?, city = ?", [text, text])
        connection.execute("UPDATE encounters SET reason = ?", [text])
    bulk.export(path, "hostile", tmp_path)
    for line in (tmp_path / "Patient.ndjson").read_text("utf-8").splitlines():
        resource = json.loads(line)
        assert resource["name"][0]["family"] == resource["address"][0]["city"] == text
        assert "<script" not in resource["text"]["div"]
        get_fhir_model_class("Patient").model_validate(resource)
    for line in (tmp_path / "Encounter.ndjson").read_text("utf-8").splitlines():
        assert "<script" not in json.loads(line)["text"]["div"]


def test_a_scenario_without_a_chart_is_refused_and_says_what_is_needed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    profile = load("commercial-healthy") | {
        "count": 3,
        "products": ["membersim"],
        "expectations": [],
    }
    started = generate.start(home, profile, [])
    run = generate.join(home, started.run_id, 60)
    scenarios.save_run(home, run.run_id, "members")

    with pytest.raises(Refused, match=r"needs the chart.*patientsim"):
        exporting.export_to(home, "members", tmp_path / "out", "fhir")
    assert not (tmp_path / "out").exists()


def test_tables_cannot_be_chosen_of_resources(home: Home, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="tables: the format fhir is about the whole scenario"):
        exporting.export_to(home, "birth", tmp_path / "out", "fhir", ["patients"])
