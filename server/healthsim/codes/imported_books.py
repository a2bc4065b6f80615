"""The shelf: code books that a user imported; they replace or extend the built-in ones.

A book is two files: a text (code, display and facts, separated by tabs, in the order of the codes)
and ``<system>.json``, which describes it and names its text. A process opens the shelf once, so no
book changes during a run; a server sees a new book after its next start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from healthsim.errors import StorageError


@dataclass(frozen=True, slots=True)
class ImportedBook:
    """One imported book.

    Attributes:
        system: name of its code system here, e.g. ``"icd10cm"``.
        path: its text.
        source: name of the publisher's file.
        version: its release, in the publisher's words.
        digest: SHA-256 of the text, hexadecimal.
        rows: number of its codes.
        checks: counts made when it was imported, by name.
    """

    system: str
    path: Path
    source: str
    version: str
    digest: str
    rows: int
    checks: Mapping[str, object]


class ImportedCode(NamedTuple):
    """One code of an imported book; facts as ``key=value``, or a key alone."""

    code: str
    display: str
    facts: Mapping[str, str]


SNOMED_MAP = "snomed_map"
"""The book of a user's map to SNOMED CT; its codes are ``system|code``, its facts have `snomed`."""
_OF_EXPORTS = {SNOMED_MAP}  # books that change no row of a run

_books: dict[str, ImportedBook] = {}
_forget: list[Callable[[], None]] = []
Cached = TypeVar("Cached", bound=Callable[..., Any])


def cached_per_shelf(load: Cached) -> Cached:
    """Cache what a function returns, for each of its arguments, until another shelf is opened."""
    cached = cache(load)
    _forget.append(cached.cache_clear)
    return cast("Cached", cached)


def open_shelf(folder: Path) -> None:
    """Use the imported books of a folder, and no others, with the built-in ones.

    Args:
        folder: of imported books; it need not exist.

    Raises:
        StorageError: a book there cannot be read.
    """
    books = {book.system: book for book in books_by_system(folder)}
    if books == _books:
        return
    _books.clear()
    _books.update(books)
    for forget in _forget:
        forget()


def books_by_system(folder: Path) -> tuple[ImportedBook, ...]:
    """Return the imported books of a folder, by system."""
    if not folder.is_dir():
        return ()
    return tuple(_read_book(path) for path in sorted(folder.glob("*.json")))


def _read_book(path: Path) -> ImportedBook:
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        text = path.parent / str(description["text"])
        if text.stat().st_size != description["bytes"]:
            raise ValueError(f"{text.name} is not the text that was imported")
        return ImportedBook(
            system=path.stem,
            path=text,
            source=str(description["source"]),
            version=str(description["version"]),
            digest=str(description["sha256"]),
            rows=int(description["rows"]),
            checks=dict(description["checks"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(
            f"books/{path.name}",
            f"cannot be read ({error})",
            f"import the book again, or remove that file to use the {path.stem} built in",
        ) from None


def imported_book(system: str) -> ImportedBook | None:
    """Return the imported book of a system, or None where only the built-in one is used."""
    return _books.get(system)


def versions() -> dict[str, str]:
    """Return the digest of every imported book that rows are made with, by its system.

    They are part of a run's identity; a map that only exports use is not.
    """
    return {
        f"book {system}": book.digest
        for system, book in sorted(_books.items())
        if system not in _OF_EXPORTS
    }


def imported_codes(book: ImportedBook) -> Iterator[ImportedCode]:
    """Yield the codes of an imported book, in the order of its file."""
    with book.path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            code, display, *facts = line.rstrip("\n").split("\t")
            pairs = (fact.partition("=") for fact in "".join(facts).split(";") if fact)
            yield ImportedCode(code, display, {key: value for key, _, value in pairs})
