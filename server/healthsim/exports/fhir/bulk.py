"""FHIR as Bulk Data lays it out: one NDJSON file for each type, and a manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from healthsim.exports import EVERYBODY, Filter
from healthsim.exports.fhir import resources
from healthsim.exports.fhir.lines import Lines, write
from healthsim.exports.fhir.opening import opened
from healthsim.persistence.database import storage_errors

MANIFEST = "manifest.json"
NAMES = re.compile(
    "|".join([re.escape(MANIFEST), *(rf"{kind.name}\.ndjson" for kind in resources.TYPES)])
)
"""Names that files of the format can have."""


def export(path: Path, name: str, folder: Path, chosen: Filter = EVERYBODY) -> list[Path]:
    """Write the resources of a scenario's file into an existing, empty folder.

    Resources stand in the order of people, then of keys, so that the same scenario gives the same
    bytes on any machine.

    Args:
        path: the scenario's DuckDB file.
        name: the scenario's name, for the manifest.
        folder: where the files go: `<Type>.ndjson` for each type of which there is one, and the
            manifest with counts and SHA-256 of each.
        chosen: whose resources to write.

    Raises:
        Refused: the scenario has no chart, or the filter cannot be read or finds nobody.
    """
    with opened(path, chosen) as scenario, storage_errors(folder):
        written = write(scenario, folder)
    return [*(lines.path for lines in written), _manifest(name, folder, written)]


def _manifest(name: str, folder: Path, written: Sequence[Lines]) -> Path:
    """Write what the export holds, after the output manifest of Bulk Data."""
    path = folder / MANIFEST
    content = {
        "scenario": name,
        "fhirVersion": "4.0.1",
        "implementationGuide": "hl7.fhir.us.core#6.1.0",
        "synthetic": True,
        "output": [
            {"type": lines.kind.name, "url": lines.path.name, "count": lines.count,
             "sha256": lines.digest.hexdigest()}
            for lines in written
        ],
        "error": [],
    }  # fmt: skip
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")
    return path
