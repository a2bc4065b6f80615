"""Reads a CSV file into a staging table of text, strictly, and finds the line of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from healthsim.errors import Refused
from healthsim.persistence.database import literal, quoted
from healthsim.reference.csv_source import CsvSource
from healthsim.reference.layouts import Layout, columns_sql, select_sql
from healthsim.reference.scan import at_line

STAGED = "memory.main.staged"
"""The staging table: `line` and the columns that are read, all text, null where empty."""

_LINE = re.compile(r"CSV Error on Line: (\d+)")
_WIDTH = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_AGAIN = "download it again from its publisher; the reference is as it was"
_LONGEST = 2_000_000  # bytes of one row; DuckDB's buffers have sixteen times as many


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A test that no row may fail.

    Attributes:
        column: which column it looks at.
        when: SQL that is true of a row that fails.
        found: what is wrong, `{}` standing for the value.
        mend: what to do about it.
    """

    column: str
    when: str
    found: str
    mend: str = _AGAIN


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How a table of text is written.

    Attributes:
        mark: what divides its columns.
        quoted: whether fields may stand in quotation marks; else these are text like any other.
        titles: lines before the header.
        headed: whether there is a header.
    """

    mark: str = ","
    quoted: bool = True
    titles: int = 0
    headed: bool = True


COMMAS = TextFormat()


def stage(
    connection: duckdb.DuckDBPyConnection,
    source: CsvSource,
    layout: Layout,
    writing: TextFormat = COMMAS,
) -> None:
    """Read the columns of a layout into the staging table.

    Raises:
        Refused: a row has too few or too many fields, or an unfinished quotation.
    """
    names = layout.names(source.header)
    quote = "'\"'" if writing.quoted else "''"
    reader = (
        f"read_csv({literal(str(source.path))}, columns={columns_sql(names)}, "
        f"delim={literal(writing.mark)}, quote={quote}, escape={quote}, skip={writing.titles}, "
        f"header={str(writing.headed).lower()}, auto_detect=false, strict_mode=true, "
        f"null_padding=false, encoding='{source.encoding}', max_line_size={_LONGEST})"
    )
    connection.execute(f"DROP TABLE IF EXISTS {STAGED}")
    try:
        connection.execute(
            f"CREATE TABLE {STAGED} AS "
            f"SELECT row_number() OVER () + {writing.titles + writing.headed} AS line, "
            f"{select_sql(names, layout)} FROM {reader} AS file"
        )
    except duckdb.InvalidInputException as error:
        raise _unreadable(source, str(error)) from None
    if not _one(connection, f"SELECT count(*) FROM {STAGED}"):
        raise Refused(source.shown, "has a header and no rows", _AGAIN)


def _unreadable(source: CsvSource, said: str) -> Refused:
    """Say what DuckDB's message about a row means."""
    line = _LINE.search(said)
    where = at_line(source.shown, int(line[1])) if line else source.shown
    last = bool(line) and int(line[1]) >= source.lines  # type: ignore[index]
    width = _WIDTH.search(said)
    if width:
        found = f"has {int(width[2]):,} fields, and the header has {int(width[1]):,}"
        return Refused(
            where, f"the last line {found}: the file is cut off" if last else found, _AGAIN
        )
    if "unterminated quote" in said:
        found = "a quotation mark is opened and not closed"
        return Refused(where, f"{found}: the file is cut off" if last else found, _AGAIN)
    if "Maximum line size" in said:
        return Refused(
            where, f"the fields of a row are together longer than {_LONGEST:,} bytes", _AGAIN
        )
    first = next((one for one in said.splitlines() if not one.startswith("Possible")), said)
    return Refused(where, f"is no well-formed CSV ({first.split('Error: ')[-1][:160]})", _AGAIN)


def refuse(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, wrongs: Sequence[RowCheck]
) -> None:
    """Refuse the first row, in the order of the file, that fails one of some tests."""
    for wrong in wrongs:
        found = connection.execute(
            f"SELECT line, {quoted(wrong.column)} FROM {STAGED} "
            f"WHERE coalesce({wrong.when}, false) ORDER BY line LIMIT 1"
        ).fetchone()
        if found:
            value = "empty" if found[1] is None else repr(found[1])
            raise Refused(
                at_line(source.shown, found[0], wrong.column), wrong.found.format(value), wrong.mend
            )


def refuse_twice(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, key: Sequence[str], what: str
) -> None:
    """Refuse rows that have the same key as an earlier one.

    Args:
        connection: with the staging table.
        source: for the message.
        key: SQL of what no two rows may share.
        what: what stands twice, `{}` standing for the key's values.
    """
    listed = ", ".join(key)
    found = connection.execute(
        f"SELECT min(line), max(line), {listed} FROM {STAGED} "
        f"GROUP BY {listed} HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
    ).fetchone()
    if found:
        raise Refused(
            at_line(source.shown, found[1]),
            f"{what.format(*found[2:])} stands in line {found[0]:,} too",
            "give a file that has it once; the reference is as it was",
        )


def not_whole(column: str) -> str:
    r"""Return SQL that is true where a column is no whole number from 0 on.

    >>> not_whole("A")
    '("A" IS NULL OR NOT regexp_full_match("A", \'[0-9]{1,15}\'))'
    """
    name = quoted(column)
    return f"({name} IS NULL OR NOT regexp_full_match({name}, '[0-9]{{1,15}}'))"


def not_number(column: str, low: float, high: float) -> str:
    """Return SQL that is true where a column has a value that is no number within bounds."""
    name = quoted(column)
    value = f"TRY_CAST({name} AS DOUBLE)"
    return f"{name} IS NOT NULL AND ({value} IS NULL OR NOT {value} BETWEEN {low} AND {high})"


def numbers(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    """Return the one row of whole numbers that a query gives, null as 0."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(int(value or 0) for value in row)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return numbers(connection, query)[0]
