"""Usual adverse events of trials: which terms, how often and how bad, by class of treatment."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

BACKGROUND = "placebo"
"""The class of what happens without any treatment; the others are on top of it."""
MOST_GRADE = 4


class UsualEvent(NamedTuple):
    """How often a term is recorded under a class of treatment.

    Attributes:
        term: in the words of the CTCAE or of labels.
        code: ICD-10-CM.
        sex: of those who can have it; empty for all.
        share: of subjects who have it at least once within `within_days`.
        grades: share of each CTCAE grade, "1" to "4".
        serious: share that is serious below grade 4.
        mean_days: that it lasts.
        related: shares of how it relates to the treatment.
        action: shares of what is done with the treatment.
    """

    term: str
    code: str
    sex: str
    share: float
    grades: Mapping[str, float]
    serious: float
    mean_days: float
    within_days: int
    related: Mapping[str, float]
    action: Mapping[str, float]

    def share_within(self, days: int) -> float:
        """Return the share of subjects who have it within another time, at the same rate.

        >>> usual_events("placebo")["Nausea"].share_within(336)
        0.087975
        """
        free: float = (1.0 - self.share) ** (days / self.within_days)
        return round(1.0 - free, 6)


@cache
def classes() -> tuple[str, ...]:
    """Return the classes of treatment of `medicine/data/adverse_events.csv`, in its order."""
    return tuple(dict.fromkeys(row["class"] for row in rows("adverse_events.csv")))


@cache
def usual_events(treatment: str) -> Mapping[str, UsualEvent]:
    """Return the usual adverse events of a class of treatment by term.

    Those that happen without treatment are among them, unless the class has a row of its own for
    the term.

    Args:
        treatment: one of `classes`.
    """
    found = {}
    for name in dict.fromkeys((BACKGROUND, treatment)):
        for row in rows("adverse_events.csv"):
            if row["class"] == name:
                found[row["term"]] = _event(row)
    return found


def _event(row: Mapping[str, str]) -> UsualEvent:
    grades = {str(grade): float(row[f"grade_{grade}"]) for grade in range(1, MOST_GRADE + 1)}
    if abs(sum(grades.values()) - 1) > 1e-9 or not 0 < float(row["share"]) < 1:
        raise ValueError(f"adverse_events.csv: {row['class']}, {row['term']}: give a share between "
                         "0 and 1, and shares of grades that add up to 1")  # fmt: skip
    return UsualEvent(
        term=row["term"],
        code=row["code"],
        sex=row["sex"],
        share=float(row["share"]),
        grades={grade: share for grade, share in grades.items() if share},
        serious=float(row["serious_share"]),
        mean_days=float(row["mean_days"]),
        within_days=int(row["within_days"]),
        related=_shares(row["related"]),
        action=_shares(row["action"]),
    )


def _shares(text: str) -> dict[str, float]:
    """Return shares by words, written as ``dose reduced:0.1 drug withdrawn:0.9``."""
    found, words = {}, list[str]()
    for part in text.split():
        word, colon, share = part.partition(":")
        words.append(word)
        if colon:
            found[" ".join(words)] = float(share)
            words = []
    return found
