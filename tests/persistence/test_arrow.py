"""Columns into Arrow and through DuckDB: types, nulls and text arrive as they were."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from healthsim.persistence.arrow import arrow_array, plain_schema, to_arrow
from healthsim.tables import NO_NUMBER, Array, Coded, Column, Table, Type

CASES: tuple[tuple[Type, Array, list[Any]], ...] = (
    ("BIGINT", np.array([1, NO_NUMBER, 2**60]), [1, None, 2**60]),
    ("INTEGER", np.array([1, -(2**31), 3], dtype=np.int32), [1, None, 3]),
    (
        "DATE",
        np.array([0, -(2**31), 20089], dtype=np.int32),
        [date(1970, 1, 1), None, date(2025, 1, 1)],
    ),
    (
        "TIMESTAMP",
        np.array([1, NO_NUMBER, 20089 * 1440]),
        [datetime(1970, 1, 1, 0, 1), None, datetime(2025, 1, 1)],  # noqa: DTZ001
    ),
    ("DOUBLE", np.array([1.5, np.nan, -2.25]), [1.5, None, -2.25]),
    (
        "DECIMAL(12,2)",
        np.array([12345, NO_NUMBER, -1]),
        [Decimal("123.45"), None, Decimal("-0.01")],
    ),
    ("BOOLEAN", np.array([True, False, True]), [True, False, True]),
    ("VARCHAR", Coded.of(["é", None, ""]), ["é", None, ""]),
    ("VARCHAR", np.array([b"ab", b"", b"abcd"]), ["ab", None, "abcd"]),
)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "array", "expected"), CASES)
def test_a_column_arrives_in_duckdb_with_its_type_values_and_nulls(
    kind: Type, array: Array, expected: list[Any]
) -> None:
    table = Table("t", "x", "g", ("a",), (Column("a", kind, "m"),))
    rows = to_arrow(table, {"a": array})

    with duckdb.connect() as connection:
        connection.register("rows", rows)
        found = connection.sql("SELECT a, typeof(a) FROM rows").fetchall()

    assert [value for value, _ in found] == expected
    assert {name for _, name in found} == {kind}


@pytest.mark.parametrize(("kind", "array", "expected"), CASES)
def test_a_column_in_plain_types_has_its_values_without_words_or_short_decimals(
    kind: Type, array: Array, expected: list[Any]
) -> None:
    table = Table("t", "x", "g", ("a",), (Column("a", kind, "m"),))
    rows = to_arrow(table, {"a": array}).cast(plain_schema(table))

    assert rows.column("a").to_pylist() == expected
    kinds = pa.types
    assert not kinds.is_dictionary(rows.schema.field("a").type)
    assert not kinds.is_decimal64(rows.schema.field("a").type)


@pytest.mark.parametrize("kind", ["BIGINT", "INTEGER", "DATE", "DOUBLE", "DECIMAL(12,2)"])
def test_numbers_share_their_memory_with_arrow(kind: Type) -> None:
    dtype = {"INTEGER": np.int32, "DATE": np.int32, "DOUBLE": np.float64}.get(kind, np.int64)
    array = np.arange(5).astype(dtype)

    assert arrow_array(kind, array).buffers()[1].address == array.ctypes.data


def test_a_slice_with_gaps_is_taken_as_its_values() -> None:
    assert arrow_array("BIGINT", np.arange(10)[::3]).to_pylist() == [0, 3, 6, 9]


def test_a_column_without_nulls_has_no_mask() -> None:
    assert arrow_array("BIGINT", np.arange(5)).buffers()[0] is None
