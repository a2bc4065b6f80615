"""Codes of visits that follow from what is measured in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days, whole_months
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.visits.visit_coding import VisitCodes
from healthsim.execution.timeline.record import Record
from healthsim.medicine.effects import effects
from healthsim.medicine.growth import figure, percentile_of, value_of
from healthsim.medicine.measured_codes import BMI, OF_95TH, PERCENTILE, code_of

_BAND, _OBESITY = "Z68", "E66"
_BMI, _SYSTOLIC, _DIASTOLIC = "39156-5", "8480-6", "8462-4"
_ADULT, _CHILD = 240, 24  # months of age from which codes of adults and of children are used
_RAISED, _HYPOXEMIA = "R03.0", "R09.02"
_EXPLAINED = ("J96", "J80", "P22", "P28")  # failures of breathing, of which little oxygen is part
_SATURATION = "59408-5"
_FIRST_DAYS = 3  # of a stay, on which oxygen is looked at
_HYPERTENSION = ("I10", "I11", "I12", "I13", "I15", "I16", "O10", "O11", "O13", "O14", "O16")
_GROWN = 216  # months of age from which one limit of blood pressure holds
_Z_OF_95TH = 1.6448536269514722
_Write: TypeAlias = Callable[[tuple[str, ...], str], tuple[str, ...]]


class MeasuredCoding:
    """Lets codes of body mass index, raised pressure and little oxygen follow what is measured."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def follow(
        self, codes: VisitCodes, rows: Rows, days: Days, last: Days, in_office: NDArray[np.bool_]
    ) -> VisitCodes:
        """Return the codes of visits with those that follow from measurements.

        A stated code of a band of body mass index becomes that of the day; where obesity is coded,
        the band stands behind it. In the office, some raised pressures of people without
        hypertension are coded. Hypoxemia is coded where an illness of the visit that takes oxygen
        has taken much.

        Args:
            codes: of the visits.
            rows: positions of the people in the chunk; may repeat.
            days: int32, first day of each visit.
            last: int32, its last day.
            in_office: bool, which visits are in an office.
        """
        followed = self._oxygen(self._bands(codes, rows, days), rows, days, last)
        return self._pressures(followed, rows, days, in_office)

    def _oxygen(self, codes: VisitCodes, rows: Rows, days: Days, last: Days) -> VisitCodes:
        """Return codes with hypoxemia, where an illness of the visit leaves little oxygen.

        In a stay on its first days, after which what takes oxygen gets better.
        """
        asks = [any(code.startswith(_takes_oxygen()) for code in one)
                and not any(code.startswith((_HYPOXEMIA, *_EXPLAINED)) for code in one)
                for one in codes.lists]  # fmt: skip
        at = np.flatnonzero(np.array([*asks, False])[codes.chosen])
        little = np.zeros(len(at), dtype=np.bool_)
        for later in range(_FIRST_DAYS):
            within = np.flatnonzero(days[at] + later <= last[at])
            if len(within):
                some, on = rows[at[within]], days[at[within]] + np.int32(later)
                found = self._measured([_SATURATION], some, on)[_SATURATION]
                little[within] |= found < figure("hypoxemia")
        at = at[little]
        return _rewritten(codes, at, np.full(len(at), _HYPOXEMIA, dtype=object), _behind)

    def _bands(self, codes: VisitCodes, rows: Rows, days: Days) -> VisitCodes:
        asks = [any(code.startswith((_BAND, _OBESITY)) for code in one) for one in codes.lists]
        at = np.flatnonzero(np.array([*asks, False])[codes.chosen])
        if not len(at):
            return codes
        words = self._band_codes(rows[at], days[at])
        return _rewritten(codes, at, words, _with_band)

    def _band_codes(self, rows: Rows, days: Days) -> NDArray[np.object_]:
        """Return each person's code of body mass index on a day; empty below two years."""
        record = self._record
        bmi = self._measured([_BMI], rows, days)[_BMI]
        months = whole_months(record.people.birth[rows], days)
        words = np.full(len(rows), "", dtype=object)
        female, chart = record.body.size.female(rows), record.body.size.chart_months(rows, days)
        of_95th = bmi / value_of("bmi", female, chart, np.full(len(rows), _Z_OF_95TH))
        child = (months >= _CHILD) & (months < _ADULT)
        for measure, values, who in (
            (BMI, bmi, months >= _ADULT),
            (PERCENTILE, percentile_of("bmi", female, chart, bmi), child & (of_95th < 1)),
            (OF_95TH, of_95th, child & (of_95th >= 1)),
        ):
            place, known = code_of(measure, np.where(who, values, np.nan))
            words[place >= 0] = np.array(known, dtype=object)[place[place >= 0]]
        return words

    def _pressures(
        self, codes: VisitCodes, rows: Rows, days: Days, in_office: NDArray[np.bool_]
    ) -> VisitCodes:
        record = self._record
        coded = [any(code.startswith((*_HYPERTENSION, _RAISED)) for code in one)
                 for one in codes.lists]  # fmt: skip
        at = np.flatnonzero(in_office & ~np.array([*coded, False])[codes.chosen])
        pairs = record.draws.pairs(rows[at], days[at].astype(np.int64))
        u = record.draws.at("vitals/raised_pressure", rows[at], pairs)
        at = at[u < figure("raised_pressure_coded")]
        at = at[whole_months(record.people.birth[rows[at]], days[at]) >= _GROWN]
        if not len(at):
            return codes
        held = record.conditions.held_on(rows[at], days[at])
        known = np.any([held.has(prefix) for prefix in _HYPERTENSION], axis=0)
        at = at[~known]
        found = self._measured([_SYSTOLIC, _DIASTOLIC], rows[at], days[at])
        raised = found[_SYSTOLIC] >= figure("raised_systolic")
        raised |= found[_DIASTOLIC] >= figure("raised_diastolic")
        at = at[raised]
        return _rewritten(codes, at, np.full(len(at), _RAISED, dtype=object), _behind)

    def _measured(
        self, codes: Sequence[str], rows: Rows, days: Days
    ) -> dict[str, NDArray[np.float64]]:
        """Return what is measured of people in any order, by code; float64."""
        order = np.argsort(rows, kind="stable")
        found = self._record.body.values(codes, rows[order], days[order])
        back = np.argsort(order)
        return {code: values[back] for code, values in found.items()}


@cache
def _takes_oxygen() -> tuple[str, ...]:
    """Return the beginnings of the codes of illnesses that leave less oxygen in the blood."""
    return tuple(
        cause
        for effect in effects()
        if effect.kind == "condition" and effect.analyte == "desaturation"
        for cause in effect.causes
    )


def _behind(listed: tuple[str, ...], word: str) -> tuple[str, ...]:
    return (*listed, word)


def _with_band(listed: tuple[str, ...], word: str) -> tuple[str, ...]:
    """Return codes with the band of the day, in place of a stated one or behind obesity."""
    kept = [code for code in listed if not code.startswith(_BAND)]
    if not word:
        return tuple(kept)
    places = [place for place, code in enumerate(kept) if code.startswith(_OBESITY)]
    stated = next((place for place, code in enumerate(listed) if code.startswith(_BAND)), None)
    where = stated if stated is not None else places[-1] + 1
    where = max(where, places[-1] + 1) if places else where
    return (*kept[:where], word, *kept[where:])


def _rewritten(
    codes: VisitCodes,
    at: NDArray[np.intp],
    words: NDArray[np.object_],
    write: _Write,
) -> VisitCodes:
    """Return codes in which the lists of some visits are written anew with a word of each."""
    if not len(at):
        return codes
    known, word = np.unique(words.astype(str), return_inverse=True)
    kind = codes.chosen[at].astype(np.int64) * len(known) + word
    kinds, place = np.unique(kind, return_inverse=True)
    lists, late = list(codes.lists), list(codes.late)
    for one in kinds.tolist():
        before, text = divmod(one, len(known))
        lists.append(write(codes.lists[before], str(known[text])))
        late.append(codes.late[before] if codes.late else frozenset())
    chosen = codes.chosen.copy()
    chosen[at] = (len(codes.lists) + place).astype(np.int32)
    return replace(codes, lists=tuple(lists), chosen=chosen, late=tuple(late))
