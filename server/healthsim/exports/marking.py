"""What every export has: a manifest, and the marker that says that nobody in it exists."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from pathlib import Path
from typing import get_args

from healthsim.exports import EVERYBODY, Filter, Format
from healthsim.persistence.judgement import scenario_rules

MARKER = "SYNTHETIC-TEST-DATA.txt"
MANIFEST = "manifest.json"
DICTIONARY = "data-dictionary.csv"
PAGE = "report.html"
"""The one file of the format html."""
ALONE = "scenario"
"""What the one file of a format is called that writes all tables into one."""
MARK = "Synthetic test data made by HealthSim"
NOTICE = f"{MARK}. Nobody in it exists. Identifiers come from ranges that are never issued."
"""What files say of themselves where their format has a place for it."""

_LISTED = re.compile(r"- (?P<name>[A-Za-z0-9_-]+\.[a-z]+) (?P<mark>[0-9]+ [0-9a-f]{32})")
_ENDS = 65_536  # bytes of either end of a file that tell it from another of its size
_LONGEST_MARKER = 1_000_000  # bytes that are read of one
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """One file of an export, or one schema of a database.

    Attributes:
        path: the file.
        tables: the tables that it holds, each with its rows.
    """

    path: Path
    tables: Mapping[str, int] = field(default_factory=dict)


def manifest(
    name: str, form: Format, folder: Path, written: Sequence[Written], chosen: Filter = EVERYBODY
) -> Path:
    """Write what an export holds: of each file its tables, rows, bytes and SHA-256.

    Args:
        name: of the scenario.
        form: the kind of the files.
        folder: where they are.
        written: the files.
        chosen: whose rows they hold.
    """
    content = {
        "scenario": name,
        "format": form,
        "synthetic": True,
        "notice": NOTICE,
        "people": chosen.words or "everybody",
        "files": [
            {"name": one.path.name, "tables": dict(one.tables),
             "bytes": one.path.stat().st_size, "sha256": hashed(one.path)}
            for one in written
        ],
    }  # fmt: skip
    path = folder / MANIFEST
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")
    return path


def hashed(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = sha256()
    with file.open("rb") as content:
        while piece := content.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def mark(name: str, form: Format, folder: Path, written: Sequence[Path], about: str) -> Path:
    """Write the marker beside the files of an export: that they are synthetic, and which they are.

    Args:
        name: of the scenario.
        form: the kind of the files.
        folder: where they are.
        written: the files.
        about: a sentence about them.
    """
    path = folder / MARKER
    files = "".join(f"- {file.name} {_mark(file)}\n" for file in written)
    path.write_text(
        f"{MARK}: scenario {name}, {form} files.\n"
        "Nobody in it exists. Identifiers come from ranges that are never issued.\n"
        f"{about}\n"
        f"The files of this export, which the next one here replaces, with their bytes and a "
        f"digest of their ends:\n{files}",
        encoding="utf-8",
        newline="\n",
    )
    return path


def written_before(folder: Path) -> set[str]:
    """Return the names of the files in a folder that an export wrote and nobody changed.

    The marker lists them. It may be forged: only files count that are called as a table of
    HealthSim, are of the one format, and have the size and the ends that the marker says.
    """
    marker = folder / MARKER
    if marker.is_symlink() or not marker.is_file():
        return set()
    with marker.open(encoding="utf-8", errors="replace") as file:
        first, *lines = file.read(_LONGEST_MARKER).splitlines() or [""]
    form = next((form for form in get_args(Format) if first.endswith(f", {form} files.")), "")
    if not (form and first.startswith(MARK)):
        return set()
    listed = filter(None, map(_LISTED.fullmatch, lines))
    return {MARKER} | {
        line["name"]
        for line in listed
        if _is_name(form, line["name"]) and _mark(folder / line["name"]) == line["mark"]
    }


def _is_name(form: str, name: str) -> bool:
    """Tell whether files of a format can have a name."""
    if name == MANIFEST:
        return True
    if form == "html":
        return name == PAGE
    if form in ("xlsx", "duckdb"):
        return name == f"{ALONE}.{form}"
    if form.startswith("fhir"):
        from healthsim.exports.fhir import bulk, bundles  # noqa: PLC0415  only these need it

        names = bundles.NAMES if form == "fhir-bundles" else bulk.NAMES
        return names.fullmatch(name) is not None
    return name in {f"{table}.{form}" for table in scenario_rules().tables} | {DICTIONARY}


def _mark(path: Path) -> str:
    """Return what tells a file from others of its name: its size, and a digest of its ends."""
    if path.is_symlink() or not path.is_file():
        return ""
    size = path.stat().st_size
    with path.open("rb") as file:
        ends = file.read(_ENDS)
        file.seek(max(size - _ENDS, 0))
        ends += file.read(_ENDS)
    return f"{size} {blake2b(ends, digest_size=16).hexdigest()}"
