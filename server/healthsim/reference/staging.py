"""Reading a CSV file strictly into a staging table of text, and checks of its rows."""

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
    """A check that every row must pass.

    Attributes:
        column: the column that is checked.
        when: SQL that is true for a row that fails.
        found: the fault, with `{}` for the value.
        mend: the remedy.
    """

    column: str
    when: str
    found: str
    mend: str = _AGAIN


@dataclass(frozen=True, slots=True)
class TextFormat:
    """The format of a table of text.

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
    text_format: TextFormat = COMMAS,
) -> None:
    """Read the columns of a layout into the staging table.

    Raises:
        Refused: a row has too few or too many fields, or an unfinished quotation.
    """
    names = layout.names(source.header)
    quote = "'\"'" if text_format.quoted else "''"
    reader = (
        f"read_csv({literal(str(source.path))}, columns={columns_sql(names)}, "
        f"delim={literal(text_format.mark)}, quote={quote}, escape={quote}, "
        f"skip={text_format.titles}, header={str(text_format.headed).lower()}, "
        "auto_detect=false, strict_mode=true, null_padding=false, "
        f"encoding='{source.encoding}', max_line_size={_LONGEST})"
    )
    connection.execute(f"DROP TABLE IF EXISTS {STAGED}")
    try:
        connection.execute(
            f"CREATE TABLE {STAGED} AS "
            f"SELECT row_number() OVER () + {text_format.titles + text_format.headed} AS line, "
            f"{select_sql(names, layout)} FROM {reader} AS file"
        )
    except duckdb.InvalidInputException as error:
        raise _unreadable(source, str(error)) from None
    if not _one(connection, f"SELECT count(*) FROM {STAGED}"):
        raise Refused(source.shown, "has a header and no rows", _AGAIN)


def _unreadable(source: CsvSource, message: str) -> Refused:
    """Return the refusal of a row from DuckDB's error message."""
    line = _LINE.search(message)
    where = at_line(source.shown, int(line[1])) if line else source.shown
    last = bool(line) and int(line[1]) >= source.lines  # type: ignore[index]
    width = _WIDTH.search(message)
    if width:
        found = f"has {int(width[2]):,} fields, and the header has {int(width[1]):,}"
        return Refused(
            where, f"the last line {found}: the file is cut off" if last else found, _AGAIN
        )
    if "unterminated quote" in message:
        found = "a quotation mark is opened and not closed"
        return Refused(where, f"{found}: the file is cut off" if last else found, _AGAIN)
    if "Maximum line size" in message:
        return Refused(
            where, f"the fields of a row are together longer than {_LONGEST:,} bytes", _AGAIN
        )
    first_text = next(
        (text for text in message.splitlines() if not text.startswith("Possible")), message
    )
    return Refused(
        where, f"is not well-formed CSV ({first_text.split('Error: ')[-1][:160]})", _AGAIN
    )


def refuse(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, checks: Sequence[RowCheck]
) -> None:
    """Refuse the first row, in the order of the file, that fails a check."""
    for check in checks:
        row = connection.execute(
            f"SELECT line, {quoted(check.column)} FROM {STAGED} "
            f"WHERE coalesce({check.when}, false) ORDER BY line LIMIT 1"
        ).fetchone()
        if row:
            value = "empty" if row[1] is None else repr(row[1])
            raise Refused(
                at_line(source.shown, row[0], check.column), check.found.format(value), check.mend
            )


def refuse_twice(
    connection: duckdb.DuckDBPyConnection, source: CsvSource, key: Sequence[str], what: str
) -> None:
    """Refuse rows that have the same key as an earlier one.

    Args:
        connection: with the staging table.
        source: for the error text.
        key: SQL of the columns that must be unique together.
        what: name of a row, with `{}` for the values of the key.
    """
    columns = ", ".join(key)
    row = connection.execute(
        f"SELECT min(line), max(line), {columns} FROM {STAGED} "
        f"GROUP BY {columns} HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
    ).fetchone()
    if row:
        raise Refused(
            at_line(source.shown, row[1]),
            f"{what.format(*row[2:])} is also in line {row[0]:,}",
            "give a file that has it once; the reference is as it was",
        )


def not_whole(column: str) -> str:
    r"""Return SQL that is true where a column is not a whole number from 0 on.

    >>> not_whole("A")
    '("A" IS NULL OR NOT regexp_full_match("A", \'[0-9]{1,15}\'))'
    """
    name = quoted(column)
    return f"({name} IS NULL OR NOT regexp_full_match({name}, '[0-9]{{1,15}}'))"


def not_number(column: str, low: float, high: float) -> str:
    """Return SQL that is true where a column has a value that is not a number within bounds."""
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
