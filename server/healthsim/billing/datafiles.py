"""The tables of this package: CSV files, each with the source of its figures."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "data"
"""Where they are."""


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a data file, header -> text, in the file's order.

    Args:
        name: of the file in the folder `data`, with its ending.
    """
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
