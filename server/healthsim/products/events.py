"""The table of events: what happened to whom, from which the rows of all products follow."""

from __future__ import annotations

from healthsim.tables import Column, Table

EVENTS = Table(
    name="events",
    product="healthsim",
    grain="one row per person and journey step that happened",
    key=("event_id",),
    columns=(
        Column("event_id", "BIGINT", "Address of the event.", required=True),
        Column("person_id", "BIGINT", "To whom it happened.",
               references="patients.person_id", required=True),
        Column("journey", "VARCHAR", "Name of the journey.", required=True),
        Column("phase", "VARCHAR", "Phase of the journey.", required=True),
        Column("step", "VARCHAR", "Id of the step.", required=True),
        Column("occurrence", "INTEGER", "Which time, counted from 1 within its repeat.",
               required=True),
        Column("option", "VARCHAR", "The way that a branch took, how a wait ended (met, limit), "
               "which stage began, or that a planned visit was missed or a deviation; null else."),
        Column("type", "VARCHAR", "Type of event, or branch, change, end.", required=True),
        Column("event_date", "DATE", "The day it happened.", required=True),
    ),
)  # fmt: skip
