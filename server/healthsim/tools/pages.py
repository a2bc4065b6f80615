"""One page of a query: as many rows, columns and characters as an answer may have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from healthsim.errors import cut
from healthsim.tools.bounds import LONGEST, Cutter, weight

MOST_COLUMNS = 100
_ROOM = LONGEST - 4_000  # characters of columns, types and rows; the rest is for what is said
_LONGEST_NAME, _LONGEST_TYPE = 80, 60
_NAMES = 600  # characters of the names of columns that are left out


@dataclass(frozen=True, slots=True)
class Page:
    """What of a result is shown.

    Attributes:
        columns: names of the columns that are shown.
        types: their types.
        rows: as many as fit; one at least, its values cut where it is too long alone.
        notes: what was left out or cut.
    """

    columns: list[str]
    types: list[str]
    rows: list[list[Any]]
    notes: list[str]


def fitting(columns: Sequence[tuple[str, str]], rows: list[list[Any]], first: int) -> Page:
    """Return the page of a result that an answer can carry.

    Args:
        columns: name and type of each column.
        rows: the rows that were asked for.
        first: number of the first of them in the result.
    """
    cutter = Cutter()
    heads = [[cut(name, _LONGEST_NAME), cut(kind, _LONGEST_TYPE)] for name, kind in columns]
    needed = list(accumulate(weight(head) for head in heads[:MOST_COLUMNS]))
    wide = max(1, sum(each <= _ROOM // 2 for each in needed))
    names, types = [name for name, _ in heads[:wide]], [kind for _, kind in heads[:wide]]
    room = _ROOM - needed[wide - 1]

    def fitted(row: list[Any], number: int) -> list[Any]:
        shown = row[:wide]
        return shown if number else cutter.row(shown, room, f"row {first}", names)

    shown = cutter.first(rows, room, fitted)
    notes = [f"cut: {'; '.join(cutter.said())}"] if cutter.said() else []
    left = ", ".join(name for name, _ in heads[wide:])
    if left:
        notes.append(
            f"{wide} of {len(columns):,} columns are shown; select the others by name: "
            f"{cut(left, _NAMES)}"
        )
    return Page(names, types, shown, notes)
