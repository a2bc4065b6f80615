"""The list of code books: rows, source, version, licence, and imported file."""

from __future__ import annotations

from typing import NamedTuple

from healthsim.codes import imported_books
from healthsim.codes.books import read_rows
from healthsim.codes.search_books import SOURCES


class BookListing(NamedTuple):
    """One code book.

    Attributes:
        system: its name here.
        rows: number of its codes.
        version: release of the book; of the imported one if there is one.
        imported: name of the imported file; empty for a built-in book.
    """

    system: str
    title: str
    rows: int
    version: str
    imported: str
    source: str
    licence: str


class _About(NamedTuple):
    display: str
    source: str
    version: str
    licence: str


def list_books() -> list[BookListing]:
    """Return every code book, by its name here."""
    listings = []
    for system, about in read_rows("books", lambda line: _About(*line[1:])).items():
        book = imported_books.imported_book(system)
        listings.append(
            BookListing(
                system=system,
                title=about.display,
                rows=len(SOURCES[system].book()),
                version=book.version if book else about.version,
                imported=book.source if book else "",
                source=about.source,
                licence=about.licence,
            )
        )
    return listings
