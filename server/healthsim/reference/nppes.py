"""Import of the NPPES monthly file of providers (npidata_pfile), some 330 columns and 9 M rows.

DuckDB streams the required columns into a staging table, which spills to the disk; no row becomes
a Python object.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import duckdb
import pyarrow as pa

from healthsim.codes.books import nucc, taxonomy
from healthsim.persistence.database import quoted
from healthsim.reference.csv_source import CsvSource
from healthsim.reference.layouts import Layout, needs
from healthsim.reference.staging import STAGED, RowCheck, numbers, refuse, refuse_twice
from healthsim.reference.state_codes import TERRITORIES, state_fips
from healthsim.reference.tables import NPI_PROVIDERS

_PRACTICE = "Provider Business Practice Location Address"
_COUNTRY = f"{_PRACTICE} Country Code (If outside U.S.)"
_CODE = "Healthcare Provider Taxonomy Code_"
_SWITCH = "Healthcare Provider Primary Taxonomy Switch_"


def _primary(columns: Collection[str]) -> str:
    """Return SQL of the taxonomy whose switch is on, or else of the first one."""
    present = [number for number in range(1, 16) if f"{_CODE}{number}" in columns]
    codes = {number: f"nullif(file.\"{_CODE}{number}\", '')" for number in present}
    on = " ".join(
        f"WHEN file.\"{_SWITCH}{number}\" = 'Y' AND {code} IS NOT NULL THEN {code}"
        for number, code in codes.items()
        if f"{_SWITCH}{number}" in columns
    )
    return f"CASE {on} ELSE coalesce({', '.join(codes.values())}) END"


PROVIDERS = Layout(
    "the NPPES monthly file, npidata_pfile",
    needs(
        "NPI",
        "Entity Type Code",
        "Provider Organization Name (Legal Business Name)",
        "Provider Last Name (Legal Name)",
        "Provider First Name",
        f"{_PRACTICE} City Name",
        f"{_PRACTICE} State Name",
        f"{_PRACTICE} Postal Code",
        "NPI Deactivation Date",
        "NPI Reactivation Date",
        f"{_CODE}1",
        f"{_SWITCH}1",
    ),
    takes=needs(_COUNTRY),
    lends=needs(*(f"{name}{number}" for number in range(2, 16) for name in (_CODE, _SWITCH))),
    derives={"taxonomy": _primary},
)
_RELEASE = re.compile(r"npidata_pfile_\d{8}-(\d{4})(\d\d)(\d\d)", re.IGNORECASE)
_DATE = "try_strptime({}, ['%m/%d/%Y', '%Y-%m-%d'])"
_OFF, _ON = _DATE.format('"NPI Deactivation Date"'), _DATE.format('"NPI Reactivation Date"')
_ACTIVE = f'("NPI Deactivation Date" IS NULL OR coalesce({_ON} >= {_OFF}, false))'
_LUHN_PREFIX = 24  # added to an NPI's check sum by the issuer prefix 80840 (45 CFR 162.406)


def load(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, year: int | None, as_of: str
) -> tuple[str, dict[str, object]]:
    """Fill the table `npi_providers` with those who are active and practise in the United States.

    Returns:
        The vintage, and the checks: who was left out and why, and the share of numbers with a
        correct check digit.
    """
    states = ", ".join(f"'{code}'" for code in sorted(state_fips()))
    country_codes = ", ".join(f"'{code}'" for code in ("US", *sorted(TERRITORIES)))
    in_country = (
        f'(upper("{_PRACTICE} State Name") IN ({states}) '
        f"AND coalesce(upper(\"{_COUNTRY}\"), 'US') IN ({country_codes}))"
    )
    _refuse_rows(connection, source)
    connection.register("known_specialty", _specialties())
    connection.execute(
        f"INSERT INTO {NPI_PROVIDERS.name} "
        'SELECT "NPI"::BIGINT AS npi, "Entity Type Code"::INTEGER, "Provider First Name", '
        '"Provider Last Name (Legal Name)", "Provider Organization Name (Legal Business Name)", '
        f'file.taxonomy, known_specialty.specialty, "{_PRACTICE} City Name", '
        f'upper("{_PRACTICE} State Name"), zip, county_fips '
        f"FROM (SELECT *, "
        f"CASE WHEN regexp_matches(\"{_PRACTICE} Postal Code\", '^[0-9]{{5}}') "
        f'THEN left("{_PRACTICE} Postal Code", 5) END AS zip FROM {STAGED} '
        f"WHERE {_ACTIVE} AND {in_country}) AS file "
        "LEFT JOIN known_zip USING (zip) LEFT JOIN known_specialty USING (taxonomy) "
        "ORDER BY county_fips NULLS LAST, npi"
    )
    if numbers(connection, f"SELECT count(*) - count(DISTINCT npi) FROM {NPI_PROVIDERS.name}")[0]:
        refuse_twice(connection, source, ('"NPI"',), "NPI {}")
    return _vintage(source, as_of), _checks(connection, in_country)


def _refuse_rows(connection: duckdb.DuckDBPyConnection, source: CsvSource) -> None:
    refuse(connection, source, [
        RowCheck("NPI", "\"NPI\" IS NULL OR NOT regexp_full_match(\"NPI\", '[1-9][0-9]{9}')",
                 "is {}, not a number of ten digits"),
        *(RowCheck(name, f"{quoted(name)} IS NOT NULL AND {day} IS NULL",
                   "is {}, not a date such as 05/23/2006")
          for name, day in (("NPI Deactivation Date", _OFF), ("NPI Reactivation Date", _ON))),
        RowCheck("Entity Type Code", f"{_ACTIVE} AND coalesce(\"Entity Type Code\", '') "
                 "NOT IN ('1', '2')", "is {}, neither 1 (a person) nor 2 (an organisation)"),
    ])  # fmt: skip


def _specialties() -> pa.Table:
    """Return the specialty of every taxonomy code that specifications can name."""
    specialties, book = set(taxonomy().codes), nucc()
    rows = {code: book.find(code, "taxonomy") for code in book.codes}
    named = {code: row.specialty for code, row in rows.items() if row.specialty in specialties}
    return pa.table({"taxonomy": list(named), "specialty": list(named.values())})


def _vintage(source: CsvSource, as_of: str) -> str:
    named = _RELEASE.search(source.name)
    return "-".join(named.groups()) if named else as_of or "release not stated"


def _checks(connection: duckdb.DuckDBPyConnection, in_country: str) -> dict[str, object]:
    rows, inactive, abroad = numbers(
        connection,
        f"SELECT count(*), count(*) FILTER (NOT {_ACTIVE}), "
        f"count(*) FILTER ({_ACTIVE} AND NOT coalesce({in_country}, false)) FROM {STAGED}",
    )
    kept, people, placed, named, valid = numbers(
        connection,
        "SELECT count(*), count(*) FILTER (entity_type = 1), count(county_fips), "
        f"count(specialty), count(*) FILTER ({_luhn()}) FROM {NPI_PROVIDERS.name}",
    )
    return {
        "rows": rows,
        "deactivated": inactive,
        "outside_states_and_territories": abroad,
        "people": people,
        "organisations": kept - people,
        "without_county": kept - placed,
        "without_specialty": kept - named,
        "check_digit_right_share": round(valid / kept, 4) if kept else 0.0,
    }


def _luhn() -> str:
    """Return SQL that is true for a number with a correct check digit."""
    digits = [f"(npi // {10**place} % 10)" for place in range(10)]
    doubled = [f"(2 * {digit} // 10 + 2 * {digit} % 10)" for digit in digits[1::2]]
    return f"({' + '.join([*digits[0::2], *doubled])} + {_LUHN_PREFIX}) % 10 = 0"
