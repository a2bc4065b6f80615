"""Every table that a run can fill, in the order in which they are stored."""

from __future__ import annotations

from collections.abc import Collection

from healthsim.products.attributes import PERSON_ATTRIBUTES
from healthsim.products.events import EVENTS
from healthsim.products.membersim.tables import PLAN_YEARS, PLANS
from healthsim.products.membersim.tables import TABLES as MEMBERSIM
from healthsim.products.networksim.tables import TABLES as NETWORKSIM
from healthsim.products.patientsim.detail import TABLES as BEYOND_CORE
from healthsim.products.patientsim.detail import left_out
from healthsim.products.patientsim.tables import TABLES as PATIENTSIM
from healthsim.products.planted import PLANTED_VIOLATIONS
from healthsim.products.rxmembersim.tables import TABLES as RXMEMBERSIM
from healthsim.products.trialsim.tables import TABLES as TRIALSIM
from healthsim.tables import Detail, Table

TABLES = (
    EVENTS, PERSON_ATTRIBUTES, *PATIENTSIM, *BEYOND_CORE, PLANTED_VIOLATIONS, *MEMBERSIM,
    *RXMEMBERSIM, *TRIALSIM, *NETWORKSIM,
)  # fmt: skip

NOT_PER_PERSON = tuple(table.name for table in TABLES if "person_id" not in table.by_name)
"""Tables that are made once for a run, after the people."""


def tables_of(
    products: Collection[str],
    *,
    detail: Detail = "full",
    attributes: bool = False,
    planted: bool = False,
) -> tuple[Table, ...]:
    """Return the tables of a run with these products, in order.

    They are the products' own, the events and the network; `plans` and `plan_years` go with
    pharmacy fills too.

    Args:
        products: what the profile asks for.
        detail: how much of the chart is kept.
        attributes: whether the profile has any.
        planted: whether the profile plants violations of the rules of safe drugs.
    """
    always = {EVENTS, *NETWORKSIM} | ({PLANS, PLAN_YEARS} if "rxmembersim" in products else set())
    always |= {PERSON_ATTRIBUTES} if attributes else set()
    always |= {PLANTED_VIOLATIONS} if planted else set()
    without = left_out(detail)
    return tuple(
        table for table in TABLES
        if (table.product in products and table not in without) or table in always
    )  # fmt: skip
