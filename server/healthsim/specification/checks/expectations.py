"""What is wrong with expectations: names, tables and columns that the run will not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from healthsim.errors import Problem, near
from healthsim.specification.checks.names import Names, ReferenceNames, unknown_problems
from healthsim.specification.expectations import ExpectedFigure, ParsedExpectation
from healthsim.specification.language.expressions import FUNCTIONS, NUMBER, TEXT, Kind
from healthsim.specification.language.typecheck import ExpressionType
from healthsim.tables import Column, Table

_KINDS: Mapping[str, Kind] = {
    "BIGINT": NUMBER, "INTEGER": NUMBER, "DATE": NUMBER, "TIMESTAMP": NUMBER, "DOUBLE": NUMBER,
    "DECIMAL(12,2)": NUMBER, "BOOLEAN": ExpressionType.TRUTH, "VARCHAR": TEXT,
}  # fmt: skip
"""Column type -> what it gives in a condition; a date is the number 20250131."""

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
        expectations: the parsed expectations.
        names: the names that conditions on people may use.
        known: names of the reference, with the tables.
        products: the products of the run; None while they are not known.
        where: path of the document.
    """
    for place, expectation in enumerate(expectations):
        for figure in dict.fromkeys(expectation.figures()):
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
        yield from names.problems(where, figure.holds)
        yield from names.problems(where, figure.among)
        return
    tables = {table.name: table for table in known.tables}
    yield from unknown_problems(where, "table", figure.table, tables)
    table = tables.get(figure.table)
    if table is None:
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
            found = f"{table.name} has no column {figure.column!r}"
            yield Problem(where, found, near(figure.column, table.by_name))
        elif not _is_amount(column):
            amounts = [other.name for other in table.columns if _is_amount(other)]
            mend = f"use one of {', '.join(amounts)}" if amounts else f"use count({table.name})"
            yield Problem(where, f"{table.name}.{column.name} cannot be added up", mend)
    if figure.among is not None:
        kinds = {column.name: _KINDS[column.type] for column in table.columns}
        functions = dict.fromkeys(FUNCTIONS, _of_people)
        yield from Names(kinds, functions).problems(where, figure.among)


def _is_amount(column: Column) -> bool:
    """Tell whether a column holds amounts, not names such as ids."""
    is_name = bool(column.references) or column.name.endswith("_id")
    return column.type in _SUMMED and not is_name


def _of_people(argument: str) -> str:
    """Return that a function needs a history, which rows of a table do not have."""
    return (
        f"{argument!r} needs a history, and rows of a table have none; use share(…) of people, "
        "or name a column"
    )
