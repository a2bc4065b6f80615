"""Codes in a file that no book knows and that its specifications let pass."""

from __future__ import annotations

from pathlib import Path

from healthsim.audit.coding import BOOKS
from healthsim.persistence.database import open_read, quoted
from healthsim.persistence.scenario import read_manifest, read_tables
from healthsim.specification.checks.codes import unlisted_in

_COLUMNS = (
    *((table, column) for table, _, column, _ in BOOKS),
    ("procedures", "code"),
    ("claim_lines", "procedure"),
)


def unlisted_rows(path: Path) -> list[tuple[str, str, int]]:
    """Return where unlisted codes stand in the rows: code, ``table.column``, number of rows.

    In the order of the specifications, then of the columns; empty where all codes are listed.
    """
    with open_read(path) as connection:
        manifest = read_manifest(connection, path)
        codes = unlisted_in(manifest.profile, manifest.journeys)
        there = {table.name for table in read_tables(connection, path)} if codes else set()
        found: list[tuple[str, str, int]] = []
        for table, column in _COLUMNS:
            if table in there:
                name = quoted(column)
                statement = (
                    f"SELECT {name}, count(*) FROM {quoted(table)} "  # noqa: S608
                    f"WHERE list_contains(?, {name}) GROUP BY ALL"
                )
                rows = connection.execute(statement, [list(codes)]).fetchall()
                found += [(code, f"{table}.{column}", count) for code, count in rows]
    return sorted(found, key=lambda one: codes.index(one[0]))
