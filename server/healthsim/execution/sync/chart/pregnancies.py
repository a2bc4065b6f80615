"""Who is pregnant on which day, as codes and births say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.books import snomed
from healthsim.codes.pregnancy import LONGEST_PREGNANCY, SUPERVISION
from healthsim.dates import NO_DAY
from healthsim.execution.sync.chart.asked import (
    Asked,
    drawn_answers,
    fact_rows,
    first_of_year,
    known_of,
    who_has,
    with_answer,
)
from healthsim.execution.sync.chart.places import (
    Mask,
    codes_where,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.context import SyncContext
from healthsim.medicine.social import Answer, Fact, facts
from healthsim.tables import NO_NUMBER, Columns

_OF_PREGNANCY = (*SUPERVISION, "O1", "O2", "O3", "O4")
"""Beginnings of codes that only the pregnant have."""
_TERM = 280  # days from the last period to the due date
_DAYS = 21  # bits of a day in a key


@dataclass(frozen=True, eq=False)
class _Spans:
    """Times of people, ascending by person and first day; arrays of shape (n,).

    Attributes:
        begins: int64, keys of person and first day.
        last: int64, keys of person and the latest last day so far.
    """

    begins: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(
        cls, row: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64]
    ) -> _Spans:
        begins, ends = _keys(row, first), _keys(row, last)
        order = np.argsort(begins, kind="stable")
        return cls(begins[order], np.maximum.accumulate(ends[order]))

    def holds(self, row: NDArray[np.int64], day: NDArray[np.int64]) -> Mask:
        """Return whose day lies in one of their times, bool, shape of `row`."""
        if not len(self.begins):
            return np.zeros(len(row), dtype=np.bool_)
        key = _keys(row, day)
        place = np.searchsorted(self.begins, key, "right") - 1
        found: Mask = (place >= 0) & (self.last[np.maximum(place, 0)] >= key)
        return found


def _keys(row: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    return (row.astype(np.int64) << _DAYS) + day + (1 << (_DAYS - 1))


@dataclass(frozen=True, eq=False)
class Pregnancies:
    """The pregnancies of a chunk's people: those that are known, and those that end in a birth.

    Attributes:
        known: from the first code of it to its end.
        carried: from the last period to the birth.
    """

    known: _Spans
    carried: _Spans

    @classmethod
    def of(cls, ctx: SyncContext, tables: Mapping[str, Columns]) -> Pregnancies:
        """Find the pregnancies in the conditions and births of a chunk."""
        conditions, patients = tables["conditions"], tables["patients"]
        mine = codes_where(texts(conditions, "code"), lambda text: text.startswith(_OF_PREGNANCY))
        row = rows_of(ctx, numbers(conditions, "person_id")[mine]).astype(np.int64)
        onset = numbers(conditions, "onset_date")[mine]
        end = numbers(conditions, "abatement_date")[mine]
        end = np.where(end == NO_DAY, onset + LONGEST_PREGNANCY, end)
        mother = numbers(patients, "mother_person_id")
        born = mother != NO_NUMBER
        birth = numbers(patients, "birth_date")[born]
        carries = rows_of(ctx, mother[born]).astype(np.int64)
        return cls(_Spans.of(row, onset, end), _Spans.of(carries, birth - _TERM, birth))

    def pregnant(self, row: NDArray[np.int64], day: NDArray[np.int64]) -> Mask:
        """Return who is known to be pregnant on a day each; bool, shape of `row`."""
        return self.known.holds(row, day)

    def unknown(self, row: NDArray[np.int64], day: NDArray[np.int64]) -> Mask:
        """Return who carries a child of which the chart knows nothing yet."""
        return self.carried.holds(row, day) & ~self.known.holds(row, day)

    def within_a_year(self, row: NDArray[np.int64], day: NDArray[np.int64]) -> Mask:
        """Return who is not pregnant and becomes so within half a year or a year."""
        return ~self.known.holds(row, day) & (
            self.carried.holds(row, day + _TERM) | self.carried.holds(row, day + 365)
        )


_FERTILITY = (("N97", "Z31.4"), ("Z90.71", "Z98.51"))
"""Beginnings of codes of those who try to become pregnant, and of those who cannot."""
_PLANNED = 0.55  # share of pregnancies that were wished (NSFG 2015-2019: 58 % of births intended)


def pregnancy_facts(
    ctx: SyncContext, tables: Mapping[str, Columns], visits: Asked, women: Mask
) -> list[Columns]:
    """Return pregnancy status, in the first visit of a year and when it changes, and intent."""
    fact, intent = facts()["pregnancy_status"], facts()["pregnancy_intent"]
    found = Pregnancies.of(ctx, tables)
    asked = visits.may_be_about(fact, women)
    asked = asked.at(~found.unknown(asked.row, asked.day))
    status = found.pregnant(asked.row, asked.day)
    first = first_of_year(asked)
    changed = np.zeros(len(status), dtype=np.bool_)
    changed[1:] = (asked.row[1:] == asked.row[:-1]) & (status[1:] != status[:-1])
    told = _once_a_week(asked, np.flatnonzero(first | changed))
    texts_ = ("Not pregnant", "Pregnant")
    answers = [Answer(text, snomed().rows[text].code, "SNOMED CT", 1) for text in texts_]
    wish = asked.at(first & ~status & asked.leisure).may_be_about(intent, women)
    return [
        fact_rows(ctx, fact, asked.at(told), status[told].astype(np.int64), answers),
        _intent(ctx, tables, intent, known_of(ctx, intent, wish), found),
    ]


def _once_a_week(asked: Asked, at: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the occasions of which a person has one in a week: the first."""
    same = np.zeros(len(at), dtype=np.bool_)
    same[1:] = (asked.row[at][1:] == asked.row[at][:-1]) & (
        asked.week[at][1:] == asked.week[at][:-1]
    )
    return at[~same]


def _intent(
    ctx: SyncContext, tables: Mapping[str, Columns], fact: Fact, asked: Asked, found: Pregnancies
) -> Columns:
    """Return whether women wish a pregnancy, as it agrees with codes and with what follows."""
    which, answers = drawn_answers(ctx, fact.kind, asked)
    u = ctx.record.draws.uniform("chart/pregnancy_intent/soon")[asked.row]
    soon = found.within_a_year(asked.row, asked.day) & (u < _PLANNED)
    which = with_answer(which, soon, answers, "Wants to become pregnant")
    tries, cannot = (who_has(ctx, tables["conditions"], codes) for codes in _FERTILITY)
    which = with_answer(which, tries[asked.row], answers, "Wants to become pregnant")
    can = ~cannot[asked.row]
    return fact_rows(ctx, fact, asked.at(can), which[can], answers)
