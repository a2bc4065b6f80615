"""Weights: of the first group whose condition holds, or of the first row that fits."""

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
    """A way out that has a condition and a weight: an option, or a move."""

    @property
    def when(self) -> Expression | None:
        """For whom it is."""

    @property
    def weight(self) -> float | None:
        """Its share of them."""


def choose_option(
    ways: Sequence[WeightedOption],
    groups: Sequence[Sequence[WeightedOption]],
    u: NDArray[np.float64],
    scope: AsOfScope,
) -> NDArray[np.int32]:
    """Return which of the ways each person takes, int32; -1 where no group is for them.

    Args:
        ways: all of them; positions in it are returned.
        groups: ways that share a condition, in the order in which conditions are asked.
        u: float64, shape (n,), in (0, 1): places people within the weights of their group.
        scope: what the conditions see.
    """
    found = np.full(len(u), -1, dtype=np.int32)
    group_of = first_group(groups, scope)
    for number, group in enumerate(groups):
        here = group_of == number
        found[here] = choose_by_weight(ways, group, u[here])
    return found


def first_group(groups: Sequence[Sequence[WeightedOption]], scope: AsOfScope) -> NDArray[np.int32]:
    """Return the first group whose condition holds for each person, int32; -1 where none does."""
    group_of = np.full(scope.size, -1, dtype=np.int32)
    for number, group in enumerate(groups):
        open_, when = group_of < 0, group[0].when
        group_of[open_ if when is None else open_ & when.holds(scope)] = number
    return group_of


def choose_by_weight(
    ways: Sequence[WeightedOption], group: Sequence[WeightedOption], u: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Return which of the ways of one group each person takes, by their weights."""
    edges = np.cumsum([1.0 if one.weight is None else one.weight for one in group])
    places = np.minimum(np.searchsorted(edges / edges[-1], u, side="right"), len(group) - 1)
    numbers = np.array([ways.index(one) for one in group], dtype=np.int32)
    found: NDArray[np.int32] = numbers[places]
    return found


def choose_by_table(
    step: Branch, table: WeightTable, u: NDArray[np.float64], scope: AsOfScope
) -> NDArray[np.int32]:
    """Return the ways that a table's first fitting row gives, by its weights."""
    names = [option.name for option in step.options]
    found = np.full(len(u), -1, dtype=np.int32)
    open_ = np.ones(len(u), dtype=np.bool_)
    for row in table.rows:
        here = open_ & _fits(row, scope)
        weights = np.cumsum([row.weights.get(name, 0.0) for name in names])
        places = np.searchsorted(weights / weights[-1], u, side="right")
        found[here] = np.minimum(places, len(names) - 1)[here]
        open_ &= ~here
    return found


def _fits(row: TableRow, scope: AsOfScope) -> NDArray[np.bool_]:
    fits = np.ones(scope.size, dtype=np.bool_)
    for name, wanted in row.when.items():
        values = scope.name(name)
        if isinstance(values, Coded):
            texts = (wanted,) if isinstance(wanted, str) else wanted
            fits &= np.any([values.equals(str(text)) for text in texts], axis=0)
        else:
            low, high = (float(bound) for bound in wanted)
            fits &= (values >= low) & (values <= high)
    return fits
