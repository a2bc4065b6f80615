"""Exports of some people only: whom a filter chooses, and the rows that remain of each table."""

from __future__ import annotations

import re

import duckdb

from healthsim.errors import Refused
from healthsim.exports import Filter
from healthsim.persistence.database import SCHEMA, quoted

_RANGE = re.compile(r"(?P<first>[0-9]{1,9})(?:-(?P<last>[0-9]{1,9}))?")
_MOST_RANGES = 1_000
_LONGEST_SAID = 200
_OF_PEOPLE = ("patients", "members", "rx_members", "subjects")
"""Tables with one row for a person, the first that a scenario has is asked."""
_DIRECTORIES = ("providers", "facilities", "pharmacies")
"""Tables of nobody, those that point at others first."""


def choose(connection: duckdb.DuckDBPyConnection, chosen: Filter) -> int:
    """Let every table show only what belongs to the people whom a filter chooses.

    Whom they point at belongs to them: who holds their coverage, their mother. Of tables of nobody
    that rows point at (providers, facilities, pharmacies), the rows remain to which these point.

    Args:
        connection: shows the scenario's file, and may not reach others.
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
    _note(connection, asked, chosen)
    links = [(table, column) for table, column, reference in known
             if str(reference).endswith(".person_id") and column != "person_id"]  # fmt: skip
    _add_linked(connection, links)
    for table in sorted(with_people):
        _show(connection, table, "person_id IN (SELECT person_id FROM chosen_people)")
    _show_directories(connection, known, with_people)
    row = connection.execute("SELECT count(*) FROM chosen_people").fetchone()
    return int(row[0]) if row else 0


def _note(connection: duckdb.DuckDBPyConnection, table: str, chosen: Filter) -> None:
    """Make the table of the people who are chosen."""
    ranges = _ranges(chosen.people)
    within = " OR ".join(f"place BETWEEN {first} AND {last}" for first, last in ranges) or "true"
    numbered = f"SELECT *, row_number() OVER (ORDER BY person_id) AS place FROM {SCHEMA}.{table}"  # noqa: S608
    # The condition is a column, so that no bracket and no OR of it reaches what is around it.
    condition = chosen.where if chosen.where.strip() else "true"
    query = (
        f"SELECT person_id FROM (SELECT person_id, place, (\n{condition}\n) AS holds "  # noqa: S608
        f"FROM ({numbered}) AS {table}) AS asked WHERE holds AND ({within})"
    )
    _refuse_more_than_a_condition(connection, chosen.where, query)
    try:
        connection.execute(f"CREATE TEMP TABLE chosen_people AS {query}")
    except duckdb.Error as error:
        raise _unreadable(str(error)) from error
    if not connection.execute("FROM chosen_people LIMIT 1").fetchone():
        size = connection.execute(f"SELECT count(*) FROM {SCHEMA}.{table}").fetchone()  # noqa: S608
        raise Refused(
            "where" if chosen.where.strip() else "people",
            f"finds nobody among the {size[0] if size else 0} people",
            f"people are counted from 1; query_scenario shows what {table} holds",
        )


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


def _refuse_more_than_a_condition(
    connection: duckdb.DuckDBPyConnection, where: str, query: str
) -> None:
    """Refuse what is no single condition, such as a second statement."""
    if not where.strip():
        return
    try:
        alone = connection.extract_statements(f"SELECT (\n{where}\n)")
        whole = connection.extract_statements(query)
    except duckdb.Error as error:
        raise _unreadable(str(error)) from error
    if len(alone) != 1 or len(whole) != 1 or whole[0].type != duckdb.StatementType.SELECT:
        raise _unreadable("more than one statement")


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
            ).fetchone()
            added += int(answer[0]) if answer else 0
        if not added:
            return


def _show(connection: duckdb.DuckDBPyConnection, table: str, condition: str) -> None:
    """Let a name show the rows of a table for which a condition holds."""
    connection.execute(
        f"CREATE TEMP VIEW {quoted(table)} AS SELECT * FROM {SCHEMA}.{quoted(table)} "  # noqa: S608
        f"WHERE {condition}"
    )


def _show_directories(
    connection: duckdb.DuckDBPyConnection, known: list[tuple[str, str, str]], with_people: set[str]
) -> None:
    """Let directories show the rows at which the people's rows point."""
    for directory in _DIRECTORIES:
        conditions = []
        for table, column, reference in known:
            target, _, key = str(reference).partition(".")
            if target == directory and table in {*with_people, *_DIRECTORIES}:
                rows = f"SELECT {quoted(column)} FROM {quoted(table)}"  # noqa: S608
                conditions.append(f"{quoted(key)} IN ({rows} WHERE {quoted(column)} IS NOT NULL)")
        if conditions and any(table == directory for table, *_ in known):
            _show(connection, directory, " OR ".join(conditions))
