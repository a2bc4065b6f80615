"""Births: a child gets a birthday, a sex, its mother's coverage and her states."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.benefits.coverage_dates import coverage_figure, newborn_days
from healthsim.dates import Days, whole_years
from healthsim.errors import Problem, SpecError
from healthsim.execution.cohort.dependants import to_counts
from healthsim.execution.people.draws import Rows, require_text
from healthsim.execution.people.people import OLDEST_MOTHER, YOUNGEST_MOTHER
from healthsim.execution.timeline.birth_size import code_size
from healthsim.execution.timeline.facts import OptionFacts
from healthsim.execution.timeline.record import AsOfScope
from healthsim.execution.timeline.step_call import Done, StepCall, StepResult
from healthsim.specification.journeys.events import Birth
from healthsim.specification.journeys.newborns import most_children
from healthsim.tables import Coded


@dataclass(frozen=True)
class _Newborns:
    """Children of one birth step; arrays of shape (n,).

    Attributes:
        rows: their positions in the chunk; -1 where no row is reserved for one.
        mothers: positions of their mothers.
        days: int32, their birthdays.
    """

    rows: NDArray[np.int64]
    mothers: Rows
    days: Days


def deliver(call: StepCall[Birth]) -> StepResult:
    """Deliver children; the birth is an occurrence of theirs too, the first of their life.

    Raises:
        SpecError: somebody who cannot have children has reached it.
    """
    births = _births(call)
    rows = np.concatenate([call.rows, *(born.rows for born in births)])
    days = np.concatenate([call.days, *(born.days for born in births)])
    order = np.argsort(rows, kind="stable")
    option = np.where(order >= len(call.rows), np.int32(0), np.int32(-1))
    facts = OptionFacts(Coded(option, ("born",)))
    own = call.due.only.number
    numbers = np.full(len(rows), own, dtype=np.int32)
    occurred = Done(call.journey, call.due, numbers, rows[order], days[order], facts)
    return StepResult(occurred, call.days)


def _births(call: StepCall[Birth]) -> list[_Newborns]:
    """Record the first, second … child of each mother."""
    counts = to_counts(call.values("number", call.step.details.number))
    counts = np.clip(counts, 1, most_children(call.step.details.number))
    births = []
    for nth in range(int(counts.max(initial=0))):
        chosen = np.flatnonzero(counts > nth)
        mothers, days = call.rows[chosen], call.days[chosen].astype(np.int32)
        born = _Newborns(_reserved_rows(call, nth, mothers), mothers, days)
        _refuse_ineligible_mothers(call, born)
        _end_pregnancies(call, born)
        _initialize_newborns(call, born)
        _code_size(call, born)
        _enroll_newborns(call, born)
        births.append(born)
    return births


def _reserved_rows(call: StepCall[Birth], nth: int, mothers: Rows) -> NDArray[np.int64]:
    """Return the rows that are reserved for the nth child of each mother; -1 where none is."""
    households = call.record.people.households
    if households is None or not households.born_of.size:
        return np.full(len(mothers), -1, dtype=np.int64)
    first = households.births[call.occurrence.address]
    rows: NDArray[np.int64] = households.born_of[first + nth, mothers]
    return rows


def _refuse_ineligible_mothers(call: StepCall[Birth], born: _Newborns) -> None:
    age = whole_years(call.record.people.birth[born.mothers], born.days)
    unable = (born.rows < 0) | (age < YOUNGEST_MOTHER) | (age > OLDEST_MOTHER)
    if unable.any():
        raise SpecError([Problem(
            f"step {call.step.id!r}",
            f"comes to {int(unable.sum())} people of one chunk who are no women of "
            f"{YOUNGEST_MOTHER} to {OLDEST_MOTHER} years",
            "ask it in eligible or when, such as gender == 'F' and age >= 18 and age < 50",
        )])  # fmt: skip


def _end_pregnancies(call: StepCall[Birth], born: _Newborns) -> None:
    """End the conditions of the pregnancy: with the birth, or with the puerperium."""
    call.record.delivered[born.mothers] = born.days
    call.record.conditions.end_pregnancies(born.mothers, born.days)


def _initialize_newborns(call: StepCall[Birth], born: _Newborns) -> None:
    """Give children a birthday, a sex, and the states that their mother has on it."""
    record, people, rows = call.record, call.record.people, born.rows
    moment = record.moment(born.mothers, born.days)
    scope = AsOfScope(record, moment, born.days)
    address = f"{call.occurrence.address}/gender"
    sex = require_text(record.draws.values(address, call.step.details.gender, rows, scope))
    codes = [people.gender.vocabulary.index(word) for word in sex.vocabulary]
    people.gender.codes[rows] = np.array([*codes, -1], dtype=np.int32)[sex.codes]
    people.birth[rows] = born.days
    record.begin_life(rows, born.days)
    for name, variable in record.variables.items():
        start = variable.start.copy()
        start[rows] = variable.at(moment)
        record.variables[name] = replace(variable, start=start)
    record.newborn_rows.setdefault(call.occurrence.address, []).append(rows)


def _code_size(call: StepCall[Birth], born: _Newborns) -> None:
    """Begin the conditions of children by their size, where the due date tells their gestation."""
    record = call.record
    known = born.rows[~np.isnan(record.body.size.gestation_weeks(born.rows))]
    cause = (call.source, call.occurrence.address)
    code_size(record, record.birth_measures, (known, record.people.birth[known]), cause)


def _enroll_newborns(call: StepCall[Birth], born: _Newborns) -> None:
    """Cover children from their first day by the plan that covers their mother on it.

    A plan that covers households covers a child for 31 days; it goes on for those whom their
    parents enroll in that time.
    """
    coverage = call.record.coverage
    plan = coverage.plan(born.mothers, born.days)
    covered = plan >= 0
    if covered.any():
        rows, days = born.rows[covered], born.days[covered]
        coverage.open_at_birth(call.occurrence.address, rows, days, plan[covered], call.source)
        coverage.set_reason(rows, "birth")
        u = call.record.draws.uniform(f"{call.occurrence.address}/enrolled", rows)
        share = coverage_figure("newborn", "not_enrolled_share")
        left = coverage.rules.of_households[plan[covered]] & (u < share)
        coverage.end_newborns(rows[left], days[left] + np.int32(newborn_days() - 1))
