"""Conditions of people over time, and the codes that a visit states for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import COMBINATIONS, EXCLUDES, combined, conflicts
from healthsim.codes.pregnancy import LONGEST_PREGNANCY, supervises_pregnancy
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER, Moment
from healthsim.execution.people.people import ConditionColumn

MOST = 60
"""Different codes that one run may hold: a person's conditions are the bits of an int64."""
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
    """Every condition that the people of a chunk have or will have, one column for each code."""

    def __init__(self, columns: list[ConditionColumn], people: int) -> None:
        self.columns, self._people = columns, people
        self._of_mask: dict[int, tuple[str, ...]] = {}

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes as they were stated, in the order in which they were added."""
        return tuple(condition.code for condition in self.columns)

    def begin(self, code: str, rows: Rows, days: Days, source: int) -> None:
        """Begin a condition, or a new episode of it, for those who do not have it by then.

        Args:
            code: ICD-10-CM code.
            rows: whose condition it is.
            days: int32, its first day for each of them.
            source: position of the event that caused it among the run's occurrences.
        """
        if code not in self.codes:
            self.columns.append(ConditionColumn.nobody(code, self._people))
        condition = self.columns[self.codes.index(code)]
        new = (condition.onset[rows] == NO_DAY) | (days < condition.known_from[rows])
        condition.onset[rows[new]] = days[new]
        condition.known_from[rows[new]] = days[new]
        condition.source[rows[new]] = source
        again = ~new & (condition.abated[rows] <= days)
        if again.any():
            condition.gaps.append((rows[again], condition.abated[rows[again]], days[again].copy()))
            condition.abated[rows[again]] = FOREVER
        begun, since = rows[new | again], days[new | again]
        condition.episode[begun] = source
        if supervises_pregnancy(code):
            condition.abated[begun] = since + np.int32(LONGEST_PREGNANCY)
        for other in self.columns:
            if other.code != code and _same_condition(code, other.code):
                held = (other.known_from[begun] != NO_DAY) & (other.known_from[begun] <= since)
                other.abated[begun[held]] = np.minimum(other.abated[begun[held]], since[held])

    def end(self, code: str, rows: Rows, days: Days, source: int) -> None:
        """End, from people's day on, the episode of a condition that an event caused."""
        if code not in self.codes:
            return
        condition = self.columns[self.codes.index(code)]
        has = (condition.episode[rows] == source) & (condition.known_from[rows] <= days)
        rows, days = rows[has], days[has]
        condition.abated[rows] = np.minimum(condition.abated[rows], days)

    def end_all(self, of: Callable[[str], bool], rows: Rows, days: Days) -> None:
        """End, from people's day on, every condition whose code fulfils a condition."""
        for condition in self.columns:
            if of(condition.code):
                has = (condition.known_from[rows] != NO_DAY) & (condition.known_from[rows] <= days)
                ended = rows[has]
                condition.abated[ended] = np.minimum(condition.abated[ended], days[has])

    def active(self, moment: Moment) -> NDArray[np.int64]:
        """Return the active conditions of everyone at a moment, int64: bit i is that of code i."""
        mask = np.zeros(len(moment.rows), dtype=np.int64)
        for bit, condition in enumerate(self.columns):
            since = condition.known_from[moment.rows]
            active = (since != NO_DAY) & (since <= moment.days)
            active &= moment.days < condition.abated[moment.rows]
            for gap in condition.gaps:
                active[_between(moment, *gap)] = False
            mask |= active.astype(np.int64) << np.int64(bit)
        return mask

    def has(self, prefix: str, moment: Moment) -> NDArray[np.bool_]:
        """Return who has a condition by its code's beginning, as stated or as combined; bool."""
        stated = sum(1 << i for i, code in enumerate(self.codes) if code.startswith(prefix))
        if not any(rule.becomes.startswith(prefix) for rule in COMBINATIONS):
            if not stated:
                return np.zeros(len(moment.rows), dtype=np.bool_)
            return (self.active(moment) & np.int64(stated)).astype(np.bool_)
        masks, chosen = np.unique(self.active(moment), return_inverse=True)
        held = [self.codes_of_mask(mask) for mask in masks.tolist()]
        matches = [any(code.startswith(prefix) for code in (*codes, *combined(codes)))
                   for codes in held]  # fmt: skip
        return np.array(matches, dtype=np.bool_)[chosen]

    def codes_of_mask(self, mask: int) -> tuple[str, ...]:
        """Return the codes whose bits are set in a mask. A bit is that of one code for ever."""
        known = self._of_mask.get(mask)
        if known is None:
            known = tuple(code for bit, code in enumerate(self.codes) if mask >> bit & 1)
            self._of_mask[mask] = known
        return known

    def visit_codes(
        self,
        listed: Sequence[str],
        holds: NDArray[np.int64],
        moment: Moment,
        *,
        include_active: bool,
    ) -> VisitCodes:
        """Return what visits state: the codes they list, combined with what the person has.

        Args:
            listed: the codes that the event lists, in order.
            holds: int64, shape (visits,); bit i is set where code i of `listed` holds.
            moment: the visits' people and days.
            include_active: state the person's other active conditions too.
        """
        masks, mask_of = np.unique(self.active(moment), return_inverse=True)
        pairs, chosen = np.unique((mask_of << MOST_LISTED) | holds, return_inverse=True)
        lists = []
        for pair in pairs.tolist():
            position, holding = divmod(pair, 1 << MOST_LISTED)
            codes = tuple(code for bit, code in enumerate(listed) if holding >> bit & 1)
            held = _compatible(codes, self.codes_of_mask(int(masks[position])))
            lists.append(_stated((*codes, *held) if include_active else codes, held))
        return VisitCodes(tuple(lists), chosen.astype(np.int32))


def _between(moment: Moment, rows: Rows, since: Days, until: Days) -> NDArray[np.int32]:
    """Return the positions in the moment of those who are between two episodes, int32."""
    position = moment.positions[rows]
    present = position >= 0
    day = moment.days[position[present]]
    between = (since[present] <= day) & (day < until[present])
    return position[present][between]


def _same_condition(first: str, second: str) -> bool:
    """Tell whether two codes are degrees of one condition, such as stages; only one is active."""
    return any(
        one == other and first.startswith(one) and second.startswith(one) for one, other in EXCLUDES
    )


@lru_cache(maxsize=65_536)
def _compatible(listed: tuple[str, ...], held: tuple[str, ...]) -> tuple[str, ...]:
    """Return the held codes that do not conflict with the listed ones, which have precedence."""
    return tuple(
        code for code in held if code in listed or not any(conflicts((one, code)) for one in listed)
    )


@lru_cache(maxsize=65_536)
def _stated(listed: tuple[str, ...], held: tuple[str, ...]) -> tuple[str, ...]:
    """Return the listed codes, combined with all that is held.

    Where a combination replaced a listed code, the codes it was combined with are stated too.
    """
    codes = combined([*listed, *held])
    separate = set(listed) | set(held)
    kept = {code for code in codes if code in listed}
    for rule in COMBINATIONS:
        applies = rule.becomes in codes and (rule.becomes not in separate or rule.becomes in listed)
        if applies and any(code.startswith(rule.code) for code in listed):
            partners = {code for code in codes if code.startswith(rule.with_)}
            if partners:
                kept |= {rule.becomes} | partners
    return tuple(code for code in codes if code in kept)
