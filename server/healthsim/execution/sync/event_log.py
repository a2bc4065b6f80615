"""The table of events: every step of a journey that happened, to whom and when."""

from __future__ import annotations

import numpy as np

from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.records import RecordRows, RecordTable
from healthsim.execution.timeline.facts import OptionFacts
from healthsim.products.events import EVENTS
from healthsim.specification.journeys.plan import Beating
from healthsim.tables import Coded, Columns


def _records(ctx: SyncContext) -> list[RecordRows]:
    return [
        RecordRows(source, ctx.event_number(source.occurrence))
        for source in ctx.timeline.occurrences
        if not isinstance(source.occurrence.step, Beating)
    ]


def _columns(ctx: SyncContext, layout: RowLayout[RecordRows]) -> Columns:
    journeys = [walked.journey.name for walked in ctx.record.layouts_walked]
    return {
        "journey": layout.segment_texts(lambda event: journeys[event.source.journey]),
        "phase": layout.segment_texts(lambda event: event.source.occurrence.phase),
        "step": layout.segment_texts(lambda event: event.source.occurrence.step.id),
        "occurrence": layout.segment_values(lambda event: event.source.occurrence.beat, np.int32),
        "option": layout.row_texts(_option),
        "type": layout.segment_texts(_type),
        "event_date": layout.row_values(lambda event: event.days),
    }


def _type(event: RecordRows) -> str:
    step = event.source.occurrence.step
    return str(getattr(step, "type", None) or getattr(step, "do", "event"))


def _option(event: RecordRows) -> Coded:
    facts = event.source.facts
    if isinstance(facts, OptionFacts):
        return facts.option
    return Coded.constant(None, len(event.rows))


events = RecordTable(EVENTS, _records, _columns)
"""Fills `events`."""
