"""A scenario as one CSV or Parquet file for each table: sorted rows, the same bytes each time."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import duckdb

from healthsim.errors import StorageError
from healthsim.exports import EVERYBODY, Filter
from healthsim.exports.marking import DICTIONARY, NOTICE, Written
from healthsim.exports.reading import DESCRIBED, Source, opened
from healthsim.persistence.database import literal, quoted, storage_errors
from healthsim.watching import step

_OPTIONS: Mapping[str, str] = {
    "csv": "FORMAT csv, HEADER true, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR ''",
    "parquet": "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880",
}


def export(
    path: Path,
    name: str,
    folder: Path,
    form: Literal["csv", "parquet"],
    tables: Sequence[str] = (),
    chosen: Filter = EVERYBODY,
) -> list[Written]:
    """Write the tables of a scenario's file into an existing, empty folder.

    Rows keep the order in which they are stored, by person and key. One thread writes, so that
    the same scenario gives the same bytes on any machine.

    Args:
        path: the scenario's DuckDB file.
        name: the scenario's name, for the metadata of Parquet files.
        folder: where the files go; one `<table>.<form>` each, and the data dictionary.
        form: ``"csv"`` or ``"parquet"``.
        tables: names of the tables to write; all of them when empty.
        chosen: whose rows to write.

    Raises:
        NotFound: no such table, with near matches.
        Refused: the filter cannot be read, or finds nobody.
    """
    with opened(path, folder, tables, chosen) as source, storage_errors(folder):
        names = source.names
        if form == "csv":
            _refuse_no_room(source.connection, names, folder)
        options = _OPTIONS[form] + (_metadata(name) if form == "parquet" else "")
        written = []
        for done, table in enumerate(names):
            step(f"table {table}, {done + 1} of {len(names)}", done, len(names))
            file = folder / f"{table}.{form}"
            target = literal(str(file))
            answer = source.connection.execute(
                f"COPY {quoted(table)} TO {target} ({options})"
            ).fetchone()
            written.append(Written(file, {table: int(answer[0]) if answer else 0}))
        written.append(Written(_dictionary(source, folder)))
    return written


def _metadata(name: str) -> str:
    """Return the option that writes into each Parquet file that it is synthetic, and whose."""
    return f", KV_METADATA {{synthetic: {literal(NOTICE)}, scenario: {literal(name)}}}"


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
            f"the tables are {least / 1e6:,.1f} MB or more as CSV, and its disk has "
            f"{free / 1e6:,.1f} free",
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


def _dictionary(source: Source, folder: Path) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(DESCRIBED)
    writer.writerows(source.dictionary())
    path = folder / DICTIONARY
    path.write_text(text.getvalue(), encoding="utf-8", newline="\n")
    return path
