"""The table of attributes: what the profile says of each person and no other table holds."""

from __future__ import annotations

from collections.abc import Collection

from healthsim.tables import Column, Table

PERSON_ATTRIBUTES = Table(
    name="person_attributes",
    product="healthsim",
    grain="one row per person and attribute of the profile; not of those born in the run",
    key=("person_id", "name"),
    columns=(
        Column("person_id", "BIGINT", "Whose attribute it is.",
               references="patients.person_id", required=True),
        Column("name", "VARCHAR", "Name of the attribute.", required=True),
        Column("text", "VARCHAR", "Its value where it is a text, such as behind; null else."),
        Column("number", "DOUBLE", "Its value where it is a number; null else.", decimals=9),
    ),
)  # fmt: skip

FORMER_NAME = "attributes"
"""What files call the table that were made before 30 November 2026."""


def stored_name(tables: Collection[str]) -> str:
    """Return what a file with these tables calls its table of attributes, or would call it.

    >>> stored_name(["events", "attributes"]), stored_name(["events"])
    ('attributes', 'person_attributes')
    """
    name = PERSON_ATTRIBUTES.name
    return FORMER_NAME if FORMER_NAME in tables and name not in tables else name


def todays_name(table: str) -> str:
    """Return what a table of a file is called in the files of today."""
    return PERSON_ATTRIBUTES.name if table == FORMER_NAME else table
