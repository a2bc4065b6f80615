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
from healthsim.tables import Columns, length

LOOKED_AT = 500  # units that are run for an estimate; a mean of rows is then within some 2 %
MOST_LOOKED_AT = 2000  # units that are run where that is quick
_FEW = 50
_QUICK = 0.4  # seconds that a look may take for a longer one to follow
_SLOW = 2.0  # seconds beside which reading the books is little
_STARTING = 0.7  # seconds to open, flush and close a file: measured with 1 to 1,000 people, 2026
_STORING = 4.3  # times the digest of the same rows that DuckDB takes for them: measured, 2026
_AT_ONCE = 1.7  # times as fast that two lanes store than one: measured, 2026
# Measured with 200 to 50,000 people of the reference job, 2026:
_BYTES_A_ROW, _EMPTY_MEGABYTES = 21, 3.5

_INTO_PARQUET = 3.3  # times the digest of the same rows that Parquet takes: measured, 2026
# Measured with blocks of the reference job, core (6.6, 193) and full (10.0, 255), 2026:
_LAKE_BYTES_A_ROW, _MEMORY_BYTES_A_ROW, _MEMORY_MEGABYTES = 8, 250, 200

T = TypeVar("T")


@dataclass(frozen=True)
class Throughput:
    """What the first people of a job took.

    Attributes:
        tables: their rows; `looked_at` is how many units they are.
        census: seconds of the passes over everybody before the first row.
        chunk: seconds that a chunk takes however few are in it; `unit` what each unit adds.
        storing: seconds that it takes to digest and store what a unit makes.
        rows: rows of a unit.
    """

    tables: Mapping[str, Columns]
    looked_at: int
    census: float
    chunk: float
    unit: float
    storing: float
    rows: float

    def seconds(self, count: int) -> float:
        """Return how long a run of so many units will take."""
        chunks = ceil(count / CHUNK)
        making = (self.chunk * chunks + self.unit * count) / min(chunks, MAKERS)
        return self.census + _STARTING + making + self.storing * count / _AT_ONCE

    def megabytes(self, count: int) -> float:
        """Return how large the file of so many units will be."""
        return self.rows * count * _BYTES_A_ROW / 1e6 + _EMPTY_MEGABYTES

    def lake_seconds(self, count: int, workers: int) -> float:
        """Return how long so many workers, each like a core of this machine, make a lake."""
        blocks = ceil(count / CHUNK)
        storing = self.storing * (1 + _INTO_PARQUET) / (1 + _STORING)
        work = self.chunk * blocks + (self.unit + storing) * count
        return self.census + _STARTING + work / min(blocks, workers)

    def lake_megabytes(self, count: int) -> float:
        """Return how large a lake of so many units will be."""
        return self.rows * count * _LAKE_BYTES_A_ROW / 1e6 + _EMPTY_MEGABYTES

    def worker_megabytes(self, count: int) -> float:
        """Return how much memory a worker needs at most that makes blocks of so many units."""
        rows = self.rows * min(count, CHUNK)
        return rows * _MEMORY_BYTES_A_ROW / 1e6 + _MEMORY_MEGABYTES


def measure(job: Job) -> Throughput:
    """Run the first units of a job, few and more of them, and see what each took.

    Raises:
        SpecError: people cannot meet an exact count.
    """
    population_pass, counting = _timed(lambda: settle_population_steps(job))

    def look(size: int) -> tuple[Chunk, float]:
        (chunk, _), seconds = _timed(lambda: run_chunk(job, 0, size, population_pass))
        return chunk, seconds

    small, size = min(job.count, _FEW), min(job.count, LOOKED_AT)
    _, short_run = look(small)  # the first one also reads the books and figures that the job needs
    if short_run < _SLOW:
        _, short_run = look(small)
    chunk, long_run = look(size)
    if long_run < _QUICK and job.count > LOOKED_AT:
        small, short_run, size = size, long_run, min(job.count, MOST_LOOKED_AT)
        chunk, long_run = look(size)
    unit = (
        max((long_run - short_run) / (size - small), long_run / size / 10)
        if size > small
        else long_run / size
    )
    return Throughput(
        tables=chunk.tables,
        looked_at=size,
        census=counting,
        chunk=max(0.0, long_run - unit * size),
        unit=unit,
        storing=(1 + _STORING) * _digested(job, chunk) / size,
        rows=sum(length(columns) for columns in chunk.tables.values()) / size,
    )


def _digested(job: Job, chunk: Chunk) -> float:
    """Return the seconds that it takes to digest some rows."""
    from healthsim.persistence.arrow import to_arrow  # noqa: PLC0415  pyarrow is heavy
    from healthsim.persistence.digest import Digest  # noqa: PLC0415  pyarrow is heavy

    tables = {table.name: table for table in job.tables}

    def digest() -> None:
        rows_digest = Digest(job.tables)
        for name, columns in chunk.tables.items():
            rows_digest.update_arrow(name, to_arrow(tables[name], columns))

    digest()
    return min(_timed(digest)[1] for _ in range(2))


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    begun = time.perf_counter()
    return call(), time.perf_counter() - begun
