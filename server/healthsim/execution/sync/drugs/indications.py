"""What a prescription is for: a condition that the person has, by the uses of the medicine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.conditions import ConditionRows, condition_rows
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.tables import Coded


class Indications:
    """Finds, among the diagnoses of the visit and the conditions of a chart, what a drug is for."""

    def __init__(self, ctx: SyncContext) -> None:
        """Read the conditions of a chunk once."""
        self._conditions = [one for one in condition_rows(ctx) if len(one.rows)]

    def find(
        self,
        uses: Sequence[str],
        rows: Rows,
        days: Days,
        visit: VisitRows | None = None,
    ) -> Coded:
        """Return the ICD-10-CM code for which each person takes a drug; no value where none fits.

        A diagnosis of the visit stands before the other conditions; among each, the first use.

        Args:
            uses: beginnings of codes, the most usual use first.
            rows: positions of the people in the chunk, ascending; shape (n,).
            days: int32, shape (n,): the day on which it was prescribed.
            visit: the visit during which it was prescribed, if there was one.
        """
        chosen = np.full(len(rows), -1, dtype=np.int32)
        vocabulary: list[str] = []
        if visit is not None and visit.is_encounter:
            _from_visit(uses, rows, visit, chosen, vocabulary)
        for use in uses:
            for condition in self._conditions:
                if condition.code.startswith(use) and (chosen < 0).any():
                    chosen[(chosen < 0) & _held(condition, rows, days)] = len(vocabulary)
                    vocabulary.append(condition.code)
        words = tuple(dict.fromkeys(vocabulary))
        place = np.array([words.index(code) for code in vocabulary] + [-1], dtype=np.int32)
        return Coded(place[chosen], words)


def _held(condition: ConditionRows, rows: Rows, days: Days) -> NDArray[np.bool_]:
    """Return who of `rows` has a condition on their day, bool, shape (n,)."""
    at = np.minimum(np.searchsorted(condition.rows, rows), len(condition.rows) - 1)
    held: NDArray[np.bool_] = condition.rows[at] == rows
    held &= (condition.onset[at] <= days) & (days < condition.abated[at])
    return held


def _from_visit(
    uses: Sequence[str],
    rows: Rows,
    visit: VisitRows,
    chosen: NDArray[np.int32],
    vocabulary: list[str],
) -> None:
    """Choose among the diagnoses of the visit, and add the codes chosen to the vocabulary."""
    first = [
        next((code for use in uses for code in codes if code.startswith(use)), None)
        for codes in visit.diagnoses.lists
    ]
    coded = Coded.of(first).take(visit.diagnoses.chosen[visit.position_of(rows)])
    chosen[:] = coded.codes
    vocabulary.extend(coded.vocabulary)
