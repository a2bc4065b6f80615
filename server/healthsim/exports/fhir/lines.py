"""Writes NDJSON files: two threads make the lines, range by range, each file gets them in order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from itertools import product
from pathlib import Path
from threading import Condition, Lock

import duckdb
import numpy as np
import pyarrow as pa

from healthsim.exports.fhir.opening import Kind, Opened
from healthsim.exports.fhir.shown import Range, cut
from healthsim.watching import step

_THREADS = 2  # each more needs the memory of one range more
_BATCH = 2_048  # lines that are text at once: larger texts are new memory each time
_LOOK = 0.1  # seconds between two looks at whether somebody has stopped the export
_ORDER = "person_id, place, id"


class Lines:
    """A file of resources of one type, one on each line.

    Attributes:
        kind: the type.
        path: of the file.
        count: its lines up to now.
        digest: SHA-256 of them.
    """

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.kind, self.path = kind, folder / f"{kind.name}.ndjson"
        self.count, self.digest = 0, hashlib.sha256()
        self._file = self.path.open("wb")
        self._turn = 0
        self._changed = Condition()

    def add(self, connection: duckdb.DuckDBPyConnection, turn: int = 0) -> None:
        """Add the resources that a connection sees; wait until those of earlier turns are in."""
        query = f"SELECT resource FROM ({self.kind.sql}) ORDER BY {_ORDER}"  # noqa: S608
        batches: Iterator[pa.RecordBatch] = iter(connection.sql(query).to_arrow_reader(_BATCH))
        first = next(batches, None)  # all are sorted now
        with self._changed:
            self._changed.wait_for(lambda: self._turn in (turn, -1))
            if self._turn == turn:
                for batch in [first] if first else []:
                    self._write(batch)
                for batch in batches:
                    self._write(batch)
                self._turn += 1
                self._changed.notify_all()

    def give_up(self) -> None:
        """Let nobody wait for their turn any more."""
        with self._changed:
            self._turn = -1
            self._changed.notify_all()

    def close(self) -> None:
        """Close the file; remove it where it has no line."""
        self._file.close()
        if not self.count:
            self.path.unlink()

    def _write(self, batch: pa.RecordBatch) -> None:
        text = _bytes(batch.column(0))
        self._file.write(text)
        self.digest.update(text)
        self.count += batch.num_rows


def write(opened: Opened, folder: Path) -> list[Lines]:
    """Write the files of all types, and return those that have lines."""
    with ExitStack() as files:
        directory, people = (
            [Lines(kind, folder) for kind in kinds]
            for kinds in (opened.directory, opened.of_people)
        )
        for lines in (*directory, *people):
            files.callback(lines.close)
        for lines in directory:
            lines.add(opened.connection)
        _People(opened, people).write()
    return [lines for lines in (*directory, *people) if lines.count]


_Piece = tuple[tuple[int, Range], Lines]


class _People:
    """The work on what belongs to people: each type of each range is one piece."""

    def __init__(self, opened: Opened, files: Sequence[Lines]) -> None:
        self._opened, self._files = opened, files
        self._pieces: Iterator[_Piece] = product(enumerate(opened.ranges), files)
        self._total = len(opened.ranges) * len(files)
        self._begun = 0
        self._lock = Lock()

    def write(self) -> None:
        """Write all of it, and say meanwhile how far it is."""
        cursors = [self._opened.cursor() for _ in range(_THREADS)]
        with ThreadPoolExecutor(_THREADS, "healthsim-fhir") as threads:
            futures = [threads.submit(self._work, cursor) for cursor in cursors]
            try:
                self._follow(futures)
            except BaseException:
                self._end(futures, cursors)
                raise
        for cursor in cursors:
            cursor.close()

    def _follow(self, futures: Sequence[Future[None]]) -> None:
        waiting: set[Future[None]] = set(futures)
        while waiting:
            step(f"resources of people, {self._begun} of {self._total} pieces",
                 self._begun, self._total)  # fmt: skip
            done, waiting = wait(waiting, _LOOK, FIRST_EXCEPTION)
            for future in done:
                future.result()

    def _end(
        self, futures: Sequence[Future[None]], cursors: Sequence[duckdb.DuckDBPyConnection]
    ) -> None:
        """Take no further piece, and break off those that are begun."""
        with self._lock:
            self._pieces = iter(())
        for lines in self._files:
            lines.give_up()
        while not all(future.done() for future in futures):
            for cursor in cursors:
                with suppress(duckdb.Error):
                    cursor.interrupt()
            wait(futures, _LOOK)

    def _work(self, cursor: duckdb.DuckDBPyConnection) -> None:
        at = -1
        while (piece := self._take()) is not None:
            (turn, people), lines = piece
            if turn != at:
                cut(cursor, people)
                at = turn
            lines.add(cursor, turn)

    def _take(self) -> _Piece | None:
        with self._lock:
            piece = next(self._pieces, None)
            self._begun += piece is not None
            return piece


def _bytes(texts: pa.StringArray) -> memoryview:
    """Return texts as the bytes of them all, one after another, without a copy."""
    _, offsets, data = texts.buffers()
    if not data:
        return memoryview(b"")
    width = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    ends = np.frombuffer(offsets, width)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(data)[int(ends[0]) : int(ends[-1])]
