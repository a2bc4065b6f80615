"""Causes of death that a chart has before: chronic diseases, of ``data/charted_causes.csv``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows
from healthsim.medicine.spread import is_primary_tumor

FILE = "charted_causes.csv"


class ChartedCause(NamedTuple):
    """Whose death a chronic disease may be.

    Attributes:
        held: beginnings of ICD-10-CM codes; who has none of them does not die of it.
        but: beginnings of codes among those that do not count.
        own: whether the category of the person's own code is stated.
        new: category of the sudden illness of which those die who do not have the disease; empty
            where they die of something else.
    """

    held: tuple[str, ...]
    but: tuple[str, ...]
    own: bool
    new: str = ""

    def of(self, codes: Iterable[str]) -> tuple[str, ...]:
        """Return the codes that count, those that are rather the cause first.

        >>> charted_causes()["C80"].of(["C78.7", "C44.91", "C18.9", "E11.9"])
        ('C18.9', 'C78.7')
        """
        counted = [code for code in codes
                   if code.startswith(self.held) and not code.startswith(self.but)]  # fmt: skip
        return tuple(sorted(counted, key=lambda code: not is_primary_tumor(code)))


@cache
def charted_causes() -> Mapping[str, ChartedCause]:
    """Return the causes of death that only those have who have the disease, by category."""
    return {
        row["cause"]: ChartedCause(
            held=tuple(row["held"].split("|")),
            but=tuple(one for one in row["but"].split("|") if one),
            own=row["own"] == "yes",
            new=row["new"],
        )
        for row in rows(FILE)
    }
