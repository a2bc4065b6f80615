"""Import of code books: a publisher's file becomes a book on the shelf, completely or not at all.

The text is written under a new name, and the small file that describes it is replaced in one step,
so a reader sees either the old book or the new one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from healthsim.codes import imported_books
from healthsim.errors import NotFound, Refused
from healthsim.persistence.files import disk_errors, fsync_file, publish_over, sweep, temporary
from healthsim.reference import book_tables, diagnosis_file, snomed_map, supply_file
from healthsim.reference.book_content import BookContent, Row
from healthsim.reference.csv_source import CsvSource, open_source
from healthsim.reference.store import ImportRecord

if TYPE_CHECKING:
    from healthsim.reference.kind import ImportKind, ImportRequest

FOLDER = "books"
"""Name of the folder of imported books in the home folder, next to the reference."""


@dataclass(frozen=True, slots=True)
class ImportableBook:
    """A code book that can be imported.

    Attributes:
        system: name of the code system here.
        title: its content.
        offered: place where its publisher offers it.
        enables: its use.
        member: pattern of the file's name.
        read: returns the content of a file, given the release if the caller stated one.
        latin_1: whether the publisher ships Latin-1 text.
    """

    system: str
    title: str
    offered: str
    enables: str
    member: str
    read: Callable[[CsvSource, str], BookContent]
    latin_1: bool = False


BOOKS: Mapping[str, ImportableBook] = {
    "icd10cm": ImportableBook(
        "icd10cm", "Diagnoses of a newer release (ICD-10-CM)",
        "cms.gov, ICD-10, the yearly code descriptions: icd10cm-order-YYYY.txt or "
        "icd10cm-codes-YYYY.txt",
        "newer diagnoses in specifications; what the release lacks is refused as retired",
        "icd10cm*order*.txt", diagnosis_file.read,
    ),
    "loinc": ImportableBook(
        "loinc", "All laboratory tests and vital signs (LOINC)",
        "loinc.org, LOINC table: Loinc.csv or LoincTableCore.csv, after free registration",
        "any LOINC code in specifications; those not built in need a result",
        "loinc*.csv", book_tables.loinc,
    ),
    "hcpcs": ImportableBook(
        "hcpcs", "All supplies, drugs and services (HCPCS Level II)",
        "cms.gov, HCPCS quarterly update: HCPCYYYY_MMM_ANWEB.txt, or the sheet saved as CSV",
        "any HCPCS code, looked up and judged", "hcpc*.txt", supply_file.read, latin_1=True,
    ),
    "cpt": ImportableBook(
        "cpt", "Your own CPT list, under your licence: a CSV file with code and description",
        "the American Medical Association, under a licence",
        "your CPT numbers with their words, looked up", "*.csv", book_tables.cpt,
    ),
    "rxnorm": ImportableBook(
        "rxnorm", "Drug concepts (RxNorm)", "nlm.nih.gov, RxNorm full release: rrf/RXNCONSO.RRF",
        "RxNorm numbers looked up and judged", "rxnconso.rrf", book_tables.rxnorm,
    ),
    "ndc": ImportableBook(
        "ndc", "Drug products or packages (FDA NDC directory)",
        "fda.gov, National Drug Code Directory, text version: product.txt or package.txt",
        "drug codes looked up and judged", "product.txt", book_tables.ndc, latin_1=True,
    ),
    "taxonomy": ImportableBook(
        "taxonomy", "Provider taxonomy (NUCC)", "nucc.org, code set: nucc_taxonomy_NNN.csv",
        "taxonomy codes of providers, looked up and judged", "nucc_taxonomy*.csv",
        book_tables.taxonomy,
    ),
    "msdrg": ImportableBook(
        "drg", "Diagnosis related groups of another year (MS-DRG)",
        "cms.gov, IPPS final rule, table 5, saved as text or CSV",
        "weights and stays of that year", "*table*5*.txt", book_tables.msdrg, latin_1=True,
    ),
    "snomed-map": ImportableBook(
        imported_books.SNOMED_MAP,
        "Your own map to SNOMED CT, under your licence: a CSV file with system, "
        "code, snomed and display",
        "SNOMED International, or the National Library of Medicine, under a licence",
        "SNOMED CT codes beside the others in FHIR exports", "*.csv", snomed_map.read,
    ),
}  # fmt: skip
"""Every code book that can be imported, by the name of its import."""


def import_book(kind: ImportKind, request: ImportRequest) -> ImportRecord:
    """Import a code book; if the file is refused, the old book stays.

    Raises:
        NotFound: there is no such file.
        Refused: it is not valid; the error says where and how to mend it.
        StorageError: the home folder cannot be written.
    """
    book, folder = BOOKS[kind.name], folder_of(request.path)
    if request.year is not None:
        raise Refused("--year", f"a file of {kind.name} has one year only", "leave it out")
    with disk_errors(FOLDER):
        folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    with open_source(
        request.file, book.member, folder, request.report_progress, latin_1=book.latin_1
    ) as source:
        content = book.read(source, request.as_of)
    if not content.rows:
        raise Refused(request.file.name, "has no code that can be used",
                      "give the file as it was published")  # fmt: skip
    return _put(folder, kind.name, book.system, request.file.name, content)


def folder_of(reference: Path) -> Path:
    """Return the folder of imported books that belongs to a reference."""
    return reference.parent / FOLDER


def list_imported_books(reference: Path) -> tuple[ImportRecord, ...]:
    """Return the imported books, by name."""
    names = {book.system: name for name, book in BOOKS.items()}
    records = [_import(names.get(book.system, book.system), book)
               for book in imported_books.books_by_system(folder_of(reference))]  # fmt: skip
    return tuple(sorted(records, key=lambda record: record.name))


def remove(reference: Path, name: str) -> ImportRecord:
    """Remove a book from the shelf, so that the built-in one is used again.

    Raises:
        NotFound: no book of this name was imported.
    """
    record = next((one for one in list_imported_books(reference) if one.name == name), None)
    if record is None:
        raise NotFound(f"import {name!r}", "no such book was imported", "see: reference list")
    description = folder_of(reference) / f"{BOOKS[name].system}.json"
    with disk_errors(FOLDER):
        description.unlink(missing_ok=True)
        _sweep_texts(description, keep=())
    return record


def _import(name: str, book: imported_books.ImportedBook) -> ImportRecord:
    return ImportRecord(name, name, FOLDER, book.source, book.digest, book.rows, book.version,
                        dict(book.checks))  # fmt: skip


def _put(folder: Path, name: str, system: str, file: str, content: BookContent) -> ImportRecord:
    text = "".join(map(_line, _sorted(file, content.rows))).encode()
    digest = hashlib.sha256(text).hexdigest()
    target = folder / f"{system}-{digest[:16]}.txt"
    description = folder / f"{system}.json"
    earlier = [
        book.path for book in imported_books.books_by_system(folder) if book.system == system
    ]
    facts = {
        "source": file, "version": content.version, "sha256": digest, "text": target.name,
        "rows": len(content.rows), "bytes": len(text), "checks": dict(content.checks),
    }  # fmt: skip
    with disk_errors(FOLDER):
        _write(target, text)
        _write(description, (json.dumps(facts, indent=1, sort_keys=True) + "\n").encode())
        _sweep_texts(description, keep=(target, *earlier))
    return ImportRecord(name, name, FOLDER, file, digest, len(content.rows), content.version,
                        content.checks)  # fmt: skip


def _sorted(file: str, rows: Sequence[Row]) -> list[Row]:
    """Return rows in the order of their codes' bytes; refuse a code that is listed twice."""
    ordered = sorted(rows, key=lambda row: row[0].encode())
    for first, second in pairwise(ordered):
        if first[0] == second[0]:
            raise Refused(file, f"code {first[0]} is in it twice", "remove one of the two")
    return ordered


_BREAKS = re.compile(r"[\t\r\n]+")


def _line(row: Row) -> str:
    code, display, facts = (_BREAKS.sub(" ", part).strip() for part in row)
    return f"{code}\t{display}\t{facts}".rstrip("\t") + "\n"


def _write(target: Path, data: bytes) -> None:
    unfinished = temporary(target)
    try:
        unfinished.write_bytes(data)
        fsync_file(unfinished)
        publish_over(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _sweep_texts(description: Path, keep: Sequence[Path]) -> None:
    """Remove texts of a system that are no longer used; a server may still read the last one."""
    for path in description.parent.glob(f"{description.stem}-*.txt"):
        if path not in keep:
            path.unlink(missing_ok=True)
