"""Which column a query means that names one that its tables do not have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from healthsim.errors import nearest

if TYPE_CHECKING:
    from healthsim.tables import Column, Table

_MISSING = (
    re.compile(r'Referenced column "(?P<column>[^"]+)" (?:was )?not found', re.IGNORECASE),
    re.compile(r'Table "(?P<table>[^"]+)" does not have a column named "(?P<column>[^"]+)"'),
)
"""How DuckDB says that there is no such column."""

_FROM = re.compile(
    r"\b(?:from|join|,)\s+\"?(?P<table>[a-z_]+)\"?(?:\s+(?:as\s+)?(?P<alias>[a-z_][a-z0-9_]*))?",
    re.IGNORECASE,
)
_MOST_TABLES = 2  # whose columns are listed
_ALIKE: Mapping[str, frozenset[str]] = {
    word: frozenset(others.split())
    for words, others in {
        "start begin begins started": "first effective onset from written begin began",
        "end ended stop finish": "last term thru through resolved discharge",
        "cost costs price amount spend spent": "paid allowed charge usd amount",
        "dob born birthday": "birth",
        "sex": "gender",
        "doctor physician clinician": "provider npi",
        "diagnosis icd icd10 condition": "code",
        "drug medication": "drug ndc",
        "patient member person": "person",
        "date day when": "date day at",
        "result": "value",
        "plan insurer payer": "plan",
    }.items()
    for word in words.split()
}
"""What people call a column -> words of its name or its meaning."""


def mend(found: str, sql: str, file: Path) -> str:
    """Return how to mend a query that names no column of its tables; empty for other faults.

    Args:
        found: what DuckDB found.
        sql: the query.
        file: the scenario that was asked.
    """
    match = next((one for pattern in _MISSING if (one := pattern.search(found))), None)
    if match is None:
        return ""
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  duckdb is heavy

    tables = {table.name: table for table in describe_file(file).tables}
    asked = _asked(sql, tables, match.groupdict().get("table") or "")
    if not asked:
        return ""
    column = match["column"].rpartition(".")[2]
    meant = _meant(column, [column for table in asked for column in table.columns])
    listed = [f"{table.name} has {', '.join(nearest(column, table.by_name))}"
              for table in asked[:_MOST_TABLES]]  # fmt: skip
    return " ".join(filter(None, [f"did you mean {' or '.join(meant)}?" if meant else "",
                                  "; ".join(listed)]))  # fmt: skip


def _asked(sql: str, tables: Mapping[str, Table], named: str) -> list[Table]:
    """Return the tables that a query reads, or the one whose name or alias the fault names."""
    read = [(match["table"].lower(), (match["alias"] or "").lower())
            for match in _FROM.finditer(sql) if match["table"].lower() in tables]  # fmt: skip
    of_fault = [table for table, alias in read if named.lower() in (table, alias)] if named else []
    return [tables[name] for name in dict.fromkeys(of_fault or (name for name, _ in read))]


def _meant(name: str, columns: Sequence[Column]) -> list[str]:
    """Return the columns whose name or meaning shares most words with a name: three at most."""
    words = _words(name)
    scores = {
        column.name: sum(
            2 * bool(meant & _words(column.name)) + bool(meant & _words(column.meaning))
            for meant in ({word} | _ALIKE.get(word, frozenset()) for word in words)
        )
        for column in columns
    }
    best = sorted(scores, key=lambda column: -scores[column])
    least = max(2, max(scores.values(), default=0) / 2)
    return [repr(column) for column in best[:3] if scores[column] >= least]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower()))
