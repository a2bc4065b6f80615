"""Imported figures and providers: bringing them in, listing them, and who needs them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthsim.errors import Problem
from healthsim.operations.home import Home

if TYPE_CHECKING:
    from healthsim.products.reference import Reference
    from healthsim.reference.csv_source import ReportProgress
    from healthsim.reference.kind import ImportKind
    from healthsim.reference.store import ImportRecord

# The room `reference` needs duckdb and pyarrow, so it is imported where it is used.


def _silent(what: str, share: float) -> None:
    """Tell nobody."""


def import_file(
    home: Home,
    kind: str,
    file: Path,
    *,
    year: int | None = None,
    as_of: str = "",
    tell: ReportProgress = _silent,
    stop: threading.Event | None = None,
) -> ImportRecord:
    """Import a publisher's file; what was there before stays unless it succeeds.

    Args:
        home: where the reference is kept.
        kind: a name of `kinds`.
        file: the file as it was downloaded.
        year: which year of a file that has several; the newest where none is named.
        as_of: the release, where neither the file's name nor its columns state it.
        tell: called with what is being done and the share of it that is done.
        stop: set it to stop.

    Raises:
        NotFound: no such kind or file.
        Refused: the file is not what it should be, or another import is under way.
        Cancelled: `stop` was set.
        StorageError: the reference cannot be read or written.
    """
    from healthsim.reference.kind import ImportRequest  # noqa: PLC0415  see the top
    from healthsim.reference.kinds import find, import_source  # noqa: PLC0415  see the top

    find(kind)
    home.ensure(home.folder)
    request = ImportRequest(home.reference, file, year, as_of, tell, stop or threading.Event())
    return import_source(kind, request)


def kinds() -> Sequence[ImportKind]:
    """Return everything that can be imported, by name."""
    from healthsim.reference.kinds import KINDS  # noqa: PLC0415  see the top

    return [KINDS[name] for name in sorted(KINDS)]


def imported(home: Home) -> Sequence[ImportRecord]:
    """Return everything that was imported, by name."""
    from healthsim.reference import kinds as room  # noqa: PLC0415  see the top

    return room.imported(home.reference)


def lost_states_warning(before: ImportRecord | None, done: ImportRecord) -> str:
    """Say that an import has fewer states than the one that it took the place of; or nothing."""
    had, has = (one.checks.get("states") if one else None for one in (before, done))
    if not (isinstance(had, int) and isinstance(has, int) and has < had):
        return ""
    return (f"this file of {done.name} has {has} state{'s' * (has != 1)}, and took the place of "
            f"one with {had}; the other states have their built-in figures again. For all of them "
            f"import the national file: healthsim reference import {done.kind} FILE")  # fmt: skip


def remove(home: Home, name: str) -> ImportRecord:
    """Remove what was imported under a name, and return what it was.

    Raises:
        NotFound: nothing was imported under this name.
    """
    from healthsim.reference import kinds as room  # noqa: PLC0415  see the top

    return room.remove(home.reference, name)


def reference_for(
    home: Home, profile: Mapping[str, Any], journeys: Sequence[Mapping[str, Any]] = ()
) -> Reference:
    """Return the reference from which documents are to be run.

    What they do not need is not read, so that importing it leaves their runs as they were.

    Args:
        home: where imported data are kept.
        profile: who; a document, checked or not.
        journeys: what happens.
    """
    from healthsim.operations.network import with_imported_directory  # noqa: PLC0415  see the top
    from healthsim.operations.population import with_imported_population  # noqa: PLC0415  see the top
    from healthsim.products.reference import built_in  # noqa: PLC0415  numpy is heavy

    return with_imported_directory(
        home, profile, journeys, with_imported_population(home, profile, built_in())
    )


def missing_references(home: Home, where: str, references: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each imported data set that is missing or of another version now.

    Args:
        home: where imported data are kept.
        where: what was made.
        references: digest of each thing that it was made with, by name.
    """
    if not references:
        return []
    from healthsim.codes import imported_books  # noqa: PLC0415  needed here only
    from healthsim.reference import read  # noqa: PLC0415  see the top

    current = {**imported_books.versions(), **read.versions(home.reference)}
    problems = []
    for name, digest in sorted(references.items()):
        if current.get(name) != digest:
            instead = f"{current[name][:12]} is here" if name in current else "it is not imported"
            problems.append(
                Problem(
                    where,
                    f"was made with {name} of version {digest[:12]}, and {instead}",
                    f"import the same release again: healthsim reference import {_kind(name)} FILE",
                )
            )
    return problems


def newer_references(
    where: str, references: Mapping[str, str], now: Mapping[str, str]
) -> list[Problem]:
    """Say which imported data something would be made with now, and was not made with.

    Args:
        where: what was made.
        references: digest of each thing that it was made with, by name.
        now: the same of what it would be made with.
    """
    return [
        Problem(
            where,
            f"was made without {_kind(name)}, of which version {digest[:12]} was imported since "
            "and would be used now",
            f"to prove it, run healthsim reference remove {_kind(name)}, verify again, and import "
            "it afterwards",
        )
        for name, digest in sorted(now.items())
        if name not in references
    ]


def _kind(name: str) -> str:
    """Return what an import is brought in as, by its name in a manifest."""
    from healthsim.reference.books import BOOKS  # noqa: PLC0415  see the top

    return next((kind for kind, book in BOOKS.items() if name == f"book {book.system}"), name)
