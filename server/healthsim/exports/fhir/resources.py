"""What is exported as FHIR: each resource type, its parts, the tables they need, their SQL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

Guide = Literal["6.1.0", "7.0.0"]
"""A version of US Core."""
GUIDE: Guide = "6.1.0"
"""The version that is declared where nothing else is asked for."""

_HERE = files("healthsim.exports.fhir")


@dataclass(frozen=True)
class Part:
    """Resources of one type that come from the same tables.

    Attributes:
        file: name of its SQL in `sql/`, which gives the columns person_id (null of what belongs to
            nobody), place (the order of a person's resources), id and resource (its JSON, as a
            line that has ended). It may join any table of the catalogue: one that the scenario
            lacks is empty.
        needs: tables without one of which there are no such resources.
        unless: a table that has the same things in more detail.
        guide: the only version of US Core that asks for them; every one where it is empty.
    """

    file: str
    needs: tuple[str, ...]
    unless: str = ""
    guide: str = ""

    @property
    def sql(self) -> str:
        """The query."""
        text = (_HERE / "sql" / f"{self.file}.sql").read_text(encoding="utf-8")
        return f"SELECT person_id, CAST(place AS BIGINT) AS place, id, resource FROM ({text})"  # noqa: S608


@dataclass(frozen=True)
class ResourceType:
    """One type of resource, as FHIR spells it.

    Attributes:
        name: of the type.
        parts: what it is made from.
        of_people: whether each belongs to a person; the others are the directory.
    """

    name: str
    parts: tuple[Part, ...]
    of_people: bool = True

    def sql(self, tables: Collection[str], guide: Guide = GUIDE) -> str:
        """Return the query of what these tables give; empty where they give nothing."""
        ready = [part for part in self.parts
                 if set(part.needs) <= set(tables) and part.unless not in tables
                 and part.guide in ("", guide)]  # fmt: skip
        return " UNION ALL ".join(part.sql for part in ready)


def _one(name: str, *needs: str, of_people: bool = True) -> ResourceType:
    """Return a type with one part, whose file is called like it."""
    return ResourceType(name, (Part(name, needs),), of_people)


TYPES = (
    _one("Organization", "facilities", "providers", of_people=False),
    _one("Location", "facilities", of_people=False),
    _one("Practitioner", "providers", of_people=False),
    _one("PractitionerRole", "providers", of_people=False),
    _one("Patient", "patients"),
    ResourceType("RelatedPerson", (
        Part("RelatedPerson-mothers", ("patients",), unless="related_persons"),
        Part("RelatedPerson", ("related_persons",)),
    )),
    _one("Coverage", "enrollments", "members", "plans"),
    _one("CareTeam", "patients", "providers"),
    _one("Appointment", "appointments"),
    _one("Encounter", "encounters", "providers"),
    ResourceType("Condition", (
        Part("Condition-problems", ("conditions",)),
        Part("Condition-diagnoses", ("encounter_diagnoses", "encounters")),
    )),
    ResourceType("ServiceRequest", (
        Part("ServiceRequest-referrals", ("referrals",), unless="service_requests"),
        Part("ServiceRequest", ("service_requests",)),
    )),
    _one("Specimen", "specimens"),
    _one("QuestionnaireResponse", "screenings", "screening_answers"),
    ResourceType("Observation", (
        Part("Observation-vital-signs", ("vital_signs",)),
        Part("Observation-results", ("lab_results",)),
        Part("Observation-average", ("vital_signs",), guide="7.0.0"),
        Part("Observation-death", ("patients",)),
        Part("Observation-asked", ("observations",)),
        Part("Observation-screenings", ("screenings", "screening_answers")),
    )),
    ResourceType("DiagnosticReport", (
        Part("DiagnosticReport-panels", ("lab_results",), unless="diagnostic_reports"),
        Part("DiagnosticReport", ("diagnostic_reports", "diagnostic_report_results")),
    )),
    _one("Procedure", "procedures"),
    _one("AllergyIntolerance", "allergies"),
    _one("FamilyMemberHistory", "family_history"),
    _one("Device", "devices"),
    ResourceType("Immunization", (
        Part("Immunization", ("immunizations",)),
        Part("Immunization-not-given", ("immunizations_not_given",)),
    )),
    _one("MedicationRequest", "prescriptions"),
    _one("MedicationDispense", "fills", "prescriptions"),
    _one("MedicationAdministration", "medication_administrations"),
    _one("Goal", "goals"),
    _one("CarePlan", "care_plans"),
    _one("DocumentReference", "clinical_notes", "encounters"),
    _one("Provenance", "encounters"),
)  # fmt: skip
"""In the order in which a server can load them: what is pointed at comes first."""
