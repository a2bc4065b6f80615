"""Threads that insert the rows of several tables at once, each table in its own order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Condition, Thread

import duckdb
import pyarrow as pa

_ROW_GROUP = 122_880  # DuckDB's own; inserts of whole row groups leave no half-filled ones
_WAITING = 192 * 2**20  # bytes in tables with a full row group that may wait before `put` blocks

_LOOK = 0.1  # seconds between two attempts to break off an insert

Insert = Callable[[duckdb.DuckDBPyConnection, str, pa.Table], None]


class WriterPool:
    """Takes rows of many tables and hands them, a row group or more at a time, to its threads.

    A thread takes the table with most waiting rows that no other thread is inserting; so no two
    inserts of one table overlap, and the rows of a table keep the order in which they were put.
    """

    def __init__(self, cursors: Sequence[duckdb.DuckDBPyConnection], insert: Insert) -> None:
        self._insert = insert
        self._waiting: dict[str, list[pa.Table]] = {}
        self._bytes: dict[str, int] = {}  # of what waits: asking Arrow takes longer than adding
        self._busy: set[str] = set()
        self._least = _ROW_GROUP  # rows from which a table is inserted; 1 after the last
        self._ended = False
        self._failure: BaseException | None = None
        self._changed = Condition()
        self._cursors = tuple(cursors)
        self._threads = [
            Thread(target=self._work, args=(cursor,), name="healthsim-writer", daemon=True)
            for cursor in cursors
        ]
        for thread in self._threads:
            thread.start()

    def put(self, name: str, rows: pa.Table) -> None:
        """Take rows of a table; blocks while `_WAITING` bytes are ready for insertion."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure or self._ready_bytes() < _WAITING)
            self._raise()
            if rows.num_rows:
                self._waiting.setdefault(name, []).append(rows)
                self._bytes[name] = self._bytes.get(name, 0) + rows.nbytes
                self._changed.notify_all()

    def finish(self) -> None:
        """Insert what is left and wait for it."""
        with self._changed:
            self._least = 1
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._failure or not (self._busy or any(self._waiting.values()))
            )
            self._raise()

    def stop(self, *, in_vain: bool = False) -> None:
        """End the threads; rows that still wait are dropped.

        Args:
            in_vain: nobody wants the rows any more: inserts that have begun are broken off.
        """
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        for thread, cursor in zip(self._threads, self._cursors, strict=True):
            while in_vain and thread.is_alive():
                with suppress(duckdb.Error):  # its thread has closed it meanwhile
                    cursor.interrupt()
                thread.join(_LOOK)
            thread.join()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _ready(self) -> list[str]:
        return [
            name
            for name, parts in self._waiting.items()
            if sum(part.num_rows for part in parts) >= self._least
        ]

    def _ready_bytes(self) -> int:
        return sum(self._bytes[name] for name in self._ready())

    def _next(self) -> str | None:
        free = [name for name in self._ready() if name not in self._busy]
        return max(free, key=self._bytes.__getitem__, default=None)

    def _work(self, cursor: duckdb.DuckDBPyConnection) -> None:
        while (taken := self._take()) is not None:
            name, rows = taken
            try:
                self._insert(cursor, name, rows)
            except BaseException as error:  # handed to whoever puts or finishes
                self._failure = self._failure or error  # the first one is the cause
            with self._changed:
                self._busy.discard(name)
                self._changed.notify_all()
        cursor.close()

    def _take(self) -> tuple[str, pa.Table] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._next() is not None)
            name = self._next()
            if self._ended or self._failure or name is None:
                return None
            self._busy.add(name)
            rows = pa.concat_tables(self._waiting.pop(name))
            rest = rows.num_rows % self._least
            self._bytes[name] = 0
            if rest:
                self._waiting[name] = [rows.slice(rows.num_rows - rest)]
                self._bytes[name] = self._waiting[name][0].nbytes
            return name, rows.slice(0, rows.num_rows - rest)
