"""Randomisation: arms by permuted blocks within strata.

Within a stratum people are ranked in the order of persons. Each block holds the arms in exactly
their ratio, in an order that is drawn for the stratum and the block. So the arms of a stratum
differ by at most one unfinished block, chunks do not matter, and the first people keep their arm
in a larger population.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Draws, require_text
from healthsim.execution.timeline.facts import RandomizationFacts
from healthsim.execution.timeline.record import AsOfScope
from healthsim.execution.timeline.step_call import StepCall, StepResult
from healthsim.specification.journeys.events import Randomization
from healthsim.tables import Coded


def assign_arms(
    draws: Draws,
    address: str,
    strata: Coded,
    rank: NDArray[np.int64],
    ratio: tuple[Mapping[str, int], int],
) -> RandomizationFacts:
    """Assign arms by permuted blocks.

    Args:
        draws: numbers of the run.
        address: of the randomisation.
        strata: the stratum of each person.
        rank: int64, shape (n,), rank within the stratum, from 0; -1 for those who are not
            randomised.
        ratio: how many people of each arm, by its name, and the size of a block: a multiple of
            their sum.

    >>> strata, ratio = Coded.of(["all"] * 6), ({"new": 2, "old": 1}, 3)
    >>> assigned = assign_arms(Draws(1, 0, 6, 6), "r", strata, np.arange(6), ratio)
    >>> sorted(assigned.arm.texts()[:3]), assigned.block.tolist()
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
    return RandomizationFacts(Coded(arm, tuple(arms)), strata, block)


def stratum_labels(scope: AsOfScope, names: Sequence[str]) -> Coded:
    """Return everyone's stratum: ``gender=F, us_state=TX``; ``all`` without names.

    A text that is missing reads ``none``.

    Args:
        scope: what conditions see of the people.
        names: built-in names or attributes that are texts.
    """
    codes = np.zeros(scope.size, dtype=np.int64)
    labels: list[str] = [""]
    for name in names:
        values = require_text(scope.name(name))
        words = (*values.vocabulary, "none")
        codes = codes * len(words) + np.where(values.codes < 0, len(words) - 1, values.codes)
        labels = [f"{label}, {name}={word}" for label in labels for word in words]
    used, positions = np.unique(codes, return_inverse=True)
    words = tuple(labels[code].removeprefix(", ") or "all" for code in used.tolist())
    return Coded(positions.astype(np.int32), words)


def randomize(call: StepCall[Randomization]) -> StepResult:
    """Assign an arm to those who come to a randomisation.

    From its day on conditions see the arm under the name `arm`. While people are being counted
    nobody has one.
    """
    trial, record, address = call.trial, call.record, call.occurrence.address
    strata = stratum_labels(call.scope, trial.strata)
    ranks = record.stratum_ranks(address, call.rows, call.days, strata)
    rank = np.full(len(call.rows), -1, dtype=np.int64) if ranks is None else ranks.rank
    facts = assign_arms(record.draws, address, strata, rank, (trial.arms, trial.block_size))
    record.arms[trial.id].append((call.rows, call.days, facts.arm))
    return call.result(facts)
