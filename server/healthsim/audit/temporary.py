"""Knowledge as temporary tables beside an open file, so that rules in SQL can read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import duckdb
import pyarrow as pa


def make_tables(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> None:
    """Make temporary tables of Arrow's, in the place of those that have their names.

    Args:
        connection: an open file.
        tables: the rows by name; their types are the columns' types.
    """
    for name, rows in tables.items():
        connection.register("laid_out", rows)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM laid_out")
        connection.unregister("laid_out")


def typed(types: Mapping[str, pa.DataType], rows: Iterable[Sequence[object]]) -> pa.Table:
    """Return rows as a table of columns with these names and types; there may be none.

    >>> typed({"code": pa.string(), "low": pa.float64()}, [("Z68.1", 0.0)]).num_rows
    1
    """
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    return pa.table({
        name: pa.array(column, kind)
        for (name, kind), column in zip(types.items(), columns, strict=True)
    })  # fmt: skip
