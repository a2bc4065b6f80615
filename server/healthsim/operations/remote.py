"""Scenarios in an object store: put there, proven there and fetched; never queried there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from healthsim.errors import Refused, StorageError
from healthsim.operations import scenarios
from healthsim.operations.home import Home
from healthsim.operations.scenarios import ScenarioSummary
from healthsim.persistence.files import disk_errors
from healthsim.persistence.judgement import judge, lake_seen
from healthsim.persistence.lake import LakeFile
from healthsim.persistence.object_store import ObjectStore
from healthsim.persistence.state import StateManager, listed_manifest, read_listing
from healthsim.watching import step

FILE = "scenario.duckdb"
"""Name of the small object, which is written last and says what the others are."""

_MOST_SMALL = 64 * 2**20  # bytes of the small object of a lake


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the objects of a scenario are those that its file lists.

    Attributes:
        files: how many are listed.
        size_bytes: of all of them.
        wrong: a sentence for each that is missing, changed or not listed.
    """

    files: int
    size_bytes: int
    wrong: tuple[str, ...]


def put(home: Home, name: str, address: str, *, replace: bool = False) -> int:
    """Put a scenario into an object store, its small file last; return the bytes.

    Of what is there, only the files of the scenario that is replaced are deleted.

    Raises:
        NotFound: no such scenario.
        Refused: there is a scenario at the address and `replace` is not set; or the scenario is
            one file, or the address cannot be read.
        StorageError: the store cannot be reached or written, or the scenario cannot be read.
    """
    path = scenarios.path(home, name)
    lake = lake_seen(judge(path))
    if lake is None:
        raise Refused(
            f"scenario {name!r}", "is one file, and only lakes are put into object stores",
            "make it with --store lake, or copy its file",
        )  # fmt: skip
    store = ObjectStore.of(address)
    former = objects_there(store, replace=replace)
    generation, listed = lake.folder.name, read_listing(path)
    for done, one in enumerate(listed):
        step(f"file {done + 1} of {len(listed)}", done, len(listed))
        store.put(lake.folder / one.file, f"{generation}/{one.file}")
    store.put(path, FILE)
    kept = {f"{generation}/{one.file}" for one in listed}
    for old in sorted((former & store.sizes().keys()) - kept):
        store.delete(old)
    return path.stat().st_size + sum(one.size_bytes for one in listed)


def prove(address: str) -> Proof:
    """Read every object of a scenario in an object store, and compare it with what its file lists.

    The rows are verified after `fetch`.

    Raises:
        Refused: the address cannot be read.
        StorageError: the store cannot be reached, or there is no scenario.
    """
    store = ObjectStore.of(address)
    with tempfile.TemporaryDirectory(prefix="healthsim-") as folder:
        generation, listed = _fetch_small(store, Path(folder) / FILE)
    there, wrong = store.sizes(), []
    for done, one in enumerate(listed):
        step(f"file {done + 1} of {len(listed)}", done, len(listed))
        name = f"{generation}/{one.file}"
        if name not in there:
            wrong.append(f"{one.file} is missing")
        elif store.get(name, None, one.size_bytes) != (one.size_bytes, one.sha256):
            wrong.append(f"{one.file} is not the one that is listed")
    names = {FILE, *(f"{generation}/{one.file}" for one in listed)}
    wrong += [f"{name} is not listed" for name in sorted(there.keys() - names)]
    return Proof(len(listed), sum(one.size_bytes for one in listed), tuple(wrong))


def fetch(home: Home, address: str, name: str, *, replace: bool = False) -> None:
    """Bring a scenario from an object store here; every file is the one that is listed.

    Raises:
        Refused: the name is taken and `replace` is not set, or the address cannot be read.
        StorageError: the store cannot be reached, or its objects are not those that are listed, or
            the disk has no room; nothing is left then.
    """
    scenarios.refuse_taken(home, name, replace=replace)
    store = ObjectStore.of(address)
    home.ensure(home.scenarios)
    states = StateManager(home.scenarios)
    target = states.path(name)
    with tempfile.TemporaryDirectory(prefix="healthsim-") as folder:
        small = Path(folder) / FILE
        generation, listed = _fetch_small(store, small)
        _refuse_full(home.scenarios, store.address, listed)

        def fill(place: Path) -> None:
            for done, one in enumerate(listed):
                step(f"file {done + 1} of {len(listed)}", done, len(listed))
                _fetch_file(store, f"{generation}/{one.file}", one, place / one.file)

        states.take(small, target, fill, replace=replace)


def objects_there(store: ObjectStore, *, replace: bool) -> set[str]:
    """Return the names of the Parquet objects of the scenario that is there, if there is one.

    Raises:
        Refused: there is one and `replace` is not set.
        StorageError: the store cannot be reached.
    """
    if FILE not in store.sizes():
        return set()
    if not replace:
        raise Refused(
            store.address, "there is a scenario already",
            "choose another address, or put it in its place with --replace",
        )  # fmt: skip
    return _objects_of(store)


def describe(address: str) -> ScenarioSummary:
    """Return what the scenario in an object store says of itself; its rows are not read.

    Raises:
        Refused: the address cannot be read.
        StorageError: the store cannot be reached, or there is no scenario.
    """
    store = ObjectStore.of(address)
    with tempfile.TemporaryDirectory(prefix="healthsim-") as folder:
        small = Path(folder) / FILE
        _, listed = _fetch_small(store, small)
        manifest, size = listed_manifest(small), small.stat().st_size
    return scenarios.summary(manifest.name, manifest, size + sum(one.size_bytes for one in listed))


def _objects_of(store: ObjectStore) -> set[str]:
    """Return the names of the Parquet objects of the scenario that is there.

    None where its small object is damaged or none of a lake: what it listed is not known then, and
    whatever else is there may be somebody's.
    """
    with tempfile.TemporaryDirectory(prefix="healthsim-") as folder:
        try:
            generation, listed = _fetch_small(store, Path(folder) / FILE)
        except StorageError:
            return set()
    return {f"{generation}/{one.file}" for one in listed}


def _fetch_small(store: ObjectStore, target: Path) -> tuple[str, Sequence[LakeFile]]:
    """Bring the small object here; return its generation and what it lists.

    Raises:
        StorageError: it is none of a lake.
    """
    with disk_errors(store.address), target.open("wb") as file:
        size, _ = store.get(FILE, file, _MOST_SMALL)
    manifest = listed_manifest(target) if size <= _MOST_SMALL else None
    if manifest is None or not manifest.lake:
        raise StorageError(
            store.address, "what is there is no lake", "put one there: healthsim put NAME ADDRESS"
        )
    return manifest.lake, read_listing(target)


def _fetch_file(store: ObjectStore, name: str, one: LakeFile, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        got = store.get(name, file, one.size_bytes)
    if got != (one.size_bytes, one.sha256):
        raise StorageError(
            store.address, f"{one.file} is not the one that its file lists",
            "put the scenario there again: healthsim put NAME ADDRESS --replace",
        )  # fmt: skip


def _refuse_full(folder: Path, address: str, listed: Sequence[LakeFile]) -> None:
    size = sum(one.size_bytes for one in listed)
    free = shutil.disk_usage(folder).free
    if size > free:
        raise StorageError(
            address, f"it has {size:,} bytes, and {free:,} are free here",
            "free some space, then repeat",
        )  # fmt: skip
