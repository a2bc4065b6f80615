"""FHIR as Bulk Data lays it out: one NDJSON file for each type, and a manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import duckdb

from healthsim.exports import EVERYBODY, Filter
from healthsim.exports.fhir import resources
from healthsim.exports.fhir.opening import opened
from healthsim.persistence.database import literal, storage_errors
from healthsim.watching import step

MANIFEST = "manifest.json"
NAMES = re.compile(
    "|".join([re.escape(MANIFEST), *(rf"{kind.name}\.ndjson" for kind in resources.TYPES)])
)
"""Names that files of the format can have."""

_LINES = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01'"
_CHUNK = 1 << 20


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
    with opened(path, folder, chosen) as (connection, kinds), storage_errors(folder):
        counts: dict[Path, int] = {}
        for done, kind in enumerate(kinds):
            step(f"{kind.name}, {done + 1} of {len(kinds)}", done, len(kinds))
            file = folder / f"{kind.name}.ndjson"
            counts[file] = _write(connection, kind, file)
    written = [file for file, count in counts.items() if count]
    for file in set(counts) - set(written):
        file.unlink()
    return [*written, _manifest(name, folder, {file: counts[file] for file in written})]


def _write(connection: duckdb.DuckDBPyConnection, kind: resources.ResourceType, file: Path) -> int:
    """Write the resources of one type; return how many there are."""
    ordered = f"SELECT resource FROM ({kind.sql}) ORDER BY person_id, place, id"  # noqa: S608
    answer = connection.execute(f"COPY ({ordered}) TO {literal(str(file))} ({_LINES})").fetchone()
    return int(answer[0]) if answer else 0


def _manifest(name: str, folder: Path, counts: Mapping[Path, int]) -> Path:
    """Write what the export holds, after the output manifest of Bulk Data."""
    path = folder / MANIFEST
    content = {
        "scenario": name,
        "fhirVersion": "4.0.1",
        "implementationGuide": "hl7.fhir.us.core#6.1.0",
        "synthetic": True,
        "output": [
            {"type": file.stem, "url": file.name, "count": count, "sha256": _hash(file)}
            for file, count in counts.items()
        ],
        "error": [],
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")
    return path


def _hash(file: Path) -> str:
    digest = sha256()
    with file.open("rb") as content:
        while piece := content.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
