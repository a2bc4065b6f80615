"""The CSV files of this package, read with the standard library."""

from __future__ import annotations

import csv
from pathlib import Path

_FOLDER = Path(__file__).parent / "data"


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a data file, header -> text; `data/README.md` names the sources.

    >>> rows("states.csv")[0]["name"]
    'Alaska'
    """
    with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def columns(name: str) -> tuple[list[str], ...]:
    """Return the columns of a data file without its header, in the file's order; as texts.

    >>> [len(column) for column in columns("metros.csv")]
    [392, 392, 392]
    """
    with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        return tuple(map(list, zip(*lines, strict=True)))
