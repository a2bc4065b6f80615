"""Which option people take at a branch: by condition, by exact count, by weight, by table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.population_pass import StratumRank
from healthsim.execution.timeline.facts import ChoiceFacts
from healthsim.execution.timeline.step_call import StepCall
from healthsim.execution.timeline.weights import choose_by_table, choose_by_weight, first_group
from healthsim.specification.journeys.branches import Branch, Option
from healthsim.tables import Coded


def choose_options(call: StepCall[Branch]) -> ChoiceFacts:
    """Choose everyone's option; no value where none is known yet.

    People are in the first group of options whose condition holds. Of a group, each option with
    `exactly` takes so many of all whom the group reaches; the others share the rest by weight.
    """
    step = call.step
    u = call.record.draws.uniform(f"{call.occurrence.address}/option", call.rows)
    if step.table is not None:
        return option_taken(step, choose_by_table(step, step.table, u, call.scope))
    groups = step.groups()
    group_of = first_group(groups, call.scope)
    options = np.full(len(call.rows), -1, dtype=np.int32)
    for number, group in enumerate(groups):
        inside = group_of == number
        shared = [option for option in group if option.exactly is None]
        options[inside] = choose_by_weight(step.options, shared, u[inside])
    _choose_exactly(call, groups, group_of, options)
    return option_taken(step, options)


def option_taken(step: Branch, options: NDArray[np.int32]) -> ChoiceFacts:
    """Return the options of a branch, given by position, as its facts."""
    return ChoiceFacts(Coded(options, tuple(option.name for option in step.options)))


def _choose_exactly(
    call: StepCall[Branch],
    groups: Sequence[Sequence[Option]],
    group_of: NDArray[np.int32],
    options: NDArray[np.int32],
) -> None:
    """Set the options of the groups that have options with `exactly`; -1 while being counted."""
    counted = [number for number, group in enumerate(groups)
               if any(option.exactly is not None for option in group)]  # fmt: skip
    if not counted:
        return
    strata = np.where(np.isin(group_of, counted), group_of, -1).astype(np.int32)
    labels = tuple(str(number) for number in range(len(groups)))
    ranks = call.record.stratum_ranks(
        call.occurrence.address, call.rows, call.days, Coded(strata, labels)
    )
    if ranks is None:
        options[strata >= 0] = -1
        return
    for number in counted:
        inside = np.flatnonzero((group_of == number) & (ranks.rank >= 0))
        if len(inside):
            _choose_first(call, groups[number], ranks, inside, options)


def _choose_first(
    call: StepCall[Branch],
    group: Sequence[Option],
    ranks: StratumRank,
    rows: NDArray[np.intp],
    options: NDArray[np.int32],
) -> None:
    """Give options with `exactly` to the first so many of a group, in a keyed order."""
    key = group[0].when if group[0].when is not None else "otherwise"
    address = f"{call.occurrence.address}/exactly/{key}"
    size = int(ranks.size[rows[0]])
    places = call.record.draws.permuted(address, ranks.rank[rows], size)
    edge = 0
    for option in group:
        if option.exactly is not None:
            chosen = (places >= edge) & (places < edge + option.exactly)
            options[rows[chosen]] = call.step.options.index(option)
            edge += option.exactly
