"""Opens a scenario's file for the FHIR exports: with all that the queries use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from healthsim.errors import Refused
from healthsim.exports import Filter
from healthsim.exports.fhir.resources import GUIDE, TYPES, Guide
from healthsim.exports.fhir.shown import IN_RANGE, Range, prepare, ranges, show
from healthsim.exports.people import choose
from healthsim.persistence.database import open_read

# Each connection works in the thread that asks it: the export itself has more than one.
_SETTINGS: Mapping[str, str] = {
    "TimeZone": "'UTC'", "threads": "1", "memory_limit": "'800MB'",
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One type of resource that the scenario has the tables for.

    Attributes:
        name: as FHIR spells it.
        sql: its query, with the columns person_id, place, id and resource.
    """

    name: str
    sql: str


@dataclass(frozen=True)
class Opened:
    """A scenario's file, open for export.

    Attributes:
        connection: shows everybody who is chosen, and the directory that they use.
        directory: types of the directory.
        of_people: types of people.
        ranges: of the people, in order.
        tables: that the scenario has.
    """

    connection: duckdb.DuckDBPyConnection
    directory: tuple[Kind, ...]
    of_people: tuple[Kind, ...]
    ranges: tuple[Range, ...]
    tables: frozenset[str]
    _condition: str

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own, which shows the people of the range that `cut` sets."""
        found = self.connection.cursor()
        show(found, self.tables, self._condition)
        return found


@contextmanager
def opened(path: Path, chosen: Filter, guide: Guide = GUIDE) -> Iterator[Opened]:
    """Open a scenario's file, and say which types of resource it has the tables for.

    Args:
        path: the scenario's DuckDB file.
        chosen: whose rows the queries see.
        guide: the version of US Core.

    Raises:
        Refused: the scenario has no chart, or the filter cannot be read or finds nobody.
    """
    with open_read(path, settings=_SETTINGS) as connection:
        tables = frozenset(table for (table,) in connection.execute(
            "SELECT DISTINCT table_name FROM healthsim_columns").fetchall())  # fmt: skip
        if "patients" not in tables:
            raise Refused(
                "format", "fhir needs the chart, and this scenario has no patients",
                "generate with the product patientsim, or choose csv or parquet",
            )  # fmt: skip
        condition = IN_RANGE
        if chosen:
            choose(connection, path, chosen)
            connection.execute("CREATE TABLE memory.main.shown_people AS FROM chosen_people")
            condition += " AND person_id IN (FROM shown_people)"
        prepare(connection, tables, guide)
        show(connection, tables)
        yield Opened(
            connection, _kinds(tables, guide, of_people=False),
            _kinds(tables, guide, of_people=True),
            tuple(ranges(connection)), tables, condition,
        )  # fmt: skip


def _kinds(tables: frozenset[str], guide: Guide, *, of_people: bool) -> tuple[Kind, ...]:
    """Return the types of which a scenario with these tables can have resources."""
    kinds = (Kind(one.name, one.sql(tables, guide)) for one in TYPES if one.of_people == of_people)
    return tuple(kind for kind in kinds if kind.sql)
