"""Reads stored scenarios by plain SQL, beside the product's own reading."""

from __future__ import annotations

from typing import Any

import duckdb

from healthsim.operations.home import Home


def rows(home: Home, name: str, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query over a saved scenario."""
    with duckdb.connect(str(home.scenarios / f"{name}.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()
