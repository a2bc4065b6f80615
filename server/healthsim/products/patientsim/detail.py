"""How much of a chart a run keeps."""

from __future__ import annotations

from healthsim.products.patientsim import history, notes, orders, wards
from healthsim.tables import Detail, Table

BEYOND_CORE: dict[Detail, tuple[Table, ...]] = {
    "core": (),
    "coded": (*history.TABLES, *orders.TABLES, *wards.TABLES),
    "full": notes.TABLES,
}
"""Detail -> the tables that it adds: coded those without longer texts, full the texts too."""

TABLES = tuple(table for tables in BEYOND_CORE.values() for table in tables)


def left_out(detail: Detail) -> frozenset[Table]:
    """Return the tables of the chart that a run of this detail does not have."""
    levels = list(BEYOND_CORE)
    more = levels[levels.index(detail) + 1 :]
    return frozenset(table for level in more for table in BEYOND_CORE[level])
