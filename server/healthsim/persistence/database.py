"""DuckDB files: DDL from tables, a writer that streams columns in, connections for one operation.

A file is always attached to a connection of its own in memory, never opened by itself: DuckDB
would hand a process that still knows an older file of the same name the older rows.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from glob import escape
from pathlib import Path
from threading import Event, Thread
from types import MappingProxyType, TracebackType
from typing import Literal, TypeAlias

import duckdb
import pyarrow as pa

from healthsim.errors import HealthSimError, StorageError
from healthsim.persistence.files import (
    DamagedFile,
    disk_error,
    display_name,
    fsync_file,
    is_locked,
    unreadable,
    without_folders,
)
from healthsim.persistence.judgement import (
    SCENARIO,
    TRIES,
    Rules,
    changed,
    is_same,
    judge,
    lake_seen,
    trust,
)
from healthsim.persistence.lake_views import statements
from healthsim.persistence.writer_pool import WriterPool
from healthsim.tables import Table
from healthsim.watching import stoppable

SCHEMA = "scenario"
"""Name under which a file is attached; not seen by users, who query after a USE."""

OTHER = "other"
"""Name under which a second file is attached, to be compared with the first."""

SHORT = 60.0
"""Seconds that an operation of a few rows may take."""

LONG = 3_600.0
"""Seconds that an operation over all rows may take."""

Doing: TypeAlias = Literal["reading", "writing"]
"""What is done with a file; each has memory of its own."""

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})

SMALL_BLOCK = 16_384
"""Bytes of a block that suit small tables; DuckDB's own of 262,144 suit large ones."""

_WRITERS = 2  # inserts that run at once, one core each
_MEMORY_MB = 400  # twice as much is 2 % faster (measured)
_PATIENCE = 5.0  # seconds to wait for another process to let go of a file
_COMPARING_MB = 1_200
_READING_MB = 4_000
_LEAST_MB = 400
_READING_SHARE = 0.6  # of the machine's memory
_AGAIN = 0.1  # seconds between two interruptions of what ran too long
_CLOSED = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


def quoted(name: str) -> str:
    """Return an SQL identifier.

    >>> quoted('claims')
    '"claims"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return an SQL string.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def ddl(table: Table, schema: str = SCHEMA) -> str:
    """Return the CREATE TABLE statement of a table.

    Keys and references are no constraints: they slow a load by more than the load itself, and
    the audit checks them.
    """
    columns = ", ".join(
        f"{quoted(column.name)} {column.type}{' NOT NULL' if column.required else ''}"
        for column in table.columns
    )
    return f"CREATE TABLE {schema}.{quoted(table.name)} ({columns})"


class Writer:
    """Streams rows into a fresh DuckDB file, in the order in which they are appended.

    Rows of one table keep their order. Two threads insert at once, each the rows of another table.
    Leaving the block checkpoints, closes and fsyncs the file; leaving it by an error removes it.

    Args:
        path: the file to make; there must be none yet.
        tables: what it shall hold.
        small: keep it in small blocks: a sixth of the size for some hundred people, and half as
            fast for many (measured). Each thread then inserts in one transaction.
        memory_mb: of DuckDB's buffers; rows leave for the file as they come.

    Attributes:
        connection: the connection that made the file, attached as `SCHEMA`; for what is written
            after `flush`.
    """

    connection: duckdb.DuckDBPyConnection

    def __init__(
        self,
        path: Path,
        tables: Iterable[Table],
        *,
        small: bool = False,
        memory_mb: int = _MEMORY_MB,
    ) -> None:
        self._path = path
        self._small = small
        self._options = f" (BLOCK_SIZE {SMALL_BLOCK})" if small else ""
        self._tables = tuple(tables)
        self._memory_mb = memory_mb
        self._pool: WriterPool | None = None

    def __enter__(self) -> Writer:
        with storage_errors(self._path, "writing"):
            with self._path.open("xb"):
                pass
            self._path.unlink()
            self.connection = duckdb.connect(":memory:", config=dict(_CLOSED))
            try:
                self._begin()
            except duckdb.Error:
                self.connection.close()
                discard(self._path)
                raise
        self._pool = WriterPool(self._cursors, insert)
        return self

    def _begin(self) -> None:
        """Make the file with its tables, still empty."""
        self.connection.execute(f"SET memory_limit = '{self._memory_mb}MB'")
        self.connection.execute("SET threads = 1")  # the pool has the threads
        self.connection.execute("SET temp_directory = ''")
        self.connection.execute(f"ATTACH {literal(str(self._path))} AS {SCHEMA}{self._options}")
        made = "; ".join(["BEGIN", *map(ddl, self._tables), "COMMIT"])
        self.connection.execute(made)  # at once: a commit of each waits for the disk
        self._cursors = [self.connection.cursor() for _ in range(_WRITERS)]
        if self._small:  # a commit of each table would take longer than its few rows
            for cursor in self._cursors:
                cursor.begin()

    def append(self, name: str, rows: pa.Table) -> None:
        """Take rows of a table; blocks while too many wait to be inserted."""
        assert self._pool is not None
        with storage_errors(self._path, "writing"):
            self._pool.put(name, rows)

    def flush(self) -> None:
        """Wait until everything that was appended is in the file; append nothing after."""
        assert self._pool is not None
        with storage_errors(self._path, "writing"):
            self._pool.finish()
            if self._small:
                for cursor in self._cursors:
                    cursor.commit()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.stop(in_vain=kind is not None)
        complete = False
        try:
            if kind is None:
                with storage_errors(self._path, "writing"):
                    self.connection.execute(f"CHECKPOINT {SCHEMA}")
                    self.connection.execute(f"DETACH {SCHEMA}")
                    self.connection.close()
                    fsync_file(self._path)
                trust(self._path)
                complete = True
        finally:
            if not complete:  # frees its space before the error is recorded
                with suppress(duckdb.Error):
                    self.connection.close()
                discard(self._path)


def insert(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Insert rows into a table of the file that is attached for writing.

    DuckDB finds the argument by its name; registering it first would take as long again.
    """
    connection.execute(f"INSERT INTO {SCHEMA}.{quoted(name)} SELECT * FROM rows")  # noqa: S608


def discard(path: Path) -> None:
    """Remove a DuckDB file and what DuckDB writes beside it, where they exist."""
    path.unlink(missing_ok=True)
    for beside in path.parent.glob(f"{escape(path.name)}.wal*"):
        beside.unlink(missing_ok=True)


def wal(path: Path) -> Path:
    """Return where DuckDB keeps the log of a file that was not closed properly."""
    return path.with_name(path.name + ".wal")


@contextmanager
def open_read(
    path: Path,
    writes: Path | None = None,
    *,
    rules: Rules | None = None,
    settings: Mapping[str, str] = NO_SETTINGS,
    seconds: float = LONG,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB file for one operation of reading, and close it after.

    Files may come from anywhere. The file is judged first; what is read then reaches no other
    file, changes no setting, and ends at a deadline.

    Args:
        path: the file.
        writes: a folder where files may be written besides, as an export does.
        rules: what the file may consist of; by default, what a scenario may.
        settings: of DuckDB, for this operation.
        seconds: after which reading is stopped.

    Raises:
        NotFound: there is no such file.
        StorageError: it cannot be read, should not be, or another process kept it for too long.
    """
    with reader(seconds=seconds) as connection, attached(connection, path, rules) as beside:
        for name, value in settings.items():
            connection.execute(f"SET {name} = {value}")
        _confine(connection, writes, beside)
        yield connection


@contextmanager
def open_write(path: Path, *, rules: Rules | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an existing DuckDB file for one operation of changing it; checkpoint, close, fsync."""
    with reader() as connection, attached(connection, path, rules, "READ_WRITE"):
        yield connection
        connection.execute(f"CHECKPOINT {SCHEMA}")
    with storage_errors(path):
        fsync_file(path)
    trust(path, rules.what if rules else SCENARIO)


@contextmanager
def open_two(path: Path, other: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Show two files to one connection, as `scenario` and `other`; both are judged first.

    Raises:
        NotFound: one of them is not there.
        StorageError: one cannot be read, or should not be; the error names it.
    """
    files, beside = {SCHEMA: path, OTHER: other}, list[Path]()
    with reader() as connection:
        for name, file in files.items():
            with storage_errors(file):
                beside += _attach_judged(connection, file, None, name=name)
        connection.execute(f"SET memory_limit = '{_COMPARING_MB}MB'")
        _confine(connection, None, beside)
        yield connection


@contextmanager
def reader(
    within: Path | None = None, seconds: float = LONG
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection that `attached` can show several files to, one after another.

    Args:
        within: the folder of all that it may read; anywhere if none is given.
        seconds: after which whatever it runs is stopped.
    """
    with (
        duckdb.connect(":memory:", config=dict(_CLOSED)) as connection,
        stoppable(connection.interrupt),
    ):
        connection.execute("SET temp_directory = ''")
        connection.execute("SET enable_progress_bar = false")  # it writes on stdout and stderr
        connection.execute(f"SET memory_limit = '{_reading_mb()}MB'")
        if within is not None:
            _confine(connection, within)
        with _stopped_after(connection, seconds):
            yield connection


@cache
def _reading_mb() -> int:
    """Return how much memory reading may take: of a small machine, not more than a part."""
    if not hasattr(os, "sysconf"):  # Windows
        return _READING_MB
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return max(_LEAST_MB, min(_READING_MB, int(pages * page * _READING_SHARE) // 10**6))


@contextmanager
def _stopped_after(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt whatever a connection runs after so many seconds, until the block ends."""
    ended = Event()

    def watch() -> None:
        wait = seconds
        while not ended.wait(wait):
            connection.interrupt()
            wait = _AGAIN

    watcher = Thread(target=watch, name="healthsim-deadline", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _confine(
    connection: duckdb.DuckDBPyConnection, folder: Path | None, beside: Sequence[Path] = ()
) -> None:
    """Keep a connection from all files but those of a folder, a lake's and what it has open."""
    if beside:
        listed = ", ".join(literal(str(path)) for path in beside)
        connection.execute(f"SET allowed_paths = [{listed}]")
    if folder is not None:
        connection.execute(f"SET allowed_directories = [{literal(str(folder))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


@contextmanager
def attached(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    rules: Rules | None = None,
    mode: str = "READ_ONLY",
) -> Iterator[list[Path]]:
    """Judge a file and show it to a connection as its current schema, until the block ends.

    A lake's tables are shown as views of its Parquet files, which are yielded; they are not where
    it is opened for writing or to be listed.

    Raises as `open_read` does.
    """
    with storage_errors(path):
        beside = _attach_judged(connection, path, rules, mode)
        try:
            connection.execute(f"USE {SCHEMA}")
            yield beside
        except BaseException:
            with suppress(duckdb.Error):  # after a full disk nothing works any more
                _detach(connection)
            raise
        _detach(connection)


def _detach(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("USE memory")
    connection.execute(f"DETACH {SCHEMA}")


def _attach_judged(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    rules: Rules | None,
    mode: str = "READ_ONLY",
    name: str = SCHEMA,
) -> list[Path]:
    """Attach the file that was judged, and no other that came into its place meanwhile.

    Returns:
        The Parquet files that it is shown with, if it is a lake.
    """
    for _ in range(TRIES):
        seen = judge(path, rules)
        only_listed = mode != "READ_ONLY" or (rules is not None and rules.is_listed)
        lake = None if only_listed else lake_seen(seen)
        _attach(connection, path, mode, f"{name}_file" if lake else name)
        for statement in statements(lake, name) if lake else ():
            connection.execute(statement)
        if is_same(path, seen, alone=only_listed):
            return lake.paths if lake else []
        connection.execute(f"DETACH {name}")
    raise changed(path)


def _attach(
    connection: duckdb.DuckDBPyConnection, path: Path, mode: str, name: str = SCHEMA
) -> None:
    statement = f"ATTACH {literal(str(path))} AS {name} ({mode})"
    deadline, pause = time.monotonic() + _PATIENCE, 0.01
    while True:
        try:
            connection.execute(statement)
            return
        except duckdb.Error as error:
            if not is_locked(str(error)) or time.monotonic() > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 2, 0.25)


@contextmanager
def storage_errors(path: Path, doing: Doing = "reading") -> Iterator[None]:
    """Turn whatever DuckDB or the disk raises about a file into a `StorageError` about its name."""
    try:
        yield
    except HealthSimError:
        raise
    except (duckdb.Error, OSError) as error:
        raise explain_error(path, error, doing) from error
    except UnicodeDecodeError as error:
        raise DamagedFile(
            display_name(path), "it holds text that is not UTF-8",
            "restore it from a copy, or delete it and save the scenario again",
        ) from error  # fmt: skip


def explain_error(
    path: Path, error: duckdb.Error | OSError, doing: Doing = "reading"
) -> StorageError:
    """Say what an error of DuckDB or the disk means for a file, by its name alone."""
    if isinstance(error, OSError):
        return disk_error(display_name(path), error)
    line = without_folders(str(error), path)
    if isinstance(error, duckdb.InterruptException):
        return StorageError(
            display_name(path),
            "reading it took too long and was stopped",
            "ask for less of it; if that does not help, verify it or save its run again",
        )
    if _is_out_of_memory(error):
        mend = "ask for less of it, or generate fewer people"
        return StorageError(
            display_name(path),
            f"it needs more memory than {doing} may take",
            "generate fewer people" if doing == "writing" else mend,
        )
    if isinstance(error, duckdb.ConstraintException):
        return StorageError(
            display_name(path),
            f"a required value is missing ({line})",
            "report this as a fault of the engine, with the specification",
        )
    return unreadable(display_name(path), line)


def _is_out_of_memory(error: duckdb.Error) -> bool:
    """Return whether memory was too small; a commit says so in an error of another type."""
    at_commit = isinstance(error, duckdb.TransactionException) and (
        "could not allocate block" in str(error)
    )
    return at_commit or isinstance(error, duckdb.OutOfMemoryException)
