"""The tables of the chart that `detail` adds, in an order in which each finds what it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from healthsim.execution.sync.chart.administrations import medication_administrations
from healthsim.execution.sync.chart.allergies import allergies
from healthsim.execution.sync.chart.appointments import appointments
from healthsim.execution.sync.chart.care_team import care_team_members
from healthsim.execution.sync.chart.devices import device_rows
from healthsim.execution.sync.chart.family_history import family_history
from healthsim.execution.sync.chart.goals import goal_rows
from healthsim.execution.sync.chart.locations import encounter_locations
from healthsim.execution.sync.chart.notes.notes import clinical_notes
from healthsim.execution.sync.chart.observations import observations
from healthsim.execution.sync.chart.relatives import related_persons
from healthsim.execution.sync.chart.reports import diagnostic_report_results, diagnostic_reports
from healthsim.execution.sync.chart.requests import service_requests
from healthsim.execution.sync.chart.screenings import screening_answers, screenings
from healthsim.execution.sync.chart.specimens import specimens
from healthsim.execution.sync.chart.vaccines_not_given import not_given_rows
from healthsim.execution.sync.context import SyncContext
from healthsim.products.patientsim import history, notes, orders, wards
from healthsim.products.patientsim.detail import left_out
from healthsim.tables import Columns, Table

ChartMaker: TypeAlias = Callable[[SyncContext, Mapping[str, Columns]], Columns]
"""Makes the rows of a table from the chunk and its tables that are finished."""

MAKERS: tuple[tuple[Table, ChartMaker], ...] = (
    (history.ALLERGIES, allergies),
    (history.OBSERVATIONS, observations),
    (history.RELATED_PERSONS, related_persons),
    (history.FAMILY_HISTORY, family_history),
    (history.SCREENINGS, screenings),
    (history.SCREENING_ANSWERS, screening_answers),
    (history.CARE_TEAM_MEMBERS, care_team_members),
    (orders.SERVICE_REQUESTS, service_requests),
    (orders.DIAGNOSTIC_REPORTS, diagnostic_reports),
    (orders.SPECIMENS, specimens),
    (orders.DIAGNOSTIC_REPORT_RESULTS, diagnostic_report_results),
    (orders.APPOINTMENTS, appointments),
    (wards.DEVICES, device_rows),
    (wards.GOALS, goal_rows),
    (wards.IMMUNIZATIONS_NOT_GIVEN, not_given_rows),
    (wards.ENCOUNTER_LOCATIONS, encounter_locations),
    (wards.MEDICATION_ADMINISTRATIONS, medication_administrations),
)

LAST: tuple[tuple[Table, ChartMaker], ...] = ((notes.CLINICAL_NOTES, clinical_notes),)
"""They say what all others hold."""


def chart_tables(
    ctx: SyncContext, tables: Mapping[str, Columns], ready: Mapping[str, Columns]
) -> dict[str, Columns]:
    """Fill the tables of the chart that the profile's `detail` adds.

    Args:
        ctx: the chunk.
        tables: the finished tables of the chart, as the products' own makers gave them.
        ready: tables of `detail` that others needed before.
    """
    without = left_out(ctx.profile.detail)
    made = dict(tables)
    for table, fill in (*MAKERS, *LAST):
        if table not in without:
            columns = ready.get(table.name)
            made[table.name] = table.complete(fill(ctx, made)) if columns is None else columns
    return {name: columns for name, columns in made.items() if name not in tables}
