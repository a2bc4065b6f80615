"""Codes in a file that are in no code book and that its specifications allow."""

from __future__ import annotations

from pathlib import Path

from healthsim.audit.coding import BOOKS
from healthsim.persistence.database import open_read, quoted
from healthsim.persistence.state import describe_file
from healthsim.specification.checks.codes import unlisted_in

_COLUMNS = (
    *((table, column) for table, _, column, _ in BOOKS),
    ("procedures", "code"),
    ("claim_lines", "procedure"),
)


def unlisted_rows(path: Path) -> list[tuple[str, str, int]]:
    """Return where rows hold unlisted codes: code, ``table.column``, number of rows.

    In the order of the specifications, then of the columns; empty where all codes are listed.
    """
    described = describe_file(path)
    codes = unlisted_in(described.manifest.profile, described.manifest.journeys)
    if not codes:
        return []
    stored = {table.name for table in described.tables}
    counts: list[tuple[str, str, int]] = []
    with open_read(path) as connection:
        for table, column in _COLUMNS:
            if table in stored:
                name = quoted(column)
                statement = (
                    f"SELECT {name}, count(*) FROM {quoted(table)} "  # noqa: S608
                    f"WHERE list_contains(?, {name}) GROUP BY ALL"
                )
                rows = connection.execute(statement, [list(codes)]).fetchall()
                counts += [(code, f"{table}.{column}", count) for code, count in rows]
    return sorted(counts, key=lambda row: codes.index(row[0]))
