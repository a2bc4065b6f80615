"""Orders of tests: which results belong together, and in which tubes they were measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.loinc import panel_names
from healthsim.execution.sync.chart.lookups import by_vocabulary, text_column
from healthsim.execution.sync.chart.order_ids import order_ids
from healthsim.execution.sync.chart.procedures import ordered_procedures
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.specimens import ResultKind, result_kind
from healthsim.tables import NO_NUMBER, Coded, Columns, join, take

GENERIC = "11502-2"
"""LOINC's laboratory report, for panels that have no code of their own."""


@dataclass(frozen=True, eq=False)
class LabOrders:
    """Tests that were ordered together, by order of their first results.

    Attributes:
        results: the rows of `lab_results` that are reported, int64, shape (results,).
        order: number of the order of each, int64, shape (results,).
        first: first row of each order in `lab_results`, int64, shape (orders,).
        ids: of each order, int64, shape (orders,): of the procedure that it is a result of, where
            there is one.
        own: whether it is an order of its own, bool, shape (orders,).
        study: what it is, shape (orders,): laboratory, ekg, echo, spirometry or dxa.
    """

    results: NDArray[np.int64]
    order: NDArray[np.int64]
    first: NDArray[np.int64]
    ids: NDArray[np.int64]
    own: NDArray[np.bool_]
    study: Coded

    def owned(self) -> LabOrders:
        """Return the orders that are not told in the report of a procedure, and their results."""
        number = np.cumsum(self.own) - 1
        told = self.own[self.order]
        return LabOrders(
            results=self.results[told],
            order=number[self.order[told]],
            first=self.first[self.own],
            ids=self.ids[self.own],
            own=self.own[self.own],
            study=self.study.take(self.own),
        )


def lab_orders(ctx: SyncContext, tables: Mapping[str, Columns]) -> LabOrders:
    """Return the orders of results that are reported; questionnaires and vital signs are not."""
    labs = tables["lab_results"]
    result_ids = np.asarray(labs["lab_result_id"], dtype=np.int64)
    studies = by_vocabulary(
        text_column(labs, "loinc"),
        [kind.study or None for kind in _kinds(text_column(labs, "loinc"))],
    )
    results = np.flatnonzero(studies.codes >= 0)
    event = np.asarray(labs["event_id"], dtype=np.int64)[results]
    key = np.where(event == NO_NUMBER, -_first_of_specimen(labs)[results], event)
    _, first, order = np.unique(key, return_index=True, return_inverse=True)
    in_order = np.argsort(first)
    number = np.empty_like(in_order)
    number[in_order] = np.arange(len(in_order))
    firsts = results[first[in_order]]
    study = studies.take(firsts)
    procedure = _procedures_of(take(labs, firsts), study, ctx, tables)
    ids = order_ids(ctx, "lab_results", result_ids[firsts])
    return LabOrders(
        results=results,
        order=number[order],
        first=firsts,
        ids=np.where(procedure == NO_NUMBER, ids, procedure),
        own=procedure == NO_NUMBER,
        study=study,
    )


def _first_of_specimen(labs: Columns) -> NDArray[np.int64]:
    """Return the first result of each one's panel and specimen, int64: of no panel, itself."""
    own = np.asarray(labs["lab_result_id"], dtype=np.int64)
    event, panel = np.asarray(labs["event_id"], dtype=np.int64), text_column(labs, "panel")
    at = np.flatnonzero((event == NO_NUMBER) & (panel.codes >= 0))
    if not len(at):
        return own
    keys = [np.asarray(labs[name], dtype=np.int64)[at] for name in ("encounter_id", "collected_at")]
    where = np.stack([*keys, panel.codes[at].astype(np.int64)])
    _, first, of = np.unique(where, axis=1, return_index=True, return_inverse=True)
    found = own.copy()
    found[at] = own[at][first][of.reshape(-1)]
    return found


def _procedures_of(
    labs: Columns, study: Coded, ctx: SyncContext, tables: Mapping[str, Columns]
) -> NDArray[np.int64]:
    """Return the order of the study of the same visit and day that a result is of, int64.

    `NO_NUMBER` where there is none, and for tests of a laboratory.
    """
    none = np.full(len(study), NO_NUMBER)
    measured = np.flatnonzero(~study.equals("laboratory"))
    if not len(measured):
        return none
    ordered = ordered_procedures(ctx, tables)
    done = take(tables["procedures"], ordered.rows)
    group = join([study.take(measured), ordered.words("group")])
    day = np.asarray(labs["collected_at"], dtype=np.int64)[measured] // DAY
    key = np.stack([
        np.concatenate([np.asarray(labs["person_id"])[measured], np.asarray(done["person_id"])]),
        np.concatenate([
            np.asarray(labs["encounter_id"])[measured], np.asarray(done["encounter_id"])]),
        np.concatenate([day, np.asarray(done["performed_date"])]),
        group.codes,
    ])  # fmt: skip
    known, same = np.unique(key, axis=1, return_inverse=True)
    same, size = same.ravel(), len(measured)
    of = np.full(known.shape[1], NO_NUMBER)
    of[same[size:][::-1]] = ordered.ids[::-1]
    none[measured] = of[same[:size]]
    return none


def _kinds(loinc: Coded) -> list[ResultKind]:
    return [result_kind(code) for code in loinc.vocabulary]


@dataclass(frozen=True, eq=False)
class Tubes:
    """The specimens of orders, by order, then kind.

    Attributes:
        first: row of `lab_results` whose result is the first measured in each, int64, (tubes,).
        order: number of the order of each, int64, (tubes,).
        type: HL7 table 0487.
        additive: HL7 table 0371.
        of: specimen of each of the orders' `results`, int64; -1 where there is none.
    """

    first: NDArray[np.int64]
    order: NDArray[np.int64]
    type: Coded
    additive: Coded
    of: NDArray[np.int64]


def tubes(orders: LabOrders, labs: Columns) -> Tubes:
    """Return the tubes and vessels into which specimens of the orders were taken."""
    loinc = text_column(labs, "loinc").take(orders.results)
    kinds = _kinds(loinc)
    words = [f"{kind.type} {kind.additive}" if kind.type else None for kind in kinds]
    kind = by_vocabulary(loinc, words)
    taken = np.flatnonzero((kind.codes >= 0) & orders.own[orders.order])
    key = orders.order[taken] * (len(kind.vocabulary) + 1) + kind.codes[taken]
    _, first, tube = np.unique(key, return_index=True, return_inverse=True)
    of = np.full(len(orders.results), -1, dtype=np.int64)
    of[taken] = tube
    rows = taken[first]
    halves = [word.split(" ") for word in kind.vocabulary]
    own = kind.take(rows)
    return Tubes(
        first=orders.results[rows],
        order=orders.order[rows],
        type=by_vocabulary(own, [half[0] for half in halves]),
        additive=by_vocabulary(own, [half[1] for half in halves]),
        of=of,
    )


def names_of(orders: LabOrders, labs: Columns) -> tuple[Coded, Coded]:
    """Return LOINC code and words of what each order is of: its panel, else its one test.

    The code of a panel without one is absent; its words are our name of it.
    """
    panel = text_column(labs, "panel").take(orders.first)
    loinc = text_column(labs, "loinc").take(orders.first)
    test = text_column(labs, "display").take(orders.first)
    named = [panel_names().get(word) for word in panel.vocabulary]
    code = [name.loinc or None if name else None for name in named]
    words = [(name.display or name.name) if name else word
             for name, word in zip(named, panel.vocabulary, strict=True)]  # fmt: skip
    return (
        _either(panel, by_vocabulary(panel, code), loinc),
        _either(panel, by_vocabulary(panel, words), test),
    )


def _either(panel: Coded, of_panel: Coded, of_test: Coded) -> Coded:
    """Return the panel's words where there is a panel, else the test's."""
    size = len(of_panel.vocabulary)
    shifted = np.where(of_test.codes < 0, -1, of_test.codes + size)
    codes = np.where(panel.codes >= 0, of_panel.codes, shifted).astype(np.int32)
    words = tuple(dict.fromkeys((*of_panel.vocabulary, *of_test.vocabulary)))
    place = {word: number for number, word in enumerate(words)}
    table = np.array(
        [place[word] for word in (*of_panel.vocabulary, *of_test.vocabulary)] + [-1],
        dtype=np.int32,
    )
    return Coded(table[codes], words)
