"""Conditions of people over time, and the codes that a visit states for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import COMBINATIONS, EXCLUDES, combined, conflicts
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import Moment
from healthsim.execution.people.people import STILL, ConditionColumn

MOST = 60
"""Different codes that one run may hold: a person's conditions are bits of one word."""
MOST_LISTED = 25  # diagnoses of one event, the 837I's limit


@dataclass(frozen=True)
class VisitCodes:
    """The codes of many visits, as few distinct lists.

    Attributes:
        lists: each distinct list of codes, in order.
        chosen: int32, shape (visits,); which list each visit has.
    """

    lists: tuple[tuple[str, ...], ...]
    chosen: NDArray[np.int32]


class ConditionColumns:
    """Every condition that the people of a chunk have or will have, one entry a code."""

    def __init__(self, found: list[ConditionColumn], people: int) -> None:
        self.columns, self._people = found, people

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes as they were stated, in the order in which they came."""
        return tuple(problem.code for problem in self.columns)

    def begin(self, code: str, rows: Rows, days: Days, source: int) -> None:
        """Let a condition begin, or begin again, for those who do not have it by then.

        Args:
            code: ICD-10-CM code.
            rows: whose condition.
            days: its first day.
            source: position of the event that caused it among the run's occurrences.
        """
        if code not in self.codes:
            self.columns.append(ConditionColumn.nobody(code, self._people))
        problem = self.columns[self.codes.index(code)]
        new = (problem.onset[rows] == NO_DAY) | (days < problem.known_from[rows])
        problem.onset[rows[new]] = days[new]
        problem.known_from[rows[new]] = days[new]
        problem.source[rows[new]] = source
        again = ~new & (problem.abated[rows] <= days)
        if again.any():
            problem.gaps.append((rows[again], problem.abated[rows[again]], days[again].copy()))
            problem.abated[rows[again]] = STILL
        begun, since = rows[new | again], days[new | again]
        problem.episode[begun] = source
        for other in self.columns:
            if other.code != code and _same_condition(code, other.code):
                held = (other.known_from[begun] != NO_DAY) & (other.known_from[begun] <= since)
                other.abated[begun[held]] = np.minimum(other.abated[begun[held]], since[held])

    def end(self, code: str, rows: Rows, days: Days, source: int) -> None:
        """Let a condition that an event caused be over from their day on, for those who have it."""
        if code not in self.codes:
            return
        problem = self.columns[self.codes.index(code)]
        has = (problem.episode[rows] == source) & (problem.known_from[rows] <= days)
        rows, days = rows[has], days[has]
        problem.abated[rows] = np.minimum(problem.abated[rows], days)

    def active(self, moment: Moment) -> NDArray[np.int64]:
        """Return the conditions of everyone at a moment, int64: bit i stands for code i."""
        bits = np.zeros(len(moment.rows), dtype=np.int64)
        for place, problem in enumerate(self.columns):
            since = problem.known_from[moment.rows]
            has = (since != NO_DAY) & (since <= moment.days)
            has &= moment.days < problem.abated[moment.rows]
            for gap in problem.gaps:
                has[_between(moment, *gap)] = False
            bits |= has.astype(np.int64) << np.int64(place)
        return bits

    def has(self, prefix: str, moment: Moment) -> NDArray[np.bool_]:
        """Return who has a condition by its code's beginning, as stated or as combined."""
        stated = sum(1 << i for i, code in enumerate(self.codes) if code.startswith(prefix))
        if not any(rule.becomes.startswith(prefix) for rule in COMBINATIONS):
            if not stated:
                return np.zeros(len(moment.rows), dtype=np.bool_)
            return (self.active(moment) & np.int64(stated)).astype(np.bool_)
        patterns, chosen = np.unique(self.active(moment), return_inverse=True)
        held = [self.codes_of_mask(int(bits)) for bits in patterns]
        found = [
            any(code.startswith(prefix) for code in (*codes, *combined(codes))) for codes in held
        ]
        return np.array(found, dtype=np.bool_)[chosen]

    def codes_of_mask(self, bits: int) -> tuple[str, ...]:
        """Return the codes that a pattern of bits stands for."""
        return tuple(code for place, code in enumerate(self.codes) if bits >> place & 1)

    def visit_codes(
        self, listed: Sequence[str], said: NDArray[np.int64], moment: Moment, *, others: bool
    ) -> VisitCodes:
        """Return what visits state: the codes they list, combined with what the person has.

        Args:
            listed: the codes that the event lists, in order.
            said: int64, shape (visits,); bit i is set where code i of `listed` holds.
            moment: the visits' people and days.
            others: state the person's other active conditions too.
        """
        patterns, held_by = np.unique(self.active(moment), return_inverse=True)
        both, chosen = np.unique((held_by << MOST_LISTED) | said, return_inverse=True)
        lists = []
        for pair in both.tolist():
            bits, here = int(patterns[pair >> MOST_LISTED]), pair & ((1 << MOST_LISTED) - 1)
            codes = tuple(code for place, code in enumerate(listed) if here >> place & 1)
            held = _combined_with(codes, self.codes_of_mask(bits))
            lists.append(_stated((*codes, *held) if others else codes, held))
        return VisitCodes(tuple(lists), chosen.astype(np.int32))


def _between(moment: Moment, rows: Rows, since: Days, until: Days) -> NDArray[np.int32]:
    """Return the positions in the moment of those who are between two episodes on their day."""
    place = moment.positions[rows]
    here = place >= 0
    day = moment.days[place[here]]
    inside = (since[here] <= day) & (day < until[here])
    return place[here][inside]


def _same_condition(first: str, second: str) -> bool:
    """Tell whether two codes are degrees of one thing, such as stages, of which one holds."""
    return any(
        one == other and first.startswith(one) and second.startswith(one) for one, other in EXCLUDES
    )


@lru_cache(maxsize=65_536)
def _combined_with(listed: tuple[str, ...], held: tuple[str, ...]) -> tuple[str, ...]:
    """Return the held codes that may stand beside the listed ones: what a visit says wins."""
    return tuple(
        code for code in held if code in listed or not any(conflicts((one, code)) for one in listed)
    )


@lru_cache(maxsize=65_536)
def _stated(listed: tuple[str, ...], held: tuple[str, ...]) -> tuple[str, ...]:
    """State the listed codes, combined in the light of all that is held.

    A code that a combination replaced brings along the codes it was combined with.
    """
    whole = combined([*listed, *held])
    apart = set(listed) | set(held)
    wanted = {code for code in whole if code in listed}
    for rule in COMBINATIONS:
        product = rule.becomes in whole and (rule.becomes not in apart or rule.becomes in listed)
        if product and any(code.startswith(rule.code) for code in listed):
            partners = {code for code in whole if code.startswith(rule.with_)}
            if partners:
                wanted |= {rule.becomes} | partners
    return tuple(code for code in whole if code in wanted)
