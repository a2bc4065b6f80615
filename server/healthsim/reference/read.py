"""Reading rows of reference.duckdb as columns, for execution.

Columns are as `healthsim.tables` describes them: text is `Coded`, a missing number is NaN or the
null of its type. Rows are sorted by the table's key, whatever the order in their file.
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
from healthsim.reference.store import RULES, ImportRecord, imports, list_imports
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
    """An open reference: all reads see the same state.

    Attributes:
        imports: its imports, by name of their table.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        self._connection = connection
        records = list_imports(connection) if connection else ()
        self.imports: Mapping[str, ImportRecord] = {record.table: record for record in records}

    def county_people(self, counties: Sequence[str] = ()) -> Columns:
        """Return residents by county, sex and age band, as the table `county_people`.

        Args:
            counties: FIPS codes; all by default.

        Raises:
            NotFound: no county population was imported; the error says what to import.
        """
        return self._rows(COUNTY_PEOPLE, {"fips": counties})

    def county_measures(
        self, measures: Sequence[str] = (), counties: Sequence[str] = ()
    ) -> Columns:
        """Return prevalence by county and measure, as the table `county_measures`.

        Args:
            measures: the publisher's names in small letters; all by default.
            counties: FIPS codes; all by default.
        """
        return self._rows(COUNTY_MEASURES, {"measure": measures, "fips": counties})

    def county_svi(self) -> Columns:
        """Return social vulnerability by county, as the table `county_svi`."""
        return self._rows(COUNTY_SVI, {})

    def providers(self, counties: Sequence[str] = (), specialties: Sequence[str] = ()) -> Columns:
        """Return active providers by county and NPI, as the table `npi_providers`.

        Args:
            counties: FIPS codes of practice; by default all, and providers without a county.
            specialties: as in specifications; by default all, and providers without one.
        """
        return self._rows(NPI_PROVIDERS, {"county_fips": counties, "specialty": specialties})

    def hospitals(self, counties: Sequence[str] = ()) -> Columns:
        """Return hospitals by certification number, as the table `hospitals`."""
        return self._rows(HOSPITALS, {"county_fips": counties})

    def versions(self) -> dict[str, str]:
        """Return the digest of each import, by its name."""
        return {record.name: record.digest for record in self.imports.values()}

    def _rows(self, table: Table, filters: Mapping[str, Sequence[str]]) -> Columns:
        if self._connection is None or table.name not in self.imports:
            kind = _KIND[table.name]
            raise NotFound(
                "reference",
                f"has no {kind}",
                f"download the publisher's file and run: healthsim reference import {kind} FILE",
            )
        used = [(name, list(values)) for name, values in filters.items() if values]
        where = " AND ".join(f"{quoted(name)} IN (SELECT unnest(?))" for name, _ in used)
        names = ", ".join(quoted(column.name) for column in table.columns)
        query = (
            f"SELECT {names} FROM {quoted(table.name)} {'WHERE ' * bool(where)}{where} "
            f"ORDER BY {', '.join(quoted(name) + ' NULLS LAST' for name in table.key)}"
        )
        rows = self._connection.sql(query, params=[values for _, values in used]).to_arrow_table()
        return {
            column.name: _column(rows.column(column.name), column.type) for column in table.columns
        }


def _column(values: pa.ChunkedArray, kind: str) -> Array:
    """Return one column as the array of its type."""
    if kind == "VARCHAR":
        coded = values.dictionary_encode().combine_chunks()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return Coded(codes.astype(np.int32), tuple(coded.dictionary.to_pylist()))
    null = blank(kind, 1)  # type: ignore[arg-type]
    assert isinstance(null, np.ndarray)
    array = values.combine_chunks()
    filled = array.fill_null(null[0].item()) if array.null_count else array
    result = filled.to_numpy(zero_copy_only=False).astype(null.dtype)
    result.setflags(write=False)
    return np.asarray(result)


@contextmanager
def open_reference(path: Path) -> Iterator[ReferenceReader]:
    """Open a reference for reading; one that does not exist is empty."""
    if not path.is_file():
        yield ReferenceReader(None)
        return
    with open_read(path, rules=RULES) as connection:
        yield ReferenceReader(connection)


def versions(path: Path) -> dict[str, str]:
    """Return the digest of each import, by its name; empty where there is no reference."""
    return {record.name: record.digest for record in imports(path)}
