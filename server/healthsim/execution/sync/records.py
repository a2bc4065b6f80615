"""Records that follow from the occurrences of steps, and the tables that they fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.row_layout import RowLayout, Segment, lay_out_rows
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys.events import Encounter
from healthsim.specification.journeys.step import EventHead
from healthsim.tables import NO_NUMBER, Columns, Table

TableMaker: TypeAlias = Callable[[SyncContext], Columns]
"""Makes the rows of one table for the people of a chunk."""


class NumberedSegment(Segment, Protocol):
    """A record that some people have, with the number of its address in its table."""

    @property
    def number(self) -> int:
        """Number of its address among those of the table."""


N = TypeVar("N", bound=NumberedSegment)


@dataclass(frozen=True, eq=False)
class RecordRows:
    """One record that some people have, and the occurrence that caused it.

    Attributes:
        source: the occurrence.
        number: number of the record's address in its table.
    """

    source: OccurrenceRows
    number: int

    @property
    def at(self) -> slice | NDArray[np.intp]:
        """Which people of the occurrence have the record; by default all."""
        return slice(None)

    @property
    def rows(self) -> Rows:
        """Positions of the people in the chunk, ascending."""
        return self.source.rows[self.at]

    @property
    def days(self) -> Days:
        """Day of the occurrence for each of them, int32."""
        return self.source.days[self.at]


R = TypeVar("R", bound=RecordRows)
T = TypeVar("T", bound=np.generic)


def records_of(ctx: SyncContext, kind: type[EventHead]) -> list[RecordRows]:
    """Return the records of the events that give one row for each person: those with a `table`."""
    return [
        RecordRows(source, ctx.numbering.number(kind.table, source.occurrence.address))
        for source in ctx.of_type(kind)
    ]


def source_values(layout: RowLayout[R], of: Callable[[OccurrenceRows], NDArray[T]]) -> NDArray[T]:
    """Return values that an occurrence has for its people, on the rows of its records; (n,).

    Args:
        layout: records; several may have the same source, as the analytes of a panel have.
        of: called once for each occurrence; returns one value for each of its people.
    """
    sources = {id(record.source): record.source for record in layout.segments}
    values = {key: of(source) for key, source in sources.items()}
    return layout.row_values(lambda record: values[id(record.source)][record.at])


def cause_columns(ctx: SyncContext, layout: RowLayout[R]) -> Columns:
    """Return `encounter_id` and `event_id` of records."""
    return {
        "encounter_id": source_values(layout, ctx.encounter_ids),
        "event_id": event_ids(ctx, layout),
    }


def event_ids(ctx: SyncContext, layout: RowLayout[R]) -> NDArray[np.int64]:
    """Return the ids of the events that caused records, int64, shape (n,)."""
    return layout.segment_ids(lambda record: ctx.event_number(record.source.occurrence))


def source_ids(
    ctx: SyncContext, source: NDArray[np.int32], person_id: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return event and encounter of the occurrences that caused records.

    Args:
        ctx: the chunk.
        source: int32, shape (n,), position of each occurrence among all of the run; -1 for none.
        person_id: int64, shape (n,).

    Returns:
        Two columns of ids, int64, shape (n,); `NO_NUMBER` where there is none.
    """
    event, encounter = np.full(len(person_id), NO_NUMBER), np.full(len(person_id), NO_NUMBER)
    occurrences = [
        (journey, occurrence)
        for journey, layout in enumerate(ctx.record.layouts_walked)
        for occurrence in layout.occurrences
    ]
    for position in np.unique(source[source >= 0]).tolist():
        journey, occurrence = occurrences[position]
        at = source == position
        event[at] = ids(person_id[at], ctx.event_number(occurrence))
        itself = isinstance(occurrence.step, Encounter)
        visit = ctx.visits.get((journey, occurrence.number if itself else occurrence.encounter))
        if visit is not None and visit.is_encounter:
            theirs = np.flatnonzero(at)[np.isin(person_id[at], ctx.person_id[visit.rows])]
            encounter[theirs] = ids(person_id[theirs], ctx.encounter_number(visit))
    return event, encounter


@dataclass(frozen=True)
class RecordTable(Generic[N]):
    """How a table is filled whose rows are records of people; call it to make the rows.

    Attributes:
        table: the table; the first column of its key is the record's id.
        records: returns the records of a chunk.
        columns: returns the columns other than the id and `person_id`; called if there are rows.
    """

    table: Table
    records: Callable[[SyncContext], Iterable[N]]
    columns: Callable[[SyncContext, RowLayout[N]], Columns]

    def __call__(self, ctx: SyncContext) -> Columns:
        """Return the rows of the table, complete, in (person_id, id) order."""
        layout = lay_out_rows(self.records(ctx), lambda record: record.number, ctx.person_id)
        if not len(layout):
            return self.table.empty()
        return self.table.complete({
            self.table.key[0]: layout.ids,
            "person_id": layout.person_id,
            **self.columns(ctx, layout),
        })  # fmt: skip


def event_table(
    table: Table,
    kind: type[EventHead],
    columns: Callable[[SyncContext, RowLayout[RecordRows]], Columns],
) -> RecordTable[RecordRows]:
    """Return how a table is filled that has one row for each person and event of a type.

    Args:
        table: the table.
        kind: the type of event; its `table` is this table.
        columns: returns the columns other than the id, the person, the event and the encounter.
    """

    def all_columns(ctx: SyncContext, layout: RowLayout[RecordRows]) -> Columns:
        return {**cause_columns(ctx, layout), **columns(ctx, layout)}

    return RecordTable(table, lambda ctx: records_of(ctx, kind), all_columns)


def by_name(*makers: RecordTable[Any]) -> Mapping[str, TableMaker]:
    """Return makers of tables by the names of their tables."""
    return {maker.table.name: maker for maker in makers}
