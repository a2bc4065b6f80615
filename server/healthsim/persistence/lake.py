"""A lake: a scenario whose rows are in Parquet files in a folder beside its DuckDB file.

The file `NAME.duckdb` holds the manifest, the data dictionary and the list of the Parquet files,
each with its size and its digests. These are in `NAME.lake/GENERATION/TABLE/BLOCK.parquet`. The
manifest names the generation, so that a scenario is replaced by giving its file the name: the
old one reads the old files until then.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from healthsim.persistence.files import fsync_folder, sweep, temporary
from healthsim.persistence.judgement import LISTING, LISTING_COLUMNS, Lake
from healthsim.persistence.names import LAKE, SUFFIX, lake_of

_HOUR = 3_600.0


class LakeFile(NamedTuple):
    """One Parquet file of a lake.

    Attributes:
        table: whose rows it holds.
        file: its name in the lake's folder, with slashes.
        first: its first block of units; 0 of a table that is not about people.
        blocks: how many blocks, of which the last may be in part; 0 of such a table.
        rows: in it.
        size_bytes: of the file.
        sha256: of its bytes, hexadecimal.
        footer: SHA-256 of its footer, which says where its values are and between which bounds.
    """

    table: str
    file: str
    first: int
    blocks: int
    rows: int
    size_bytes: int
    sha256: str
    footer: str


def new_generation() -> str:
    """Return a name for a folder of Parquet files that no other in its lake has."""
    return f"{time.time_ns():x}{os.getpid():x}"


def write_listing(
    connection: duckdb.DuckDBPyConnection, schema: str, files: Sequence[LakeFile]
) -> None:
    """Write the list of a lake's files into its file, which is attached for writing as `schema`."""
    defined = ", ".join(f"{name} {kind} NOT NULL" for name, kind in LISTING_COLUMNS.items())
    columns = [pa.array(column) for column in zip(*files, strict=True)]
    listed = pa.Table.from_arrays(columns, list(LISTING_COLUMNS))
    connection.execute(f"CREATE TABLE {schema}.{LISTING} ({defined})")
    connection.register("listed", listed)
    connection.execute(f"INSERT INTO {schema}.{LISTING} SELECT * FROM listed")  # noqa: S608
    connection.unregister("listed")


def sums(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Return the bytes and the rows of the Parquet files of an open file; 0 of one without."""
    row = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = ? "
        "AND database_name = current_database()", [LISTING],
    ).fetchone()  # fmt: skip
    if not row or not row[0]:
        return 0, 0
    found = connection.execute(f"SELECT sum(size_bytes), sum(rows) FROM {LISTING}").fetchall()  # noqa: S608
    size, rows = found[0]
    return int(size or 0), int(rows or 0)


def size_of(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Return the bytes of an open scenario's or run's file, with its Parquet files."""
    return path.stat().st_size + sums(connection)[0]


def listing(connection: duckdb.DuckDBPyConnection) -> list[LakeFile]:
    """Return the files that an open lake's file lists, in their order."""
    columns = ", ".join(LISTING_COLUMNS)
    rows = connection.execute(f"SELECT {columns} FROM {LISTING} ORDER BY rowid").fetchall()  # noqa: S608
    return [LakeFile(*row) for row in rows]


def write_generation(path: Path, generation: str, fill: Callable[[Path], None]) -> None:
    """Put files beside a scenario's file under a generation of their own, all or none.

    Args:
        path: the file of the scenario.
        generation: name of their folder.
        fill: puts the files into the folder that it is given.
    """
    folder = lake_of(path)
    folder.mkdir(exist_ok=True)
    unfinished = temporary(folder / generation)
    try:
        unfinished.mkdir()
        fill(unfinished)
        unfinished.rename(folder / generation)
        fsync_folder(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def copy_files(lake: Lake, folder: Path) -> None:
    """Put the files of a lake into another folder too.

    They are links where the disk has them, so that this takes no room.
    """
    for name in (name for names in lake.files.values() for name in names):
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        _link(lake.folder / name, target)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)


def drop_generation(path: Path, generation: str) -> None:
    """Remove a folder of Parquet files beside a scenario's file; nothing where it has no name."""
    if generation:
        shutil.rmtree(lake_of(path) / generation, ignore_errors=True)
    with suppress(OSError):  # it is not empty, or not there
        lake_of(path).rmdir()


def sweep_lakes(folder: Path) -> None:
    """Remove what processes that died left of lakes: their folders without a scenario's file.

    Those that have changed within the hour may be about to get one.
    """
    for lake in folder.glob(f"*{LAKE}"):
        if lake.is_symlink() or not lake.is_dir():
            continue
        sweep(lake)
        if not os.path.lexists(lake.with_suffix(SUFFIX)):
            for entry in list(lake.iterdir()):
                if time.time() - entry.stat().st_mtime > _HOUR:
                    shutil.rmtree(entry, ignore_errors=True)
            with suppress(OSError):
                lake.rmdir()
