"""FHIR as Bulk Data lays it out: one NDJSON file for each type, and a manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from healthsim.exports import EVERYBODY, Filter
from healthsim.exports.fhir import mapping, resources
from healthsim.exports.fhir.lines import Lines, write
from healthsim.exports.fhir.opening import Opened, opened
from healthsim.persistence.database import quoted, storage_errors

MANIFEST = "manifest.json"
NAMES = re.compile(
    "|".join([re.escape(MANIFEST), *(rf"{kind.name}\.ndjson" for kind in resources.TYPES)])
)
"""Names that files of the format can have."""


def export(
    path: Path,
    name: str,
    folder: Path,
    chosen: Filter = EVERYBODY,
    guide: resources.Guide = resources.GUIDE,
) -> list[Path]:
    """Write the resources of a scenario's file into an existing, empty folder.

    Resources stand in the order of people, then of keys, so that the same scenario gives the same
    bytes on any machine.

    Args:
        path: the scenario's DuckDB file.
        name: the scenario's name, for the manifest.
        folder: where the files go: `<Type>.ndjson` for each type of which there is one, and the
            manifest with counts and SHA-256 of each.
        chosen: whose resources to write.
        guide: the version of US Core that they declare.

    Raises:
        Refused: the scenario has no chart, or the filter cannot be read or finds nobody.
    """
    with opened(path, chosen, guide) as scenario, storage_errors(folder):
        written = write(scenario, folder)
        left_out = _left_out(scenario)
    return [*(lines.path for lines in written), _manifest(name, folder, written, left_out, guide)]


def _left_out(scenario: Opened) -> list[dict[str, Any]]:
    """Return each table of which nothing is written: its rows, and why."""
    fates = (mapping.fates().get(table) for table in sorted(scenario.tables))
    left_out = [fate for fate in fates if fate and not fate.resource]
    counts = (scenario.connection.execute(f"SELECT count(*) FROM {quoted(fate.table)}").fetchone()  # noqa: S608
              for fate in left_out)  # fmt: skip
    return [{"table": fate.table, "rows": count[0] if count else 0, "reason": fate.note}
            for fate, count in zip(left_out, counts, strict=True)]  # fmt: skip


def _manifest(
    name: str,
    folder: Path,
    written: Sequence[Lines],
    left_out: Sequence[Mapping[str, Any]],
    guide: resources.Guide,
) -> Path:
    """Write what the export holds, after the output manifest of Bulk Data."""
    path = folder / MANIFEST
    content = {
        "scenario": name,
        "fhirVersion": "4.0.1",
        "implementationGuide": f"hl7.fhir.us.core#{guide}",
        "synthetic": True,
        "output": [
            {"type": lines.kind.name, "url": lines.path.name, "count": lines.count,
             "sha256": lines.digest.hexdigest()}
            for lines in written
        ],
        "error": [],
        "leftOut": list(left_out),
    }  # fmt: skip
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")
    return path
