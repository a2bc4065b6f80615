"""Which option people take at a branch: by condition, by exact count, by weight, by table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.population_pass import StratumRank
from healthsim.execution.timeline.facts import ChoiceFacts
from healthsim.execution.timeline.stated import FigureKey
from healthsim.execution.timeline.step_call import StepCall
from healthsim.execution.timeline.weights import (
    choose_by_table,
    choose_by_weight,
    first_group,
    shares_of,
)
from healthsim.specification.journeys.branches import Branch, Option, TableRow, WeightTable
from healthsim.tables import Coded


def choose_options(call: StepCall[Branch]) -> ChoiceFacts:
    """Choose everyone's option; no value where none is known yet.

    People are in the first group of options whose condition holds. Of a group, each option with
    `exactly` takes so many of all whom the group reaches; the others share the rest by weight.
    """
    step = call.step
    u = call.record.draws.uniform(f"{call.occurrence.address}/option", call.rows)
    if step.table is not None:
        taken, row_of = choose_by_table(step, step.table, u, call.scope)
        _note_table(call, step.table, taken, row_of)
        return option_taken(step, taken)
    groups = step.groups()
    group_of = first_group(groups, call.scope)
    options = np.full(len(call.rows), -1, dtype=np.int32)
    for number, group in enumerate(groups):
        inside = group_of == number
        shared = [option for option in group if option.exactly is None]
        options[inside] = choose_by_weight(step.options, shared, u[inside])
    _choose_exactly(call, groups, group_of, options)
    for number, group in enumerate(groups):
        _note_group(call, group, group_of == number, options)
    return option_taken(step, options)


def _note_group(
    call: StepCall[Branch],
    group: Sequence[Option],
    inside: NDArray[np.bool_],
    taken: NDArray[np.int32],
) -> None:
    """Note the weights of a group's options, of those whom no exact count took."""
    shared = [option for option in group if option.exactly is None]
    if len(shared) < 2:  # its condition alone decides
        return
    positions = [call.step.options.index(option) for option in shared]
    rows = np.flatnonzero(inside & np.isin(taken, positions))
    for option, position, share in zip(shared, positions, shares_of(shared), strict=True):
        _note(call, option.name, rows, share, taken == position)


def _note_table(
    call: StepCall[Branch],
    table: WeightTable,
    taken: NDArray[np.int32],
    row_of: NDArray[np.int32],
) -> None:
    """Note the weights of each row of a table, of those whom it fits."""
    for number, row in enumerate(table.rows):
        rows, total = np.flatnonzero(row_of == number), sum(row.weights.values())
        for position, option in enumerate(call.step.options):
            share = row.weights.get(option.name, 0.0) / total
            of_row = f", of {row_text(row)}" * (len(table.rows) > 1)
            _note(call, option.name + of_row, rows, share, taken == position)


def _note(
    call: StepCall[Branch],
    figure: str,
    rows: NDArray[np.intp],
    share: float,
    taken: NDArray[np.bool_],
) -> None:
    key = FigureKey(call.layout.journey.name, call.step.id, figure, "share")
    where = (call.journey, key)
    call.record.stated.ask(where, call.rows[rows], call.days[rows], share, taken[rows])


def row_text(row: TableRow) -> str:
    """Return whom a row of a table is for, in words.

    >>> row_text(TableRow(when={"age": (0, 17)}, weights={"a": 1.0}))
    'age 0 to 17'
    """
    parts = []
    for name, fits in row.when.items():
        if isinstance(fits, tuple) and not isinstance(fits[0], str):
            parts.append(f"{name} {fits[0]:g} to {fits[1]:g}")
        else:
            texts = [fits] if isinstance(fits, str) else map(str, fits)
            parts.append(f"{name} {' or '.join(texts)}")
    return " and ".join(parts) or "the others"


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
