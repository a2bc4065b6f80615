"""The table of vital signs: those that journeys state, and those usual in each encounter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.numbering import VITALS, vitals_address
from healthsim.execution.sync.records import cause_columns, source_values
from healthsim.execution.sync.results import ResultRows, results_of
from healthsim.execution.sync.visits.visits import Minutes, VisitRows
from healthsim.execution.sync.vitals.again import Again, measured_again
from healthsim.execution.sync.vitals.choice import StatedSigns, choose
from healthsim.execution.sync.vitals.dying import as_dying
from healthsim.execution.sync.vitals.leaving import as_leaving
from healthsim.execution.sync.vitals.measures import measured
from healthsim.execution.sync.vitals.occasions import Occasions, number_again, occasions_of
from healthsim.execution.sync.vitals.oxygen import SATURATION, answered
from healthsim.execution.sync.vitals.panels import complete, read_together
from healthsim.execution.sync.vitals.watched import NOT_WATCHED, watched_times
from healthsim.medicine.vitals import CODES, MOST_CODES
from healthsim.products.patientsim import tables as chart
from healthsim.products.patientsim.generate import observation_columns
from healthsim.specification.journeys import events
from healthsim.specification.profiles.vital_signs import VitalSigns
from healthsim.tables import Coded, Columns, stack, take

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class UsualSigns:
    """Usual vital signs of a chunk, one for each row; arrays of shape (n,).

    Attributes:
        on: int64, position of the occasion.
        code: int32, position in `CODES`.
        value: float64, as measured.
        at: int64, minutes since 1970.
    """

    on: NDArray[np.int64]
    code: NDArray[np.int32]
    value: Floats
    at: Minutes


def vital_signs(ctx: SyncContext, places: Columns) -> Columns:
    """Fill `vital_signs`.

    Args:
        ctx: the chunk.
        places: rows of `encounter_locations`: in some units people are watched more closely.
    """
    layout = lay_out_rows(
        results_of(ctx, events.Vital, VITALS), lambda result: result.number, ctx.person_id
    )
    stated = _stated_columns(ctx, layout) if len(layout) else chart.VITAL_SIGNS.empty()
    if ctx.profile.vital_signs == "none":
        return stated
    visits = tuple(visit for visit in ctx.visits.values() if visit.is_encounter)
    choice = ctx.profile.vital_signs
    hours = choice.inpatient_hours if isinstance(choice, VitalSigns) else None
    watched = watched_times(visits, [ctx.encounter_number(visit) for visit in visits], places)
    most = ctx.numbering.most_rounds
    occasions = occasions_of(visits, ctx.record.draws, hours, most, watched)
    if not len(occasions):
        return stated
    occasions, signs = _signs(ctx, occasions, _stated_signs(ctx, layout, visits))
    usual = _usual_columns(ctx, occasions, signs)
    columns = stack([stated, usual])
    order = np.argsort(np.asarray(columns["vital_sign_id"]), kind="stable")
    return take(columns, order)


def _stated_columns(ctx: SyncContext, layout: RowLayout[ResultRows]) -> Columns:
    loinc = layout.segment_texts(lambda result: result.loinc)
    return chart.VITAL_SIGNS.complete({
        "vital_sign_id": layout.ids,
        "person_id": layout.person_id,
        "loinc": loinc,
        **observation_columns(loinc),
        "measured_at": _measured_at(ctx, layout),
        "value": layout.row_values(lambda result: result.value),
        **cause_columns(ctx, layout),
    })  # fmt: skip


def _measured_at(ctx: SyncContext, layout: RowLayout[ResultRows]) -> Minutes:
    """Return when stated signs are measured, minutes: those of one measure together."""
    return read_together(
        layout.segment_texts(lambda result: result.loinc),
        layout.person_id,
        source_values(layout, ctx.encounter_ids),
        source_values(layout, ctx.performed_at),
    )


def _stated_signs(
    ctx: SyncContext, layout: RowLayout[ResultRows], visits: tuple[VisitRows, ...]
) -> StatedSigns:
    """Return what journeys state, by code, with the encounter that each was taken in."""
    if not len(layout):
        return StatedSigns()
    places = {visit.key: place for place, visit in enumerate(visits)}
    at = _measured_at(ctx, layout)
    value = layout.row_values(lambda result: result.value)
    visit = layout.segment_values(
        lambda result: places.get((result.source.journey, result.source.occurrence.encounter), -1),
        np.int64,
    )
    code = layout.segment_texts(lambda result: result.loinc)
    of_code = {one: np.flatnonzero(code.equals(one)) for one in code.vocabulary}
    rows = layout.rows.astype(np.int64)
    return StatedSigns(
        rows={one: rows[some] for one, some in of_code.items()},
        at={one: at[some] for one, some in of_code.items()},
        value={one: value[some] for one, some in of_code.items()},
        visit={one: visit[some] for one, some in of_code.items()},
    )


def _signs(
    ctx: SyncContext, occasions: Occasions, stated: StatedSigns
) -> tuple[Occasions, UsualSigns]:
    """Choose what is taken, and measure it; a low saturation again, on an occasion of its own."""
    record = ctx.record
    chosen = choose(occasions, record.people, record.draws, stated)
    usual = answered(measured(record, occasions, chosen, stated), record, occasions, stated)
    again = measured_again(usual.get(SATURATION), record, occasions, stated)
    usual = as_dying(as_leaving(usual, ctx, occasions), record, occasions)
    found, at = complete(usual, record, occasions, stated)
    order = [code for code in CODES if code in found]
    on = [np.flatnonzero(~np.isnan(found[code])) for code in order]
    size = len(again.at)
    return _joined(ctx, occasions, again), UsualSigns(
        on=np.concatenate([*on, np.arange(size) + len(occasions)]),
        code=np.concatenate([
            np.full(len(some), CODES.index(code), dtype=np.int32)
            for code, some in zip(order, on, strict=True)
        ] + [np.full(size, CODES.index(SATURATION), dtype=np.int32)]),
        value=np.concatenate([
            found[code][some] for code, some in zip(order, on, strict=True)
        ] + [again.value]),
        at=np.concatenate([
            at.get(code, occasions.at)[some] for code, some in zip(order, on, strict=True)
        ] + [again.at]),
    )  # fmt: skip


def _joined(ctx: SyncContext, occasions: Occasions, again: Again) -> Occasions:
    """Return the occasions, and behind them those on which something is measured again."""
    size = len(again.at)
    number = np.full(size, number_again(ctx.numbering.most_rounds))
    return Occasions(
        occasions.visits,
        np.concatenate([occasions.visit, again.visit]),
        np.concatenate([occasions.rows, again.rows.astype(np.int32)]),
        np.concatenate([occasions.number, number]),
        np.concatenate([occasions.at, again.at]),
        np.concatenate([occasions.hours, np.zeros(size, dtype=np.int64)]),
        np.concatenate([occasions.unit, np.full(size, NOT_WATCHED)]),
    )


def _usual_columns(ctx: SyncContext, occasions: Occasions, signs: UsualSigns) -> Columns:
    visits = occasions.visits
    first = np.array([
        ctx.numbering.number(VITALS, vitals_address(visit.occurrence.address)) for visit in visits
    ], dtype=np.int64)  # fmt: skip
    encounter = np.array([ctx.encounter_number(visit) for visit in visits], dtype=np.int64)
    visit, person_id = occasions.visit[signs.on], ctx.person_id[occasions.rows[signs.on]]
    number = first[visit] + occasions.number[signs.on] * MOST_CODES + signs.code
    loinc = Coded(signs.code, CODES)
    return chart.VITAL_SIGNS.complete({
        "vital_sign_id": ids(person_id, number),
        "person_id": person_id,
        "loinc": loinc,
        **observation_columns(loinc),
        "measured_at": signs.at,
        "value": signs.value,
        "encounter_id": ids(person_id, encounter[visit]),
    })  # fmt: skip
