"""Why rows are there that follow from other rows of a chart: what they follow from, and draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from healthsim.operations.explaining.case import Reasons, RowCase, draw_row
from healthsim.operations.explaining.steps import explain_step
from healthsim.operations.stored import Row
from healthsim.products.patientsim.detail import TABLES

_ADDRESSES: Mapping[str, Callable[[Row], tuple[str, ...]]] = {
    "allergies": lambda row: (f"chart/allergy/{row['substance']}",),
    "observations": lambda row: (
        ("chart/smoking",) if row["kind"] == "smoking_status" else (f"chart/{row['kind']}",)
    ),
    "family_history": lambda row: ("chart/family_history",),
    "related_persons": lambda row: ("chart/contact", "chart/spouse"),
    "goals": lambda row: ("chart/goal",),
}
"""Table -> where the draws of a row's values begin; those of other tables follow from rows."""

_DIRECTORY = ("providers", "facilities", "patients", "events")
NAMES = frozenset(table.name for table in TABLES)
"""The tables whose rows are explained here."""


def explain_derived(case: RowCase) -> Reasons:
    """Say from which rows a row follows, by which step these are there, and what was drawn."""
    source = _source(case)
    reasons = Reasons(made_by=[case.stated("count")])
    if source.source is not None:
        reasons = explain_step(source, source.source)
    follows = [f"it follows from {table} {value}" for table, value in _followed(case)]
    person = f"person {case.person_id}: it follows from the rest of the person's chart"
    reasons.because[:0] = follows or [person]
    if case.trace is not None:
        addresses = _ADDRESSES.get(case.table.name)
        for address in addresses(case.row) if addresses else ():
            found = case.trace.draws.below(case.person_id, address)
            reasons.draws += map(draw_row, found)
    return reasons


def _followed(case: RowCase) -> Iterator[tuple[str, object]]:
    """Yield the tables and keys of the rows that a row names, other than people and places."""
    for column in case.table.columns:
        table = column.references.partition(".")[0]
        if table and table not in _DIRECTORY and case.row.get(column.name) is not None:
            yield table, case.row[column.name]


def _source(case: RowCase) -> RowCase:
    """Return the case of the row that has a cause: itself, or one that it names."""
    if case.source is not None:
        return case
    for column in case.table.columns:
        table, _, key = column.references.partition(".")
        value = case.row.get(column.name)
        if table and table not in _DIRECTORY and value is not None:
            for row in case.rows(table, **{key: value}):
                named = replace(case, row=row)
                if named.source is not None:
                    return named
    return case
