"""Opens a scenario's file for the FHIR exports: with all that the queries use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from healthsim.errors import Refused
from healthsim.exports import Filter
from healthsim.exports.fhir import resources
from healthsim.exports.people import choose
from healthsim.persistence.database import open_read

_SETTINGS: Mapping[str, str] = {"preserve_insertion_order": "true", "TimeZone": "'UTC'"}


@contextmanager
def opened(
    path: Path, folder: Path, chosen: Filter
) -> Iterator[tuple[duckdb.DuckDBPyConnection, tuple[resources.ResourceType, ...]]]:
    """Open a scenario's file, and say which types of resource it has the tables for.

    Args:
        path: the scenario's DuckDB file.
        folder: where files may be written.
        chosen: whose rows the queries see.

    Raises:
        Refused: the scenario has no chart, or the filter cannot be read or finds nobody.
    """
    with open_read(path, writes=folder, settings=_SETTINGS) as connection:
        tables = {table for (table,) in connection.execute(
            "SELECT DISTINCT table_name FROM healthsim_columns").fetchall()}  # fmt: skip
        if "patients" not in tables:
            raise Refused(
                "format", "fhir needs the chart, and this scenario has no patients",
                "generate with the product patientsim, or choose csv or parquet",
            )  # fmt: skip
        if chosen:
            choose(connection, chosen)
        resources.prepare(connection, tables)
        yield connection, tuple(kind for kind in resources.TYPES if set(kind.needs) <= tables)
