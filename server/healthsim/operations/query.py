"""Runs a user's SQL over one scenario, in a process of its own that is ended at its deadline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from healthsim.errors import Refused, cut
from healthsim.operations import near_columns, scenarios
from healthsim.operations.home import Home
from healthsim.persistence.confined import answer_of, asked_of
from healthsim.persistence.files import unreadable
from healthsim.persistence.judgement import TRIES, changed, judge

LONGEST_SQL = 20_000
"""Characters of a query."""

_OPENING = re.compile(
    r"(`{1,9}|~{3,9})(?:[ \t]*(?:sql|duckdb|postgres|postgresql)\b)?", re.IGNORECASE
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)|(?:```|~~~)[ \t]*$", re.MULTILINE)
_LONGEST_FOUND = 300  # characters of DuckDB's words, which may quote the query
_MOST_BYTES = 8_000_000  # read from the process; its own cap is far below


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows of a query, as JSON carries them.

    Attributes:
        columns: name and type of each column.
        rows: lists of values: dates ISO, integers beyond 2**53 as text, money as numbers.
        truncated: there are more rows than were asked for or than an answer may hold.
        notes: what was cut or left out.
    """

    columns: list[tuple[str, str]]
    rows: list[list[Any]]
    truncated: bool
    notes: list[str]

    @property
    def row_count(self) -> int:
        """Rows in this answer."""
        return len(self.rows)


def query(
    home: Home,
    name: str,
    sql: str,
    other: str = "",
    *,
    limit: int = 50,
    offset: int = 0,
    seconds: float = 10.0,
) -> QueryResult:
    """Run one SELECT over a scenario or a finished run, or over two.

    Args:
        home: the home folder.
        name: of a scenario, or a run_id.
        sql: one SELECT.
        other: a second one, whose tables are `other.patients` and so on.
        limit: rows to return.
        offset: rows to leave out before.
        seconds: after which the query is ended.

    Raises:
        NotFound: no such scenario; the error suggests near names.
        Refused: the statement is not one SELECT, is wrong, or asks for too much.
        StorageError: a file cannot be read.
    """
    if len(sql) > LONGEST_SQL:
        raise Refused("sql", f"it has {len(sql):,} characters", f"use at most {LONGEST_SQL:,}")
    path = scenarios.rows_of(home, name)[1]
    second = scenarios.rows_of(home, other)[1] if other else None
    for file in filter(None, (path, second)):
        judge(file)
    if second and second.samefile(path):
        raise Refused("other", f"is {name!r} itself", "name another scenario, or leave it out")
    return query_file(path, sql, second, limit=limit, offset=offset, seconds=seconds)


def query_file(
    path: Path,
    sql: str,
    other: Path | None = None,
    *,
    limit: int = 50,
    offset: int = 0,
    seconds: float = 10.0,
) -> QueryResult:
    """Run one SELECT over a scenario's or run's file, or over two; raises as `query` does.

    It may be of any length: those that HealthSim makes of a file's tables grow with them.
    """
    sql = _unfenced(sql)
    if not sql.isascii() and any("\ud800" <= letter <= "\udfff" for letter in sql):
        raise Refused(
            "sql", "it holds half a character (a lone surrogate)", "send whole characters"
        )
    request = {
        "path": str(path.absolute()), "other": str(other.absolute() if other else ""), "sql": sql,
        "limit": limit, "offset": offset,
    }  # fmt: skip
    answer: dict[str, Any] = {}
    for _ in range(TRIES):
        files = [file for file in (path, other) if file]
        answer = answer_of({**request, **asked_of(files)}, seconds, _MOST_BYTES)
        if "changed" not in answer:
            break
    else:
        raise changed(path.with_name(answer["changed"]))
    if "storage" in answer:
        raise unreadable(answer["file"], answer["storage"].splitlines()[0])
    if "stopped" in answer:
        raise Refused("sql", answer["stopped"], answer["mend"])
    if "found" in answer:
        columns = near_columns.mend(answer["found"], sql, path)
        raise Refused("sql", cut(answer["found"], _LONGEST_FOUND), columns or answer["mend"])
    return QueryResult(
        [(column, kind) for column, kind in answer["columns"]],
        answer["rows"],
        answer["truncated"],
        answer["notes"],
    )


def _unfenced(sql: str) -> str:
    """Return a query without the fence of Markdown that chats put around it.

    Raises:
        Refused: there are words beside the fence, or several fences.
    """
    text = sql.strip("; \t\r\n")
    opening = _OPENING.match(text)
    inside = text[opening.end() : -len(opening[1])] if opening else sql
    if (opening and not text.endswith(opening[1])) or _FENCE.search(inside):
        raise Refused(
            "sql", "has a Markdown fence (```) inside", "send the one SELECT alone, without words"
        )
    return inside
