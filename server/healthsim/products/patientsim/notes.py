"""PatientSim: what clinicians write of visits and stays."""

from __future__ import annotations

from healthsim.products.patientsim.tables import PERSON
from healthsim.tables import Column, Table

CLINICAL_NOTES = Table(
    name="clinical_notes",
    product="patientsim",
    grain="one row per note of a visit or stay",
    key=("note_id",),
    columns=(
        Column("note_id", "BIGINT", "Address of the note.", required=True),
        PERSON,
        Column("type", "VARCHAR", "LOINC code of the kind of note.",
               source="FHIR DocumentReference.type; LOINC", required=True),
        Column("title", "VARCHAR", "The kind of note, in words.",
               source="FHIR DocumentReference.description", required=True),
        Column("category", "VARCHAR", "The same in fewer kinds: progress-note, "
               "emergency-department-note, history-and-physical, discharge-summary.",
               required=True),
        Column("authored_at", "TIMESTAMP", "When it was signed: it holds what was known then.",
               source="FHIR DocumentReference.date", required=True),
        Column("author_npi", "BIGINT", "Who wrote it: who treated in the encounter.",
               references="providers.npi", source="FHIR DocumentReference.author", required=True),
        Column("encounter_id", "BIGINT", "The visit or stay that it is about.",
               references="encounters.encounter_id", source="FHIR DocumentReference.context",
               required=True),
        Column("text", "VARCHAR", "The note, in plain text: headings in capitals, lines of what "
               "other tables hold.", source="FHIR DocumentReference.content", required=True),
    ),
)  # fmt: skip

TABLES = (CLINICAL_NOTES,)
"""Texts that are composed of the rows of other tables."""
