"""A lake that is being made in the home: what of it is there, and how it becomes whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from healthsim.addresses import BLOCK
from healthsim.operations.lake_blocks import RECORDS, BlockRange, record_of
from healthsim.operations.making import publish
from healthsim.persistence.database import storage_errors
from healthsim.persistence.files import sweep
from healthsim.persistence.lake import LakeFile
from healthsim.persistence.names import lake_of
from healthsim.persistence.parquet import ENDING, file_of, sha256_of

if TYPE_CHECKING:
    from healthsim.execution.job import Job
    from healthsim.persistence.scenario import Manifest


class LakeFolder:
    """The folder of a run's Parquet files, beside the run's file.

    Args:
        job: whose rows it gets.
        run_id: of the run.
        target: the run's file, which appears last.

    Attributes:
        generation: name of the folder.
        where: the folder, as tasks name it.
        address: none: what is made stays here.
    """

    address = ""

    def __init__(self, job: Job, run_id: str, target: Path) -> None:
        self._job, self._run_id, self._target = job, run_id, target
        self.generation = job.key[:40]
        self._folder = lake_of(target) / self.generation
        self.where = str(self._folder)

    def begin(self, *, resume: bool) -> list[BlockRange]:
        """Make the folder, and return what of it is there and proven.

        Raises:
            StorageError: it cannot be written.
        """
        with storage_errors(self._target):
            if not resume:
                shutil.rmtree(self._folder.parent, ignore_errors=True)
            self._folder.mkdir(parents=True, exist_ok=True)
            sweep(self._folder)
            paths = sorted((self._folder / RECORDS).glob("*.json"))
            found = apart(map(self._proven, paths))
            self._sweep_others(found)
        return found

    def _proven(self, record: Path) -> BlockRange | None:
        """Return the range of a record whose files are those that were digested, or None."""
        try:
            made = proven(self._job, record.read_text(encoding="utf-8"))
            same = all(sha256_of(self._folder / one.file) == one.sha256 for one in made.files)
        except (OSError, ValueError):
            return None
        return made if same and record == record_of(self._folder, made.first) else None

    def _sweep_others(self, found: Sequence[BlockRange]) -> None:
        """Remove files that no proven range lists: another attempt cut its ranges otherwise."""
        kept = {self._folder / one.file for made in found for one in made.files}
        kept |= {record_of(self._folder, made.first) for made in found}
        records = (self._folder / RECORDS).glob("*.json")
        for path in (*self._folder.glob(f"*/*{ENDING}"), *records):
            if path not in kept:
                path.unlink()

    @contextmanager
    def rest(self) -> Iterator[Path]:
        """Give the folder for the files of tables that are not about people."""
        yield self._folder

    def put(self, folder: Path, files: Sequence[LakeFile]) -> None:
        """Take the files of `rest` over; they are in the lake's folder already."""

    def named(self, manifest: Manifest) -> Manifest:
        """Return the manifest as this lake has it: a run has no name."""
        return manifest

    def publish(self, unfinished: Path, files: Sequence[LakeFile]) -> None:
        """Give the small file its name; what only an unfinished lake needs goes before."""
        for needless in (self._folder / RECORDS, *self._folder.glob(".*.unfinished")):
            shutil.rmtree(needless, ignore_errors=True)
        publish(unfinished, self._target, self._run_id)

    def drop(self) -> None:
        """Remove everything: the run has failed."""
        shutil.rmtree(self._folder.parent, ignore_errors=True)


def proven(job: Job, record: str) -> BlockRange:
    """Read the record of a range of a job; its files are not looked at.

    Raises:
        ValueError: it is none, or of another job.
    """
    try:
        made = BlockRange.of(record)
        numbers = [one.block for one in made.made]
        units = [min(BLOCK, job.count - block * BLOCK) for block in numbers]
        is_whole = (
            made.key == job.key
            and numbers == [*range(made.first, made.first + len(numbers))]
            and min(units) > 0
            and units == [one.units for one in made.made]
            and all(one.file == file_of(one.table, made.first) for one in made.files)
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("it is no record of a range") from error
    if not is_whole:
        raise ValueError("it is the record of another range")
    return made


def apart(ranges: Iterator[BlockRange | None]) -> list[BlockRange]:
    """Return the ranges that do not begin before an earlier one ends."""
    found, end = list[BlockRange](), 0
    for made in ranges:
        if made is not None and made.first >= end:
            found.append(made)
            end = made.first + len(made.made)
    return found
