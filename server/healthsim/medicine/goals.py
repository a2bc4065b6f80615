"""Goals of care: for whom, what is measured, and when it is reached (`medicine/data/goals.csv`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from healthsim.medicine.datafiles import rows

_NEVER = 999


@dataclass(frozen=True, slots=True)
class CareGoal:
    """A goal for people with a condition; of several with one `name`, the first that fits counts.

    Attributes:
        name: what it is about; a person has one goal of a name.
        codes: regular expression for the beginning of the condition's code.
        with_codes: of another condition that the person must have; empty for none.
        without_codes: of conditions that the person must not have; empty for none.
        least_age, below_age: completed years.
        sex: "F", "M" or empty for both.
        loinc: what shows it, the usual code first; empty where nothing is measured.
        low: results from here on reach it; None without a lower end.
        below: results below reach it; None without an upper end.
        of_latest: the upper end as a share of the latest result; None where `below` says it.
        due_days: days from the beginning.
        share: of those whom it suits, 0 to 1.
    """

    name: str
    description: str
    category: str | None
    codes: str
    with_codes: str
    without_codes: str
    least_age: int
    below_age: int
    sex: str
    loinc: tuple[str, ...]
    low: float | None
    below: float | None
    of_latest: float | None
    unit: str | None
    due_days: int
    share: float

    @property
    def is_measured(self) -> bool:
        """Whether results show it."""
        return self.low is not None or self.below is not None or self.of_latest is not None


@cache
def care_goals() -> tuple[CareGoal, ...]:
    """Return every goal, in the table's order."""
    return tuple(
        CareGoal(
            name=row["goal"], description=row["description"], category=row["category"] or None,
            codes=row["codes"], with_codes=row["with"], without_codes=row["without"],
            least_age=int(row["least_age"] or 0),
            below_age=int(row["below_age"] or _NEVER), sex=row["sex"],
            loinc=tuple(filter(None, row["loinc"].split("|"))), low=_number(row["low"]),
            below=_number(row["below"]), of_latest=_number(row["of_latest"]),
            unit=row["unit"] or None, due_days=int(row["due_days"]), share=float(row["share"]),
        )
        for row in rows("goals.csv")
    )  # fmt: skip


def _number(text: str) -> float | None:
    return float(text) if text else None
