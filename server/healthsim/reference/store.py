"""reference.duckdb: one file that is replaced as a whole and can be read during a change.

A change writes a new file next to the old one, copies what it does not replace, and renames the
new file over the old one. A process that is killed leaves the old file as it was; the next change
removes its unfinished files.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from healthsim.errors import Refused, StorageError
from healthsim.persistence.database import (
    SCHEMA,
    ddl,
    discard,
    explain_error,
    literal,
    open_read,
    quoted,
    storage_errors,
)
from healthsim.persistence.files import (
    alive,
    disk_errors,
    fsync_file,
    publish_over,
    sweep,
    temporary,
)
from healthsim.persistence.judgement import rules_of
from healthsim.reference.tables import IMPORTS, TABLES

_MEMORY_MB = 500  # of DuckDB's buffers; sorting millions of providers spills to the disk
_BUSY = Refused(
    "reference", "another import or removal is under way", "wait until it has ended, then repeat"
)
_FULL = StorageError(
    "reference",
    "there is no room to sort its rows, neither in memory nor on the disk",
    "free some space on the disk of the home folder, then repeat; nothing has changed",
)
RULES = rules_of("reference", IMPORTS, TABLES.values())
"""What a file of imported figures may consist of."""

_OLD = "old"
_CLOSED = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One import.

    Attributes:
        name: under which it is listed and removed.
        table: that has its rows.
        digest: SHA-256 over the imported columns, hexadecimal: its version.
        vintage: its release, in the publisher's words.
        checks: results of the checks, by name.
    """

    name: str
    kind: str
    table: str
    file_name: str
    digest: str
    rows: int
    vintage: str
    checks: Mapping[str, object]


def imports(path: Path) -> tuple[ImportRecord, ...]:
    """Return the imports of a reference, by name; none where there is no file."""
    if not path.is_file():
        return ()
    with open_read(path, rules=RULES) as connection:
        return list_imports(connection)


def list_imports(connection: duckdb.DuckDBPyConnection) -> tuple[ImportRecord, ...]:
    """Return the imports of an open reference, by name."""
    columns = ", ".join(quoted(column.name) for column in IMPORTS.columns)
    rows = connection.execute(
        f"SELECT {columns} FROM {quoted(IMPORTS.name)} ORDER BY name"
    ).fetchall()
    return tuple(ImportRecord(*(*row[:7], json.loads(row[7]))) for row in rows)


def record_import(connection: duckdb.DuckDBPyConnection, record: ImportRecord) -> None:
    """Add an import to the list of a reference that is being changed."""
    connection.execute(
        f"INSERT INTO {quoted(IMPORTS.name)} VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(record.name, record.kind, record.table, record.file_name),
            *(record.digest, record.rows, record.vintage),
            json.dumps(dict(record.checks), sort_keys=True),
        ],
    )


@contextmanager
def edit_reference(
    path: Path, without: Callable[[ImportRecord], bool]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a copy of a reference to change it; it is published unless the block raises.

    Args:
        path: the reference, which need not exist yet; its folder must.
        without: true for the imports that are left out of the copy, with their tables.

    Yields:
        A connection whose current schema is the copy.

    Raises:
        Refused: another change is under way.
        StorageError: the old reference cannot be read, or the new one cannot be written.
    """
    with disk_errors(path.name), _alone(path):
        _sweep(path)
        unfinished = temporary(path)
        spill = unfinished.with_name(unfinished.name + ".spill")
        discard(unfinished)
        try:
            with _scratch(spill) as connection:
                with storage_errors(unfinished):
                    connection.execute(f"ATTACH {literal(str(unfinished))} AS {SCHEMA}")
                    _take_over(connection, path, without)
                    connection.execute(f"USE {SCHEMA}")
                yield connection
                with storage_errors(unfinished):
                    connection.execute(f"CHECKPOINT {SCHEMA}")
                    connection.execute("USE memory")
                    connection.execute(f"DETACH {SCHEMA}")
            fsync_file(unfinished)
            publish_over(unfinished, path)
        except duckdb.OutOfMemoryException as error:
            raise _FULL from error
        except duckdb.IOException as error:  # other errors would be faults of HealthSim itself
            raise explain_error(unfinished, error) from error
        finally:
            discard(unfinished)


@contextmanager
def _scratch(spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection that spills to its own folder when memory is short."""
    try:
        with duckdb.connect(":memory:", config=dict(_CLOSED)) as connection:
            connection.execute(f"SET memory_limit = '{_MEMORY_MB}MB'")
            connection.execute(f"SET temp_directory = {literal(str(spill))}")
            yield connection
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _take_over(
    connection: duckdb.DuckDBPyConnection, path: Path, without: Callable[[ImportRecord], bool]
) -> None:
    connection.execute(ddl(IMPORTS))
    if not path.is_file():
        return
    with open_read(path, rules=RULES):  # waits for other users of it, and explains its faults
        pass
    connection.execute(f"ATTACH {literal(str(path))} AS {_OLD} (READ_ONLY)")
    connection.execute(f"USE {_OLD}")
    records = [record for record in list_imports(connection) if not without(record)]
    connection.execute(f"USE {SCHEMA}")
    for record in records:
        name = quoted(record.table)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM {_OLD}.{name}")
        record_import(connection, record)
    connection.execute(f"DETACH {_OLD}")


def _sweep(path: Path) -> None:
    """Remove what killed changes have left."""
    sweep(path.parent)
    for folder in path.parent.glob(f".{path.name}.*.unfinished.spill"):
        pid = folder.name.removeprefix(f".{path.name}.").split("-")[0]
        if pid.isdigit() and not alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of a reference; the system releases it when a process dies."""
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(descriptor)
        yield
    finally:
        with suppress(OSError):
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  exists on Windows only

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415  exists elsewhere only

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise _BUSY from None
