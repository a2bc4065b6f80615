"""A small scenario as one Excel workbook: the data dictionary, then a sheet for each table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthsim.errors import Refused
from healthsim.exports import EVERYBODY, MOST_CELLS, Filter
from healthsim.exports.marking import ALONE, MARK, NOTICE, Written
from healthsim.exports.reading import DESCRIBED, Described, Source, opened
from healthsim.persistence.database import quoted, storage_errors
from healthsim.watching import step

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 1_048_575
"""Of a table: a sheet of Excel has one more, for the names of columns."""

_LONGEST = 32_767  # characters of a cell
_LONGEST_NAME = 31  # characters of a sheet's name
_DIGITS = 999_999_999_999_999  # the largest number whose digits Excel keeps
_FIRST = "DATE '1900-03-01'"  # before, Excel counts a day that never was
_ZERO = "1899-12-30"  # day 0 of days from then on
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001  no clock: the same bytes each time
_PAGE = 2_048  # rows that are fetched at once
_WIDTHS: Mapping[str, float] = {"DATE": 11, "TIMESTAMP": 16, "BIGINT": 15, "VARCHAR": 18}
_SHOWN: Mapping[str, str] = {
    "DATE": "yyyy-mm-dd",
    "TIMESTAMP": "yyyy-mm-dd hh:mm",
    "DECIMAL(12,2)": "#,##0.00",
    "BIGINT": "0",  # else ids of twelve digits are shown as 1.08E+11
}
_FIT: Mapping[str, str] = {
    "BIGINT": f"coalesce(max(abs({{0}}::HUGEINT)) <= {_DIGITS}, true)",
    "DATE": f"coalesce(min({{0}}) >= {_FIRST} AND max({{0}}) <= DATE '9999-12-31', true)",
    "TIMESTAMP": f"coalesce(min({{0}}) >= {_FIRST} AND max({{0}}) < DATE '9999-12-31', true)",
    "DOUBLE": "coalesce(bool_and(isfinite({0})), true)",
    "VARCHAR": f"coalesce(max(length({{0}})) <= {_LONGEST}, true)",
}
"""Type -> whether all values of a column can be cells of that type."""

_CELLS: Mapping[str, str] = {
    "DATE": f"{{0}} - DATE '{_ZERO}'",
    "TIMESTAMP": f"epoch({{0}} - TIMESTAMP '{_ZERO}') / 86400",
    "DECIMAL(12,2)": "{0}::DOUBLE",
}
"""Type -> what Excel has in a cell, where it is not the value itself."""


def export(
    path: Path,
    name: str,
    folder: Path,
    tables: Sequence[str] = (),
    chosen: Filter = EVERYBODY,
) -> list[Written]:
    """Write the tables of a scenario's file as one workbook into an existing, empty folder.

    Texts are texts, whatever they begin with; days, instants and money are numbers with a format.
    A column is text where Excel cannot hold its values: ids of more than 15 digits, days before
    March 1900. The same scenario gives the same bytes.

    Args:
        path: the scenario's DuckDB file.
        name: the scenario's name, for the first sheet.
        folder: where the workbook goes.
        tables: names of the tables to write; all of them when empty.
        chosen: whose rows to write.

    Raises:
        NotFound: no such table, with near matches.
        Refused: the filter cannot be read or finds nobody, or there is more than a workbook holds.
    """
    file = folder / f"{ALONE}.xlsx"
    with opened(path, folder, tables, chosen) as source, storage_errors(folder):
        rows = {table: source.rows(table) for table in source.names}
        _refuse_large(source, rows)
        with _book(file) as book:
            _describe(book, source, name, chosen)
            for done, table in enumerate(source.names):
                says = f"sheet {table}, {done + 1} of {len(source.names)}"
                step(says, done, len(source.names))
                _sheet(book, source, table, done)
            step("the workbook is packed", len(source.names), len(source.names) + 1)
    return [Written(file, rows)]


def _refuse_large(source: Source, rows: Mapping[str, int]) -> None:
    """Refuse what Excel cannot hold, before a byte is written."""
    mend = "choose some tables (--tables) or people (--people, --where), or the format csv"
    for table, number in rows.items():
        if number > MOST_ROWS:
            found = f"{table} has {number:,} rows, and a sheet of Excel holds {MOST_ROWS:,}"
            raise Refused("format", found, mend)
    cells = sum(number * len(source.columns[table]) for table, number in rows.items())
    if cells > MOST_CELLS:
        found = f"xlsx is for small scenarios: these tables have {cells:,} cells of {MOST_CELLS:,}"
        raise Refused("format", found, mend)


@contextmanager
def _book(file: Path) -> Iterator[Workbook]:
    """Open a new workbook that keeps no rows in memory; it is packed when the block ends."""
    from xlsxwriter import Workbook  # noqa: PLC0415  only this format needs it
    from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415

    options = {
        "constant_memory": True, "tmpdir": str(file.parent), "strings_to_formulas": False,
        "strings_to_urls": False, "strings_to_numbers": False, "use_zip64": True,
    }  # fmt: skip
    book = Workbook(str(file), options)
    try:
        yield book
        book.close()
    except FileCreateError as error:
        raise error.__cause__ or error.__context__ or error from None
    finally:
        for sheet in book.worksheets():
            sheet._opt_close()  # its rows are in a file that nobody else closes


def _describe(book: Workbook, source: Source, name: str, chosen: Filter) -> None:
    """Write the first sheet: that the data are synthetic, and what each column means."""
    book.set_properties({
        "title": f"Scenario {name}: synthetic test data", "subject": MARK, "category": "Test data",
        "keywords": "synthetic, test data", "comments": NOTICE, "created": _CREATED,
    })  # fmt: skip
    book.set_custom_property("synthetic", True)
    bold = book.add_format({"bold": True})
    sheet = _added(book, "data-dictionary", frozen=3)
    sheet.write_string(0, 0, f"{NOTICE} Scenario {name}: {chosen.words or 'everybody'}.", bold)
    sheet.set_column(0, 1, 24)
    sheet.set_column(3, 3, 80)
    for place, title in enumerate(DESCRIBED):
        sheet.write_string(2, place, title, bold)
    for number, row in enumerate(source.dictionary(), start=3):
        for place, value in enumerate(row):
            if isinstance(value, bool):
                sheet.write_boolean(number, place, value)
            elif isinstance(value, int):
                sheet.write_number(number, place, value)
            elif value:
                sheet.write_string(number, place, str(value))


def _added(book: Workbook, name: str, frozen: int) -> Worksheet:
    """Add a sheet that says that it is synthetic where it is printed."""
    sheet = book.add_worksheet(name)
    sheet.set_footer(f"&C{MARK}")
    sheet.freeze_panes(frozen, 0)
    return sheet


def _sheet(book: Workbook, source: Source, table: str, place: int) -> None:
    """Write the rows of a table; the library takes cells one by one."""
    columns = source.columns[table]
    fits = _fits(source, table)
    short = table if len(table) <= _LONGEST_NAME else f"{table[: _LONGEST_NAME - 4]}~{place}"
    sheet = _added(book, short, frozen=1)
    bold = book.add_format({"bold": True})
    for number, column in enumerate(columns):
        kind = column.type if fits[column.name] else "VARCHAR"
        shown = book.add_format({"num_format": _SHOWN[kind]}) if kind in _SHOWN else None
        sheet.set_column(number, number, _WIDTHS.get(kind, 13), shown)
        sheet.write_string(0, number, column.name, bold)
    writers = [_writer(book, sheet, column, fits=fits[column.name]) for column in columns]
    found = source.connection.execute(_query(table, columns, fits))
    line = 0
    while page := found.fetchmany(_PAGE):
        step(f"sheet {table}, row {line:,}", place, len(source.names))
        for row in page:
            line += 1
            for number, value in enumerate(row):
                if value is not None:
                    write, shown = writers[number]
                    write(line, number, value, shown)


def _fits(source: Source, table: str) -> Mapping[str, bool]:
    """Return of each column of a table whether its values can be cells of its type.

    Raises:
        Refused: a text is longer than a cell may be.
    """
    columns = source.columns[table]
    asked = ", ".join(
        _FIT[column.type].format(quoted(column.name)) if column.type in _FIT else "true"
        for column in columns
    )
    row = source.connection.execute(f"SELECT {asked} FROM {quoted(table)}").fetchone() or ()  # noqa: S608
    fits = {column.name: bool(fit) for column, fit in zip(columns, row, strict=True)}
    for column in columns:
        if column.type == "VARCHAR" and not fits[column.name]:
            raise Refused(
                "format", f"{table}.{column.name} has a text of more than {_LONGEST:,} characters, "
                "which a cell of Excel does not hold",
                f"choose tables without {table}, or the format csv",
            )  # fmt: skip
    return fits


def _query(table: str, columns: Sequence[Described], fits: Mapping[str, bool]) -> str:
    parts = [
        (_CELLS.get(column.type, "{0}") if fits[column.name] else "{0}::VARCHAR").format(
            quoted(column.name)
        )
        for column in columns
    ]
    return f"SELECT {', '.join(parts)} FROM {quoted(table)}"  # noqa: S608


def _writer(book: Workbook, sheet: Worksheet, column: Described, *, fits: bool) -> tuple[Any, Any]:
    """Return what writes a value of a column into a cell, and the format of the cell."""
    if not fits or column.type == "VARCHAR":
        return sheet.write_string, None
    if column.type == "BOOLEAN":
        return sheet.write_boolean, None
    shown = _SHOWN.get(column.type)
    return sheet.write_number, book.add_format({"num_format": shown}) if shown else None
