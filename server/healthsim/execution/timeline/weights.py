"""Choices by weight: of the first group whose condition holds, or the first row that fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.timeline.record import AsOfScope
from healthsim.specification.journeys.branches import Branch, TableRow, WeightTable
from healthsim.specification.language.expressions import Expression
from healthsim.tables import Coded


class WeightedOption(Protocol):
    """Something with a condition and a weight: an option of a branch, or a move of a stage."""

    @property
    def when(self) -> Expression | None:
        """The condition of those for whom it is; None for everyone."""

    @property
    def weight(self) -> float | None:
        """Its share of them, in proportion to the other weights of the group."""


def choose_option(
    options: Sequence[WeightedOption],
    groups: Sequence[Sequence[WeightedOption]],
    u: NDArray[np.float64],
    scope: AsOfScope,
) -> NDArray[np.int32]:
    """Return each person's option, int32, by its position; -1 where no condition holds.

    Args:
        options: all of them.
        groups: options that share a condition, in the order in which conditions are asked.
        u: float64, shape (n,), in (0, 1): selects within the weights of each one's group.
        scope: what the conditions see.
    """
    positions = np.full(len(u), -1, dtype=np.int32)
    group_of = first_group(groups, scope)
    for number, group in enumerate(groups):
        inside = group_of == number
        positions[inside] = choose_by_weight(options, group, u[inside])
    return positions


def first_group(groups: Sequence[Sequence[WeightedOption]], scope: AsOfScope) -> NDArray[np.int32]:
    """Return the first group whose condition holds for each person, int32; -1 where none does."""
    group_of = np.full(scope.size, -1, dtype=np.int32)
    for number, group in enumerate(groups):
        unmatched, when = group_of < 0, group[0].when
        group_of[unmatched if when is None else unmatched & when.holds(scope)] = number
    return group_of


def choose_by_weight(
    options: Sequence[WeightedOption], group: Sequence[WeightedOption], u: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Return each person's option of one group, int32, by its position in `options`."""
    edges = np.cumsum([1.0 if option.weight is None else option.weight for option in group])
    within = np.minimum(np.searchsorted(edges / edges[-1], u, side="right"), len(group) - 1)
    positions = np.array([options.index(option) for option in group], dtype=np.int32)
    chosen: NDArray[np.int32] = positions[within]
    return chosen


def shares_of(group: Sequence[WeightedOption]) -> list[float]:
    """Return the share of each option of a group: its weight, of the sum of all weights."""
    weights = [1.0 if option.weight is None else option.weight for option in group]
    return [weight / sum(weights) for weight in weights]


def choose_by_table(
    step: Branch, table: WeightTable, u: NDArray[np.float64], scope: AsOfScope
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Choose by the weights of the first row that fits each person.

    Returns:
        Each person's option and row, int32, by position.
    """
    names = [option.name for option in step.options]
    chosen, row_of = (np.full(len(u), -1, dtype=np.int32) for _ in range(2))
    for number, row in enumerate(table.rows):
        fitting = (row_of < 0) & _fits(row, scope)
        weights = np.cumsum([row.weights.get(name, 0.0) for name in names])
        positions = np.searchsorted(weights / weights[-1], u, side="right")
        chosen[fitting] = np.minimum(positions, len(names) - 1)[fitting]
        row_of[fitting] = number
    return chosen, row_of


def _fits(row: TableRow, scope: AsOfScope) -> NDArray[np.bool_]:
    """Return whom a row fits: each of its texts is theirs, and each number within its bounds."""
    fits = np.ones(scope.size, dtype=np.bool_)
    for name, value in row.when.items():
        values = scope.name(name)
        if isinstance(values, Coded):
            texts = (value,) if isinstance(value, str) else value
            fits &= np.any([values.equals(str(text)) for text in texts], axis=0)
        else:
            low, high = (float(bound) for bound in value)
            fits &= (values >= low) & (values <= high)
    return fits
