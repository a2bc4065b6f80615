"""On which occasions people are asked, and rows of what they answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import whole_years
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    codes_where,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.chart.rows import choose, named_ids
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.social import Answer, Fact, answer_groups, facts
from healthsim.tables import NO_NUMBER, Array, Coded, Columns

_WEEKS = 5_300  # a hundred years: each has at most one row of a kind
_NAMES = tuple(f"{kind}/{week}" if week else kind for kind in facts() for week in range(_WEEKS))
_ASKING = ("office", "telehealth", "outpatient_hospital", "urgent_care", "emergency", "inpatient",
           "observation")  # fmt: skip
_AT_LEISURE = ("office", "telehealth", "outpatient_hospital")


@dataclass(frozen=True, eq=False)
class Asked:
    """Occasions on which people are asked; arrays of shape (n,).

    Attributes:
        row: int64, positions in the chunk.
        day: int64.
        age: int64, completed years on the day.
        week: int64, weeks since `as_of`, from 1; 0 before the data.
        encounter, npi: int64; `NO_NUMBER` for no encounter.
        leisure: whether it is a visit that has time for more.
    """

    row: Numbers
    day: Numbers
    age: Numbers
    week: Numbers
    encounter: Numbers
    npi: Numbers
    leisure: Mask

    def at(self, chosen: NDArray[np.intp] | Mask) -> Asked:
        """Return some of the occasions."""
        return Asked(**{name: values[chosen] for name, values in vars(self).items()})

    def may_be_about(self, fact: Fact, women: Mask) -> Asked:
        """Return the occasions on which a fact may be about the person."""
        kept = (self.age >= fact.age_low) & (self.age <= fact.age_high)
        return self.at(kept & women[self.row] if fact.sex == "F" else kept)


def _asked(
    ctx: SyncContext, row: Numbers, day: Numbers, encounter: Numbers, npi: Numbers, leisure: Mask
) -> Asked:
    age = whole_years(ctx.people.birth[row], day.astype(np.int32)).astype(np.int64)
    week = np.where(day >= ctx.as_of, (day - ctx.as_of) // 7 + 1, 0)
    return Asked(row, day, age, np.minimum(week, _WEEKS - 1), encounter, npi, leisure)


def asked_before(ctx: SyncContext, patients: Columns) -> Asked:
    """Return when those who were there before the data were asked: in the year before it."""
    row = rows_of(ctx, numbers(patients, "person_id")).astype(np.int64)
    u = ctx.record.draws.uniform("chart/asked", row)
    day = ctx.as_of - 1 - np.floor(u * 364).astype(np.int64)
    there = numbers(patients, "birth_date") <= day
    row, day = row[there], day[there]
    none = np.full(len(row), NO_NUMBER)
    npi = numbers(patients, "pcp_npi")[there]
    return _asked(ctx, row, day, none, npi, np.ones(len(row), dtype=np.bool_))


def asked_in_visits(ctx: SyncContext, encounters: Columns) -> Asked:
    """Return the visits in which people are asked, by person and time."""
    kind = texts(encounters, "encounter_class")
    at = np.flatnonzero(codes_where(kind, lambda word: word in _ASKING))
    start, person = numbers(encounters, "start_at")[at], numbers(encounters, "person_id")[at]
    order = np.lexsort((numbers(encounters, "encounter_id")[at], start, person))
    at = at[order]
    leisure = codes_where(kind, lambda word: word in _AT_LEISURE)[at]
    return _asked(
        ctx,
        rows_of(ctx, person[order]).astype(np.int64),
        start[order] // DAY,
        numbers(encounters, "encounter_id")[at],
        numbers(encounters, "attending_npi")[at],
        leisure,
    )


def first_of_year(asked: Asked) -> Mask:
    """Return which occasions, by person and time, are the first of a person in a year."""
    year = asked.day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    first = np.ones(len(year), dtype=np.bool_)
    first[1:] = (asked.row[1:] != asked.row[:-1]) | (year[1:] != year[:-1])
    return first


def fact_rows(ctx: SyncContext, fact: Fact, asked: Asked, which: Array, answers: Sequence[Answer],
          ) -> Columns:  # fmt: skip
    """Return rows of one fact; `which` are positions in `answers`."""
    size, position = len(asked.row), np.asarray(which)
    person = ctx.person_id[asked.row]
    name = list(facts()).index(fact.kind) * _WEEKS + asked.week
    return {
        "observation_id": named_ids("observations", _NAMES, person, name),
        "person_id": person,
        **{name: Coded.constant(text, size) for name, text in (
            ("kind", fact.kind), ("category", fact.category), ("loinc", fact.loinc),
            ("display", fact.display))},
        "value_code": Coded.of([one.code or None for one in answers]).take(position),
        "value_system": Coded.of([one.system or None for one in answers]).take(position),
        "value_text": Coded.of([one.text for one in answers]).take(position),
        "effective_date": asked.day.astype(np.int32),
        "performer_npi": asked.npi,
        "encounter_id": asked.encounter,
    }  # fmt: skip


def known_of(ctx: SyncContext, fact: Fact, asked: Asked) -> Asked:
    """Return the occasions of those of whom a fact is known."""
    u = ctx.record.draws.uniform(f"chart/{fact.kind}/known")
    return asked.at(u[asked.row] < fact.share)


def drawn_answers(ctx: SyncContext, kind: str, asked: Asked) -> tuple[Numbers, list[Answer]]:
    """Return each occasion's answer by age and sex, as positions in all the kind's answers."""
    u = ctx.record.draws.uniform(f"chart/{kind}")[asked.row]
    which = np.zeros(len(u), dtype=np.int64)
    answers: list[Answer] = []
    for group in answer_groups(kind):
        mine = (asked.age >= group.age_low) & (asked.age <= group.age_high)
        chosen = choose(u[mine], [one.weight for one in group.answers])
        which[mine] = chosen + len(answers)
        answers += group.answers
    return which, answers


def with_answer(which: Numbers, mask: Mask, answers: Sequence[Answer], text: str) -> Numbers:
    """Return answers in which some have the first that has a text."""
    place = next(place for place, one in enumerate(answers) if one.text == text)
    return np.where(mask, place, which)


def who_has(ctx: SyncContext, conditions: Columns, prefixes: tuple[str, ...]) -> Mask:
    """Return who has a condition whose code begins so, at any time; bool, (people,)."""
    mine = codes_where(texts(conditions, "code"), lambda code: code.startswith(prefixes))
    has = np.zeros(len(ctx.people), dtype=np.bool_)
    has[rows_of(ctx, numbers(conditions, "person_id")[mine])] = True
    return has
