"""Randomisation: arms by permuted blocks within strata, for everybody at once.

Within a stratum people come in the order of persons; each block of them holds the arms in exactly
their ratio, in an order that is keyed by the stratum and the block. So the arms of a stratum never
differ by more than one unfinished block, chunks do not matter, and the first people keep their arm
when more are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Draws
from healthsim.tables import Coded

if TYPE_CHECKING:
    from healthsim.execution.timeline.work import StepCall, StepResult


@dataclass(frozen=True)
class ArmAssignment:
    """Arms of people; arrays have shape (n,).

    Attributes:
        arm: no value for those who were not randomised.
        block: int32, number of the block within the stratum, from 1; 0 where there is no arm.
    """

    arm: Coded
    block: NDArray[np.int32]


def assign_arms(
    draws: Draws,
    address: str,
    strata: Coded,
    rank: NDArray[np.int64],
    ratio: tuple[Mapping[str, int], int],
) -> ArmAssignment:
    """Assign arms by permuted blocks.

    Args:
        draws: numbers of the run.
        address: of the randomisation.
        strata: the stratum of each person.
        rank: int64, shape (n,), place within the stratum among everybody, from 0; -1 for those
            who are not randomised.
        ratio: how many of each arm, by its name, and how many people a block holds: a multiple of
            the ratio's sum.

    >>> both = Coded.of(["all"] * 6)
    >>> found = assigned(Draws(1, 0, 6, 6), "r", both, np.arange(6), ({"new": 2, "old": 1}, 3))
    >>> sorted(found.arm.texts()[:3]), found.block.tolist()
    (['new', 'new', 'old'], [1, 1, 1, 2, 2, 2])
    """
    arms, size = ratio
    pattern = np.repeat(
        np.arange(len(arms), dtype=np.int32),
        [count * size // sum(arms.values()) for count in arms.values()],
    )
    arm = np.full(len(rank), -1, dtype=np.int32)
    block = np.zeros(len(rank), dtype=np.int32)
    for code, text in enumerate(strata.vocabulary):
        rows = np.flatnonzero((strata.codes == code) & (rank >= 0))
        if not len(rows):
            continue
        number, slot = np.divmod(rank[rows], size)
        first, last = int(number.min()), int(number.max())
        u = draws.slots(f"{address}/block/{text}", first * size, (last - first + 1) * size)
        order = np.argsort(u.reshape(-1, size), axis=1, kind="stable")
        arm[rows] = pattern[order[number - first, slot]]
        block[rows] = number + 1
    return ArmAssignment(Coded(arm, tuple(arms)), block)


def stratum_labels(work: StepCall, names: Sequence[str]) -> Coded:
    """Return everyone's stratum in words: ``gender=F, us_state=TX``; ``all`` without names.

    A text that is missing reads ``none``.

    Args:
        work: the step and its people.
        names: built-in names or attributes that are texts.
    """
    codes = np.zeros(len(work.rows), dtype=np.int64)
    texts: list[str] = [""]
    for name in names:
        found = work.scope.name(name)
        if not isinstance(found, Coded):
            raise TypeError(f"{name} is a number and forms no strata")
        words = (*found.vocabulary, "none")
        mine = np.where(found.codes < 0, len(words) - 1, found.codes)
        codes = codes * len(words) + mine
        texts = [f"{text}, {name}={word}" for text in texts for word in words]
    used, places = np.unique(codes, return_inverse=True)
    words = tuple(texts[code].removeprefix(", ") or "all" for code in used.tolist())
    return Coded(places.astype(np.int32), words)


def randomize(work: StepCall, strata: Coded, ratio: tuple[Mapping[str, int], int]) -> StepResult:
    """Work a randomisation: give those who have come to it an arm.

    The happening's facts are `arm` and `stratum` (Coded) and `block` (int32, from 1). From its day
    on conditions see the arm under the name `arm`. While people are being counted nobody has one.

    Args:
        work: the step and its people.
        strata: everyone's stratum, such as `stratum_labels` gives.
        ratio: how many of each arm, and how many people a block holds.
    """
    address = work.occurrence.address
    standing = work.record.standing(address, work.rows, work.days, strata)
    rank = np.full(len(work.rows), -1, dtype=np.int64) if standing is None else standing.rank
    found = assign_arms(work.record.draws, address, strata, rank, ratio)
    trial = work.plan.journey.trial
    if trial is not None:
        work.record.arms[trial.id].append((work.rows, work.days, found.arm))
    return work.result({"arm": found.arm, "stratum": strata, "block": found.block})
