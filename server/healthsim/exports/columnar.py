"""A scenario as one CSV or Parquet file for each table: sorted rows, the same bytes each time."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import get_args

import duckdb

from healthsim.errors import NotFound, StorageError, near
from healthsim.exports import EVERYBODY, Filter, Format
from healthsim.exports.people import choose
from healthsim.persistence.database import literal, open_read, quoted, storage_errors
from healthsim.persistence.judgement import scenario_rules
from healthsim.watching import step

MARKER = "SYNTHETIC-TEST-DATA.txt"
DICTIONARY = "data-dictionary.csv"
PAGE = "report.html"
"""The one file of the format html."""
_MARKED = "Synthetic test data made by HealthSim"
_LISTED = re.compile(r"- (?P<name>[A-Za-z0-9_-]+\.[a-z]+) (?P<mark>[0-9]+ [0-9a-f]{32})")
_ENDS = 65_536  # bytes of either end of a file that tell it from another of its size
_LONGEST_MARKER = 1_000_000  # bytes that are read of one
_SETTINGS: Mapping[str, str] = {"threads": "1", "preserve_insertion_order": "true"}
_OPTIONS: Mapping[str, str] = {
    "csv": "FORMAT csv, HEADER true, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR ''",
    "parquet": "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880",
}


def export(
    path: Path,
    name: str,
    folder: Path,
    form: Format,
    tables: Sequence[str] = (),
    chosen: Filter = EVERYBODY,
) -> list[Path]:
    """Write the tables of a scenario's file into an existing, empty folder.

    Rows keep the order in which they are stored, by person and key. One thread writes, so that
    the same scenario gives the same bytes on any machine.

    Args:
        path: the scenario's DuckDB file.
        name: the scenario's name, for the marker.
        folder: where the files go; one `<table>.<form>` each, a marker that says that the data
            is synthetic, and the data dictionary.
        form: ``"csv"`` or ``"parquet"``.
        tables: names of the tables to write; all of them when empty.
        chosen: whose rows to write.

    Raises:
        NotFound: no such table, with near matches.
        Refused: the filter cannot be read, or finds nobody.
    """
    opened = open_read(path, writes=folder, settings=_SETTINGS)
    with opened as connection, storage_errors(folder):
        names = _chosen(connection, tables)
        if chosen:
            choose(connection, chosen)
        if form == "csv":
            _refuse_no_room(connection, names, folder)
        written = []
        for done, table in enumerate(names):
            step(f"table {table}, {done + 1} of {len(names)}", done, len(names))
            written.append(_write(connection, table, folder, form))
        written.append(_dictionary(connection, names, folder))
        about = f"What each column means stands in {DICTIONARY}.{chosen.sentence}"
        written.append(mark(name, form, folder, written, about))
    return written


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
    if not (form and first.startswith(_MARKED)):
        return set()
    listed = filter(None, map(_LISTED.fullmatch, lines))
    return {MARKER} | {
        line["name"]
        for line in listed
        if _is_name(form, line["name"]) and _mark(folder / line["name"]) == line["mark"]
    }


def _is_name(form: str, name: str) -> bool:
    """Tell whether files of a format can have a name."""
    if form == "html":
        return name == PAGE
    if form in ("fhir", "fhir-bundles"):
        from healthsim.exports.fhir import bulk, bundles  # noqa: PLC0415  only these need it

        names = bulk.NAMES if form == "fhir" else bundles.NAMES
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


def _chosen(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> list[str]:
    described = connection.execute(
        "SELECT DISTINCT table_name FROM healthsim_columns ORDER BY table_name"
    ).fetchall()
    known = [str(row[0]) for row in described]
    for table in tables:
        if table not in known:
            raise NotFound("tables", f"the scenario has no table {table!r}", near(table, known))
    return [table for table in known if not tables or table in tables]


def _refuse_no_room(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str], folder: Path
) -> None:
    """Refuse an export that is larger than the disk has room for, before a byte is written.

    A scenario's file may hold a thousandth of it: equal texts are stored once.

    Raises:
        StorageError: it would need more bytes than are free.
    """
    free = shutil.disk_usage(folder).free
    least = sum(_least_bytes(connection, table) for table in tables)
    if least > free:
        raise StorageError(
            "folder",
            f"the tables are {least / 1e9:,.1f} GB or more as CSV, and its disk has "
            f"{free / 1e9:,.1f} free",
            "free some space, export fewer tables, or choose the format parquet",
        )


def _least_bytes(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return how many bytes a table has as CSV at least, by what is noted of its columns."""
    named = quoted(table)
    columns = connection.execute(f"SELECT * FROM {named} LIMIT 0").description  # noqa: S608
    texts = [name for name, kind, *_ in columns if str(kind) == "VARCHAR"]
    noted = "".join(f", stats({quoted(name)})" for name in texts)
    row = connection.execute(
        f"SELECT (SELECT count(*) FROM {named}){noted} FROM {named} LIMIT 1"  # noqa: S608
    ).fetchone()
    rows, *about = row or (0,)
    lengths = (one.get("total_string_length") for one in about if isinstance(one, dict))
    return int(rows) * len(columns) + sum(length or 0 for length in lengths)


def _write(connection: duckdb.DuckDBPyConnection, table: str, folder: Path, form: Format) -> Path:
    path = folder / f"{table}.{form}"
    target = literal(str(path))
    connection.execute(f"COPY {quoted(table)} TO {target} ({_OPTIONS[form]})")
    return path


def _dictionary(connection: duckdb.DuckDBPyConnection, tables: Sequence[str], folder: Path) -> Path:
    columns = connection.execute(
        "SELECT * FROM healthsim_columns WHERE list_contains(?, table_name) "
        "ORDER BY table_name, position",
        [list(tables)],
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column[0] for column in columns.description])
    writer.writerows(columns.fetchall())
    path = folder / DICTIONARY
    path.write_text(text.getvalue(), encoding="utf-8", newline="\n")
    return path


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
        f"{_MARKED}: scenario {name}, {form} files.\n"
        "Nobody in it exists. Identifiers come from ranges that are never issued.\n"
        f"{about}\n"
        f"The files of this export, which the next one here replaces, with their bytes and a "
        f"digest of their ends:\n{files}",
        encoding="utf-8",
        newline="\n",
    )
    return path
