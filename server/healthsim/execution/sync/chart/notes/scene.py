"""The finished tables of a chunk as notes look at them: who, in which encounter, in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import existing_minutes
from healthsim.execution.sync.chart.notes.phrases import Strings
from healthsim.execution.sync.chart.notes.texts import Places, expanded, words
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.products.catalogue import TABLES
from healthsim.tables import NO_NUMBER, Array, Coded, Columns, among, length

Made = TypeVar("Made")
_INSTANTS = frozenset(
    (table.name, column.name)
    for table in TABLES
    for column in table.columns
    if column.type == "TIMESTAMP"
)


@dataclass(frozen=True, eq=False)
class Groups:
    """Rows of a table by what they belong to.

    Attributes:
        rows: int64, rows of the first owner, then of the second, and so on.
        first: int64, shape (owners,), where in `rows` those of an owner begin.
        count: int64, shape (owners,), how many they are.
    """

    rows: Places
    first: Places
    count: Places

    @classmethod
    def of(cls, owner: Places, owners: int, *keys: NDArray[np.int64]) -> Groups:
        """Return the rows of each owner, ordered by `keys`; rows whose owner is -1 are left out."""
        rows = np.lexsort((*keys[::-1], owner))
        rows = rows[np.searchsorted(owner[rows], 0) :]
        count = np.bincount(owner[rows], minlength=owners)
        return cls(rows, np.cumsum(count) - count, count)

    def each(self, owners: Places) -> tuple[Places, Places]:
        """Return (place in `owners`, row) of every row of some owners, which may repeat."""
        place, at = expanded(self.first[owners], self.count[owners])
        return place, self.rows[at]


def alphabetical(column: Coded) -> NDArray[np.int64]:
    """Return the place of each row's text in the alphabet: a vocabulary's order is the chunk's."""
    words_ = np.array([*column.vocabulary, ""])
    place: NDArray[np.int64] = np.argsort(np.argsort(words_, kind="stable"), kind="stable")
    return place[column.codes]


class Scene:
    """What the notes of a chunk are composed from.

    Attributes:
        ctx: the chunk.
        tables: its finished tables, each sorted by (person_id, key).
    """

    def __init__(self, ctx: SyncContext, tables: Mapping[str, Columns]) -> None:
        self.ctx, self.tables = ctx, tables
        self._kept: dict[str, Places] = {}
        self._groups: dict[str, Groups] = {}
        self._texts: dict[str, Strings] = {}
        self._made: dict[Callable[[Scene], Any], Any] = {}

    def once(self, make: Callable[[Scene], Made]) -> Made:
        """Return what a function makes of the scene; it is called once, for all blocks of notes."""
        if make not in self._made:
            self._made[make] = make(self)
        made: Made = self._made[make]
        return made

    def has(self, table: str) -> bool:
        """Tell whether a table is there and has rows."""
        return length(self.tables.get(table, {})) > 0

    def column(self, table: str, name: str) -> Array:
        """Return a column as it is."""
        return self.tables[table][name]

    def coded(self, table: str, name: str) -> Coded:
        """Return a column of text with few different words.

        Raises:
            TypeError: it is another kind of column.
        """
        column = self.tables[table][name]
        if isinstance(column, Coded):
            return column
        raise TypeError(f"{table}.{name} is no column of coded text")

    def text(self, table: str, name: str) -> Strings:
        """Return a column of text, kept for all blocks of notes."""
        key = f"{table}.{name}"
        if key not in self._texts:
            self._texts[key] = words(self.tables[table][name])
        return self._texts[key]

    def whole(self, table: str, name: str) -> NDArray[np.int64]:
        """Return a column of whole numbers, days or instants as int64.

        Instants are moved out of the hour that daylight saving skips, as in the stored tables.
        """
        numbers = np.asarray(self.tables[table][name]).astype(np.int64)
        return existing_minutes(numbers) if (table, name) in _INSTANTS else numbers

    def order(self, table: str, name: str) -> NDArray[np.int64]:
        """Return numbers in whose order rows are; of text its alphabet, whatever the chunk has."""
        column = self.tables[table][name]
        return alphabetical(column) if isinstance(column, Coded) else self.whole(table, name)

    def days(self, table: str, name: str) -> NDArray[np.int64]:
        """Return the days of a column of instants."""
        return self.whole(table, name) // DAY

    @cached_property
    def people(self) -> int:
        """How many people there are."""
        return len(self.whole("patients", "person_id"))

    @cached_property
    def visits(self) -> int:
        """How many encounters there are."""
        return len(self.whole("encounters", "encounter_id"))

    def person(self, table: str) -> Places:
        """Return the position in `patients` of each row's person."""
        if table not in self._kept:
            people = self.whole("patients", "person_id")
            self._kept[table] = np.searchsorted(people, self.whole(table, "person_id"))
        return self._kept[table]

    def encounter(self, table: str) -> Places:
        """Return the position in `encounters` of each row's encounter; -1 where in none."""
        key = f"{table} in encounters"
        if key not in self._kept:
            self._kept[key] = self.visit_at(self.whole(table, "encounter_id"))
        return self._kept[key]

    def visit_at(self, encounter_id: NDArray[np.int64]) -> Places:
        """Return the position of encounters by their id; -1 where there is none."""
        every = self.whole("encounters", "encounter_id")
        found = (encounter_id != NO_NUMBER) & among(encounter_id, every)
        return np.where(found, np.searchsorted(every, encounter_id), -1)

    def by_encounter(self, table: str, *keys: str) -> Groups:
        """Return the rows of each encounter, in the order of some columns, the first leading."""
        key = f"{table} by {keys}"
        if key not in self._groups:
            columns = [self.order(table, name) for name in keys]
            self._groups[key] = Groups.of(self.encounter(table), self.visits, *columns)
        return self._groups[key]

    def by_person(self, table: str, *keys: str) -> Groups:
        """Return the rows of each person, in the order of some columns, the first leading."""
        key = f"{table} of people by {keys}"
        if key not in self._groups:
            columns = [self.order(table, name) for name in keys]
            self._groups[key] = Groups.of(self.person(table), self.people, *columns)
        return self._groups[key]
