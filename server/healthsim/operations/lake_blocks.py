"""A range of blocks of a run, made by any process: rows into Parquet files, and a record of them.

A process gets a `BlockTask`, which is plain and can be pickled. It makes the rows, digests them,
writes them straight into the lake's folder and returns a `BlockRange`: digests, tallies, the
directory that was used, and the files. The record is in the folder too, written last, so that who
resumes a run knows which ranges are whole.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import BLOCK
from healthsim.errors import Cancelled
from healthsim.execution.run import run_chunk
from healthsim.execution.sync.directory_use import DirectoryUse
from healthsim.execution.timeline.stated import FigureKey, FigureTally
from healthsim.operations.home import Home
from healthsim.operations.job_text import JobText
from healthsim.operations.memory import give_back
from healthsim.persistence.arrow import to_arrow
from healthsim.persistence.database import storage_errors
from healthsim.persistence.digest import Digest
from healthsim.persistence.files import publish_over, temporary
from healthsim.persistence.lake import LakeFile
from healthsim.persistence.parquet import RangeWriter, published, range_writer

if TYPE_CHECKING:
    from healthsim.execution.job import Job
    from healthsim.execution.people.population_pass import PopulationPass
    from healthsim.execution.tallies import Tally

RECORDS = "parts"
"""Folder in an unfinished lake of the records of the ranges that are whole."""

Tell: TypeAlias = Callable[[int, int], None]
"""Called after each block with its units and its rows."""

_PARTS = ("providers", "facilities", "pharmacies")


@dataclass(frozen=True)
class BlockTask:
    """A range of blocks that is to be made, and where.

    Attributes:
        job: what is made.
        lake: the folder of the lake, which must exist; or its address in an object store.
        first: the first block, from 0.
        blocks: how many.
    """

    job: JobText
    lake: str
    first: int
    blocks: int

    @classmethod
    def of(cls, job: Job, home: Home, lake: Path | str, first: int, blocks: int) -> BlockTask:
        """Return the task of making some blocks of a job."""
        return cls(JobText.of(job, home), str(lake), first, blocks)


@dataclass(frozen=True)
class MadeBlock:
    """What became of one block.

    Attributes:
        rows: by table, of those that have any; `digests` likewise.
        tallies: what its rows add to each figure of the expectations.
        figures: what its people add to each stated figure that chance decided.
    """

    block: int
    units: int
    rows: Mapping[str, int]
    digests: Mapping[str, str]
    tallies: tuple[Tally, ...]
    figures: Mapping[FigureKey, FigureTally]


@dataclass(frozen=True)
class BlockRange:
    """What became of a range of blocks; small, and plain as JSON.

    Attributes:
        key: of the job that it was made of.
        used: for providers, facilities and pharmacies a mask of the directory's rows that the
            rows refer to, packed into bits, in base64.
    """

    key: str
    first: int
    made: tuple[MadeBlock, ...]
    files: tuple[LakeFile, ...]
    used: Mapping[str, str]

    @property
    def units(self) -> int:
        """How many units it has."""
        return sum(block.units for block in self.made)

    def directory_use(self, none: DirectoryUse) -> DirectoryUse:
        """Return which rows of a directory are referred to.

        Args:
            none: the use of no row of that directory.
        """
        return DirectoryUse(*(_mask(self.used[part], len(getattr(none, part))) for part in _PARTS))

    def text(self) -> str:
        """Return it as JSON."""
        made = [
            [one.block, one.units, dict(one.rows), dict(one.digests), one.tallies,
             [[*key, *tally] for key, tally in one.figures.items()]]
            for one in self.made
        ]  # fmt: skip
        return json.dumps({"key": self.key, "first": self.first, "made": made,
                           "files": self.files, "used": dict(self.used)})  # fmt: skip

    @classmethod
    def of(cls, text: str) -> BlockRange:
        """Read what `text` wrote.

        Raises:
            ValueError: it is not that; KeyError and TypeError likewise.
        """
        document = json.loads(text)
        made = tuple(
            MadeBlock(block, units, rows, digests, tuple((one, of) for one, of in tallies),
                      {FigureKey(*row[:5]): FigureTally(*row[5:]) for row in figures})
            for block, units, rows, digests, tallies, figures in document["made"]
        )  # fmt: skip
        files = tuple(LakeFile(*row) for row in document["files"])
        return cls(document["key"], document["first"], made, files, document["used"])


def record_of(lake: Path, first: int) -> Path:
    """Return where the record of a range is kept while the lake is unfinished."""
    return lake / RECORDS / f"{first:06}.json"


def write_blocks(
    job: Job,
    settled: PopulationPass,
    lake: Path,
    first: int,
    blocks: int,
    stop: Event | None = None,
    tell: Tell | None = None,
) -> BlockRange:
    """Make a range of blocks of a job, write its files and its record into a lake's folder.

    Args:
        job: what `prepare` returned.
        settled: its population steps.
        lake: the folder, which must exist.
        first: the first block, from 0.
        blocks: how many; those beyond the last unit are not there.
        stop: set it to stop before the next block.
        tell: called after each block.

    Raises:
        Cancelled: `stop` was set; nothing of the range is left.
        StorageError: the folder cannot be written, or its disk is full; likewise.
    """
    used = DirectoryUse.none(job.reference.directory)
    made: list[MadeBlock] = []
    refuse_stopped(stop)
    with range_writer(lake, first, blocks) as writer:
        for block, start in _starts(job, first, blocks):
            refuse_stopped(stop)
            one, refers = _make_block(job, settled, writer, block, start)
            if one.units == BLOCK:
                give_back()
            used |= refers
            made.append(one)
            if tell is not None:
                tell(one.units, sum(one.rows.values()))
        files = writer.close()
        refuse_stopped(stop)
        published(lake, first, blocks, files)
    whole = BlockRange(job.key, first, tuple(made), files, _packed(used))
    _keep(lake, whole)
    return whole


def refuse_stopped(stop: Event | None) -> None:
    """Raise `Cancelled` where the event of a run is set."""
    if stop is not None and stop.is_set():
        raise Cancelled("run", "was asked to stop", "start it again to have its rows")


def _starts(job: Job, first: int, blocks: int) -> Iterator[tuple[int, int]]:
    for block in range(first, first + blocks):
        if block * BLOCK < job.count:
            yield block, block * BLOCK


def _make_block(
    job: Job, settled: PopulationPass, writer: RangeWriter, block: int, start: int
) -> tuple[MadeBlock, DirectoryUse]:
    units = min(BLOCK, job.count - start)
    chunk, used = run_chunk(job, start, units, settled)
    by_name = {table.name: table for table in job.tables}
    digest = Digest(job.tables)
    for name, columns in chunk.tables.items():
        rows = to_arrow(by_name[name], columns)
        digest.update_arrow(name, rows)
        writer.append(by_name[name], rows)
    digests = {name: found[0][1] for name, found in digest.blocks().items()}
    rows_of = {name: digest.rows[name] for name in digests}
    return MadeBlock(block, units, rows_of, digests, chunk.tallies, chunk.figures), used


def _keep(lake: Path, made: BlockRange) -> None:
    target = record_of(lake, made.first)
    with storage_errors(lake):
        target.parent.mkdir(exist_ok=True)
        unfinished = temporary(target)
        try:
            unfinished.write_text(made.text(), encoding="utf-8")
            publish_over(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)


def _packed(used: DirectoryUse) -> dict[str, str]:
    return {part: base64.b64encode(np.packbits(getattr(used, part)).tobytes()).decode()
            for part in _PARTS}  # fmt: skip


def _mask(text: str, size: int) -> NDArray[np.bool_]:
    bits = np.frombuffer(base64.b64decode(text), np.uint8)
    return np.unpackbits(bits, count=size).astype(np.bool_)
