"""Every table that a run can fill, in the order in which they are stored."""

from __future__ import annotations

from collections.abc import Collection

from healthsim.products.membersim.tables import TABLES as MEMBERSIM
from healthsim.products.networksim.tables import TABLES as NETWORKSIM
from healthsim.products.patientsim.tables import TABLES as PATIENTSIM
from healthsim.products.rxmembersim.tables import TABLES as RXMEMBERSIM
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
        Column("option", "VARCHAR", "The way that a branch took; null for other steps."),
        Column("type", "VARCHAR", "Type of event, or branch, change, end.", required=True),
        Column("event_date", "DATE", "The day it happened.", required=True),
    ),
)  # fmt: skip

OWNED = {
    "patientsim": PATIENTSIM,
    "membersim": MEMBERSIM,
    "rxmembersim": RXMEMBERSIM,
}
TABLES = (EVENTS, *PATIENTSIM, *MEMBERSIM, *RXMEMBERSIM, *NETWORKSIM)
NOT_PER_PERSON = ("plans", "providers", "facilities", "pharmacies")


def tables_of(products: Collection[str]) -> tuple[Table, ...]:
    """Return the tables of a run: of the products asked for, the events, the network.

    The plans are stored whenever members or fills are.
    """
    wanted = {table.name for name in products for table in OWNED[name]}
    wanted |= {table.name for table in NETWORKSIM} | {EVENTS.name}
    if "rxmembersim" in products:
        wanted.add("plans")
    return tuple(table for table in TABLES if table.name in wanted)
