"""The shelf: code books that a user imported, and that stand before the ones built in.

A book is two files: a text (code, words and facts, divided by tabs, in the order of the codes) and
``<system>.json``, which says what it is and which text is its own. The shelf is opened once in a
process, so that no book changes while a run reads it; a server sees a new book when it is started
again.
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
        version: which release it is, in the publisher's words.
        digest: SHA-256 of the text, hexadecimal: what makes rows differ.
        rows: how many codes it holds.
        checks: what was counted when it was imported, by name.
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


_volumes: dict[str, ImportedBook] = {}
_forget: list[Callable[[], None]] = []
Kept = TypeVar("Kept", bound=Callable[..., Any])


def cached_per_shelf(load: Kept) -> Kept:
    """Keep what a function returns, for each of its arguments, until another shelf is opened."""
    keeping = cache(load)
    _forget.append(keeping.cache_clear)
    return cast("Kept", keeping)


def open_shelf(folder: Path) -> None:
    """Put the books of a folder, and no others, before the ones built in.

    Args:
        folder: where imported books are kept; it need not exist.

    Raises:
        StorageError: a book there cannot be read.
    """
    found = {one.system: one for one in books_by_system(folder)}
    if found == _volumes:
        return
    _volumes.clear()
    _volumes.update(found)
    for forget in _forget:
        forget()


def books_by_system(folder: Path) -> tuple[ImportedBook, ...]:
    """Return the imported books of a folder, by system."""
    if not folder.is_dir():
        return ()
    return tuple(_volume(path) for path in sorted(folder.glob("*.json")))


def _volume(path: Path) -> ImportedBook:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        text = path.parent / str(said["text"])
        if text.stat().st_size != said["bytes"]:
            raise ValueError(f"{text.name} is not the text that was imported")
        return ImportedBook(
            path.stem, text, str(said["source"]), str(said["version"]), str(said["sha256"]),
            int(said["rows"]), dict(said["checks"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(
            f"books/{path.name}",
            f"cannot be read ({error})",
            f"import the book again, or remove that file to use the {path.stem} built in",
        ) from None


def imported_book(system: str) -> ImportedBook | None:
    """Return the imported book of a system, or None where the one built in is used."""
    return _volumes.get(system)


def versions() -> dict[str, str]:
    """Return the digest of every imported book, by its system: part of a run's identity."""
    return {f"book {system}": one.digest for system, one in sorted(_volumes.items())}


def imported_codes(book: ImportedBook) -> Iterator[ImportedCode]:
    """Yield the codes of an imported book, in the order of its file."""
    with book.path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            code, display, *said = line.rstrip("\n").split("\t")
            pairs = (one.partition("=") for one in "".join(said).split(";") if one)
            yield ImportedCode(code, display, {key: value for key, _, value in pairs})
