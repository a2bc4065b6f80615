"""The code books that a search reads: their rows, further words and notes, and their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from healthsim.codes import books
from healthsim.codes.drugs import drugs, ndc, rxnorm
from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.icd10pcs import icd10pcs
from healthsim.codes.loinc import loinc
from healthsim.errors import NotFound, near


class SearchedBook(NamedTuple):
    """How one book is searched: its rows, further words of a row, and the note of a row."""

    book: Callable[[], Any]
    words: Callable[[Any], Iterable[str]] = lambda _: ()
    note: Callable[[Any], str] = lambda _: ""


def _drug_note(row: Any) -> str:
    kind = "generic" if row.generic else "brand"
    rxnorm = f"RxNorm {row.rxnorm}, " if row.rxnorm else ""
    return f"{row.drug_class}; {rxnorm}NDC {row.ndc}, {kind}, tier {row.tier}"


def _interval(row: Any) -> str:
    ends = [f"{end:g}" for end in (row.ref_low, row.ref_high) if end == end]
    interval = f", usually {' to '.join(ends)}" if len(ends) == 2 else ""
    panels = f"; panel {', '.join(row.panels)}" if row.panels else ""
    return f"{row.unit}{interval}{panels}"


def _only(row: Any) -> str:
    return {"F": "women only", "M": "men only"}.get(row.sex, "")


SOURCES: Mapping[str, SearchedBook] = {
    "icd10cm": SearchedBook(icd10cm, note=_only),
    "loinc": SearchedBook(loinc, lambda row: row.panels, _interval),
    "drug": SearchedBook(
        drugs, lambda row: (row.ingredient, row.drug_class, row.rxnorm, row.ndc), _drug_note
    ),
    "hcpcs": SearchedBook(books.hcpcs, lambda row: (row.category,), lambda row: row.category),
    "cvx": SearchedBook(books.cvx, lambda _: ("vaccine",)),
    "drg": SearchedBook(
        books.drg,
        lambda row: (row.kind,),
        lambda row: f"weight {row.weight:g}, mean stay {row.gmlos_days:g} days",
    ),
    "specialty": SearchedBook(
        books.taxonomy, lambda row: (row.taxonomy,), lambda row: row.taxonomy
    ),
    "taxonomy": SearchedBook(books.nucc, lambda row: (row.specialty,), lambda row: row.specialty),
    "pos": SearchedBook(books.pos),
    "revenue": SearchedBook(books.revenue),
    "bill_type": SearchedBook(books.bill_type),
    "carc": SearchedBook(books.carc),
    "discharge": SearchedBook(books.discharge),
    "cpt": SearchedBook(books.cpt),
    "rxnorm": SearchedBook(rxnorm),
    "ndc": SearchedBook(ndc),
    "icd10pcs": SearchedBook(icd10pcs),
}
"""Book by its name here; equally good hits are listed in this order."""

DEFAULT_BOOKS = tuple(name for name in SOURCES if name != "icd10pcs")
"""The books that are searched if none is named: 79,000 procedures would crowd out the others."""

ALIASES: Mapping[str, str] = {
    "icd": "icd10cm", "icd10": "icd10cm", "icd-10": "icd10cm", "icd-10-cm": "icd10cm",
    "diagnosis": "icd10cm", "icd-10-pcs": "icd10pcs", "pcs": "icd10pcs", "procedure": "hcpcs",
    "lab": "loinc", "labs": "loinc", "vital": "loinc", "vitals": "loinc",
    "drugs": "drug", "medication": "drug", "vaccine": "cvx", "ms-drg": "drg", "msdrg": "drg",
    "nucc": "taxonomy", "place of service": "pos", "bill type": "bill_type",
}  # fmt: skip
"""Other names of the books."""


def book_name(text: str, where: str = "system") -> str:
    """Return the name here of a code book.

    Raises:
        NotFound: there is no such book.

    >>> book_name("ICD-10-CM"), book_name("labs")
    ('icd10cm', 'loinc')
    """
    name = text.strip().lower()
    name = ALIASES.get(name, name)
    if name not in SOURCES:
        mend = near(name, (*SOURCES, *ALIASES))
        if mend.startswith("known"):
            mend = f"use {', '.join(SOURCES)}"
        raise NotFound(where, f"there is no code book {text[:40]!r}", mend)
    return name
