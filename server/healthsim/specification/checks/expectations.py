"""What is wrong with expectations: names, tables and columns that a run would not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from healthsim.errors import Problem, near
from healthsim.specification.checks.names import Names, ReferenceNames
from healthsim.specification.expectations import ExpectedFigure, ParsedExpectation
from healthsim.specification.language.expressions import FUNCTIONS, NUMBER, TEXT, Kind
from healthsim.specification.language.typecheck import ExpressionType
from healthsim.tables import Column, Table

_KINDS: Mapping[str, Kind] = {
    "BIGINT": NUMBER, "INTEGER": NUMBER, "DATE": NUMBER, "TIMESTAMP": NUMBER, "DOUBLE": NUMBER,
    "DECIMAL(12,2)": NUMBER, "BOOLEAN": ExpressionType.TRUTH, "VARCHAR": TEXT,
}  # fmt: skip
"""What the columns of a type are in a condition; a date is the number 20250131."""

_SUMMED = ("INTEGER", "DOUBLE", "DECIMAL(12,2)")


def expectation_problems(
    expectations: Sequence[ParsedExpectation],
    names: Names,
    known: ReferenceNames,
    products: Sequence[str] | None,
    where: str,
) -> Iterator[Problem]:
    """Yield what is wrong with the expectations of one document.

    Args:
        expectations: as they were read.
        names: what may be asked of people.
        known: the tables there are.
        products: those that the run fills; None when that is not known yet.
        where: path put before every problem's own.
    """
    for place, asked in enumerate(expectations):
        for figure in dict.fromkeys(asked.figures()):
            yield from _figure(figure, names, known, products, f"{where}.expectations[{place}]")


def filled(table: Table, products: Sequence[str]) -> bool:
    """Tell whether a run of these products has a table."""
    shared = table.product in ("healthsim", "networksim")
    return shared or table.product in products or (
        table.name == "plans" and "rxmembersim" in products
    )  # fmt: skip


def _figure(
    figure: ExpectedFigure,
    names: Names,
    known: ReferenceNames,
    products: Sequence[str] | None,
    where: str,
) -> Iterator[Problem]:
    if figure.holds is not None:
        yield from names.problems(where, figure.holds, "truth")
        if figure.among is not None:
            yield from names.problems(where, figure.among, "truth")
        return
    tables = {table.name: table for table in known.tables}
    table = tables.get(figure.table)
    if table is None:
        yield Problem(where, f"unknown table {figure.table!r}", near(figure.table, tables))
        return
    if products is not None and not filled(table, products):
        yield Problem(
            where,
            f"{table.name} is a table of {table.product}, which products leaves out",
            f'add "{table.product}" to products, or remove the expectation',
        )
        return
    yield from _rows(figure, table, where)


def _rows(figure: ExpectedFigure, table: Table, where: str) -> Iterator[Problem]:
    if figure.column:
        column = table.by_name.get(figure.column)
        if column is None:
            yield Problem(
                where,
                f"{table.name} has no column {figure.column!r}",
                near(figure.column, table.by_name),
            )
        elif column.type not in _SUMMED or _names_something(column):
            able = [one.name for one in table.columns
                    if one.type in _SUMMED and not _names_something(one)]  # fmt: skip
            yield Problem(
                where,
                f"{table.name}.{column.name} cannot be added up",
                f"use one of {', '.join(able)}" if able else f"use count({table.name})",
            )
    if figure.among is not None:
        kinds = {column.name: _KINDS[column.type] for column in table.columns}
        functions = dict.fromkeys(FUNCTIONS, _of_people)
        yield from Names(kinds, functions).problems(where, figure.among, "truth")


def _names_something(column: Column) -> bool:
    """Tell whether a number is a name, such as an id, and no amount."""
    return bool(column.references) or column.name.endswith("_id")


def _of_people(argument: str) -> str:
    """Say that a row has no history."""
    return (
        f"{argument!r} is asked of rows, and rows have no history; ask people with share(…), "
        "or name a column"
    )
