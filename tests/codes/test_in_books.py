"""Whatever the library, the engine and the tables of this package say in codes is in its book."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from healthsim.codes import books
from healthsim.codes.drugs import drugs
from healthsim.codes.loinc import loinc, panels
from healthsim.codes.procedures import procedure_system
from healthsim.execution.sync.bills import charges
from healthsim.execution.sync.visits.visits import USUAL
from healthsim.products.membersim import generate

ROOT = Path(__file__).parents[2]
PRODUCTS = ROOT / "server" / "healthsim" / "products"
BOOKS = {
    "loinc": loinc().codes,
    "panel": panels(),
    "drug": drugs().codes,
    "replaces": (*drugs().codes, *drugs().ingredients),
    "cvx": books.cvx().codes,
    "drg": books.drg().codes,
    "specialty": books.taxonomy().codes,
}


def said(document: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield (key, text) of everything that a document says."""
    if isinstance(document, dict):
        for key, value in document.items():
            if name == "results" and "." not in key:
                yield "loinc", key
            yield from said(value, key)
    elif isinstance(document, list):
        for value in document:
            yield from said(value, name)
    elif isinstance(document, str):
        yield name, document


@pytest.fixture(scope="module")
def library() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "templates").rglob("*.json"):
        for key, text in said(json.loads(path.read_text("utf-8"))):
            found[key].add(text)
    return found


@pytest.mark.parametrize("key", BOOKS)
def test_the_library_has_only_codes_of_the_books(key: str, library: dict[str, set[str]]) -> None:
    assert library[key] - set(BOOKS[key]) == set()


def test_codes_of_the_library_are_read_where_they_are_stated(library: dict[str, set[str]]) -> None:
    assert min(len(library[key]) for key in ("loinc", "panel", "drug", "cvx")) > 5
    assert library["drg"] == set()  # stays of templates are grouped by their codes


def test_supplies_and_services_of_the_library_are_in_their_book(
    library: dict[str, set[str]],
) -> None:
    everything = library["code"] | library["procedures"]
    supplies = {code for code in everything if procedure_system(code) == "HCPCS"}

    assert len(supplies) > 10
    assert {code for code in supplies if code not in books.hcpcs()} == set()


def test_what_the_engine_bills_with_is_in_the_books() -> None:
    assert set(charges.PLACE_OF_SERVICE.values()) <= set(books.pos().codes)
    assert set(charges.BILL_TYPES.values()) <= set(books.bill_type().codes)
    assert set(generate._CARCS) <= set(books.carc().codes)
    assert set(USUAL.values()) <= set(books.taxonomy().codes)


def test_tables_of_prices_and_clinicians_are_in_the_books() -> None:
    with (PRODUCTS / "membersim" / "data" / "fees.csv").open(encoding="utf-8") as file:
        priced = [row[0] for row in csv.reader(file)][1:]
    with (PRODUCTS / "networksim" / "data" / "specialties.csv").open(encoding="utf-8") as file:
        clinicians = {row["specialty"] for row in csv.DictReader(file)}

    supplies = {code for code in priced if procedure_system(code) == "HCPCS"}
    assert {code for code in supplies if code not in books.hcpcs()} == set()
    people = {name for name, row in books.taxonomy().rows.items() if row.kind == "person"}
    assert clinicians == people
