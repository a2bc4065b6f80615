"""Codes of visits that follow from what is measured in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.loinc import observation
from healthsim.dates import Days, whole_months
from healthsim.execution.sync.visits.signs_taken import SignsTaken, VisitDays
from healthsim.execution.sync.visits.visit_coding import VisitCodes
from healthsim.execution.timeline.record import Record
from healthsim.medicine.effects import effects
from healthsim.medicine.growth import figure, percentile_of, value_of
from healthsim.medicine.measured_codes import BMI, OF_95TH, PERCENTILE, code_of
from healthsim.medicine.preventive import WELL_CHILD, is_abnormal, with_findings

_BAND, _OBESITY = "Z68", "E66"
_BMI, _WEIGHT, _HEIGHT = "39156-5", "29463-7", "8302-2"
_SYSTOLIC, _DIASTOLIC = "8480-6", "8462-4"
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
    """Lets codes of body mass index, raised pressure and little oxygen follow what is measured.

    What a step of a journey measures in a visit decides; the rest is what the body shows that day.
    """

    def __init__(self, record: Record, taken: SignsTaken, *, usual: bool = True) -> None:
        """Take what is known of a chunk's people.

        Args:
            record: of the people.
            taken: what journeys measure in visits.
            usual: whether what no journey measures is measured at all.
        """
        self._record, self._taken, self._usual = record, taken, usual

    def follow(
        self,
        codes: VisitCodes,
        on: VisitDays,
        last: Days,
        in_office: NDArray[np.bool_],
        in_hospital: NDArray[np.bool_],
    ) -> VisitCodes:
        """Return the codes of visits with those that follow from measurements.

        A stated code of a band of body mass index becomes that of the day; where obesity is coded,
        the band stands behind it. In the office, some raised pressures of people without
        hypertension are coded. A preventive visit says whether anything
        was found. Hypoxemia is coded in hospitals, where an illness of the visit that takes oxygen
        has taken much; elsewhere nobody is left so.

        Args:
            codes: of the visits.
            on: the visits' first days.
            last: int32, their last days.
            in_office: bool, which visits are in an office.
            in_hospital: bool, which are in a hospital.
        """
        banded = self._well_children(self._bands(codes, on), on)
        followed = self._pressures(self._oxygen(banded, on, last, in_hospital), on, in_office)
        return replace(followed, lists=tuple(map(with_findings, followed.lists)))

    def _oxygen(
        self, codes: VisitCodes, on: VisitDays, last: Days, in_hospital: NDArray[np.bool_]
    ) -> VisitCodes:
        """Return codes with hypoxemia, where an illness of the visit leaves little oxygen.

        In a stay on its first days, after which what takes oxygen gets better.
        """
        asks = [any(code.startswith(_takes_oxygen()) for code in one)
                and not any(code.startswith((_HYPOXEMIA, *_EXPLAINED)) for code in one)
                for one in codes.lists]  # fmt: skip
        at = np.flatnonzero(np.array([*asks, False])[codes.chosen] & in_hospital)
        little = np.zeros(len(at), dtype=np.bool_)
        for later in range(_FIRST_DAYS):
            within = np.flatnonzero(on.days[at] + later <= last[at])
            if len(within):
                some = on.take(at[within]).later(later)
                found = self._measured([_SATURATION], some)[_SATURATION]
                little[within] |= found < figure("hypoxemia")
        at = at[little]
        return _rewritten(codes, at, np.full(len(at), _HYPOXEMIA, dtype=object), _behind)

    def _bands(self, codes: VisitCodes, on: VisitDays) -> VisitCodes:
        asks = [any(code.startswith((_BAND, _OBESITY)) for code in one) for one in codes.lists]
        at = np.flatnonzero(np.array([*asks, False])[codes.chosen])
        bmi = self._indices(on.take(at))
        at, bmi = at[~np.isnan(bmi)], bmi[~np.isnan(bmi)]
        if not len(at):
            return codes
        return _rewritten(codes, at, self._band_codes(on.take(at), bmi), _with_band)

    def _well_children(self, codes: VisitCodes, on: VisitDays) -> VisitCodes:
        """Return codes in which a child's preventive visit states an unusual body mass index."""
        asks = [any(code.startswith(WELL_CHILD) for code in one)
                and not any(code.startswith(_BAND) for code in one)
                for one in codes.lists]  # fmt: skip
        at = np.flatnonzero(np.array([*asks, False])[codes.chosen])
        if not (len(at) and self._usual):
            return codes
        some = on.take(at)
        words = self._band_codes(some, self._indices(some))
        child = whole_months(self._record.people.birth[some.rows], some.days) < _ADULT
        found = child & np.array([bool(word) and is_abnormal(word) for word in words.tolist()])
        return _rewritten(codes, at[found], words[found], _behind)

    def _indices(self, on: VisitDays) -> NDArray[np.float64]:
        """Return each person's body mass index on a day, kg/m2; NaN where it is not measured."""
        weight, height, index = (self._taken.of_code(code, on) for code in (_WEIGHT, _HEIGHT, _BMI))
        usual = self._body([_BMI, _WEIGHT, _HEIGHT], on)
        of_parts = ~np.isnan(weight) | ~np.isnan(height)
        weight = np.where(np.isnan(weight), usual[_WEIGHT], weight)
        height = np.where(np.isnan(height), usual[_HEIGHT], height)
        decimals = observation(_BMI).decimals
        computed = np.round(np.round(weight / (height / 100) ** 2, decimals + 6), decimals)
        found: NDArray[np.float64] = np.where(of_parts, computed, usual[_BMI])
        return np.where(np.isnan(index), found, index)

    def _band_codes(self, on: VisitDays, bmi: NDArray[np.float64]) -> NDArray[np.object_]:
        """Return the code of each body mass index on a day; empty below two years."""
        record, rows, days = self._record, on.rows, on.days
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
        self, codes: VisitCodes, on: VisitDays, in_office: NDArray[np.bool_]
    ) -> VisitCodes:
        """Return codes with raised pressure, where the reading before it was not raised."""
        at = self._raised_first(on, np.flatnonzero(in_office))
        coded = [any(code.startswith((*_HYPERTENSION, _RAISED)) for code in one)
                 for one in codes.lists]  # fmt: skip
        at = at[~np.array([*coded, False])[codes.chosen[at]]]
        pairs = self._record.draws.pairs(on.rows[at], on.days[at].astype(np.int64))
        u = self._record.draws.at("vitals/raised_pressure", on.rows[at], pairs)
        at = at[u < figure("raised_pressure_coded")]
        return _rewritten(codes, at, np.full(len(at), _RAISED, dtype=object), _behind)

    def _raised_first(self, on: VisitDays, at: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return which visits of grown people without hypertension have the first raised reading.

        A second one without a normal one between would be hypertension.
        """
        rows, days = on.rows, on.days
        at = at[whole_months(self._record.people.birth[rows[at]], days[at]) >= _GROWN]
        if not len(at):
            return at
        held = self._record.conditions.held_on(rows[at], days[at])
        at = at[~np.any([held.has(prefix) for prefix in _HYPERTENSION], axis=0)]
        at = at[np.lexsort((days[at], rows[at]))]
        found = self._measured([_SYSTOLIC, _DIASTOLIC], on.take(at))
        raised = found[_SYSTOLIC] >= figure("raised_systolic")
        raised |= found[_DIASTOLIC] >= figure("raised_diastolic")
        known = ~np.isnan(found[_SYSTOLIC])
        at, raised = at[known], raised[known]
        again = np.zeros(len(at), dtype=np.bool_)
        again[1:] = (rows[at][1:] == rows[at][:-1]) & raised[:-1]
        return np.sort(at[raised & ~again])

    def _measured(self, codes: Sequence[str], on: VisitDays) -> dict[str, NDArray[np.float64]]:
        """Return what is measured of people in any order, by code; NaN where nothing is."""
        found = self._body(codes, on)
        for code, usual in found.items():
            taken = self._taken.of_code(code, on)
            found[code] = np.where(np.isnan(taken), usual, taken)
        return found

    def _body(self, codes: Sequence[str], on: VisitDays) -> dict[str, NDArray[np.float64]]:
        """Return what bodies show, by code; NaN where only journeys measure."""
        if not self._usual or not len(on):
            return {code: np.full(len(on), np.nan) for code in codes}
        order = np.argsort(on.rows, kind="stable")
        found = self._record.body.values(codes, on.rows[order], on.days[order])
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
