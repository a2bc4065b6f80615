"""The violations that a profile plants, as rows: the answer key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.people.safety import Overlooked
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.drugs.prescriptions import PrescriptionRows
from healthsim.execution.sync.records import RecordTable
from healthsim.medicine.safety import SafetyRule
from healthsim.products.planted import PLANTED_VIOLATIONS
from healthsim.specification.journeys.events import Procedure
from healthsim.tables import NO_NUMBER, Columns


@dataclass(frozen=True, eq=False)
class _Violation:
    """A rule that one prescription or treatment breaks; arrays of shape (n,).

    Attributes:
        number: number of the violation's address.
        record: int64, the id of the prescription or procedure.
    """

    number: int
    what: str
    rule: SafetyRule
    rows: Rows
    days: Days
    value: NDArray[np.float64]
    record: NDArray[np.int64]


def planted_table(ctx: SyncContext, prescriptions: Sequence[PrescriptionRows]) -> Columns:
    """Fill `planted_violations`: each broken rule once, from the day on which it was broken."""

    def violations(_: SyncContext) -> Iterator[_Violation]:
        for address, rule in dict.fromkeys(
            (one.address, one.rule) for one in ctx.record.safety.overlooked
        ):
            same = [one for one in ctx.record.safety.overlooked
                    if (one.address, one.rule) == (address, rule)]  # fmt: skip
            yield _violation(ctx, prescriptions, same)

    return RecordTable(PLANTED_VIOLATIONS, violations, _columns)(ctx)


def _violation(
    ctx: SyncContext, prescriptions: Sequence[PrescriptionRows], same: Sequence[Overlooked]
) -> _Violation:
    """Return a rule broken by one address, on each person's first day, where the data hold it."""
    rows, days, value = (
        np.concatenate([getattr(one, name) for one in same]) for name in ("rows", "days", "value")
    )
    order = np.lexsort((days, rows))
    _, first = np.unique(rows[order], return_index=True)
    chosen = order[first]
    rows, days, value = rows[chosen], days[chosen], value[chosen]
    one = same[0]
    record = (
        _procedure_ids(ctx, one.address, rows)
        if one.rule.procedures
        else _prescription_ids(ctx, prescriptions, one.address, rows, days)
    )
    last = np.minimum(ctx.record.death[rows] - 1, np.int32(ctx.through))
    kept = np.flatnonzero((record != NO_NUMBER) & (days <= last))
    number = ctx.numbering.number(PLANTED_VIOLATIONS.name, f"{one.address}/{one.rule.name}")
    return _Violation(number, one.what, one.rule, rows[kept], days[kept], value[kept], record[kept])


def _prescription_ids(
    ctx: SyncContext,
    prescriptions: Sequence[PrescriptionRows],
    address: str,
    rows: Rows,
    days: Days,
) -> NDArray[np.int64]:
    """Return the prescription in force on each day, int64, (n,); `NO_NUMBER` where none is."""
    found = np.full(len(rows), NO_NUMBER)
    for one in prescriptions:
        if one.address == address or one.address.rpartition("/")[0] == address:
            if not len(one.rows):
                continue
            at = np.minimum(np.searchsorted(one.rows, rows), len(one.rows) - 1)
            here = (one.rows[at] == rows) & (one.written[at] <= days)
            found[here] = ids(ctx.person_id[rows[here]], one.number)
    return found


def _procedure_ids(ctx: SyncContext, address: str, rows: Rows) -> NDArray[np.int64]:
    """Return the treatment of an occurrence, int64, (n,); `NO_NUMBER` for those without it."""
    found = np.full(len(rows), NO_NUMBER)
    for source in ctx.of_type(Procedure):
        if source.occurrence.address == address:
            here = np.isin(rows, source.rows)
            found[here] = ids(
                ctx.person_id[rows[here]], ctx.numbering.number("procedures", address)
            )
    return found


def _columns(ctx: SyncContext, layout: RowLayout[_Violation]) -> Columns:
    treatment = layout.segment_values(lambda one: bool(one.rule.procedures), np.bool_)
    record = layout.row_values(lambda one: one.record)
    return {
        "rule": layout.segment_texts(lambda one: one.rule.name),
        "kind": layout.segment_texts(lambda one: one.rule.kind),
        "expected": layout.segment_texts(lambda one: one.rule.action),
        "finding": layout.segment_texts(lambda one: one.rule.words),
        "value": layout.row_values(lambda one: one.value),
        "since_date": layout.row_values(lambda one: one.days),
        "drug": layout.segment_texts(lambda one: None if one.rule.procedures else one.what),
        "prescription_id": np.where(treatment, NO_NUMBER, record),
        "procedure": layout.segment_texts(lambda one: one.what if one.rule.procedures else None),
        "procedure_id": np.where(treatment, record, NO_NUMBER),
    }
