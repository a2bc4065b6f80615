"""The StateManager: named scenarios in one folder, each one DuckDB file, whole or absent."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, count
from pathlib import Path

import duckdb

from healthsim.errors import HealthSimError, NotFound, Refused, near
from healthsim.persistence.database import (
    SHORT,
    attached,
    discard,
    open_read,
    open_write,
    quoted,
    reader,
    storage_errors,
    wal,
)
from healthsim.persistence.files import (
    fsync_folder,
    is_device,
    publish_new,
    publish_over,
    sweep,
    temporary,
)
from healthsim.persistence.judgement import (
    Rules,
    Seen,
    is_same,
    judge,
    judge_all,
    lake_seen,
    scenario_rules,
    trust,
)
from healthsim.persistence.lake import (
    LakeFile,
    copy_files,
    drop_generation,
    listing,
    new_generation,
    size_of,
    sweep_lakes,
    write_generation,
)
from healthsim.persistence.names import (
    SUFFIX,
    is_address,
    is_name,
    is_there,
    lake_of,
    names_in,
)
from healthsim.persistence.scenario import (
    Manifest,
    read_manifest,
    read_tables,
    rewrite_manifest,
)
from healthsim.tables import Table

_ROOM = 56  # characters of a suggested name before its number


@dataclass(frozen=True, slots=True)
class ScenarioDescription:
    """One scenario: its manifest, tables and size."""

    manifest: Manifest
    tables: tuple[Table, ...]
    size_bytes: int


_DESCRIBED: dict[Seen, ScenarioDescription] = {}
_MOST_DESCRIBED = 8


def _plain_name(wanted: str) -> str:
    """Return the name nearest to a wanted one: small letters, digits and hyphens."""
    return (
        re.sub(r"[^a-z0-9]+", "-", wanted.lower().removesuffix(SUFFIX))[:_ROOM].strip("-")
        or "scenario"
    )


class StateManager:
    """Saves, finds and deletes scenarios in a folder.

    A scenario is published by one rename, so that a process that is killed at any moment leaves
    the old scenario or the new one. What it had not finished lies beside it under a name that
    begins with a dot, and the next save sweeps it away.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Return where a scenario of this name is kept, whether or not there is one.

        Raises:
            Refused: the name is not one that a scenario may have.
        """
        if is_address(name):
            raise Refused(
                f"scenario {name[:80]!r}",
                "is in an object store, and only what is here is read",
                "bring it here: healthsim fetch ADDRESS NAME",
            )
        if is_device(name):
            raise Refused(
                f"scenario {name[:80]!r}",
                "a name that Windows keeps for a device",
                f"choose another, e.g. {self.free(name)!r}",
            )
        if not is_name(name):
            there = _plain_name(name) in self.names()
            raise Refused(
                f"scenario {name[:80]!r}",
                "not a scenario name",
                f"did you mean {_plain_name(name)!r}?" if there else
                "use 1 to 64 small letters, digits and hyphens, beginning with a letter or digit, "
                f"e.g. {self.free(name)!r}",
            )  # fmt: skip
        return self._folder / f"{name}{SUFFIX}"

    def names(self) -> list[str]:
        """Return the names of all scenarios, sorted."""
        with storage_errors(self._folder):
            return names_in(self._folder)

    def exists(self, name: str) -> bool:
        """Say whether there is a scenario of this name."""
        return is_there(self.path(name))

    def free(self, wanted: str) -> str:
        """Return a name that no scenario has: the wanted one, or it with the next free number."""
        plain = _plain_name(wanted)
        taken = set(self.names())
        stem, _, number = plain.rpartition("-")
        if not (stem and re.fullmatch(r"\d{1,3}", number)):
            stem, number = plain, "1"
        numbered = (f"{stem}-{later}" for later in count(int(number) + 1))
        names = chain([plain], numbered)
        return next(name for name in names if name not in taken and not is_device(name))

    def taken(self, name: str) -> Refused:
        """Return the refusal of a name that is taken, with one that is free."""
        return Refused(
            f"scenario {name!r}",
            "there is one of this name already",
            f"choose another name, such as {self.free(name)!r}, or call save_scenario with "
            "replace=true to put the new one in its place",
        )

    def find(self, name: str) -> Path:
        """Return where an existing scenario is kept.

        Raises:
            NotFound: there is none; the error suggests near names.
        """
        path = self.path(name)
        if not is_there(path):
            raise NotFound(f"scenario {name!r}", "no such scenario", near(name, self.names()))
        return path

    def save(self, run_file: Path, manifest: Manifest, *, replace: bool = False) -> Manifest:
        """Keep a finished run as a scenario under the manifest's name.

        Args:
            run_file: the finished run; it stays as it is.
            manifest: the run's manifest, with the scenario's name, description and tags.
            replace: take the place of a scenario of this name.

        Raises:
            Refused: the name is taken and `replace` is false, or somebody is writing to it.
            StorageError: the disk is full or the folder may not be written.
        """
        target = self.path(manifest.name)
        self._refuse_taken(target, replace)
        with storage_errors(target):
            sweep(self._folder)
            sweep_lakes(self._folder)
            lake = lake_seen(judge(run_file))
            fill = partial(copy_files, lake) if lake else None
            return self._keep(run_file, target, manifest, fill, replace=replace)

    def take(
        self, file: Path, target: Path, fill: Callable[[Path], None], *, replace: bool = False
    ) -> Manifest:
        """Keep a lake's file from elsewhere as a scenario, with the Parquet files that it lists.

        Args:
            file: the small file; it stays as it is.
            target: where the scenario is kept.
            fill: puts the files into a folder under the names that they are listed by.
            replace: take the place of a scenario of this name.

        Raises as `save` does, and what `fill` raises; the old scenario stays then.
        """
        self._refuse_taken(target, replace)
        with storage_errors(target):
            sweep(self._folder)
            named = dataclasses.replace(listed_manifest(file), name=target.stem)
            return self._keep(file, target, named, fill, replace=replace)

    def _keep(
        self,
        file: Path,
        target: Path,
        manifest: Manifest,
        fill: Callable[[Path], None] | None,
        *,
        replace: bool,
    ) -> Manifest:
        """Copy a file and its Parquet files, if it has any, and publish both under a manifest."""
        kept = manifest.in_lake(new_generation() if fill else "")
        unfinished, before = temporary(target), generation_of(target)
        try:
            if fill:
                write_generation(target, kept.lake, fill)
            shutil.copyfile(file, unfinished)
            trust(unfinished)
            with open_write(unfinished, rules=_listed_rules()) as connection:
                rewrite_manifest(connection, kept)
            self._publish(unfinished, target, replace)
        except BaseException:
            drop_generation(target, kept.lake)
            raise
        finally:
            discard(unfinished)
        drop_generation(target, before)
        return kept

    def _publish(self, finished: Path, target: Path, replace: bool) -> None:
        self._refuse_taken(target, replace)
        try:
            if replace:
                publish_over(finished, target)
            else:
                publish_new(finished, target)
        except FileExistsError:
            raise self.taken(target.stem) from None
        trust(target)

    def _refuse_taken(self, target: Path, replace: bool) -> None:
        if wal(target).exists():
            raise Refused(
                f"scenario {target.stem!r}",
                f"another program is writing to it ({wal(target).name} lies beside it)",
                f"close that program (or move {wal(target).name} away, if none has it open), then "
                "save again",
            )
        if target.exists() and not replace:
            raise self.taken(target.stem)

    def describe(self, name: str) -> ScenarioDescription:
        """Return what a scenario is: manifest, tables, size."""
        path = self.find(name)
        return describe_file(path)

    def manifests(self) -> Iterator[tuple[str, Manifest | HealthSimError, int]]:
        """Yield each scenario's name, its manifest or why it cannot be read, and its bytes."""
        with reader(self._folder, SHORT) as connection:
            paths = [self.path(name) for name in self.names()]
            rules = _listed_rules()
            for path, refusal in zip(paths, judge_all(paths, rules), strict=True):
                manifest: Manifest | HealthSimError
                try:
                    if refusal is not None:
                        raise refusal
                    with attached(connection, path, rules):
                        manifest, size = read_manifest(connection, path), size_of(connection, path)
                except NotFound:
                    continue  # somebody deleted it meanwhile
                except HealthSimError as error:
                    manifest, size = error, 0
                yield path.stem, manifest, size

    def delete(self, name: str) -> None:
        """Delete a scenario for good."""
        path = self.find(name)
        with storage_errors(path):
            discard(path)
            fsync_folder(self._folder)
            shutil.rmtree(lake_of(path), ignore_errors=True)


def _listed_rules() -> Rules:
    """Return the rules of a scenario's file of which only what it says of itself is read."""
    return replace(scenario_rules(), is_listed=True)


def generation_of(path: Path) -> str:
    """Return the folder of a lake's Parquet files by its file; empty of what is none, or not there.

    It is empty of a damaged file too.
    """
    if not is_there(path):
        return ""
    try:
        return listed_manifest(path).lake
    except HealthSimError:
        return ""


def listed_manifest(path: Path) -> Manifest:
    """Return what a scenario's file says of itself; its Parquet files, if any, are not looked at.

    Raises as `open_read` does.
    """
    with reader(path.parent, SHORT) as connection, attached(connection, path, _listed_rules()):
        return read_manifest(connection, path)


def read_listing(path: Path) -> list[LakeFile]:
    """Return the Parquet files that a lake's file lists, whether or not they are beside it.

    Raises as `open_read` does.
    """
    with reader(path.parent, SHORT) as connection, attached(connection, path, _listed_rules()):
        return listing(connection)


def describe_file(path: Path) -> ScenarioDescription:
    """Describe any scenario's or run's file; the last few are remembered until they change.

    Raises as `open_read` does.
    """
    seen = judge(path)
    if (known := _DESCRIBED.get(seen)) is not None:
        return known
    with open_read(path, seconds=SHORT) as connection:
        manifest = read_manifest(connection, path)
        size = size_of(connection, path)
        found = ScenarioDescription(manifest, read_tables(connection, path), size)
    if is_same(path, seen):
        while len(_DESCRIBED) >= _MOST_DESCRIBED:
            _DESCRIBED.pop(next(iter(_DESCRIBED), seen), None)
        _DESCRIBED[seen] = found
    return found


def first_people(
    path: Path, table: str, most: int, beside: str, columns: Sequence[str]
) -> tuple[tuple[str, ...], list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Return the first rows of a table of people, and what these have in another.

    Args:
        path: of the file.
        table: with a row for each person.
        most: how many people.
        beside: the other table; empty for none.
        columns: of the other table, of all rows of these people.

    Returns:
        The table's column names, its rows, and the rows of the other.

    Raises as `sample` does.
    """
    with open_read(path, seconds=SHORT) as connection:
        names, values = _first(connection, path, table, most)
        if not beside:
            return names, values, []
        people = [row[names.index("person_id")] for row in values]
        listed = ", ".join(map(quoted, columns))
        marks = ", ".join("?" for _ in people)
        statement = f"SELECT {listed} FROM {quoted(beside)} WHERE person_id IN ({marks})"  # noqa: S608
        return names, values, connection.execute(statement, people).fetchall()


def sample(path: Path, table: str, rows: int) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return the first rows of a table: its column names, and the rows.

    Raises:
        NotFound: there is no such table; the error suggests near names.
    """
    with open_read(path, seconds=SHORT) as connection:
        return _first(connection, path, table, rows)


def _first(
    connection: duckdb.DuckDBPyConnection, path: Path, table: str, rows: int
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    known = {described.name: described for described in read_tables(connection, path)}
    if table not in known:
        raise NotFound(f"table {table!r}", "no such table", near(table, known))
    names = tuple(column.name for column in known[table].columns)
    statement = f"SELECT * FROM {quoted(table)} LIMIT {int(rows)}"  # noqa: S608
    return names, connection.execute(statement).fetchall()
