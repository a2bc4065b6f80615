"""What a birth does: a child gets its life, its sex, its cover and what its mother has."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days, whole_years
from healthsim.errors import Problem, SpecError
from healthsim.execution.cohort.household import to_counts
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.people.people import OLDEST_MOTHER, YOUNGEST_MOTHER, Households
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.specification.journeys.events import Birth
from healthsim.specification.journeys.newborns import most_children
from healthsim.specification.journeys.plan import Occurrence
from healthsim.tables import Coded


@dataclass(frozen=True)
class NewbornRows:
    """The children of one birth step; arrays of shape (n,), rows ascending.

    Attributes:
        days: int32, their birthdays.
    """

    rows: Rows
    days: Days


def deliver(
    one: Occurrence, step: Birth, source: int, mothers: tuple[Rows, Days, AsOfScope], record: Record
) -> NewbornRows:
    """Let women bear their children.

    Args:
        one: the birth.
        step: what the specification says of it.
        source: position of the birth among the run's occurrences.
        mothers: who bears, on which days, and what conditions see of them.
        record: gets the children's life, sex, states and coverage.

    Raises:
        SpecError: it comes to somebody who can bear no child.
    """
    rows, days, scope = mothers
    said = record.draws.values(f"{one.address}/number", step.details.number, rows, scope)
    number = np.clip(to_counts(said), 1, most_children(step.details.number))
    found: list[NewbornRows] = []
    for nth in range(int(number.max(initial=0))):
        chosen = np.flatnonzero(number > nth)
        born = NewbornRows(
            _reserved_rows(record.people.households, one, nth, rows[chosen]),
            days[chosen].astype(np.int32),
        )
        _refuse_ineligible_mothers(step, record, born, rows[chosen])
        _initialize_newborns(record, one, step, (born, rows[chosen]))
        _enroll_newborns(record, one.address, source, (born, rows[chosen]))
        found.append(born)
    every = np.concatenate([born.rows for born in found])
    order = np.argsort(every, kind="stable")
    return NewbornRows(every[order], np.concatenate([born.days for born in found])[order])


def _reserved_rows(
    homes: Households | None, one: Occurrence, nth: int, rows: Rows
) -> NDArray[np.int64]:
    """Return the rows that are kept for the nth child of each mother; -1 where none is."""
    if homes is None or not homes.born_of.size:
        return np.full(len(rows), -1, dtype=np.int64)
    found: NDArray[np.int64] = homes.born_of[homes.births[one.address] + nth, rows]
    return found


def _refuse_ineligible_mothers(
    step: Birth, record: Record, born: NewbornRows, mothers: Rows
) -> None:
    age = whole_years(record.people.birth[mothers], born.days)
    unable = (born.rows < 0) | (age < YOUNGEST_MOTHER) | (age > OLDEST_MOTHER)
    if unable.any():
        raise SpecError([Problem(
            f"step {step.id!r}",
            f"comes to {int(unable.sum())} people of one chunk who are no women of "
            f"{YOUNGEST_MOTHER} to {OLDEST_MOTHER} years",
            "ask it in eligible or when, such as gender == 'F' and age >= 18 and age < 50",
        )])  # fmt: skip


def _initialize_newborns(
    record: Record, one: Occurrence, step: Birth, whose: tuple[NewbornRows, Rows]
) -> None:
    """Give children a birthday, a sex, and the states that their mother has on it."""
    (born, mothers), people = whose, record.people
    moment = record.moment(mothers, born.days)
    scope = AsOfScope(record, moment, born.days)
    decision = f"{one.address}/gender"
    sex = record.draws.values(decision, step.details.gender, born.rows, scope)
    if not isinstance(sex, Coded):
        raise TypeError(f"{decision} gives numbers")
    places = [people.gender.vocabulary.index(word) for word in sex.vocabulary]
    people.gender.codes[born.rows] = np.array([*places, -1], dtype=np.int32)[sex.codes]
    people.birth[born.rows] = born.days
    record.death[born.rows] = FOREVER
    record.first_day[born.rows] = born.days
    for name, variable in record.variables.items():
        start = variable.start.copy()
        start[born.rows] = variable.at(moment)
        record.variables[name] = replace(variable, start=start)
    record.newborn_rows.setdefault(one.address, []).append(born.rows)


def _enroll_newborns(
    record: Record, address: str, source: int, whose: tuple[NewbornRows, Rows]
) -> None:
    """Cover children from their first day by the plan that covers their mother on it."""
    born, mothers = whose
    plan = record.coverage.plan(mothers, born.days)
    covered = plan >= 0
    if covered.any():
        rows = born.rows[covered]
        record.coverage.open(address, rows, born.days[covered], plan[covered], source)
        record.coverage.set_reason(rows, "birth")
