"""The table of attributes: what the profile says of each person and no other table holds."""

from __future__ import annotations

from healthsim.tables import Column, Table

ATTRIBUTES = Table(
    name="attributes",
    product="healthsim",
    grain="one row per person and attribute of the profile; not of those born in the run",
    key=("person_id", "name"),
    columns=(
        Column("person_id", "BIGINT", "Whose attribute it is.",
               references="patients.person_id", required=True),
        Column("name", "VARCHAR", "Name of the attribute.", required=True),
        Column("text", "VARCHAR", "Its value where it is a text; null else."),
        Column("number", "DOUBLE", "Its value where it is a number; null else.", decimals=9),
    ),
)  # fmt: skip
