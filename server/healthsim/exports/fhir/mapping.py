"""What becomes of each table in a FHIR export."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from healthsim.exports.fhir.shown import HERE


@dataclass(frozen=True)
class Fate:
    """What becomes of a table.

    Attributes:
        table: its name.
        resource: the type that its rows are in; empty where they are left out.
        letter: begins the ids of resources of which each is a row; empty where they are parts.
        key: the rest of these ids, in SQL on the table.
        condition: of the rows that have a resource, in SQL; empty where all have one.
        note: what is particular; why it is left out.
    """

    table: str
    resource: str
    letter: str
    key: str
    condition: str
    note: str


@cache
def fates() -> dict[str, Fate]:
    """Return what becomes of each table that a run can fill, by its name."""
    text = (HERE / "data" / "tables.csv").read_text(encoding="utf-8")
    return {row["table"]: Fate(**row) for row in csv.DictReader(text.splitlines())}


def markdown() -> str:
    """Return the list as a table of docs/fhir.md."""
    rows = (f"| `{fate.table}` | {fate.resource or 'left out'} | {fate.note} |\n"
            for fate in fates().values())  # fmt: skip
    return "| table | resources | notes |\n|---|---|---|\n" + "".join(rows)
