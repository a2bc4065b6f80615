"""Every table that a run can fill, in the order in which they are stored."""

from __future__ import annotations

from collections.abc import Collection

from healthsim.products.events import EVENTS
from healthsim.products.membersim.tables import TABLES as MEMBERSIM
from healthsim.products.networksim.tables import TABLES as NETWORKSIM
from healthsim.products.patientsim.tables import TABLES as PATIENTSIM
from healthsim.products.rxmembersim.tables import TABLES as RXMEMBERSIM
from healthsim.products.trialsim.tables import TABLES as TRIALSIM
from healthsim.tables import Table

OWNED = {
    "patientsim": PATIENTSIM,
    "membersim": MEMBERSIM,
    "rxmembersim": RXMEMBERSIM,
    "trialsim": TRIALSIM,
}
TABLES = (EVENTS, *PATIENTSIM, *MEMBERSIM, *RXMEMBERSIM, *TRIALSIM, *NETWORKSIM)
NOT_PER_PERSON = ("plans", "plan_networks", "trial_arms", "providers", "facilities", "pharmacies")


def tables_of(products: Collection[str]) -> tuple[Table, ...]:
    """Return the tables of a run: of the products asked for, the events, the network.

    The plans are stored whenever members or fills are.
    """
    wanted = {table.name for name in products for table in OWNED[name]}
    wanted |= {table.name for table in NETWORKSIM} | {EVENTS.name}
    if "rxmembersim" in products:
        wanted.add("plans")
    return tuple(table for table in TABLES if table.name in wanted)
