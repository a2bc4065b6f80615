"""A lake that is being made in an object store: ranges are put there as they are made.

What is written here first goes as soon as the store has it, so that no disk holds more than the
ranges that are being made. A range is whole if its record is there, a scenario if its small object
is. Until then nothing of a scenario that is there already is written over or deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from healthsim.errors import StorageError
from healthsim.operations.home import Home
from healthsim.operations.lake_blocks import (
    RECORDS,
    BlockRange,
    BlockTask,
    Tell,
    record_of,
    refuse_stopped,
    write_blocks,
)
from healthsim.operations.lake_folder import apart, proven
from healthsim.operations.making import stamp
from healthsim.operations.remote import FILE, objects_there
from healthsim.persistence.database import discard, storage_errors
from healthsim.persistence.files import remove_in_use, temporary
from healthsim.persistence.lake import LakeFile
from healthsim.persistence.object_store import ObjectStore

if TYPE_CHECKING:
    from healthsim.execution.job import Job
    from healthsim.execution.people.population_pass import PopulationPass
    from healthsim.operations.destination import Destination
    from healthsim.persistence.scenario import Manifest

_AT_ONCE = 8  # objects that are read at the same time: reading waits for the store
_MOST_RECORD = 64 * 2**20  # bytes of a record


class LakeObjects:
    """The objects of a run that becomes a scenario in an object store.

    Args:
        job: whose rows it gets.
        home: has the files that the store does not have yet.
        destination: where it is kept, and under which name.

    Attributes:
        generation: what the names of its Parquet objects begin with; another one than that of the
            scenario that is there.
        where: their address, as tasks name it.
        address: of the scenario.

    Raises:
        Refused: the address cannot be read, or there is a scenario that shall stay.
        StorageError: the store cannot be reached.
    """

    def __init__(self, job: Job, home: Home, destination: Destination) -> None:
        self._job, self._home, self._destination = job, home, destination
        self._whole = ObjectStore.of(destination.address)
        self.address = self._whole.address
        self._former = objects_there(self._whole, replace=destination.replace)
        taken = {name.partition("/")[0] for name in self._former}
        self.generation = next(one for one in (job.key[:40], job.key[-40:]) if one not in taken)
        self._store = ObjectStore.of(f"{destination.address}/{self.generation}")
        self.where = self._store.address

    def begin(self, *, resume: bool) -> list[BlockRange]:
        """Return what of it is there and proven: every object of that is read.

        Raises:
            StorageError: the store cannot be reached.
        """
        there = self._store.sizes()
        records = sorted(name for name in there if name.startswith(f"{RECORDS}/"))
        found = list[BlockRange]()
        if resume:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                found = apart(pool.map(lambda record: self._proven(record, there), records))
        kept = {record_of(Path(), made.first).as_posix() for made in found}
        for name in set(records) - kept:
            self._store.delete(name)
        return found

    def _proven(self, record: str, there: Mapping[str, int]) -> BlockRange | None:
        """Return the range of a record whose objects are those that were digested, or None."""
        text = BytesIO()
        self._store.get(record, text, _MOST_RECORD)
        try:
            made = proven(self._job, text.getvalue().decode())
        except ValueError:
            return None
        is_its = record == record_of(Path(), made.first).as_posix()
        same = is_its and all(
            there.get(one.file) == one.size_bytes
            and self._store.get(one.file, None, one.size_bytes)[1] == one.sha256
            for one in made.files
        )
        return made if same else None

    @contextmanager
    def rest(self) -> Iterator[Path]:
        """Make the folder for the files of tables that are not about people."""
        with _scratch(self._home, f"{self._job.key[:12]}-rest") as folder:
            yield folder

    def put(self, folder: Path, files: Sequence[LakeFile]) -> None:
        """Put the files of `rest` into the store."""
        _put(self._store, folder, files)

    def named(self, manifest: Manifest) -> Manifest:
        """Return the manifest as the scenario has it that is made here."""
        return manifest.named(self._destination.name, self._destination.description, (), stamp())

    def publish(self, unfinished: Path, files: Sequence[LakeFile]) -> None:
        """Put the small file there, and then remove what no scenario needs any more.

        Raises:
            Refused: there is a scenario that was not there before.
            StorageError: an object has vanished, or the store cannot be reached.
        """
        if not self._destination.replace:
            objects_there(self._whole, replace=False)  # another run may have been faster
        there = self._store.sizes()
        gone = [one.file for one in files if there.get(one.file) != one.size_bytes]
        if gone:
            raise StorageError(
                self.where, f"{gone[0]} is not there any more",
                "run it again with --resume, and let nobody else write there",
            )  # fmt: skip
        self._whole.put(unfinished, FILE)
        discard(unfinished)
        kept = {one.file for one in files}
        for name in sorted(there.keys() - kept):
            self._store.delete(name)
        for name in sorted(self._former & self._whole.sizes().keys()):
            self._whole.delete(name)

    def drop(self) -> None:
        """Leave what is there: the next run goes on with it, or writes over it."""


def put_range(
    job: Job,
    settled: PopulationPass,
    task: BlockTask,
    stop: Event | None = None,
    tell: Tell | None = None,
) -> BlockRange:
    """Make a range of blocks, and put it into the object store of the task, the record last.

    Args:
        job: what `prepare` returned.
        settled: its population steps.
        task: which blocks, and the address; its home has the files that are not there yet.
        stop: set it to stop.
        tell: called after each block.

    Raises:
        Cancelled: `stop` was set; no record of the range is there.
        StorageError: the store cannot be reached, or the disk here is full; likewise.
    """
    store = ObjectStore.of(task.lake)
    home = Home(Path(task.job.home)) if task.job.home else Home.default()
    with _scratch(home, f"{job.key[:12]}-{task.first:06}-{task.blocks}") as folder:
        made = write_blocks(job, settled, folder, task.first, task.blocks, stop, tell)
        _put(store, folder, made.files, stop)
        store.put(record_of(folder, task.first), record_of(Path(), task.first).as_posix())
    return made


def _put(
    store: ObjectStore, folder: Path, files: Sequence[LakeFile], stop: Event | None = None
) -> None:
    """Put files into a store; each is gone from the folder as soon as it is there."""
    for one in files:
        refuse_stopped(stop)
        store.put(folder / one.file, one.file)
        (folder / one.file).unlink()


@contextmanager
def _scratch(home: Home, name: str) -> Iterator[Path]:
    """Make a folder for files until a store has them; what a process that died left is swept."""
    home.ensure(home.runs)
    folder = temporary(home.runs / name)
    with storage_errors(folder):
        folder.mkdir()
    try:
        yield folder
    finally:
        remove_in_use(folder)
