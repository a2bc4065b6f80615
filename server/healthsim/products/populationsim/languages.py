"""In which language people prefer to be served, by race, ethnicity, age and state."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.datafiles import rows
from healthsim.products.populationsim.figures import RACES
from healthsim.products.populationsim.race import ETHNICITIES
from healthsim.products.populationsim.reference import geography

ENGLISH = "en"
_GROUPS = ("hispanic", *RACES)  # Hispanics of any race, then the races of all others


@dataclass(frozen=True, eq=False)
class LanguageShares:
    """Shares of languages by state, age, ethnicity and race.

    Attributes:
        languages: BCP 47 codes, English first.
        ages: int64, shape (ages,), first year of life of each group of ages, ascending from 0.
        shares: float64, shape (states + 1, ages, 2, 7, languages): by state of the geography and,
            last, the nation; by `ETHNICITIES` and `RACES`. The last axis adds up to 1.
    """

    languages: tuple[str, ...]
    ages: NDArray[np.int64]
    shares: NDArray[np.float64]

    def age_group(self, age: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the group of ages of each age in years, int64, shape (n,)."""
        return np.asarray(np.searchsorted(self.ages, age, side="right") - 1, dtype=np.int64)


@cache
def language_shares() -> LanguageShares:
    """Return the shares of languages; read once for a process.

    >>> shares = language_shares()
    >>> spanish = shares.shares[-1, 1, ..., shares.languages.index("es")]
    >>> bool(spanish[1].min() > 0.2 > 0.02 > spanish[0].max())
    True
    """
    listed = rows("languages.csv")
    languages = (ENGLISH, *dict.fromkeys(row["language"] for row in listed))
    ages = sorted({int(row["age_low"]) for row in listed})
    states = geography().states
    table = np.zeros((len(states) + 1, len(ages), len(_GROUPS), len(languages)))
    for row in sorted(listed, key=lambda row: row["state"] != ""):
        group, age = _GROUPS.index(row["group"]), ages.index(int(row["age_low"]))
        where = slice(None) if not row["state"] else states.index(row["state"])
        table[where, age, group, languages.index(row["language"])] = float(row["share"])
    table[..., 0] = 1 - table[..., 1:].sum(axis=-1)
    of_cell = np.array([[_GROUPS.index(_group(ethnicity, race)) for race in RACES]
                        for ethnicity in ETHNICITIES])  # fmt: skip
    shares = np.round(table[:, :, of_cell], 9)
    shares.setflags(write=False)
    return LanguageShares(languages, np.array(ages, dtype=np.int64), shares)


def _group(ethnicity: str, race: str) -> str:
    return "hispanic" if ethnicity == "hispanic" else race
