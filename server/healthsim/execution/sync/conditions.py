"""Conditions as rows, coded together as the classification asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.coded_spans import CodedSpans
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.cultures import Cultures
from healthsim.execution.sync.records import RecordTable, source_ids
from healthsim.medicine.problems import usual_course
from healthsim.products.patientsim.generate import diagnosis_columns
from healthsim.products.patientsim.tables import CONDITIONS
from healthsim.tables import Coded, Columns

_STATUS = ("active", "resolved", "remission")


@dataclass(frozen=True, eq=False)
class ConditionRows:
    """A condition under one code, as the classification states it, for some people.

    Attributes:
        number: number of the condition's address.
        onset, abated: int32, first day under this code, and first day after it.
        source: position of the occurrence that caused it; -1 for none.
        ended: what it is once it is over: resolved or remission.
    """

    rows: Rows
    number: int
    code: str
    onset: Days
    abated: Days
    source: int
    ended: str


def _condition_columns(ctx: SyncContext, layout: RowLayout[ConditionRows]) -> Columns:
    code = layout.segment_texts(lambda condition: condition.code)
    onset = layout.row_values(lambda condition: condition.onset).astype(np.int32)
    abated = layout.row_values(lambda condition: condition.abated)
    over = abated <= np.minimum(ctx.record.death[layout.rows], ctx.through)
    source = layout.segment_values(lambda condition: condition.source, np.int32)
    event, encounter = source_ids(ctx, source, layout.person_id)
    ended = layout.segment_values(lambda condition: _STATUS.index(condition.ended), np.int32)
    return {
        "code": code,
        **diagnosis_columns(code),
        "onset_date": onset,
        "recorded_date": onset,
        "abatement_date": np.where(over, np.maximum(abated - 1, onset), NO_DAY).astype(np.int32),
        "status": Coded(np.where(over, ended, 0).astype(np.int32), _STATUS),
        "encounter_id": encounter,
        "event_id": event,
    }


def condition_rows(ctx: SyncContext) -> Iterator[ConditionRows]:
    """Yield every episode under each of the codes that it has had, as the classification asks."""
    last = np.minimum(ctx.record.death, np.int32(ctx.through)).astype(np.int32)
    episodes = list(ctx.record.conditions.all_in_order())
    coded = CodedSpans(episodes, last)
    grown = Cultures.of(ctx)
    for episode in episodes:
        for span in (one for whole in coded.of(episode) for one in grown.spans(whole)):
            yield ConditionRows(
                rows=span.rows,
                number=ctx.numbering.number("conditions", f"{episode.address}{span.suffix}"),
                code=span.code,
                onset=span.first,
                abated=span.until,
                source=span.source,
                ended=usual_course(episode.code).status,
            )


conditions = RecordTable(CONDITIONS, condition_rows, _condition_columns)
"""Fills `conditions`."""
