"""Reads slices of reference.duckdb as columns, for execution to draw from.

Columns are as `healthsim.tables` describes them: text is `Coded`, a missing number NaN or the
sentinel of its type. Rows come in the order of the table's key, whatever file they came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from healthsim.errors import NotFound
from healthsim.persistence.database import open_read, quoted
from healthsim.reference.store import ImportRecord, imports, listed
from healthsim.reference.tables import (
    COUNTY_MEASURES,
    COUNTY_PEOPLE,
    COUNTY_SVI,
    HOSPITALS,
    NPI_PROVIDERS,
)
from healthsim.tables import Array, Coded, Columns, Table, blank

_KIND = {
    COUNTY_PEOPLE.name: "census-population",
    COUNTY_MEASURES.name: "cdc-places",
    COUNTY_SVI.name: "cdc-svi",
    NPI_PROVIDERS.name: "nppes",
    HOSPITALS.name: "cms-hospitals",
}


class ReferenceReader:
    """A reference that is open: several reads of it see the same state.

    Attributes:
        imports: what it holds, by name of its table.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        self._connection = connection
        found = listed(connection) if connection else ()
        self.imports: Mapping[str, ImportRecord] = {one.table: one for one in found}

    def county_people(self, counties: Sequence[str] = ()) -> Columns:
        """Return residents by county, sex and age band; all counties where none are named."""
        return self._rows(COUNTY_PEOPLE, {"fips": counties})

    def county_measures(
        self, measures: Sequence[str] = (), counties: Sequence[str] = ()
    ) -> Columns:
        """Return prevalence by county and measure; all where none are named."""
        return self._rows(COUNTY_MEASURES, {"measure": measures, "fips": counties})

    def county_svi(self) -> Columns:
        """Return social vulnerability by county."""
        return self._rows(COUNTY_SVI, {})

    def providers(self, counties: Sequence[str] = (), specialties: Sequence[str] = ()) -> Columns:
        """Return active providers, sorted by county and NPI; all where none are named."""
        return self._rows(NPI_PROVIDERS, {"county_fips": counties, "specialty": specialties})

    def hospitals(self, counties: Sequence[str] = ()) -> Columns:
        """Return hospitals by certification number; those of all counties where none are named."""
        return self._rows(HOSPITALS, {"county_fips": counties})

    def versions(self) -> dict[str, str]:
        """Return the digest of each thing that was imported, by its name."""
        return {one.name: one.digest for one in self.imports.values()}

    def _rows(self, table: Table, wanted: Mapping[str, Sequence[str]]) -> Columns:
        if self._connection is None or table.name not in self.imports:
            kind = _KIND[table.name]
            raise NotFound(
                "reference",
                f"holds no {kind}",
                f"download the publisher's file and run: healthsim reference import {kind} FILE",
            )
        asked = [(name, list(values)) for name, values in wanted.items() if values]
        where = " AND ".join(f"{quoted(name)} IN (SELECT unnest(?))" for name, _ in asked)
        names = ", ".join(quoted(column.name) for column in table.columns)
        query = (
            f"SELECT {names} FROM {quoted(table.name)} {'WHERE ' * bool(where)}{where} "
            f"ORDER BY {', '.join(quoted(name) + ' NULLS LAST' for name in table.key)}"
        )
        rows = self._connection.sql(query, params=[values for _, values in asked]).to_arrow_table()
        return {
            column.name: _column(rows.column(column.name), column.type) for column in table.columns
        }


def _column(values: pa.ChunkedArray, kind: str) -> Array:
    """Return one column as the array that its type has."""
    if kind == "VARCHAR":
        coded = values.dictionary_encode().combine_chunks()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return Coded(codes.astype(np.int32), tuple(coded.dictionary.to_pylist()))
    null = blank(kind, 1)  # type: ignore[arg-type]
    assert isinstance(null, np.ndarray)
    whole = values.combine_chunks()
    filled = whole.fill_null(null[0].item()) if whole.null_count else whole
    found = filled.to_numpy(zero_copy_only=False).astype(null.dtype)
    found.setflags(write=False)
    return np.asarray(found)


@contextmanager
def open_reference(path: Path) -> Iterator[ReferenceReader]:
    """Open a reference for reading; one that does not exist holds nothing."""
    if not path.is_file():
        yield ReferenceReader(None)
        return
    with open_read(path) as connection:
        yield ReferenceReader(connection)


def county_people(path: Path, counties: Sequence[str] = ()) -> Columns:
    """Return residents by county, sex and age band, as the table `county_people`.

    Args:
        path: the reference.
        counties: FIPS codes; all where none are named.

    Raises:
        NotFound: no county population has been imported; the error says what to import.
    """
    with open_reference(path) as reference:
        return reference.county_people(counties)


def county_measures(path: Path, measures: Sequence[str], counties: Sequence[str] = ()) -> Columns:
    """Return prevalence by county, as the table `county_measures`; raises as above.

    Args:
        path: the reference.
        measures: the publisher's names in small letters; all where none are named.
        counties: FIPS codes; all where none are named.
    """
    with open_reference(path) as reference:
        return reference.county_measures(measures, counties)


def county_svi(path: Path) -> Columns:
    """Return social vulnerability, as the table `county_svi`; raises as above."""
    with open_reference(path) as reference:
        return reference.county_svi()


def providers(path: Path, counties: Sequence[str] = (), specialties: Sequence[str] = ()) -> Columns:
    """Return active providers, as the table `npi_providers`; raises as above.

    Args:
        path: the reference.
        counties: FIPS codes of practice; all, and those without a county, where none are named.
        specialties: words of specifications; all, and those without one, where none are named.
    """
    with open_reference(path) as reference:
        return reference.providers(counties, specialties)


def hospitals(path: Path, counties: Sequence[str] = ()) -> Columns:
    """Return hospitals, as the table `hospitals`; raises as above."""
    with open_reference(path) as reference:
        return reference.hospitals(counties)


def versions(path: Path) -> dict[str, str]:
    """Return the digest of each thing that was imported, by name; empty where there is none."""
    return {one.name: one.digest for one in imports(path)}
