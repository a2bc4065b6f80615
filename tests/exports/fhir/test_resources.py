"""FHIR: resources that readers accept, with what their profiles ask for."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest
from fhir.resources.R4B import get_fhir_model_class

import us_core
from exports.fhir.conftest import Files, Resource, all_of
from healthsim.exports.fhir import mapping, resources, shown
from healthsim.operations import exporting
from healthsim.operations.home import Home
from healthsim.products import catalogue
from healthsim.specification.journeys.details import EncounterClass
from stand_ins import export_types

pytestmark = pytest.mark.slow

WITHOUT_PROFILE = {"Device", "Appointment", "FamilyMemberHistory", "MedicationAdministration"}
"""Types of which US Core has no profile, or not for all."""
_REFERENCE = re.compile(r'"reference": "([^"]+)"')


def test_every_type_of_resource_is_made_by_one_of_the_scenarios(files: Files) -> None:
    made = {kind for types in files.values() for kind in types}

    tables = {table.name for table in catalogue.TABLES}
    assert made == {kind.name for kind in resources.TYPES if kind.sql(tables)}


def test_an_independent_reader_accepts_every_resource(files: Files) -> None:
    for resource in all_of(files):
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
    for resource in all_of(files):
        (mark,) = resource["meta"]["security"]
        assert mark["code"] == "HTEST"
        if resource["resourceType"] not in WITHOUT_PROFILE:
            (profile,) = resource["meta"]["profile"]
            assert profile.startswith("http://hl7.org/fhir/us/core/StructureDefinition/")
        assert resource["text"]["div"].startswith('<div xmlns="http://www.w3.org/1999/xhtml">')


def test_every_resource_has_what_its_profile_requires(files: Files) -> None:
    coverage = us_core.Coverage()
    for resource in all_of(files):
        coverage.add(resource)

    assert coverage.lacking() == set()
    assert len(coverage.resources) > 35


def test_an_element_of_us_core_is_filled_or_the_page_says_why_not(files: Files) -> None:
    coverage = us_core.Coverage()
    for resource in all_of(files):
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
    home: Home, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ("Patient", "Condition", "Encounter", "DiagnosticReport", "Observation")
    export_types(monkeypatch, *kinds)
    exporting.export_to(home, "heart", tmp_path / "out", "fhir-us-core-7")
    newer = {path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()]
             for path in (tmp_path / "out").glob("*.ndjson")}  # fmt: skip
    older = {kind: files["heart"][kind] for kind in kinds}

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


def test_a_diagnosis_that_belongs_to_its_visit_is_not_active_after_it(files: Files) -> None:
    stated = [one for one in files["birth"]["Condition"] if one["id"].startswith("d")]
    weeks = [one for one in stated if one["code"]["coding"][0]["code"].startswith("Z3A")]
    states = {one["clinicalStatus"]["coding"][0]["code"] for one in weeks}

    assert len(weeks) > 5
    assert states == {"resolved"}
    assert all(one["abatementDateTime"] >= one["recordedDate"] for one in weeks)
