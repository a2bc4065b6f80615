"""One row that is to be explained, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from healthsim.addresses import BITS
from healthsim.building import phrases
from healthsim.execution.job import Job
from healthsim.execution.trace.draws import Draw
from healthsim.execution.trace.trace import UnitTrace
from healthsim.operations.estimate import cells
from healthsim.operations.explaining.spec_lines import lean, profile_line, short, step_line
from healthsim.operations.stored import Row
from healthsim.specification.distributions.kinds import KEYS_OF
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence, StageLeave
from healthsim.tables import Columns, Table


@dataclass(frozen=True)
class Documents:
    """The stored specifications as plain data."""

    profile: Mapping[str, Any]
    journeys: Sequence[Mapping[str, Any]]


@dataclass
class Reasons:
    """Why a row is there and as it is.

    Attributes:
        made_by: lines of the specification, and rules where no line says it.
        because: what led to it, and how its values came.
        draws: decision, uniform, what it was drawn from, what it gave.
    """

    made_by: list[str] = field(default_factory=list)
    because: list[str] = field(default_factory=list)
    draws: list[list[Any]] = field(default_factory=list)

    def add(self, other: Reasons) -> None:
        """Add other reasons, each once."""
        for own, more in ((self.made_by, other.made_by), (self.because, other.because)):
            own += [line for line in more if line not in own]
        self.draws += [draw for draw in other.draws if draw not in self.draws]


@dataclass(frozen=True)
class SourceOccurrence:
    """The occurrence that something comes from, and the journey that it is laid out in."""

    layout: JourneyLayout
    occurrence: Occurrence


@dataclass(frozen=True)
class RowCase:
    """One stored row, the job that made it, and its people made again.

    Attributes:
        row: as it is stored.
        trace: the unit of the row's person; None for rows that are about nobody, or where the
            whole population would have to be counted.
    """

    table: Table
    row: Row
    job: Job
    documents: Documents
    trace: UnitTrace | None = None

    @property
    def person_id(self) -> int:
        """Whom the row is about."""
        return int(self.row["person_id"])

    def address_of(self, table: str, key: object) -> str | None:
        """Return the address behind an id of a table; None where it is none of this job."""
        if key is None:
            return None
        return self.job.numbering.address(table, int(str(key)) % (1 << BITS))

    @cached_property
    def _by_address(self) -> Mapping[str, SourceOccurrence]:
        return {
            occurrence.address: SourceOccurrence(layout, occurrence)
            for layout in self.job.layouts
            for occurrence in layout.occurrences
            if not occurrence.tick and not isinstance(occurrence.step, StageLeave)
        }

    def at(self, address: str | None) -> SourceOccurrence | None:
        """Return the occurrence that an address, or the address of one of its records, means."""
        while address:
            if address in self._by_address:
                return self._by_address[address]
            address = address.rpartition("/")[0]
        return None

    @cached_property
    def source(self) -> SourceOccurrence | None:
        """The occurrence that caused the row; None where none did."""
        for table, column in (("events", "event_id"), ("encounters", "encounter_id"),
                              ("claims", "claim_id")):  # fmt: skip
            address = self.address_of(table, self.row.get(column))
            if address is not None:
                return self.at(address)
        return None

    def line(self, occurrence: Occurrence) -> str:
        """Return the line of the specification that an occurrence comes from."""
        return step_line(self.documents.journeys, occurrence)

    def stated(self, path: str) -> str:
        """Return a line of the profile."""
        return profile_line(self.documents.profile, path)

    def draw(self, decision: str, person_id: int | None = None) -> Draw | None:
        """Return a draw of a person, by default the row's; None where it is not known."""
        if self.trace is None:
            return None
        return self.trace.draws.find(self.person_id if person_id is None else person_id, decision)

    def drawn(self, decision: str, *, person_id: int | None = None) -> list[list[Any]]:
        """Return a draw as a row of the answer; none where it is not known."""
        draw = self.draw(decision, person_id)
        return [] if draw is None else [draw_row(draw)]

    @cached_property
    def _plain(self) -> dict[str, list[dict[str, Any]]]:
        """Rows of the unit made again that were asked for, by table."""
        return {}

    def rows(self, table: str, **wanted: object) -> list[dict[str, Any]]:
        """Return rows of the unit made again, those with the wanted values."""
        if self.trace is None or not self.trace.tables.get(table):
            return []
        if table not in self._plain:
            self._plain[table] = list(plain_rows(self.trace, table))
        return [row for row in self._plain[table]
                if all(str(row[name]) == str(value) for name, value in wanted.items())]  # fmt: skip


def plain_rows(trace: UnitTrace, table: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table of a unit, as plain values; ids beyond 2**53 as text."""
    columns: Columns = trace.tables[table]
    kinds = next(one for one in trace.job.tables if one.name == table).by_name
    size = len(next(iter(columns.values())))
    values = [cells(array, kinds[name].type, np.arange(size)) for name, array in columns.items()]
    for row in zip(*values, strict=True):
        yield dict(zip(columns, row, strict=True))


def draw_row(draw: Draw) -> list[Any]:
    """Return a draw as a row of the answer."""
    stated = "" if draw.distribution is None else said(draw.distribution)
    value = draw.value
    gave = "" if value is None else f"{value:g}" if isinstance(value, float) else value
    return [draw.decision, number(draw.uniform), stated, gave]


def said(distribution: Any) -> str:
    """Say a distribution in words, with nothing that is left as it usually is."""
    if distribution.type not in KEYS_OF:  # one that the engine makes of the population's figures
        return f"{distribution.type}: published figures of where the person lives"
    plain = lean(distribution.model_dump(mode="json", by_alias=True, exclude_defaults=True))
    words = phrases.say({"type": distribution.type, **plain})
    return words if len(words) <= _LONGEST_WORDS else words[: _LONGEST_WORDS - 1] + "…"


_LONGEST_WORDS = 110


def number(u: float) -> str:
    """Return a number from (0, 1) with the places that matter.

    >>> number(0.123456789)
    '0.123457'
    """
    return f"{u:.6f}"


def usd(cents: float) -> str:
    """Return cents as dollars.

    >>> usd(123456)
    '1,234.56'
    """
    return f"{cents / 100:,.2f}"


__all__ = ["Documents", "Reasons", "RowCase", "SourceOccurrence", "draw_row", "number", "said",
           "short", "usd"]  # fmt: skip
