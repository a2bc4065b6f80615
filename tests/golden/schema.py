"""The tables that are pinned: their keys, and each column's type, nulls and reference.

Whoever reads a scenario with SQL counts on them. `schema.json` holds them; `make golden` writes it
anew where a table is to change.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

from healthsim.products.catalogue import TABLES
from healthsim.tables import Column, Table

FILE = Path(__file__).parent / "schema.json"

Schema: TypeAlias = dict[str, dict[str, str]]
"""Table -> column -> what is pinned of it; under `KEY` the columns that identify a row."""

KEY = "key"


def schema() -> Schema:
    """Return what the tables are now."""
    return {table.name: _described(table) for table in TABLES}


def pinned() -> Schema:
    """Return what the file holds."""
    found: Schema = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def _described(table: Table) -> dict[str, str]:
    columns = {column.name: _column(column) for column in table.columns}
    return {KEY: f"{', '.join(table.key)}; of {table.product}"} | columns


def _column(column: Column) -> str:
    places = f", {column.decimals} places" if column.type == "DOUBLE" else ""
    needed = ", required" if column.required else ""
    return column.type + places + needed + (f", is a {column.references}" * bool(column.references))
