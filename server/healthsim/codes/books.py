"""Code books as data: rows of a CSV file, found by their code.

Each loader reads its file once. A code that is not in the book is refused with the nearest codes
of the book.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from healthsim.codes import imported_books
from healthsim.codes.imported_books import ImportedBook, ImportedCode
from healthsim.errors import NotFound, near

_DATA = Path(__file__).parent / "data"


class CodeEntry(Protocol):
    """A row of a code book; every row has a text for its code."""

    @property
    def display(self) -> str:
        """The text of the code."""


Row = TypeVar("Row", bound=CodeEntry)


class CodeBook(Generic[Row]):
    """One code system: its rows by code, in the order of the file.

    Attributes:
        system: the field's name of the system, e.g. ``"ICD-10-CM"``.
        rows: row by code.

    >>> pos().find("11", "details.pos").display
    'Office'
    """

    def __init__(self, system: str, rows: Mapping[str, Row]) -> None:
        self.system = system
        self.rows = rows

    def __contains__(self, code: object) -> bool:
        return code in self.rows

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Every code, in the order of the file."""
        return tuple(self.rows)

    def find(self, code: str, where: str) -> Row:
        """Return the row of `code`.

        Args:
            code: the code as the field writes it, e.g. ``"E11.9"``.
            where: path of the value in the document, for the error.

        Raises:
            NotFound: the book has no such code; with the nearest ones.
        """
        row = self.rows.get(code)
        if row is None:
            raise NotFound(where, f"{self.system} has no code {code!r} here", self._mend(code))
        return row

    def display(self, code: str) -> str:
        """Return the text of a code."""
        return self.find(code, self.system).display

    def _mend(self, code: str) -> str:
        return near(code, self.rows)


def read_book(system: str, name: str, row: Callable[[list[str]], Row]) -> CodeBook[Row]:
    """Read ``data/<name>.csv`` into a book; the first column is the code."""
    return CodeBook(system, read_rows(name, row))


def read_rows(name: str, row: Callable[[list[str]], Row]) -> dict[str, Row]:
    """Read ``data/<name>.csv``: rows by their first column, without the header."""
    return {line[0]: row(line) for line in read_lines(name)}


def read_lines(name: str) -> Iterator[list[str]]:
    """Read ``data/<name>.csv`` line by line, without the header."""
    with (_DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        yield from lines


def with_imported(
    rows: Mapping[str, Row],
    imported: ImportedBook | None,
    row: Callable[[ImportedCode, Row | None], Row],
) -> dict[str, Row]:
    """Return the built-in rows, replaced by those of an imported book, sorted by code.

    Args:
        rows: the built-in rows; those that the imported book lacks stay.
        imported: the imported book, if any.
        row: makes a row of an imported code and of the built-in row of that code, if any.
    """
    codes = imported_books.imported_codes(imported) if imported else ()
    replaced = {entry.code: row(entry, rows.get(entry.code)) for entry in codes}
    return dict(sorted((dict(rows) | replaced).items()))


class Code(NamedTuple):
    """A code and its text: the row of every simple book."""

    code: str
    display: str


class Supply(NamedTuple):
    """A HCPCS Level II code: a service, supply or drug with a code of Medicare."""

    code: str
    display: str
    category: str


class DrgGroup(NamedTuple):
    """A Medicare severity diagnosis related group.

    Attributes:
        weight: relative weight, no unit; 1 is the average stay.
        gmlos_days: geometric mean length of stay, days.
        kind: ``"medical"`` or ``"surgical"``.
        fiscal_year: federal fiscal year of weight and stay.
    """

    code: str
    display: str
    weight: float
    gmlos_days: float
    kind: str
    fiscal_year: int


class Specialty(NamedTuple):
    """A specialty as specifications name it, and its taxonomy code."""

    display: str
    taxonomy: str
    kind: str


class ProviderTaxonomy(NamedTuple):
    """A NUCC taxonomy code.

    Attributes:
        display: its text in our words.
        specialty: the nearest specialty: for a clinician one that specifications can name, if
            there is one (`taxonomy`), else a plain word for the profession.
        kind: ``"person"`` or ``"organisation"``.
    """

    code: str
    display: str
    specialty: str
    kind: str


def _code(line: list[str]) -> Code:
    return Code(line[0], line[1])


@imported_books.cached_per_shelf
def hcpcs() -> CodeBook[Supply]:
    """Return the HCPCS Level II codes that templates use, and imported ones."""
    rows = read_rows("hcpcs", lambda line: Supply(line[0], line[1], line[2]))

    def supply(line: ImportedCode, known: Supply | None) -> Supply:
        return Supply(line.code, line.display, known.category if known else "")

    imported = imported_books.imported_book("hcpcs")
    supplies = with_imported(rows, imported, supply)
    for line in imported_books.imported_codes(imported) if imported else ():
        if "until" in line.facts:
            del supplies[line.code]
    return CodeBook("HCPCS Level II", supplies)


@imported_books.cached_per_shelf
def cpt() -> CodeBook[Code]:
    """Return the CPT codes that a user imported; none is built in."""
    none: dict[str, Code] = {}
    return CodeBook("CPT", with_imported(none, imported_books.imported_book("cpt"), plain))


def plain(line: ImportedCode, _: Code | None) -> Code:
    """Return the row of an imported code that has only a text."""
    return Code(line.code, line.display)


@cache
def cvx() -> CodeBook[Code]:
    """Return the vaccine codes (CVX)."""
    return read_book("CVX", "cvx", _code)


@imported_books.cached_per_shelf
def drg() -> CodeBook[DrgGroup]:
    """Return the diagnosis related groups, with weight and length of stay.

    >>> drg().find("470", "details.drg").gmlos_days
    1.9
    """
    rows = read_rows(
        "drg",
        lambda line: DrgGroup(
            line[0], line[1], float(line[2]), float(line[3]), line[4], int(line[5])
        ),
    )

    def group(line: ImportedCode, _: DrgGroup | None) -> DrgGroup:
        facts = line.facts
        return DrgGroup(line.code, line.display, float(facts["weight"]), float(facts["stay"]),
                        facts["kind"], int(facts["year"]))  # fmt: skip

    return CodeBook("MS-DRG", with_imported(rows, imported_books.imported_book("drg"), group))


@cache
def taxonomy() -> CodeBook[Specialty]:
    """Return the taxonomy codes, by specialty.

    >>> taxonomy().find("cardiology", "details.specialty").taxonomy
    '207RC0000X'
    """
    return read_book("NUCC taxonomy", "taxonomy", lambda line: Specialty(*line))


@imported_books.cached_per_shelf
def nucc() -> CodeBook[ProviderTaxonomy]:
    """Return the NUCC taxonomy codes with their specialties, by code; NPPES uses these codes.

    >>> nucc().find("207RC0001X", "taxonomy").specialty
    'cardiology'
    """
    rows = read_rows("nucc", lambda line: ProviderTaxonomy(*line))
    trades = {code[:4]: row.specialty for code, row in reversed(rows.items())}

    def kind(line: ImportedCode, known: ProviderTaxonomy | None) -> ProviderTaxonomy:
        specialty = known.specialty if known else trades.get(line.code[:4], line.facts["trade"])
        return ProviderTaxonomy(line.code, line.display, specialty, line.facts["kind"])

    return CodeBook(
        "NUCC taxonomy", with_imported(rows, imported_books.imported_book("taxonomy"), kind)
    )


@cache
def bill_type() -> CodeBook[Code]:
    """Return types of institutional bills, three digits, in our own words.

    >>> bill_type().display("131")
    'Hospital, outpatient: whole stay or course'
    """
    return read_book("type of bill", "bill_type", _code)


@cache
def carc() -> CodeBook[Code]:
    """Return claim adjustment reason codes, in our own words."""
    return read_book("CARC", "carc", _code)


@cache
def snomed() -> CodeBook[Code]:
    """Return the SNOMED CT codes of sets that are free, by their text: see data/NOTICE.md.

    >>> snomed().find("Urticaria", "reaction").code
    '126485001'
    """
    return CodeBook("SNOMED CT", {line[1]: _code(line) for line in read_lines("snomed")})


def snomed_code(display: str | None) -> str | None:
    """Return the SNOMED CT code of a text; None where the free sets have none."""
    row = snomed().rows.get(display or "")
    return None if row is None else row.code


@cache
def pos() -> CodeBook[Code]:
    """Return place of service codes, in our own words."""
    return read_book("place of service", "pos", _code)


@cache
def revenue() -> CodeBook[Code]:
    """Return revenue codes of institutional bills, in our own words."""
    return read_book("revenue code", "revenue", _code)


@cache
def discharge() -> CodeBook[Code]:
    """Return patient discharge status codes, in our own words."""
    return read_book("discharge status", "discharge", _code)


DEATHS = ("20", "40", "41", "42")
"""Discharge status codes of the dead: in a hospital, and with hospice care."""
