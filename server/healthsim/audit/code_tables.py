"""Code books and the geography as temporary tables beside an open file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from itertools import product
from typing import Any

import duckdb
import pyarrow as pa

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.audit.temporary import make_tables
from healthsim.billing.drg.payment import retired_groups
from healthsim.codes.books import CodeBook, bill_type, carc, cvx, discharge, drg, nucc, pos, revenue
from healthsim.codes.drugs import drugs
from healthsim.codes.exact_codes import exact_pairs, other_side
from healthsim.codes.excludes1 import excludes1_pairs
from healthsim.codes.icd10cm import COMBINATIONS, EXCLUDES, combined, icd10cm
from healthsim.codes.loinc import FOREVER, loinc, reference_intervals
from healthsim.medicine.coding import is_exempt_from_poa
from healthsim.medicine.newborn_intervals import NewbornInterval, newborn_intervals
from healthsim.medicine.problems import family, usual_course
from healthsim.products.populationsim.reference import geography
from healthsim.specification.checks.codes import unlisted_in
from healthsim.tables import Table


def lay_out_books(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary tables that rules of codes and addresses read.

    ``codes (book, code)``,
    ``norms (loinc, sex, from_months, below_months, ref_low, ref_high)``,
    ``newborn_norms (loinc, from_hours, below_hours, ref_low, ref_high)``,
    ``places (zip, city, county_fips, state)`` and ``area_codes (state, area_code)``.
    """
    make_tables(connection, _books())


def lay_out_diagnoses(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table]) -> None:
    """Make the temporary tables of the diagnosis codes that the tables of a file now hold.

    ``diagnoses (code, sex, age_low, age_high, valid_from, valid_until, kind, days, longest,
    becomes, family, exempt)`` and ``excluded (first, second)`` with first < second; `longest` is
    in days and 0 for what does not end by itself.
    """
    make_tables(connection, _diagnoses(_stated(connection, tables)))


def reads_diagnoses(rules: Iterable[AnyRule]) -> bool:
    """Tell whether some rules read the tables of `lay_out_diagnoses`."""
    return any(
        "temp.diagnoses" in rule.sql or "temp.excluded" in rule.sql
        for rule in rules
        if isinstance(rule, AuditRule)
    )


def lay_out_unlisted(
    connection: duckdb.DuckDBPyConnection, profile: str, journeys: Iterable[str]
) -> None:
    """Make the temporary table ``unlisted (code)``: unknown codes that specifications allow."""
    codes = unlisted_in(profile, journeys)
    make_tables(connection, {"unlisted": pa.table({"code": pa.array(codes, pa.string())})})


@cache
def _books() -> dict[str, pa.Table]:
    return {
        "codes": _table(("book", "code"), _codes()),
        "norms": _table(
            ("loinc", "sex", "from_months", "below_months", "ref_low", "ref_high"), _norms()
        ),
        "newborn_norms": _table(NewbornInterval._fields, newborn_intervals()),
        "places": _table(("zip", "city", "county_fips", "state"), _places()),
        "area_codes": _table(("state", "area_code"), _area_codes()),
    }


_OF_DIAGNOSES = {"conditions", "encounter_diagnoses", "claim_diagnoses", "adverse_events"}


def _stated(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table]) -> tuple[str, ...]:
    """Return the diagnosis codes that the tables of a file hold, each once, sorted."""
    codes: set[str] = set()
    for table in tables:
        if table.name in _OF_DIAGNOSES and "code" in table.by_name:
            statement = f"SELECT DISTINCT code FROM {table.name}"  # noqa: S608
            codes |= {code for (code,) in connection.execute(statement).fetchall() if code}
    return tuple(sorted(codes))


def _diagnoses(stated: tuple[str, ...]) -> dict[str, pa.Table]:
    """Return the classification's rows of a file's codes only: the book is much larger."""
    rows = [row for code in stated if (row := icd10cm().entry(code)) is not None and row.billable]
    days = [(row.valid_from or "0001-01-01", row.valid_until or "9999-12-31") for row in rows]
    return {
        "diagnoses": pa.table(
            {
                "code": pa.array([row.code for row in rows], pa.string()),
                "sex": pa.array([row.sex for row in rows], pa.string()),
                "age_low": pa.array([row.age_low for row in rows], pa.int32()),
                "age_high": pa.array([row.age_high for row in rows], pa.int32()),
                "valid_from": pa.array([date.fromisoformat(first) for first, _ in days]),
                "valid_until": pa.array([date.fromisoformat(last) for _, last in days]),
                **_courses([row.code for row in rows]),
            }
        ),
        "excluded": _excluded_among([row.code for row in rows]),
    }


def _courses(codes: Sequence[str]) -> dict[str, pa.Array]:
    """Return how the conditions of codes go on, and how they are coded."""
    courses = [usual_course(code) for code in codes]
    longest = [math.ceil(course.days * (1 + course.spread)) if course.ends else 0
               for course in courses]  # fmt: skip
    return {
        "kind": pa.array([course.kind for course in courses], pa.string()),
        "days": pa.array([course.days for course in courses], pa.int32()),
        "longest": pa.array(longest, pa.int32()),
        "becomes": pa.array([course.becomes for course in courses], pa.string()),
        "family": pa.array([family(code) for code in codes], pa.string()),
        "exempt": pa.array([is_exempt_from_poa(code) for code in codes], pa.bool_()),
    }


def _excluded_among(codes: Sequence[str]) -> pa.Table:
    pairs = list(excluded_pairs(codes))
    return pa.table(
        {
            "first": pa.array([first for first, _ in pairs], pa.string()),
            "second": pa.array([second for _, second in pairs], pa.string()),
        }
    )


def _table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    return pa.table({name: list(column) for name, column in zip(names, columns, strict=True)})


def _codes() -> Iterator[tuple[str, str]]:
    books: dict[str, CodeBook[Any]] = {
        "loinc": loinc(), "cvx": cvx(), "drg": drg(), "pos": pos(),
        "revenue": revenue(), "carc": carc(), "discharge": discharge(),
        "bill_type": bill_type(), "nucc": nucc(),
    }  # fmt: skip
    for name, book in books.items():
        for code in book.codes:
            yield name, code
    for code in retired_groups():
        yield "drg", code
    for ndc in dict.fromkeys(drug.ndc for drug in drugs().rows.values()):
        yield "ndc", ndc


def _norms() -> Iterator[tuple[str, str, int, int, float | None, float | None]]:
    """Yield the reference intervals of every test, for each sex."""
    for code, sex in product(loinc().codes, ("F", "M")):
        rows = reference_intervals(code, sex)
        ends = [*(row.from_months for row in rows[1:]), FOREVER]
        for row, end in zip(rows, ends, strict=True):
            yield code, sex, row.from_months, end, _known(row.ref_low), _known(row.ref_high)


def _known(number: float) -> float | None:
    return None if math.isnan(number) else number


def excluded_pairs(codes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of codes that exclude each other, each as (lesser, greater).

    They are the classification's Excludes1 pairs, pairs of which one says more than the other,
    the two sides of a condition that has a code of both, and each pair that it states as one code.
    """
    sides = ((code, other_side(code)) for code in codes)
    both = {(min(code, to[0]), max(code, to[0])) for code, to in sides if to and to[0] in codes}
    exact = {(min(pair), max(pair)) for pair in exact_pairs(codes)}
    parted = {pair for each in EXCLUDES for pair in _pairs(codes, *each)} | exact
    parted |= {*excludes1_pairs(codes)} | both
    as_one = {pair for each in _stated_as_one() for pair in _pairs(codes, *each)}
    yield from sorted(parted | {pair for pair in as_one if not {*pair} <= {*combined(pair)}})


def _pairs(codes: Sequence[str], first: str, second: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of different codes, one below each prefix, the lesser first."""
    ones = [code for code in codes if code.startswith(first)]
    others = [code for code in codes if code.startswith(second)]
    return ((min(pair), max(pair)) for pair in product(ones, others) if pair[0] != pair[1])


def _stated_as_one() -> Iterator[tuple[str, str]]:
    for rule in COMBINATIONS:
        if len(rule.with_) == 1 and not rule.keep:
            yield rule.code, rule.with_[0]


def _places() -> Iterator[tuple[str, str, str, str]]:
    geo = geography()
    cities = geo.place_city.texts()
    for place, county in enumerate(geo.place_county.tolist()):
        state = geo.states[geo.county_state[county]]
        yield geo.place_zip[place], cities[place] or "", geo.county_fips[county], state


def _area_codes() -> Iterator[tuple[str, str]]:
    geo = geography()
    for state, codes in zip(geo.states, geo.area_codes, strict=True):
        for code in codes:
            yield state, f"{code:03d}"
