"""What a report says, as data. Text of it may come from a stranger's file: it is never markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_ROWS = 400
"""Rows of one table of the page; what is left out is said."""
MANY_ROWS = 20
"""A table with more rows is folded, and opened by whoever wants it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of the page.

    Attributes:
        caption: what it shows.
        columns: names; `rows` are the values, as JSON carries them.
        verdict: position of the column that says good or bad, None where there is none.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    verdict: int | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture of the page, and the table behind it.

    Attributes:
        kind: which kind of picture; it is unique on a page.
        says: the text in place of the picture.
        below: units, who is counted, what is left out; may be empty.
        wide: SVG text for screens and paper, empty where nothing renders it.
        narrow: the same for a telephone.
        table: what is drawn.
    """

    kind: str
    title: str
    says: str
    below: str
    wide: str
    narrow: str
    table: Grid


@dataclass(frozen=True, slots=True)
class Document:
    """A specification: a file from which the scenario can be made again."""

    file: str
    kind: str
    title: str
    description: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the summary: whether something is as it should be (None: nothing to judge)."""

    good: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """A section of tables: its result as a sentence, then the tables that show it."""

    lead: str
    tables: Sequence[Grid]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page of a scenario says.

    Attributes:
        period: first and last day of its records, and how many days that is; None where the
            specification cannot be read.
        references: digest of each import that it was drawn from, by name.
        real_providers: whether clinicians and hospitals are those of imported directories.
        command: what makes it again, one command a line.
        notes: what could not be shown, and why.
    """

    name: str
    description: str
    people: int
    rows: int
    seed: int
    digest: str
    engine_version: str
    period: tuple[str, str, int] | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    requests: Sequence[str] = ()
    fates: Grid | None = None
    verdicts: Sequence[Verdict] = ()
    pictures: Sequence[Drawn] = ()
    asked: Part | None = None
    checks: Part | None = None
    tables: Grid | None = None
    documents: Sequence[Document] = ()
    real_providers: bool = False
    command: str = ""
    notes: Sequence[str] = ()

    @property
    def what(self) -> str:
        """What the scenario is, in a line: its people, and the titles of its specifications."""
        people = f"{self.people:,} synthetic {'person' if self.people == 1 else 'people'}"
        return "; ".join([people, *(document.title for document in self.documents)])
