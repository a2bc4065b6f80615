"""The codes that visits state: those they list, combined with what the person has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import COMBINATIONS, combined, conflicts
from healthsim.execution.people.conditions import ConditionLog
from healthsim.execution.people.logs import Moment
from healthsim.medicine.problems import is_flare_of, usual_course

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


def visit_codes(
    log: ConditionLog,
    listed: Sequence[str],
    holds: NDArray[np.int64],
    moment: Moment,
    *,
    include_active: bool,
) -> VisitCodes:
    """Return what visits state: the codes they list, combined with what the person has.

    Args:
        log: the conditions of the chunk's people.
        listed: the codes that the event lists, in order.
        holds: int64, shape (visits,); bit i is set where code i of `listed` holds.
        moment: the visits' people and days.
        include_active: state the person's other active conditions too.
    """
    active = log.held(moment)
    pairs, chosen = np.unique((active.chosen << MOST_LISTED) | holds, return_inverse=True)
    lists = []
    for pair in pairs.tolist():
        position, holding = divmod(pair, 1 << MOST_LISTED)
        codes = tuple(code for bit, code in enumerate(listed) if holding >> bit & 1)
        held = _compatible(codes, active.sets[position])
        lists.append(_stated((*codes, *held) if include_active else codes, held))
    return VisitCodes(tuple(lists), chosen.astype(np.int32))


@lru_cache(maxsize=65_536)
def _compatible(listed: tuple[str, ...], held: tuple[str, ...]) -> tuple[str, ...]:
    """Return the held codes that conflict with none of the listed ones, nor with each other.

    What is listed has precedence, then what ends by itself: a flare is stated, not what it is a
    flare of.
    """
    kept: list[str] = []
    for code in sorted(held, key=lambda code: not usual_course(code).ends):
        stated = (*listed, *kept)
        if code in listed or not any(
            conflicts((one, code)) or is_flare_of(one, code) for one in stated
        ):
            kept.append(code)
    return tuple(code for code in held if code in kept)


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
