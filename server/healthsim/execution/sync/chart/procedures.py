"""Procedures that somebody orders apart, and how they are reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.lookups import by_vocabulary, text_column
from healthsim.medicine.studies import NOT_ORDERED, Study, study_of
from healthsim.tables import Coded, Columns


@dataclass(frozen=True, eq=False)
class OrderedProcedures:
    """Procedures that have an order.

    Attributes:
        rows: of `procedures`, int64, shape (n,), ascending.
        study: number of each in `studies`, int32, shape (n,).
        studies: how they are ordered and reported.
    """

    rows: NDArray[np.int64]
    study: NDArray[np.int32]
    studies: tuple[Study, ...]

    def words(self, field: str) -> Coded:
        """Return a field of the study of each; absent where it is empty."""
        whole = Coded(self.study, tuple(str(number) for number in range(len(self.studies))))
        return by_vocabulary(whole, [getattr(one, field) or None for one in self.studies])

    def displays(self, given: Coded) -> Coded:
        """Return what each is, in words: the given ones, else those of the study."""
        other = self.words("display")
        size = len(given.vocabulary)
        codes = np.where(given.codes >= 0, given.codes, other.codes + size).astype(np.int32)
        words = tuple(dict.fromkeys((*given.vocabulary, *other.vocabulary)))
        both = [words.index(word) for word in (*given.vocabulary, *other.vocabulary)]
        return Coded(np.array(both or [0], dtype=np.int32)[codes], words)


def ordered_procedures(tables: Mapping[str, Columns]) -> OrderedProcedures:
    """Return the procedures of a chunk that somebody ordered apart."""
    code, system = (text_column(tables["procedures"], name) for name in ("code", "system"))
    size = len(system.vocabulary) + 1
    pairs, study = np.unique(code.codes.astype(np.int64) * size + system.codes, return_inverse=True)
    studies = tuple(
        study_of(system.vocabulary[pair % size], code.vocabulary[pair // size])
        for pair in pairs.tolist()
    )
    ordered = np.array([one.kind != NOT_ORDERED.kind for one in studies], dtype=np.bool_)
    rows = np.flatnonzero(ordered[study]) if len(studies) else np.zeros(0, dtype=np.int64)
    return OrderedProcedures(rows, study[rows].astype(np.int32), studies)
