"""Which way people take at a branch: by condition, by exact count, by weight, by table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.timeline.weights import choose_by_table, choose_by_weight, first_group
from healthsim.specification.journeys.branches import Branch, Option
from healthsim.tables import Coded

if TYPE_CHECKING:
    from healthsim.execution.people.population_pass import StratumRank
    from healthsim.execution.timeline.work import StepCall

Ways = NDArray[np.int32]


def choose_options(work: StepCall, step: Branch) -> Ways:
    """Return the option that everyone takes, int32, shape (n,); -1 where none is known yet.

    People are in the first group of options whose condition holds. Of a group, each option with
    `exactly` takes so many of all whom the group reaches; the others share the rest by weight.
    """
    u = work.record.draws.uniform(f"{work.occurrence.address}/option", work.rows)
    if step.table is not None:
        return choose_by_table(step, step.table, u, work.scope)
    groups = step.groups()
    group_of = first_group(groups, work.scope)
    ways = np.full(len(work.rows), -1, dtype=np.int32)
    for number, group in enumerate(groups):
        here = group_of == number
        shared = [option for option in group if option.exactly is None]
        ways[here] = choose_by_weight(step.options, shared, u[here])
    counted = [number for number, group in enumerate(groups) if _exact(group)]
    if counted:
        strata = np.where(np.isin(group_of, counted), group_of, -1).astype(np.int32)
        texts = tuple(str(number) for number in range(len(groups)))
        standing = work.record.standing(
            work.occurrence.address, work.rows, work.days, Coded(strata, texts)
        )
        if standing is None:
            ways[strata >= 0] = -1
            return ways
        for number in counted:
            _count(work, step, groups[number], (group_of == number, standing, ways))
    return ways


def _exact(group: Sequence[Option]) -> bool:
    return any(option.exactly is not None for option in group)


def _count(
    work: StepCall,
    step: Branch,
    group: Sequence[Option],
    told: tuple[NDArray[np.bool_], StratumRank, Ways],
) -> None:
    """Let the first so many of a keyed order take the options that are counted."""
    here, standing, ways = told
    rows = np.flatnonzero(here & (standing.rank >= 0))
    if not len(rows):
        return
    key = group[0].when if group[0].when is not None else "otherwise"
    address = f"{work.occurrence.address}/exactly/{key}"
    size = int(standing.size[rows[0]])
    places = work.record.draws.permuted(address, standing.rank[rows], size)
    edge = 0
    for option in group:
        if option.exactly is not None:
            chosen = (places >= edge) & (places < edge + option.exactly)
            ways[rows[chosen]] = step.options.index(option)
            edge += option.exactly
