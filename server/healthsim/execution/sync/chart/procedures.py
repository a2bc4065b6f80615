"""Procedures that somebody orders apart, and how they are reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.lookups import by_vocabulary, text_column
from healthsim.execution.sync.chart.order_ids import order_ids
from healthsim.execution.sync.context import SyncContext
from healthsim.medicine.studies import NOT_ORDERED, Study, study_of
from healthsim.tables import Coded, Columns

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class OrderedProcedures:
    """Procedures that have an order; arrays of shape (n,).

    Attributes:
        rows: of `procedures`, int64, ascending.
        ids: of their orders, int64.
        study: number of each in `studies`, int32.
        studies: how they are ordered and reported.
    """

    rows: Ints
    ids: Ints
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

    def reported(self) -> OrderedProcedures:
        """Return those that have a report."""
        told = np.flatnonzero(self.words("category").codes >= 0)
        return OrderedProcedures(self.rows[told], self.ids[told], self.study[told], self.studies)


def ordered_procedures(ctx: SyncContext, tables: Mapping[str, Columns]) -> OrderedProcedures:
    """Return the procedures of a chunk that somebody ordered apart.

    An operation that has a code of the surgeon and one of the hospital is ordered once, and so are
    a tracing and its reading.
    """
    done = tables["procedures"]
    code, system = (text_column(done, name) for name in ("code", "system"))
    size = len(system.vocabulary) + 1
    pairs, study = np.unique(code.codes.astype(np.int64) * size + system.codes, return_inverse=True)
    studies = tuple(
        study_of(system.vocabulary[pair % size], code.vocabulary[pair // size])
        for pair in pairs.tolist()
    )
    ordered = np.array([one.kind != NOT_ORDERED.kind for one in studies], dtype=np.bool_)
    rows = np.flatnonzero(ordered[study]) if len(studies) else np.zeros(0, dtype=np.int64)
    once = OrderedProcedures(rows, rows, study[rows].astype(np.int32), studies)
    rows = rows[~_ordered_already(once, done, code, system)]
    ids = np.asarray(done["procedure_id"], dtype=np.int64)[rows]
    return OrderedProcedures(
        rows, order_ids(ctx, "procedures", ids), study[rows].astype(np.int32), studies
    )


def _ordered_already(
    ordered: OrderedProcedures, done: Columns, code: Coded, system: Coded
) -> NDArray[np.bool_]:
    """Return which procedures another code of the same visit and day is the order of, bool."""
    person, encounter, day = (
        np.asarray(done[name], dtype=np.int64)[ordered.rows]
        for name in ("person_id", "encounter_id", "performed_date")
    )
    report = ordered.words("loinc").codes
    operation = ordered.words("kind").equals("procedure") & (report < 0)
    hospital = system.equals("ICD-10-PCS")[ordered.rows]
    place = np.unique(np.stack([person, encounter, day]), axis=1, return_inverse=True)[1].ravel()
    size = int(place.max(initial=0)) + 1
    by_surgeon = np.zeros(size, dtype=np.bool_)
    by_surgeon[place[operation & ~hospital]] = True
    told = report >= 0
    key = place * (int(report.max(initial=0)) + 2) + report
    _, first, again = np.unique(key, return_index=True, return_inverse=True)
    own = code.codes[ordered.rows]
    other_code = own != own[first][again.ravel()] if len(own) else told
    already: NDArray[np.bool_] = (operation & hospital & by_surgeon[place]) | (told & other_code)
    return already
