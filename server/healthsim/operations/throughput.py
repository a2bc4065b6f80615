"""How fast a job goes on this machine now, measured on its first people."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from healthsim.execution.job import CHUNK, Job
from healthsim.execution.passes.rehearsal import settle_population_steps
from healthsim.execution.run import Chunk, run_chunk
from healthsim.operations.making import MAKERS
from healthsim.tables import Columns

LOOKED_AT = 500  # units that are run for an estimate; a mean of rows is then within some 2 %
MOST_LOOKED_AT = 2000  # units that are run where that is quick
_FEW = 50
_LARGEST_LOOK, _A_QUARTER = 8000, 4  # a look is at a quarter of the units at most
_UNITS_A_SECOND = 5000  # of a run for a second that a look may take before a longer one follows
_SLOW = 2.0  # seconds beside which reading the books is little, and that a look may take at most
_STARTING = 0.7  # seconds to open, flush and close a file: measured with 1 to 1,000 people, 2026
_STORING = 4.3  # times the digest of the same rows that DuckDB takes for them: measured, 2026
_AT_ONCE = 1.7  # times as fast that two lanes store than one: measured, 2026
# Bytes on disk for a byte in Arrow: measured with 5,000 people of four templates, core and full,
# 2026; 0.26 to 0.39 as a file, 0.08 to 0.13 as a lake.
_AS_FILE, _AS_LAKE, _EMPTY_MEGABYTES = 0.32, 0.095, 3.5

_INTO_PARQUET = 3.3  # times the digest of the same rows that Parquet takes: measured, 2026
# Memory of a worker for a byte in Arrow of its block, and without one: measured with blocks of the
# reference job, core (2.2) and full (1.9), 2026
_IN_MEMORY, _MEMORY_MEGABYTES = 2.1, 200

T = TypeVar("T")


@dataclass(frozen=True)
class Throughput:
    """What the first people of a job took.

    Attributes:
        tables: their rows; `looked_at` is how many units they are.
        census: seconds of the passes over everybody before the first row.
        chunk: seconds that a chunk takes however few are in it; `unit` what each unit adds.
        storing: seconds that it takes to digest and store what a unit makes.
        size: bytes that the rows of a unit take in Arrow.
    """

    tables: Mapping[str, Columns]
    looked_at: int
    census: float
    chunk: float
    unit: float
    storing: float
    size: float

    def seconds(self, count: int) -> float:
        """Return how long a run of so many units will take."""
        chunks = ceil(count / CHUNK)
        making = (self.chunk * chunks + self.unit * count) / min(chunks, MAKERS)
        return self.census + _STARTING + making + self.storing * count / _AT_ONCE

    def megabytes(self, count: int) -> float:
        """Return how large the file of so many units will be."""
        return self.size * count * _AS_FILE / 1e6 + _EMPTY_MEGABYTES

    def lake_seconds(self, count: int, workers: int) -> float:
        """Return how long so many workers, each like a core of this machine, make a lake."""
        blocks = ceil(count / CHUNK)
        storing = self.storing * (1 + _INTO_PARQUET) / (1 + _STORING)
        work = self.chunk * blocks + (self.unit + storing) * count
        return self.census + _STARTING + work / min(blocks, workers)

    def lake_megabytes(self, count: int) -> float:
        """Return how large a lake of so many units will be."""
        return self.size * count * _AS_LAKE / 1e6 + _EMPTY_MEGABYTES

    def worker_megabytes(self, count: int) -> float:
        """Return how much memory a worker needs at most that makes blocks of so many units."""
        return self.size * min(count, CHUNK) * _IN_MEMORY / 1e6 + _MEMORY_MEGABYTES


def measure(job: Job) -> Throughput:
    """Run the first units of a job, few and more of them, and see what each took.

    Raises:
        SpecError: people cannot meet an exact count.
    """
    population_pass, counting = _timed(lambda: settle_population_steps(job))

    def look(size: int) -> _Look:
        (chunk, _), seconds = _timed(lambda: run_chunk(job, 0, size, population_pass))
        return _Look(size, seconds, chunk)

    few = look(min(job.count, _FEW))  # also reads the books and figures that the job needs
    if few.seconds < _SLOW:
        few = look(few.size)
    many = look(min(job.count, LOOKED_AT)) if few.size < job.count else few
    most = min(job.count, max(MOST_LOOKED_AT, min(job.count // _A_QUARTER, _LARGEST_LOOK)))
    while many.size < most and many.seconds < min(_SLOW, job.count / _UNITS_A_SECOND):
        few, many = many, look(min(most, 4 * many.size))
    unit = many.a_unit_more(few, many.seconds - few.seconds, many.seconds)
    digested, size = _digested(job, many.chunk)
    digested_few = digested if few is many else _digested(job, few.chunk)[0]
    return Throughput(
        tables=many.chunk.tables,
        looked_at=many.size,
        census=counting,
        chunk=max(0.0, many.seconds - unit * many.size),
        unit=unit,
        storing=(1 + _STORING) * many.a_unit_more(few, digested - digested_few, digested),
        size=size / many.size,
    )


@dataclass(frozen=True)
class _Look:
    """The first units of a job, and the seconds that they took."""

    size: int
    seconds: float
    chunk: Chunk

    def a_unit_more(self, fewer: _Look, more: float, whole: float) -> float:
        """Return what one more unit takes: `more` is what these take beyond fewer of them."""
        if self.size <= fewer.size:
            return whole / self.size
        return max(more / (self.size - fewer.size), whole / self.size / 10)


def _digested(job: Job, chunk: Chunk) -> tuple[float, int]:
    """Return the seconds that it takes to digest some rows, and their bytes in Arrow."""
    from healthsim.persistence.arrow import to_arrow  # noqa: PLC0415  pyarrow is heavy
    from healthsim.persistence.digest import Digest  # noqa: PLC0415  pyarrow is heavy

    tables = {table.name: table for table in job.tables}

    def digest() -> int:
        rows_digest, size = Digest(job.tables), 0
        for name, columns in chunk.tables.items():
            rows = to_arrow(tables[name], columns)
            rows_digest.update_arrow(name, rows)
            size += rows.nbytes
        return size

    digest()
    (size, first), (_, second) = _timed(digest), _timed(digest)
    return min(first, second), size


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    begun = time.perf_counter()
    return call(), time.perf_counter() - begun
