"""Exports of some people only: whom a filter chooses, and the rows that remain of each table."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthsim.errors import Refused
from healthsim.exports import Filter
from healthsim.persistence.confined import answer_of, asked_of
from healthsim.persistence.database import SCHEMA, quoted
from healthsim.persistence.files import unreadable
from healthsim.persistence.judgement import changed
from healthsim.watching import step

SECONDS = 60.0
"""That a condition may take."""

LONGEST = 20_000
"""Characters of a condition."""

_RANGE = re.compile(r"(?P<first>[0-9]{1,9})(?:-(?P<last>[0-9]{1,9}))?")
_MOST_RANGES = 1_000
_LONGEST_SAID = 200
_MOST_BYTES = 400_000_000  # of an answer that names people: 30 million of them
_OF_PEOPLE = ("patients", "members", "rx_members", "subjects")
"""Tables with one row for a person, the first that a scenario has is asked."""
_DIRECTORIES = ("providers", "facilities", "pharmacies")
"""Tables of nobody, those that point at others first."""


def choose(connection: duckdb.DuckDBPyConnection, path: Path, chosen: Filter) -> int:
    """Let every table show only what belongs to the people whom a filter chooses.

    Whom they point at belongs to them: who holds their coverage, relatives in the data. Of tables
    of nobody that rows point at (providers, facilities, pharmacies), the rows remain to which these
    point.

    Args:
        connection: shows the scenario's file, and may not reach others.
        path: that file.
        chosen: a filter that is not empty.

    Returns:
        How many people there are.

    Raises:
        Refused: the filter cannot be read, or finds nobody.
    """
    known = connection.execute(
        "SELECT table_name, column_name, reference FROM healthsim_columns ORDER BY ALL"
    ).fetchall()
    with_people = {table for table, column, _ in known if column == "person_id"}
    asked = next((table for table in _OF_PEOPLE if table in with_people), "")
    if not asked:
        raise Refused("people", "the scenario has no people", "leave the filter out")
    _note(connection, path, asked, chosen)
    links = [(table, column) for table, column, reference in known
             if str(reference).endswith(".person_id") and column != "person_id"]  # fmt: skip
    _add_linked(connection, links)
    for table in sorted(with_people):
        _show(connection, table, "person_id IN (SELECT person_id FROM chosen_people)")
    _show_directories(connection, known)
    return int(connection.execute("SELECT count(*) FROM chosen_people").fetchall()[0][0])


def _note(connection: duckdb.DuckDBPyConnection, path: Path, table: str, chosen: Filter) -> None:
    """Make the table of the people who are chosen."""
    if len(chosen.where) > LONGEST:
        raise Refused("where", f"has {len(chosen.where):,} characters", f"use at most {LONGEST:,}")
    ranges = _ranges(chosen.people)
    within = " OR ".join(f"place BETWEEN {first} AND {last}" for first, last in ranges) or "true"
    numbered = f"SELECT *, row_number() OVER (ORDER BY person_id) AS place FROM {SCHEMA}.{table}"  # noqa: S608
    # The condition is a column, so that no bracket and no OR of it reaches what is around it.
    condition = chosen.where if chosen.where.strip() else "true"
    query = (
        f"SELECT person_id FROM (SELECT person_id, place, (\n{condition}\n) AS holds "  # noqa: S608
        f"FROM ({numbered}) AS {table}) AS asked WHERE holds AND ({within})"
    )
    if chosen.where.strip():
        keys = pa.table({"person_id": _asked(path, query, chosen.where)})
        connection.register("asked_people", keys)
        query = "FROM asked_people"
    connection.execute(f"CREATE TEMP TABLE chosen_people AS {query}")
    if not connection.execute("FROM chosen_people LIMIT 1").fetchall():
        size = connection.execute(f"SELECT count(*) FROM {SCHEMA}.{table}").fetchall()[0]  # noqa: S608
        raise Refused(
            "where" if chosen.where.strip() else "people",
            f"finds nobody among the {size[0]} people",
            f"people are counted from 1; query_scenario shows what {table} holds",
        )


def _asked(path: Path, query: str, where: str) -> NDArray[np.int64]:
    """Return whom a query finds that holds a person's condition, int64, shape (n,).

    It runs as a person's queries do: one statement, in a process that sees this file alone, and
    that ends at a deadline.

    Raises:
        Refused: it is no single condition, is wrong, or asks for too much.
    """
    step("who is chosen")
    request = {"path": str(path.absolute()), "sql": query, "people": where, **asked_of([path])}
    answer = answer_of(request, SECONDS, _MOST_BYTES)
    if "keys" in answer:
        return np.frombuffer(b64decode(answer["keys"]), dtype="<i8").astype(np.int64)
    if "changed" in answer:
        raise changed(path)
    if "storage" in answer:
        raise unreadable(answer["file"], answer["storage"].splitlines()[0])
    if "stopped" in answer:
        raise Refused("where", answer["stopped"], answer["mend"])
    raise _unreadable(answer["found"])


def _ranges(text: str) -> list[tuple[int, int]]:
    """Return the ranges of a text, each with its first and last place.

    >>> _ranges("1-5, 9")
    [(1, 5), (9, 9)]
    """
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    found = [_RANGE.fullmatch(part) for part in parts[:_MOST_RANGES]]
    if len(parts) > _MOST_RANGES or not all(found):
        raise Refused(
            "people", f"is {text[:_LONGEST_SAID]!r}",
            "write places in the order of people, such as 1-20 or 1-5,9",
        )  # fmt: skip
    ranges = [(int(one["first"]), int(one["last"] or one["first"])) for one in found if one]
    for first, last in ranges:
        if not 1 <= first <= last:
            raise Refused(
                "people", f"has the range {first}-{last}", "begin with the smaller, from 1"
            )
    return ranges


def _unreadable(found: str) -> Refused:
    said = found.partition("\n")[0][:_LONGEST_SAID]
    return Refused(
        "where", f"cannot be read: {said}",
        "write one condition in SQL on columns of patients, such as state = 'TX' AND gender = 'F'",
    )  # fmt: skip


def _add_linked(connection: duckdb.DuckDBPyConnection, links: list[tuple[str, str]]) -> None:
    """Add those to whom the chosen point, until nobody is added."""
    while True:
        added = 0
        for table, column in links:
            answer = connection.execute(
                f"INSERT INTO chosen_people SELECT DISTINCT {quoted(column)} "  # noqa: S608
                f"FROM {SCHEMA}.{quoted(table)} SEMI JOIN chosen_people USING (person_id) "
                f"WHERE {quoted(column)} NOT IN (SELECT person_id FROM chosen_people)"
            ).fetchall()
            added += int(answer[0][0])
        if not added:
            return


def _show(connection: duckdb.DuckDBPyConnection, table: str, condition: str) -> None:
    """Let a name show the rows of a table for which a condition holds."""
    connection.execute(
        f"CREATE TEMP VIEW {quoted(table)} AS SELECT * FROM {SCHEMA}.{quoted(table)} "  # noqa: S608
        f"WHERE {condition}"
    )


def _show_directories(
    connection: duckdb.DuckDBPyConnection, known: list[tuple[str, str, str]]
) -> None:
    """Let directories show the rows at which rows point that are exported.

    The keys are noted once: a query of a directory would else find them again each time it is
    planned, which took longer than a small export.
    """
    for directory in _DIRECTORIES:
        pointing: dict[str, list[str]] = {}
        for table, column, reference in known:
            target, _, key = str(reference).partition(".")
            if target == directory:  # other tables of nobody are whole, and so is what they use
                rows = f"SELECT {quoted(column)} FROM {quoted(table)}"  # noqa: S608
                pointing.setdefault(key, []).append(f"{rows} WHERE {quoted(column)} IS NOT NULL")
        if not pointing or not any(table == directory for table, *_ in known):
            continue
        conditions = []
        for key, of_tables in pointing.items():
            used = quoted(f"used_{directory}_{key}")
            connection.execute(f"CREATE TEMP TABLE {used} AS {' UNION '.join(of_tables)}")
            conditions.append(f"{quoted(key)} IN (FROM {used})")
        _show(connection, directory, " OR ".join(conditions))
