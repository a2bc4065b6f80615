"""Questionnaires: answers that add up to the totals in results, and needs of how people live."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.asked import asked_in_visits, first_of_year, who_has
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    codes_where,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.chart.rows import in_order, named_ids
from healthsim.execution.sync.context import SyncContext
from healthsim.medicine.instruments import NEEDS, Instrument, Item, instruments
from healthsim.products.patientsim.history import SCREENING_ANSWERS, SCREENINGS
from healthsim.tables import Coded, Columns, stack, take

_SCREENED = 0.4  # share of adults whose needs are asked once a year: assumption
_IN_NEED = 2.0  # how many times as often people in Medicaid have a need: assumption
_ADULT = 18
_WEEKS = 5_300
_OFFICES = ("office", "telehealth")
_NAMES = tuple(f"{NEEDS}/{week}" for week in range(_WEEKS))


def screenings(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `screenings`: one for each total among the results, and needs once a year."""
    parts = [_of_totals(tables["lab_results"], one) for one in instruments().values() if one.total]
    parts.append(_of_needs(ctx, tables))
    kept = [part for part in parts if len(part["person_id"])]
    return in_order(stack(kept), "screening_id") if kept else SCREENINGS.empty()


def screening_answers(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `screening_answers`: one row for each item of a screening."""
    asked = tables["screenings"]
    parts = []
    for one in instruments().values():
        mine = np.flatnonzero(codes_where(texts(asked, "instrument"), lambda n, o=one: n == o.name))  # type: ignore[misc]
        if len(mine):
            parts.append(_answers(ctx, tables, take(asked, mine), one))
    if not parts:
        return SCREENING_ANSWERS.empty()
    rows = stack(parts)
    order = np.lexsort((
        np.asarray(rows["item"]), np.asarray(rows["screening_id"]), np.asarray(rows["person_id"]),
    ))  # fmt: skip
    return take(rows, order)


def _of_totals(results: Columns, one: Instrument) -> Columns:
    """Return the screenings whose total is a result."""
    mine = codes_where(texts(results, "loinc"), lambda code: code == one.total)
    at = np.flatnonzero(mine & ~np.isnan(np.asarray(results["value"], dtype=np.float64)))
    score = np.asarray(results["value"], dtype=np.float64)[at]
    place = np.searchsorted([low for low, _ in one.meanings], score, "right") - 1
    return {
        "screening_id": numbers(results, "lab_result_id")[at],
        "person_id": numbers(results, "person_id")[at],
        **_named(one, len(at)),
        "taken_at": numbers(results, "collected_at")[at],
        "score": score,
        "interpretation": Coded(
            np.maximum(place, 0).astype(np.int32), tuple(word for _, word in one.meanings)
        ),
        "performer_npi": numbers(results, "ordering_npi")[at],
        "encounter_id": numbers(results, "encounter_id")[at],
    }


def _named(one: Instrument, size: int) -> Columns:
    return {
        name: Coded.constant(text, size)
        for name, text in (
            ("instrument", one.name), ("loinc", one.loinc), ("display", one.display),
        )
    }  # fmt: skip


def _of_needs(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Return when adults are asked for needs: in the first visit of a year, of some."""
    one, encounters = instruments()[NEEDS], tables["encounters"]
    kind = texts(encounters, "encounter_class")
    office = take(encounters, codes_where(kind, lambda word: word in _OFFICES))
    asked = asked_in_visits(ctx, office)
    some = ctx.record.draws.uniform(f"chart/{NEEDS}")[asked.row] < _SCREENED
    asked = asked.at(first_of_year(asked) & some & (asked.age >= _ADULT))
    person = ctx.person_id[asked.row]
    found = np.zeros(len(person), dtype=np.bool_)
    for item in one.items:
        found |= _need(ctx, tables, asked.row, item) > 0
    start = np.sort(numbers(office, "encounter_id"))
    order = np.argsort(numbers(office, "encounter_id"), kind="stable")
    at = order[np.searchsorted(start, asked.encounter)]
    return {
        "screening_id": named_ids("screenings", _NAMES, person, asked.week),
        "person_id": person,
        **_named(one, len(person)),
        "taken_at": numbers(office, "start_at")[at],
        "score": np.full(len(person), np.nan),
        "interpretation": Coded(found.astype(np.int32), ("no need", "need")),
        "performer_npi": asked.npi,
        "encounter_id": asked.encounter,
    }


def _need(
    ctx: SyncContext, tables: Mapping[str, Columns], row: Numbers, item: Item
) -> NDArray[np.int64]:
    """Return the positions of people's answers to an item: as codes say, else by share."""
    u = ctx.record.draws.uniform(f"chart/{NEEDS}/{item.loinc}")[row]
    poor = _poor(ctx)[row]
    answer, edge = np.zeros(len(row), dtype=np.int64), np.zeros(len(row))
    for place, option in enumerate(item.answers[1:], 1):
        top = edge + np.where(poor, _IN_NEED, 1.0) * option.share
        answer = np.where((u >= edge) & (u < top), place, answer)
        edge = top
    for place, option in enumerate(item.answers):
        if option.codes:
            answer = np.where(who_has(ctx, tables["conditions"], option.codes)[row], place, answer)
    return answer


def _poor(ctx: SyncContext) -> Mask:
    """Return who has Medicaid by the profile, bool, (people,)."""
    kinds = np.array([*(design.kind == "medicaid" for design in ctx.plans.designs), False])
    poor: Mask = kinds[ctx.people.plan]
    return poor


def _answers(
    ctx: SyncContext, tables: Mapping[str, Columns], asked: Columns, one: Instrument
) -> Columns:
    """Return the answers of one instrument, item after item."""
    row = rows_of(ctx, numbers(asked, "person_id"))
    if one.total:
        chosen = _shared_out(ctx, asked, row, one)
    else:
        chosen = np.column_stack([_need(ctx, tables, row, item) for item in one.items])
    return stack([
        _answers_of(asked, item, chosen[:, place]) for place, item in enumerate(one.items)
    ])  # fmt: skip


def _answers_of(asked: Columns, item: Item, which: NDArray[np.int64]) -> Columns:
    size = len(which)
    value = np.array([option.value for option in item.answers], dtype=np.int32)[which]
    return {
        "screening_id": asked["screening_id"],
        "item": np.full(size, item.number, dtype=np.int32),
        "person_id": asked["person_id"],
        "loinc": Coded.constant(item.loinc, size),
        "question": Coded.constant(item.question, size),
        "answer_code": Coded.of([option.code for option in item.answers]).take(which),
        "answer": Coded.of([option.text for option in item.answers]).take(which),
        "value": np.where(value < 0, np.int32(-(2**31)), value),
    }


def _shared_out(
    ctx: SyncContext, asked: Columns, row: NDArray[np.intp], one: Instrument
) -> NDArray[np.int64]:
    """Return points of items that add up to each total, int64, shape (n, items).

    A point more goes to the item that has the least of what it should have; who drinks never
    has no points for how much.
    """
    draws, pairs = ctx.record.draws, ctx.record.draws.pairs(row, numbers(asked, "taken_at"))
    total = np.rint(np.asarray(asked["score"], dtype=np.float64)).astype(np.int64)
    top = np.array([item.answers[-1].value for item in one.items])
    weight = np.column_stack([
        item.weight * (0.3 + draws.at(f"chart/{one.name}/{item.number}", row, pairs))
        for item in one.items
    ])  # fmt: skip
    points = np.zeros(weight.shape, dtype=np.int64)
    for given in range(int(total.max(initial=0))):
        left = given < np.minimum(total, top.sum())
        wanting = np.where(points < top, (points + 1) / weight, np.inf)
        item = np.argmin(wanting, axis=1)
        points[left, item[left]] += 1
    return points
