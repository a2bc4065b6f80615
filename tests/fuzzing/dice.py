"""Choices that a seed decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, count
from typing import TypeVar

from healthsim.streams import Streams

_T = TypeVar("_T")
_BLOCK = 1_000


class Dice:
    """Makes one choice after another, the same ones for the same seed and name."""

    def __init__(self, seed: int, name: str) -> None:
        self._shares = _shares(seed, name)

    def share(self) -> float:
        """Return a number between 0 and 1."""
        return next(self._shares)

    def chance(self, probability: float) -> bool:
        """Return true with a probability."""
        return self.share() < probability

    def choice(self, items: Sequence[_T]) -> _T:
        """Return one of the items."""
        return items[int(self.share() * len(items))]

    def weighted(self, items: Sequence[_T], weights: Sequence[float]) -> _T:
        """Return one of the items, those of more weight more often."""
        reached = [*accumulate(weights)]
        wanted = self.share() * reached[-1]
        return items[sum(one < wanted for one in reached)]

    def number(self, low: int, high: int) -> int:
        """Return a whole number from low to high."""
        return low + int(self.share() * (high - low + 1))


def _shares(seed: int, name: str) -> Iterator[float]:
    for block in count():
        yield from Streams(seed).uniform(f"fuzzing/{name}", block * _BLOCK, _BLOCK).tolist()
